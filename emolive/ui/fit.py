"""How pictures go into others, as large as they can be, and what is clicked there."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emolive.core.scene import Event, Hit

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True)
class Fit:
    """Where a picture lies in a window: enlarged by `factor`, its corner at (x, y)."""

    factor: float
    x: int
    y: int

    def back(self, x: int, y: int) -> tuple[float, float]:
        """The middle of a pixel of the window as a point of the picture."""
        return (x + 0.5 - self.x) / self.factor, (y + 0.5 - self.y) / self.factor


def fit(picture: Size, window: Size, top: int = 0) -> Fit:
    """How a picture goes into a window, as large as it can, below its first `top` rows."""
    height = max(1, window[1] - top)
    factor = min(window[0] / picture[0], height / picture[1])
    return Fit(factor, round((window[0] - picture[0] * factor) / 2), top + round((height - picture[1] * factor) / 2))


def letterboxed(picture: np.ndarray, window: Size, where: Fit) -> np.ndarray:
    """A picture of the window's size with the given picture at its place in it, and black around."""
    canvas = np.zeros((window[1], window[0], 3), np.uint8)
    width = min(max(1, round(picture.shape[1] * where.factor)), window[0] - where.x)
    height = min(max(1, round(picture.shape[0] * where.factor)), window[1] - where.y)
    if width > 0 and height > 0:
        how = cv2.INTER_AREA if where.factor < 1 else cv2.INTER_LINEAR
        part = canvas[where.y : where.y + height, where.x : where.x + width]
        cv2.resize(picture, (width, height), dst=part, interpolation=how)
    return canvas


def hit_at(hits: Sequence[Hit], x: float, y: float) -> Event | None:
    """The event of the rectangle under a point; of the last one where several lie there; None where none does."""
    under = [hit.event for hit in hits if hit.box[0] <= x < hit.box[2] and hit.box[1] <= y < hit.box[3]]
    return under[-1] if under else None
