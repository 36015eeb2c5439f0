"""Where labels and panels go: beside their face, inside the picture, and never over one another."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from emolive.ui.draw import Rect


def overlaps(places: Sequence[Rect], others: Sequence[Rect]) -> np.ndarray:
    """(places, others) int: the area in square pixels that each place shares with each other rectangle."""
    a = np.array(places, np.int64).reshape(-1, 1, 4)
    b = np.array(others, np.int64).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared: np.ndarray = sides.clip(min=0).prod(axis=-1)
    return shared


def gaps(places: Sequence[Rect], others: Sequence[Rect]) -> np.ndarray:
    """(places, others) float: how far apart each place and each other rectangle are, in pixels; 0 where they touch."""
    a = np.array(places, np.int64).reshape(-1, 1, 4)
    b = np.array(others, np.int64).reshape(1, -1, 4)
    sides = np.maximum(a[..., :2] - b[..., 2:], b[..., :2] - a[..., 2:]).clip(min=0)
    return np.asarray(np.hypot(sides[..., 0], sides[..., 1]))


def within(rect: Rect, bounds: Rect) -> Rect | None:
    """The part of a rectangle that lies in another one; None where none does."""
    x0, y0, x1, y1 = max(rect[0], bounds[0]), max(rect[1], bounds[1]), min(rect[2], bounds[2]), min(rect[3], bounds[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


MOST = 0.5
"""Where faces cover more of a picture than this part, labels may lie over them: there is no other room."""


def mostly_covered(faces: Sequence[Rect], width: int, height: int) -> bool:
    """Whether faces cover more than half of a picture of that size; where they share a pixel it counts once."""
    if sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in faces) <= MOST * width * height:
        return False
    step = max(1, min(width, height) // 256)
    seen = np.zeros((height // step + 1, width // step + 1), bool)
    for x0, y0, x1, y1 in faces:
        seen[y0 // step : -(-y1 // step), x0 // step : -(-x1 // step)] = True
    return bool(seen[: height // step, : width // step].mean() > MOST)


def free_spots(near: Rect, size: tuple[int, int], bounds: Rect, taken: Sequence[Rect], gap: int) -> list[Rect]:
    """Places for a panel anywhere in `bounds` that touch nothing in `taken`, beside it or at the edges, the nearest to
    a rectangle first."""
    (w, h), (left, top, right, bottom) = size, bounds
    if w > right - left or h > bottom - top:
        return []
    xs = {left, right - w, *(x for t in taken for x in (t[2] + gap, t[0] - w - gap))}
    ys = {top, bottom - h, *(y for t in taken for y in (t[3] + gap, t[1] - h - gap))}
    spots = [(x, y, x + w, y + h) for x in xs if left <= x <= right - w for y in ys if top <= y <= bottom - h]
    if taken and spots:
        shared = overlaps(spots, taken).sum(axis=1)
        spots = [spot for spot, area in zip(spots, shared, strict=True) if not area]
    away = near[0] + near[2] - w, near[1] + near[3] - h
    return sorted(spots, key=lambda spot: ((2 * spot[0] - away[0]) ** 2 + (2 * spot[1] - away[1]) ** 2, spot))


def inside(rect: Rect, bounds: Rect) -> bool:
    """Whether a rectangle lies in another one whole."""
    return rect[0] >= bounds[0] and rect[1] >= bounds[1] and rect[2] <= bounds[2] and rect[3] <= bounds[3]


def around(face: Rect, size: tuple[int, int], bounds: Rect, gap: int) -> Iterator[Rect]:
    """Places for something of that size by a face, the nicest first: above, below, at the sides, in its edges where it
    reaches over the picture's.

    Each is pushed into `bounds` where it reaches over them by a little; a place that cannot be is left out.
    """
    (x0, y0, x1, y1), (w, h) = face, size
    middle = (x0 + x1 - w) // 2
    spots = [(x, y) for y in (y0 - h - gap, y1 + gap) for x in (x0, x1 - w, middle)]
    spots += [(x, y) for y in (y0, y1 - h, (y0 + y1 - h) // 2) for x in (x1 + gap, x0 - w - gap)]
    spots += [(x, y) for y in (y0 + gap, y1 - h - gap) for x in (x0 + gap, x1 - w - gap, middle)]
    yield from _pushed(spots, size, bounds)


def beside(face: Rect, size: tuple[int, int], bounds: Rect, gap: int) -> Iterator[Rect]:
    """Places for a panel by a face: right, left, below and above of it."""
    (x0, y0, x1, y1), (w, h) = face, size
    spots = [(x, y) for x in (x1 + gap, x0 - w - gap) for y in (y0, y1 - h, (y0 + y1 - h) // 2)]
    spots += [(x, y) for y in (y1 + gap, y0 - h - gap) for x in (x0, x1 - w)]
    yield from _pushed(spots, size, bounds)


def at_edges(face: Rect, size: tuple[int, int], bounds: Rect) -> list[Rect]:
    """Places for a panel at the corners of the picture and the middles of its edges, the nearest to the face first."""
    (w, h), (left, top, right, bottom) = size, bounds
    xs, ys = (left, (left + right - w) // 2, right - w), (top, (top + bottom - h) // 2, bottom - h)
    spots = [(x, y) for x in xs for y in ys if (x, y) != (xs[1], ys[1])]
    middle = np.array([face[0] + face[2] - w, face[1] + face[3] - h]) / 2
    spots.sort(key=lambda spot: float(np.linalg.norm(middle - spot)))
    return list(_pushed(spots, size, bounds))


def around_all(rects: Sequence[Rect]) -> Rect:
    """The smallest rectangle that holds all of these."""
    x0, y0, x1, y1 = zip(*rects, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def first_free(places: Iterable[Rect], taken: Sequence[Rect], avoid: Sequence[Rect] = ()) -> Rect | None:
    """The first place that touches nothing in `taken`, and of those the one that covers least of `avoid`.

    None where there is no such place.
    """
    free = list(places)
    if taken:
        free = [place for place, shared in zip(free, overlaps(free, taken).sum(axis=1), strict=True) if not shared]
    if len(free) < 2 or not avoid:
        return free[0] if free else None
    return free[int(np.argmin(overlaps(free, avoid).sum(axis=1)))]


def covered(place: Rect, others: Sequence[Rect]) -> int:
    """How much of `others` a place covers, in square pixels."""
    return int(overlaps([place], others).sum()) if others else 0


def _pushed(spots: Iterable[tuple[int, int]], size: tuple[int, int], bounds: Rect) -> Iterator[Rect]:
    (w, h), (left, top, right, bottom) = size, bounds
    if w > right - left or h > bottom - top:
        return
    for x, y in spots:
        x, y = min(max(x, left), right - w), min(max(y, top), bottom - h)
        yield x, y, x + w, y + h
