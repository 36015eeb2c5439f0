"""What is remembered of the past: timelines, running shares, and the faces that excited a filter most.

Pure functions from what was known and what is new to what is known now; everything is bounded.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

import numpy as np

from emolive.core.reading import entropy
from emolive.core.scene import Best, Face, Moment, Pinned, Reading, Regions, Remembered

TIMELINE_MS, SPARKLINE_MS = 30_000.0, 10_000.0
"""How far back a timeline and a sparkline reach."""

STEP_MS = 50.0
"""A timeline takes a moment at most this often."""

BLOCK_MS = 1_000.0
"""Of each person a filter remembers one face in so much time, since neighbouring frames are nearly the same."""

MOST_FACES, MOST_PINNED = 9, 64


def timeline(old: Sequence[Moment], t_ms: float, probs: np.ndarray) -> tuple[Moment, ...]:
    """The moments of the last 30 s, with the newest probabilities (classes,) at their end."""
    if old and t_ms - old[-1].t_ms < STEP_MS:
        return tuple(old)
    kept = [moment for moment in old if t_ms - moment.t_ms <= TIMELINE_MS]
    return (*kept, Moment(t_ms, probs, entropy(probs)))


def mean_regions(old: Remembered, label: int, new: Regions) -> Remembered:
    """Take the shares of a frame's heat into the label's running mean; a frame without heat counts for nothing."""
    if not any(astuple(new)):
        return old
    count = old.region_counts.get(label, 0) + 1
    mean = astuple(old.regions.get(label, Regions()))
    moved = Regions(*(m + (x - m) / count for m, x in zip(mean, astuple(new), strict=True)))
    return replace(old, regions={**old.regions, label: moved}, region_counts={**old.region_counts, label: count})


def pinned(
    old: Mapping[tuple[str, int], Pinned],
    pins: Sequence[int],
    layer: str,
    faces: Sequence[Face],
    readings: Sequence[Reading],
    chosen: int,
    t_ms: float,
    cut: bool,
) -> dict[tuple[str, int], Pinned]:
    """What is kept of the pinned filters of a layer after a frame; `chosen` is the selected face's index."""
    kept = {key: replace(known, sparkline=()) if cut else known for key, known in old.items()}
    for channel in pins:
        known = kept.pop((layer, channel), Pinned())
        if channel >= len(readings[chosen].maps):
            continue
        values = [float(reading.maps[channel].mean()) for reading in readings]
        line = [point for point in known.sparkline if t_ms - point[0] <= SPARKLINE_MS]
        best = known.best
        for face, reading, value in zip(faces, readings, values, strict=True):
            best = _among_best(best, Best(value, reading.crop, face.track, t_ms))
        kept[layer, channel] = Pinned((*line, (t_ms, values[chosen])), best)
    return dict(list(kept.items())[-MOST_PINNED:])


def _among_best(best: tuple[Best, ...], new: Best) -> tuple[Best, ...]:
    """The strongest nine, at most one of a track in a second, strongest first."""
    if not math.isfinite(new.strength) or (len(best) == MOST_FACES and new.strength <= best[-1].strength):
        return best
    near = [b for b in best if b.track == new.track and abs(b.t_ms - new.t_ms) < BLOCK_MS]
    if any(b.strength >= new.strength for b in near):
        return best
    return tuple(sorted([*(b for b in best if b not in near), new], key=lambda b: -b.strength)[:MOST_FACES])
