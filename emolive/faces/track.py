"""Who is who from frame to frame, by where people are, how they move, and roughly what they look like.

SORT (Bewley et al., "Simple Online and Realtime Tracking", 2016, arXiv:1602.00763) in time instead of frames: a Kalman
filter of constant velocity per person and the most likely assignment. Lengths in it are measured in face sizes, so
that near and far faces are treated alike. What people look like is 8×8 pixels of the head with what surrounds it: next
to nothing, but hair and clothes tell two people apart who pass each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emolive.core.scene import KEEP_MS, Face, Frame
from emolive.faces.crop import crop_face, square

JITTER = 0.08  # a detector's error, in face sizes
UNREST = 10.0  # how fast speed changes: variance of speed gained per second, in (face sizes per second)² per second
PACE = 4.0  # the speed of somebody just come into sight, face sizes per second
NEAR, FAR = 0.8, 1.5  # how far from where they should be people are believed to be: always, and at most
SIZE_STEP = 0.15  # usual change of the logarithm of size
MAX_SIZE_STEP = 0.7  # a face twice as large is another face
APPEARANCE_STEP = 16.0  # usual difference of somebody's appearance in between: root mean square of 0..255
STRANGE, STRANGER = 75.0, 60.0  # who looks more different is somebody else: at once, and coming back into sight
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
    appearance: np.ndarray
    seen_ms: float


class Tracker:
    """Gives each face its `track`: the same person keeps the number while in sight and through `KEEP_MS` out of it.

    Called with the faces of a frame and the frame, in order. Numbers start at 1 and are never given again; in another
    film everybody gets a new one. After a `frame.cut` who is at about the same place and looks alike keeps the number.
    The same frame once more changes nothing.
    """

    def __init__(self) -> None:
        self._people: list[_Person] = []
        self._count = 0
        self._t_ms = 0.0
        self._film = 0

    def __call__(self, faces: Sequence[Face], frame: Frame) -> tuple[Face, ...]:
        """Give the faces, in the same order, with their tracks."""
        if frame.film != self._film:
            self._people, self._film = [], frame.film
        found = [_found(face, frame) for face in faces]
        expected = [_expected(person, frame) for person in self._people]
        known = {j: expected[i] for i, j in _pairs(expected, found, math.inf if frame.cut else self._t_ms)}
        seen = [_corrected(known[j], new) if j in known else self._newcomer(new) for j, new in enumerate(found)]
        numbers = {person.number for person in seen}
        lost = [p for p in self._people if p.number not in numbers and abs(frame.t_ms - p.seen_ms) <= KEEP_MS]
        self._people, self._t_ms = seen + lost, frame.t_ms
        return tuple(replace(face, track=person.number) for face, person in zip(faces, seen, strict=True))

    def _newcomer(self, new: _Person) -> _Person:
        self._count += 1
        return replace(new, number=self._count)


def _found(face: Face, frame: Frame) -> _Person:
    """What one frame tells of a face: a person without a number."""
    x0, y0, x1, y1 = face.box
    return _Person(
        number=0,
        centre=np.array([(x0 + x1) / 2, (y0 + y1) / 2]),
        speed=np.zeros(2),
        spread=np.diag([JITTER**2, PACE**2]),
        size=max(x1 - x0, y1 - y0, 1.0),
        appearance=crop_face(frame.bgr, square(face.box, 2), 8, finest=64).astype(np.float32),
        seen_ms=frame.t_ms,
    )


def _expected(person: _Person, frame: Frame) -> _Person:
    """Where somebody should be in a frame: moved on, or anywhere near where the way there was not watched."""
    seconds = (frame.t_ms - person.seen_ms) / 1000
    if seconds >= 0 and not frame.cut:
        return _moved(person, seconds)
    spread = np.diag([JITTER**2 + (PACE * seconds) ** 2, PACE**2])
    return replace(person, speed=np.zeros(2), spread=spread)


def _moved(person: _Person, seconds: float) -> _Person:
    """Where somebody should be after so many seconds: the Kalman filter's prediction."""
    step = np.array([[1, seconds], [0, 1]])
    unrest = UNREST * np.array([[seconds**3 / 3, seconds**2 / 2], [seconds**2 / 2, seconds]])
    spread = step @ person.spread @ step.T + unrest
    return replace(person, centre=person.centre + seconds * person.speed, spread=spread)


def _corrected(expected: _Person, found: _Person) -> _Person:
    """Where somebody is, as expected and as found: the Kalman filter's correction."""
    if expected.seen_ms == found.seen_ms:
        return expected
    gain = expected.spread[:, 0] / (expected.spread[0, 0] + JITTER**2)
    surprise = found.centre - expected.centre
    return replace(
        found,
        number=expected.number,
        centre=expected.centre + gain[0] * surprise,
        speed=expected.speed + gain[1] * surprise,
        spread=expected.spread - np.outer(gain, expected.spread[0]),
    )


def _pairs(expected: Sequence[_Person], found: Sequence[_Person], before_ms: float) -> list[tuple[int, int]]:
    """Tell who of the expected is who of the found: as many as possible, and of these pairs the most likely.

    `before_ms` is the time of the frame before this one: who was seen then is still in sight.
    """
    if not expected or not found:
        return []
    way = np.array([p.centre for p in expected])[:, None] - np.array([p.centre for p in found])
    size, sizes = np.array([[p.size] for p in expected]), np.array([p.size for p in found])
    variance = np.array([[p.spread[0, 0] + JITTER**2] for p in expected])
    distance = np.linalg.norm(way, axis=2) / np.sqrt(size * sizes)
    growth = np.abs(np.log(sizes / size))
    change = np.array([[np.sqrt(np.square(p.appearance - q.appearance).mean()) for q in found] for p in expected])
    in_sight = np.array([[p.seen_ms >= before_ms] for p in expected])
    possible = (
        (distance < np.clip(3 * np.sqrt(variance), NEAR, FAR))
        & (growth < MAX_SIZE_STEP)
        & (change < np.where(in_sight, STRANGE, STRANGER))
    )
    cost = distance**2 / variance + 2 * np.log(variance) + (growth / SIZE_STEP) ** 2 + (change / APPEARANCE_STEP) ** 2
    return [(i, j) for i, j in assign(np.where(possible, cost, NEVER)) if possible[i, j]]


def assign(costs: np.ndarray) -> list[tuple[int, int]]:
    """Pair rows with columns of `costs` (R, C) one to one, so that the sum is least: min(R, C) pairs (row, column).

    All costs must be finite. The shortest augmenting paths of R. Jonker and A. Volgenant, 1987, as written down for
    oblong matrices by D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on
    Aerospace and Electronic Systems 52(4), 2016.
    """
    rows, columns = costs.shape
    if rows > columns:
        return sorted((row, column) for column, row in assign(costs.T))
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    row_of, column_of = np.full(columns, -1), np.full(rows, -1)
    for start in range(rows):
        distance, came_from, done = np.full(columns, np.inf), np.full(columns, -1), np.zeros(columns, bool)
        visited, row, least = [start], start, 0.0
        while True:
            through = least + costs[row] - row_price[row] - column_price
            closer = ~done & (through < distance)
            distance[closer], came_from[closer] = through[closer], row
            column = int(np.where(done, np.inf, distance).argmin())
            least, done[column] = distance[column], True
            if row_of[column] < 0:
                break
            row = int(row_of[column])
            visited.append(row)
        row_price[start] += least
        for row in visited[1:]:
            row_price[row] += least - distance[column_of[row]]
        column_price[done] -= least - distance[done]
        while column >= 0:  # hand the columns along the path on, each to the row it was reached from
            row = int(came_from[column])
            row_of[column], column_of[row], column = row, column, int(column_of[row])
    return [(row, int(column)) for row, column in enumerate(column_of)]
