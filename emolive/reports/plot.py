"""The timeline of each person as a picture: emotions above, how sure the network was below."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emolive.core.errors import EmoliveError, OutputError
from emolive.core.files import check_output, why
from emolive.reports.folder import slug
from emolive.reports.people import RAW, SMOOTHED, Person, read_people
from emolive.reports.tally import durations_ms
from emolive.ui import palette
from emolive.ui.palette import Color
from emolive.ui.words import percent

APART = 0.062
"""The smallest distance of two labels beside the lines, as a part of the axis."""


@dataclass(frozen=True)
class Plotted:
    """The files that were written, and how many people were in sight too briefly to be drawn."""

    files: tuple[Path, ...]
    left_out: int


@dataclass(frozen=True, eq=False)
class Series:
    """A person over time: `t_s` (N,) seconds, `probs` (N, classes) as shown, with a row of NaN wherever the person is
    out of sight, so that lines break there. `raw` (N, classes) is what each frame alone says, None where nobody
    asked. `seconds` in sight: gaps do not count."""

    track: int
    labels: tuple[str, ...]
    t_s: np.ndarray
    probs: np.ndarray
    file: str = ""
    raw: np.ndarray | None = None
    seconds: float = 0.0

    @property
    def entropy(self) -> np.ndarray:
        """The entropy of the probabilities in bits (N,): 0 is sure, log2(classes) knows nothing."""
        p = np.where(self.probs > 0, self.probs, 1.0)
        bits = -(p * np.log2(p)).sum(1)
        return np.where(np.isfinite(self.probs).all(1), np.abs(bits), np.nan)


def plot(data: Path, out: Path, min_seconds: float = 0.5, overwrite: bool = False, raw: bool = False) -> Plotted:
    """Draw each person of a data file who is in sight for at least `min_seconds`, into a PNG of their own; with `raw`
    also what each frame alone says.

    The files are called as `out`, with the person's number before the ending (and the played file's name where there
    were several). Raises `EmoliveError` for data that cannot be read or shows nobody for long enough, and `OutputError`
    where a file may not be written; then none is.
    """
    if out.suffix.lower() != ".png":
        raise OutputError(f"The pictures are PNG files: name {out} with .png at its end.")
    people = read_series(data, raw)
    shown = [one for one in people if one.seconds >= min_seconds]
    if not shown:
        longest = max(one.seconds for one in people)
        raise EmoliveError(
            f"Nobody in {data} is in sight for {min_seconds:g} s; the longest is {longest:.1f} s. Add --min-seconds 0."
        )
    files = tuple(out.with_name(f"{out.stem}-{_who(one)}.png") for one in shown)
    for file in files:
        check_output(file, [data], overwrite)
    for one, file in zip(shown, files, strict=True):
        try:
            timeline(one).savefig(file, format="png")
        except OSError as error:
            raise OutputError(f"{file} cannot be written ({why(error)}). Choose another folder.") from error
    return Plotted(files, len(people) - len(shown))


def timeline(series: Series) -> Figure:
    """The picture of one person, in the colours of the windows; a $ in a name is a $."""
    with rc_context({"text.parse_math": False}):
        return _timeline(series)


def _timeline(series: Series) -> Figure:
    figure = Figure(figsize=(12, 5.6), dpi=110, layout="constrained", facecolor=_rgb(palette.INK))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    shares = np.nan_to_num(np.nanmean(series.probs, axis=0)) if np.isfinite(series.probs).any() else series.probs[0]
    likeliest = series.labels[int(np.argmax(shares))]
    for i, label in enumerate(series.labels):
        color = _rgb(palette.hue(label, i))
        above.plot(series.t_s, series.probs[:, i], color=color, linewidth=1.8, marker=_dot(series), zorder=3)
        if series.raw is not None:
            above.plot(series.t_s, series.raw[:, i], color=color, linewidth=0.7, alpha=0.75, zorder=2)
    _names(above, series)
    above.set(ylim=(0, 1), yticks=(0, 0.25, 0.5, 0.75, 1), ylabel=_shown(series))
    above.set_yticklabels(("0", "25 %", "50 %", "75 %", "100 %"))
    most = math.log2(max(2, len(series.labels)))
    below.plot(series.t_s, series.entropy, color=_rgb(palette.PAPER), linewidth=1.4, marker=_dot(series), zorder=3)
    below.axhline(most, color=_rgb(palette.DIM), linewidth=0.8, linestyle=":")
    below.annotate(
        f"{most:.2f}: knows nothing",
        (1.01, most),
        xycoords=("axes fraction", "data"),
        color=_rgb(palette.DIM),
        va="center",
    )
    below.annotate("0: is sure", (1.01, 0), xycoords=("axes fraction", "data"), color=_rgb(palette.DIM), va="center")
    below.set(ylim=(0, 1.08 * most), ylabel="entropy, bits", xlabel="time, s")
    where = f" in {series.file}" if series.file else ""
    title = f"Person {series.track}{where}: mostly {likeliest} ({percent(float(shares.max()))} on average)"
    above.set_title(title, color=_rgb(palette.PAPER), fontsize=13, fontweight="bold", loc="left")
    for axes in (above, below):
        _style(axes)
    return figure


def spread(values: Sequence[float], apart: float) -> list[float]:
    """Places near the given values, in their order, at least `apart` from each other, within 0 to 1 if they fit."""
    order = np.argsort(values, kind="stable")
    places = np.array(values, float)[order]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + apart)
    top = max(1.0, apart * (len(places) - 1))
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], top - apart * (len(places) - 1 - i))
    out = np.empty(len(places))
    out[order] = places
    return out.tolist()


def _names(axes: Axes, series: Series) -> None:
    """Each emotion's name beside the end of its line, moved apart where lines end together."""
    known = series.probs[np.isfinite(series.probs).all(1)]
    ends = known[-1] if len(known) else np.zeros(len(series.labels))
    for i, (label, place) in enumerate(zip(series.labels, spread(ends.tolist(), APART), strict=True)):
        color = _rgb(palette.hue(label, i))
        arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.9, "shrinkA": 2, "shrinkB": 0, "relpos": (0, 0.5)}
        axes.annotate(
            label,
            (1.0, ends[i]),
            (1.035, place),
            xycoords="axes fraction",
            color=color,
            fontsize=11,
            fontweight="bold",
            va="center",
            arrowprops=arrow,
        )


def _style(axes: Axes) -> None:
    axes.set_facecolor(_rgb(palette.INK))
    axes.tick_params(colors=_rgb(palette.DIM))
    axes.xaxis.label.set_color(_rgb(palette.DIM))
    axes.yaxis.label.set_color(_rgb(palette.DIM))
    axes.grid(color=_rgb(palette.DIM), alpha=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_rgb(palette.DIM))
    axes.margins(x=0.005)


def _shown(series: Series) -> str:
    """What the lines above are."""
    return "probability, smoothed" if series.raw is None else "probability, smoothed\n(thin: each frame alone)"


def _dot(series: Series) -> str:
    """A mark for each frame where there are few: a line needs two."""
    return "." if len(series.t_s) < 40 else ""


def _who(series: Series) -> str:
    return f"{slug(series.file)}-{series.track}" if series.file else str(series.track)


def _rgb(color: Color) -> tuple[float, float, float]:
    b, g, r = color
    return r / 255, g / 255, b / 255


def read_series(path: Path, raw: bool = False) -> list[Series]:
    """Every person of a data file, by file and number, with what each frame alone says where `raw` asks for it. Raises
    `EmoliveError` where `read_people` does, and where nobody is in it."""
    people = read_people(path, SMOOTHED)
    if not people:
        raise EmoliveError(f"No face is in {path}, so there is nothing to draw.")
    alone = read_people(path, RAW) if raw else [None] * len(people)
    return [series(person, one) for person, one in zip(people, alone, strict=True)]


def series(person: Person, alone: Person | None = None) -> Series:
    """A person's lines, broken in the middle of each gap; `alone` is the same person as each frame alone has it."""
    before = np.flatnonzero(person.gaps) + 1
    middles = (person.t_ms[before - 1] + person.t_ms[before]) / 2
    t_ms = np.insert(person.t_ms, before, middles)
    probs = np.insert(person.probs, before, np.nan, axis=0)
    raw = None if alone is None else np.insert(alone.probs, before, np.nan, axis=0)
    seen_s = float(durations_ms(person).sum() / 1e3)
    return Series(person.track, person.labels, t_ms / 1e3, probs, person.file, raw, seen_s)
