"""What is remembered of the past: timelines, running shares and drops, and the faces that excited a filter most.

Pure functions from what was known and what is new to what is known now; everything is bounded.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

import numpy as np

from emolive.core.reading import entropy
from emolive.core.scene import Best, Face, Faith, Moment, Pinned, Proof, Reading, Regions, Remembered

TIMELINE_MS, SPARKLINE_MS = 30_000.0, 10_000.0
"""How far back a timeline and a sparkline reach."""

STEP_MS = 50.0
"""A timeline takes a moment at most this often."""

BLOCK_MS = 1_000.0
"""Frames of one second count as one observation, since neighbouring frames are nearly the same."""

MOST_BLOCKS, MOST_FACES, MOST_PINNED = 600, 9, 64

STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""97.5 % quantiles of Student's t distribution for 1 to 10 degrees of freedom."""


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


def faith(old: Remembered, proof: Proof, t_ms: float) -> Remembered:
    """Take a proof's three drops into the second under way; a second that is over becomes one more block."""
    if not old.block:
        return replace(old, block=(proof.drops,), block_ms=t_ms)
    if t_ms - old.block_ms < BLOCK_MS:
        return replace(old, block=(*old.block, proof.drops))
    hottest, random, coldest = np.mean(old.block, axis=0).tolist()
    finished: tuple[float, float, float] = hottest, random, coldest
    blocks = (*old.blocks, finished)[-MOST_BLOCKS:]
    return replace(old, blocks=blocks, block=(proof.drops,), block_ms=t_ms, faith=interval(blocks))


def interval(blocks: Sequence[tuple[float, float, float]]) -> Faith:
    """Mean and half the 95 % confidence interval of each drop over blocks (Student's t); no interval for one block."""
    n = len(blocks)
    if n == 0:
        return Faith()
    mean = np.mean(blocks, axis=0)
    if n == 1:
        return Faith(tuple(mean.tolist()), (math.inf,) * 3, 1)
    half = quantile(n - 1) * np.std(blocks, axis=0, ddof=1) / math.sqrt(n)
    return Faith(tuple(mean.tolist()), tuple(half.tolist()), n)


def quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's t; beyond ten degrees of freedom by Cornish and Fisher's expansion."""
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


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
