"""What several windows show as one picture: what is recorded of them."""

from collections.abc import Mapping

import cv2
import numpy as np

from emolive.ui.draw import Rect
from emolive.ui.layout import Size, panes

LARGEST: Size = (1920, 1080)
"""A recording's picture is no larger: encoding four times as many pixels would take what the network needs."""


def together(shown: Mapping[str, np.ndarray], room: Size, arrangement: str) -> np.ndarray | None:
    """A picture of what windows show, (H, W, 3) uint8 BGR: of one alone its own, of several one as large as the room,
    in which they lie side by side as on the screen. Nothing is enlarged; both are reduced to `LARGEST`."""
    if len(shown) < 2:
        return next((_reduced(canvas, LARGEST) for canvas in shown.values()), None)
    factor = min(1.0, LARGEST[0] / room[0], LARGEST[1] / room[1])
    width, height = round(room[0] * factor), round(room[1] * factor)
    picture = np.zeros((height, width, 3), np.uint8)
    for view, rect in panes(tuple(shown), (0, 0, width, height), arrangement).items():
        _lay(picture, shown[view], rect)
    return picture


def _lay(picture: np.ndarray, canvas: np.ndarray, rect: Rect) -> None:
    """Lay what a window shows into the middle of its place."""
    x0, y0, x1, y1 = rect
    fitting = _reduced(canvas, (x1 - x0, y1 - y0))
    height, width = fitting.shape[:2]
    x, y = x0 + (x1 - x0 - width) // 2, y0 + (y1 - y0 - height) // 2
    picture[y : y + height, x : x + width] = fitting


def _reduced(canvas: np.ndarray, most: Size) -> np.ndarray:
    height, width = canvas.shape[:2]
    factor = min(most[0] / width, most[1] / height)
    if factor >= 1:
        return canvas
    size = max(1, int(width * factor)), max(1, int(height * factor))
    return cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)
