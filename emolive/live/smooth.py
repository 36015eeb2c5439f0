"""The one answer for a face: its probabilities, smoothed in time, from which label, bars and the map's target come.

Smoothing is exponential in time, not in frames: after a time constant 63 % of a change are taken over, whatever the
frame rate. Pure functions: the same frame after the same past has the same answer, however often it is asked for.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from emolive.core.scene import KEEP_MS, Face, Frame, Memory

Given = Mapping[int, tuple[np.ndarray, float]]
"""The answer (classes,) that was given last for each track, and when: ms."""


def given(memory: Memory) -> Given:
    """What was answered last, as it is remembered."""
    return {track: (known.probs, known.seen_ms) for track, known in memory.tracks.items()}


def answers(
    before: Given, shots: Sequence[tuple[Frame, Sequence[Face]]], probs: Sequence[np.ndarray], smooth_ms: float
) -> tuple[list[np.ndarray], Given]:
    """The answers for all faces of some frames, one after the other, and what was given last after them.

    `probs` are what the network makes of each face in its frame alone, (classes,) each; `before` is what was given
    before the first of the frames. A later one that is a cut begins anew. Faces without a track are not smoothed.
    """
    found: list[np.ndarray] = []
    for n, (frame, faces) in enumerate(shots):
        before = {} if frame.cut and n else before
        mine = [
            answer(before.get(face.track) if face.track else None, one, frame.t_ms, smooth_ms)
            for face, one in zip(faces, probs[len(found) :], strict=False)
        ]
        seen = {face.track: (one, frame.t_ms) for face, one in zip(faces, mine, strict=True) if face.track}
        absent = {track: old for track, old in before.items() if track not in seen and frame.t_ms - old[1] <= KEEP_MS}
        before = absent | seen
        found += mine
    return found, before


def answer(old: tuple[np.ndarray, float] | None, probs: np.ndarray, t_ms: float, smooth_ms: float) -> np.ndarray:
    """The answer (classes,) after the one that was given before, if there was one: to new `probs` at `t_ms`."""
    return probs if old is None else mixed(old[0], probs, part(max(0.0, t_ms - old[1]), smooth_ms))


def part(passed: float, tau: float) -> float:
    """How much of a change is taken over after so many ms."""
    return 1 - math.exp(-passed / tau) if tau > 0 else 1.0


def mixed(old: np.ndarray, new: np.ndarray, share: float) -> np.ndarray:
    """Move from old to new values by a share of the way. What is not finite is left out, wherever there is a choice."""
    if old.shape != new.shape:
        return new
    both = np.isfinite(old) & np.isfinite(new)
    moved = np.where(np.isfinite(new), new, old)
    if share < 1:
        moved[both] = old[both] + share * (new[both] - old[both])
    return moved
