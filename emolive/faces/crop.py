"""From a frame and a face to the square picture that a network sees."""

import math

import cv2
import numpy as np

from emolive.core.scene import Box

FINEST = 640
"""Samples a side that a face is averaged from at most: a larger one gains nothing by more, and a few ms are enough."""


def to_rgb(bgr: np.ndarray) -> np.ndarray:
    """Turn (H, W, 3) uint8 BGR into RGB, contiguous. The only place in emolive where colours change their order."""
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def square(box: Box, margin: float) -> Box:
    """Give the square around a box's centre whose side is `margin` times the box's longer side (at least a pixel)."""
    x0, y0, x1, y1 = box
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    half = max(1.0, margin * max(x1 - x0, y1 - y0)) / 2
    return x - half, y - half, x + half, y + half


def placed(square: Box, turn: float = 0.0) -> np.ndarray:
    """Give the affine map (2, 3) that takes the unit square to a square in a picture, turned about its own centre.

    The only place that knows how crops lie: what is cut out, what is painted back, and what is counted go by it.

    `turn` is in degrees, clockwise as seen. So (0, 0) goes to the corner where the turned picture's first pixel lies.
    """
    x0, y0, x1, _ = square
    side, cos, sin = x1 - x0, math.cos(math.radians(turn)), math.sin(math.radians(turn))
    right, down = side / 2 * (1 - cos + sin), side / 2 * (1 - cos - sin)  # how the corner moves: 0 where nothing turns
    return np.array([[side * cos, -side * sin, x0 + right], [side * sin, side * cos, y0 + down]])


def moved_back(points: np.ndarray, square: Box, turn: float) -> np.ndarray:
    """Give where points (..., 2) of a picture lie in the square before it was turned: what leans so stands upright."""
    there, straight = placed(square, turn), placed(square)
    inside = (points - there[:, 2]) @ np.linalg.inv(there[:, :2]).T
    back: np.ndarray = inside @ straight[:, :2].T + straight[:, 2]
    return back


def crop_face(bgr: np.ndarray, square: Box, size: int, finest: int = FINEST, turn: float = 0.0) -> np.ndarray:
    """Cut a square out of a picture (H, W, 3) uint8 BGR and scale it to (size, size, 3) uint8 RGB.

    Beyond the picture's edges its outermost pixels are repeated. The square may lie anywhere between pixels, turned by
    `turn` degrees clockwise (then what leans so stands upright in the crop): it is sampled bilinearly, at least once
    per pixel (as far as `finest` samples a side go), and averaged down where that is finer than `size`. The time this
    takes depends on the square, not on the picture.
    """
    fine = size * max(1, min(math.ceil((square[2] - square[0]) / size), finest // size))
    place = placed(square, turn)
    step = place[:, :2] / fine
    to_picture = np.column_stack([step, place[:, 2] + step.sum(1) / 2 - 0.5])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(bgr, to_picture, (fine, fine), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if fine > size:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return to_rgb(crop)
