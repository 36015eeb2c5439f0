"""Who is who from frame to frame, by where people are and how they move.

SORT (Bewley et al., "Simple Online and Realtime Tracking", 2016, arXiv:1602.00763) in time instead of frames: a Kalman
filter of constant velocity per person and the most likely assignment. Lengths in it are measured in face sizes, so
that near and far faces are treated alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emolive.faces.assign import assign
from emolive.scene import KEEP_MS, Face, Frame

JITTER = 0.05  # a detector's error, in face sizes
UNREST = 10.0  # how fast speed changes: variance of speed gained per second, in (face sizes per second)² per second
PACE = 2.0  # the speed of somebody just come into sight, face sizes per second
NEAR, FAR = 0.7, 1.5  # how far from where they should be people are believed to be: always, and at most
SIZE_STEP = 0.15  # usual change of the logarithm of size
MAX_SIZE_STEP = 0.7  # a face twice as large is another face
NEVER = 1e6


@dataclass(frozen=True, eq=False)
class _Person:
    """`centre` (2,) in pixels, `speed` (2,) in pixels per second; `spread` (2, 2) is the covariance of place and speed,
    alike for x and y, in face sizes and seconds."""

    number: int
    centre: np.ndarray
    speed: np.ndarray
    spread: np.ndarray
    size: float
    seen_ms: float


class Tracker:
    """Gives each face its `track`: the same person keeps the number while in sight and through `KEEP_MS` out of it.

    Called with the faces of a frame and the frame, in order. Numbers start at 1 and are never given again; after a
    `frame.cut` everybody gets a new one. The same frame once more changes nothing.
    """

    def __init__(self) -> None:
        self._people: list[_Person] = []
        self._count = 0

    def __call__(self, faces: Sequence[Face], frame: Frame) -> tuple[Face, ...]:
        """Give the faces, in the same order, with their tracks."""
        if frame.cut:
            self._people = []
        before = [_moved(person, (frame.t_ms - person.seen_ms) / 1000) for person in self._people]
        known = {j: before[i] for i, j in _pairs(before, faces)}
        seen = [self._seen(known.get(j), face, frame.t_ms) for j, face in enumerate(faces)]
        numbers = {person.number for person in seen}
        lost = [p for p in self._people if p.number not in numbers and frame.t_ms - p.seen_ms <= KEEP_MS]
        self._people = seen + lost
        return tuple(replace(face, track=person.number) for face, person in zip(faces, seen, strict=True))

    def _seen(self, person: _Person | None, face: Face, t_ms: float) -> _Person:
        centre, size = _centre(face), _size(face)
        if person is None:
            self._count += 1
            spread = np.diag([JITTER**2, PACE**2])
            return _Person(self._count, centre, np.zeros(2), spread, size, t_ms)
        if person.seen_ms == t_ms:
            return person
        gain = person.spread[:, 0] / (person.spread[0, 0] + JITTER**2)
        surprise = centre - person.centre
        return _Person(
            number=person.number,
            centre=person.centre + gain[0] * surprise,
            speed=person.speed + gain[1] * surprise,
            spread=person.spread - np.outer(gain, person.spread[0]),
            size=size,
            seen_ms=t_ms,
        )


def _moved(person: _Person, seconds: float) -> _Person:
    """Where somebody should be by now (the Kalman filter's prediction)."""
    step = np.array([[1, seconds], [0, 1]])
    unrest = UNREST * np.array([[seconds**3 / 3, seconds**2 / 2], [seconds**2 / 2, seconds]])
    return replace(person, centre=person.centre + seconds * person.speed, spread=step @ person.spread @ step.T + unrest)


def _pairs(people: Sequence[_Person], faces: Sequence[Face]) -> list[tuple[int, int]]:
    """Tell which person is which face: as many as possible, and of these the most likely."""
    if not people or not faces:
        return []
    size = np.array([[p.size] for p in people])
    sizes = np.array([_size(face) for face in faces])
    way = np.array([p.centre for p in people])[:, None] - np.array([_centre(face) for face in faces])
    distance = np.linalg.norm(way, axis=2) / np.sqrt(size * sizes)
    variance = np.array([[p.spread[0, 0] + JITTER**2] for p in people])
    growth = np.abs(np.log(sizes / size))
    possible = (distance < np.clip(3 * np.sqrt(variance), NEAR, FAR)) & (growth < MAX_SIZE_STEP)
    cost = distance**2 / variance + 2 * np.log(variance) + (growth / SIZE_STEP) ** 2
    return [(i, j) for i, j in assign(np.where(possible, cost, NEVER)) if possible[i, j]]


def _centre(face: Face) -> np.ndarray:
    x0, y0, x1, y1 = face.box
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2])


def _size(face: Face) -> float:
    x0, y0, x1, y1 = face.box
    return max(x1 - x0, y1 - y0, 1.0)
