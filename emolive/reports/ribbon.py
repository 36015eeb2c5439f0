"""A person's timeline as SVG inside a page: probabilities as stacked bands, in the colours of the windows."""

from html import escape
from itertools import pairwise

import numpy as np

from emolive.reports.people import Person
from emolive.reports.tally import durations_ms
from emolive.ui.draw import hue

WIDTH, HEIGHT, AXIS = 900, 64, 16
COLUMNS = 300
"""Most columns of a timeline: it must stay small, since a page holds hundreds of them."""

STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


def ribbon(person: Person, end_s: float, name: str) -> str:
    """The bands of each emotion from 0 to `end_s`; where the person is out of sight there is nothing. `name` is what
    screen readers say."""
    columns = _columns(person, end_s)
    stacked = np.concatenate([np.zeros((len(columns), 1)), np.cumsum(columns, axis=1)], axis=1)
    outlines = [_band(stacked[:, i], stacked[:, i + 1]) for i in range(len(person.labels))]
    bands = "".join(
        f'<path fill="{color(label, i)}" d="{outline}"><title>{escape(label)}</title></path>'
        for i, (label, outline) in enumerate(zip(person.labels, outlines, strict=True))
    )
    return (
        f'<svg class="ribbon" viewBox="0 0 {WIDTH} {HEIGHT + AXIS}" role="img" aria-label="{escape(name, quote=True)}">'
        f'<rect class="out" width="{WIDTH}" height="{HEIGHT}"/>{bands}{_axis(end_s)}</svg>'
    )


def legend(labels: tuple[str, ...]) -> str:
    """Which colour is which emotion, as HTML."""
    return (
        '<p class="legend">'
        + " ".join(
            f'<span><i style="background: {color(label, i)}"></i>{escape(label)}</span>'
            for i, label in enumerate(labels)
        )
        + "</p>"
    )


def color(label: str, index: int) -> str:
    """An emotion's colour for HTML."""
    b, g, r = hue(label, index)
    return f"#{r:02x}{g:02x}{b:02x}"


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


def _axis(end_s: float) -> str:
    step = next((s for s in STEPS if end_s / s <= 10), STEPS[-1])
    out = ""
    for t in np.arange(0, end_s, step):
        x = WIDTH * t / max(end_s, 1e-3)
        if x < WIDTH - 40 or not t:
            anchor = "start" if not t else "middle"
            out += f'<text x="{x:.0f}" y="{HEIGHT + 13}" text-anchor="{anchor}">{clock(float(t))}</text>'
    return out


def clock(seconds: float) -> str:
    """0:05, 12:00, 1:02:03."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
