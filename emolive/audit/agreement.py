"""How much two maps agree, and where on the face the heat lies."""

import math
from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np

from emolive.core.reading import Likeness
from emolive.core.scene import Agreement, Box, Regions
from emolive.faces.crop import moved_back

HOT = 0.2
"""The hottest part of a map whose overlap is measured."""


def agreement(a: np.ndarray, b: np.ndarray) -> Agreement:
    """Compare two signed maps; the coarser is brought to the finer one's grid.

    Where one is constant, as a map of a single cell is, nothing in it is hotter than the rest: both figures are NaN.
    """
    height, width = max(a.shape[0], b.shape[0]), max(a.shape[1], b.shape[1])
    a, b = (_resized(m, width, height) for m in (a, b))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return Agreement(math.nan, math.nan)
    hot_a, hot_b = _hottest(a), _hottest(b)
    return Agreement(spearman(a, b), float((hot_a & hot_b).sum() / (hot_a | hot_b).sum()))


def _hottest(cam: np.ndarray) -> np.ndarray:
    """The cells (h, w) bool of the hottest part of a map that is not constant: never those of its lowest value, which
    most of a sparse map's are."""
    found: np.ndarray = (cam >= np.quantile(cam, 1 - HOT)) & (cam > cam.min())
    return found


def registered(a: np.ndarray, square_a: Box, b: np.ndarray, square_b: Box) -> tuple[np.ndarray, np.ndarray]:
    """Two maps over squares of the same frame, as two maps (h, w) over the part that both squares share, on the finer
    grid of the two; maps over the same square are given back as they are. Squares of one face are turned alike about
    the same centre, so that it does not matter how far."""
    if np.allclose(square_a, square_b, atol=1e-6):
        return a, b
    x0, y0 = (max(square_a[i], square_b[i]) for i in (0, 1))
    x1, y1 = (min(square_a[i], square_b[i]) for i in (2, 3))
    wide, tall = (min(_cell(m, s, axis) for m, s in ((a, square_a), (b, square_b))) for axis in (0, 1))
    x = x0 + (np.arange(n := max(1, round((x1 - x0) / wide))) + 0.5) * (x1 - x0) / n
    y = y0 + (np.arange(n := max(1, round((y1 - y0) / tall))) + 0.5) * (y1 - y0) / n
    return _sampled(a, square_a, x, y), _sampled(b, square_b, x, y)


def _cell(cam: np.ndarray, square: Box, axis: int) -> float:
    """How wide (axis 0) or high (1) a cell of a map is in the frame."""
    return float((square[axis + 2] - square[axis]) / cam.shape[1 - axis])


def _sampled(cam: np.ndarray, square: Box, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The map's values at places of the frame, between the middles of cells along a line."""
    column = (x - square[0]) / _cell(cam, square, 0) - 0.5
    row = (y - square[1]) / _cell(cam, square, 1) - 0.5
    across, down = np.meshgrid(column.astype(np.float32), row.astype(np.float32))
    picture = np.asarray(cam, np.float32)
    return cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays of one shape, equal values sharing their mean rank; NaN (undefined)
    if one is constant, as a single value is."""
    x, y = (_ranks(np.ravel(m)) for m in (a, b))
    x, y = x - x.mean(), y - y.mean()
    length = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / length) if length > 0 else math.nan


def likeness(cam: np.ndarray, randoms: Sequence[np.ndarray]) -> Likeness:
    """How alike a map (h, w) and those of random networks are, all on one grid, and these among themselves."""
    return Likeness(
        tuple(spearman(cam, one) for one in randoms), tuple(spearman(a, b) for a, b in combinations(randoms, 2))
    )


def _ranks(values: np.ndarray) -> np.ndarray:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _resized(cam: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(np.asarray(cam, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


GRID = 32
"""Cells a side that heat is counted on: fine enough for an eye."""


def regions(cam: np.ndarray, square: Box, box: Box, points: np.ndarray, turn: float = 0.0) -> Regions:
    """Where the positive heat of a map (h, w) over `square`, turned by `turn` degrees, lies, by the detector's six key
    points.

    With d the distance between the eyes: eyes are within 0.45 d of an eye, the nose within 0.35 d of its tip, the mouth
    within 0.45 d of its centre; the nearest wins where they meet. The rest of the face is in the ellipse of the box,
    the box stretched upwards to the hair line, and turned with the square; off the face is everything else.
    """
    heat = np.maximum(_resized(cam, GRID, GRID), 0).astype(np.float64)
    total = float(heat.sum())
    if not np.isfinite(total) or total <= 0:
        return Regions()
    if turn:
        points = moved_back(points, square, turn)
    x0, y0, x1, y1 = square
    at = (np.arange(GRID) + 0.5) / GRID
    x, y = np.meshgrid(x0 + at * (x1 - x0), y0 + at * (y1 - y0))
    right, left, nose, mouth = points[:4]
    eyes = max(1e-6, float(np.hypot(*(right - left))))
    reach = {"eyes": ((right, left), 0.45), "nose": ((nose,), 0.35), "mouth": ((mouth,), 0.45)}
    near = [np.min([np.hypot(x - px, y - py) for px, py in where], axis=0) / (r * eyes) for where, r in reach.values()]
    nearest, closeness = np.argmin(near, axis=0), np.min(near, axis=0)
    shares = {name: heat[(nearest == i) & (closeness <= 1)].sum() / total for i, name in enumerate(reach)}
    bx0, by0, bx1, by1 = box
    cx, cy, rx, ry = (bx0 + bx1) / 2, (by0 + by1) / 2 - 0.08 * (by1 - by0), (bx1 - bx0) / 2, (by1 - by0) * 0.58
    face = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1
    off = heat[~face & (closeness > 1)].sum() / total
    rest = 1 - sum(shares.values()) - off
    return Regions(**{k: float(v) for k, v in shares.items()}, rest=float(max(0.0, rest)), off=float(off))
