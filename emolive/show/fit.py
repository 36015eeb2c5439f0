"""How pictures go into windows and windows onto the screen: sizes and places, no pixels shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emolive.scene import Event, Hit

Size = tuple[int, int]
"""Width and height in pixels."""

GAP = 16
TITLE_BAR = 40
SMALLEST: Size = (640, 360)
LARGEST: Size = (1280, 720)
FILTERS: Size = (960, 720)


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


def camera_size(frame: Size, screen: Size) -> Size:
    """The camera picture's first size: the frame's own, but no larger than suits the screen, and no smaller than
    can be read."""
    room = min(LARGEST[0], round(screen[0] * 0.62)), min(LARGEST[1], screen[1] - 4 * TITLE_BAR)
    factor = min(room[0] / frame[0], room[1] / frame[1], max(1, SMALLEST[0] / frame[0], SMALLEST[1] / frame[1]))
    return max(1, round(frame[0] * factor)), max(1, round(frame[1] * factor))


def filters_place(camera: Size, screen: Size) -> tuple[tuple[int, int], Size]:
    """The filter window's first corner and size: right of the camera's window, as large as there is room."""
    left = camera[0] + 2 * GAP
    room = max(400, screen[0] - left - GAP), max(300, screen[1] - 4 * TITLE_BAR)
    factor = min(1, room[0] / FILTERS[0], room[1] / FILTERS[1])
    size = round(FILTERS[0] * factor), round(FILTERS[1] * factor)
    return (min(left, max(0, screen[0] - size[0])), TITLE_BAR), size
