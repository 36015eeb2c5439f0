"""A person as a row of a page: figures, and the timeline as SVG, stacked bands in the colours of the windows."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from markupsafe import Markup

from emolive.reports.html import clock, color, plain
from emolive.reports.people import Person
from emolive.reports.tally import Tally, durations_ms

WIDTH, HEIGHT, AXIS = 900, 64, 16
COLUMNS = 300
"""Most columns of a timeline: it must stay small, since a page holds hundreds of them."""

STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


@dataclass(frozen=True)
class Row:
    """A person of a video: the figures, and the timeline as SVG."""

    video: str
    tally: Tally
    svg: Markup

    @classmethod
    def of(cls, video: str, person: Person, tally: Tally, end_s: float) -> Self:
        """A person's row; the timeline spans the video up to `end_s`."""
        return cls(video, tally, named(video, person, tally, end_s))


def named(video: str, person: Person, tally: Tally, end_s: float) -> Markup:
    """A person's timeline, which tells screen readers whose it is."""
    return ribbon(person, end_s, f"Timeline of person {tally.track} of {video}: mostly {tally.likeliest}")


def ribbon(person: Person, end_s: float, name: str) -> Markup:
    """The bands of each emotion from 0 to `end_s`; where the person is out of sight there is nothing. `name` is what
    screen readers say."""
    columns = _columns(person, end_s)
    stacked = np.concatenate([np.zeros((len(columns), 1)), np.cumsum(columns, axis=1)], axis=1)
    outlines = [_band(stacked[:, i], stacked[:, i + 1]) for i in range(len(person.labels))]
    bands = Markup().join(
        Markup('<path fill="{}" d="{}"><title>{}</title></path>').format(color(label, i), outline, plain(label))
        for i, (label, outline) in enumerate(zip(person.labels, outlines, strict=True))
    )
    return Markup(
        '<svg class="ribbon" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">'
        '<rect class="out" width="{0}" height="{3}"/>{4}{5}</svg>'
    ).format(WIDTH, HEIGHT + AXIS, plain(name), HEIGHT, bands, _axis(end_s))


def _columns(person: Person, end_s: float) -> np.ndarray:
    """The mean probabilities in each of `COLUMNS` equal spans of time, NaN where the person is out of sight."""
    known = np.isfinite(person.probs).all(1)
    starts, probs = person.t_ms[known], person.probs[known]
    edges = np.linspace(0, max(end_s, 1e-3) * 1e3, COLUMNS + 1)
    ends = starts + np.maximum(durations_ms(person)[known], edges[1] * 0.5)
    out = np.full((COLUMNS, len(person.labels)), np.nan)
    for i, (left, right) in enumerate(pairwise(edges)):
        weight = np.clip(np.minimum(ends, right) - np.maximum(starts, left), 0, None)
        if weight.sum() > 0:
            mean = weight @ probs / weight.sum()
            out[i] = mean / max(mean.sum(), 1e-9)
    return out


def _band(low: np.ndarray, high: np.ndarray) -> str:
    """The outline between two lines, a piece for each stretch in sight."""
    pieces = []
    seen = np.isfinite(high)
    borders = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(int)))
    for begin, end in borders.reshape(-1, 2):
        xs = [x for i in range(begin, end) for x in (i, i + 1)]
        columns = [i for i in range(begin, end) for _ in range(2)]
        top = [_point(x, high[i]) for x, i in zip(xs, columns, strict=True)]
        bottom = [_point(x, low[i]) for x, i in zip(xs, columns, strict=True)]
        pieces.append("M" + "L".join([*top, *reversed(bottom)]) + "Z")
    return "".join(pieces)


def _point(column: int, share: float) -> str:
    return f"{column * WIDTH // COLUMNS} {HEIGHT * (1 - min(share, 1.0)):.0f}"


def _axis(end_s: float) -> Markup:
    step = next((s for s in STEPS if end_s / s <= 10), STEPS[-1])
    text, out = Markup('<text x="{:.0f}" y="{}" text-anchor="{}">{}</text>'), Markup()
    for t in np.arange(0, end_s, step):
        x = WIDTH * t / max(end_s, 1e-3)
        if x < WIDTH - 40 or not t:
            out += text.format(x, HEIGHT + 13, "middle" if t else "start", clock(float(t)))
    return out
