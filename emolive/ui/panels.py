"""What the pages of explanations are made of: a dark page, headings, paragraphs, and faces with their heat."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from emolive.ui import draw
from emolive.ui.draw import DIM, PAPER, Color, Rect
from emolive.ui.heat import AGAINST, FOR, heat

GROUND: Color = (34, 29, 27)
CARD: Color = (46, 40, 37)
TRACK: Color = (66, 59, 56)
"""The page, a panel on it, and the empty part of a bar."""

DENSE = 0.8
"""How strong heat is painted on the grey faces of a page."""


def page(width: int, height: int) -> np.ndarray:
    """An empty dark page, (height, width, 3) uint8 BGR."""
    return _blank(width, height).copy()


@lru_cache(maxsize=8)
def _blank(width: int, height: int) -> np.ndarray:
    """The page that is copied: repeating a colour takes ten times as long as a copy."""
    blank = np.full((height, width, 3), GROUND, np.uint8)
    blank.setflags(write=False)
    return blank


def message(image: np.ndarray, title: str, words: str) -> None:
    """A sentence in the middle of a page where there is nothing else to show."""
    height, width = image.shape[:2]
    y = height // 2 - 40
    draw.text(image, title, width / 2, y, 28, PAPER, bold=True, align=0.5)
    for n, line in enumerate(draw.wrap(words, 19, round(width * 0.8))):
        draw.text(image, line, width / 2, y + 48 + 28 * n, 19, DIM, align=0.5)


def paragraph(
    image: np.ndarray, words: str, x: int, y: int, px: int, width: int, color: Color = DIM, bold: bool = False
) -> int:
    """Write a text wrapped to `width`; gives back the y below it."""
    for line in draw.wrap(words, px, width, bold):
        draw.text(image, line, x, y, px, color, bold)
        y += round(px * 1.35)
    return y


def spread(image: np.ndarray, parts: Sequence[tuple[str, Color, bool]], x: int, y: int, px: int) -> int:
    """Write parts of a line one after the other: words, colour, whether bold. Gives back where it ends."""
    for words, color, bold in parts:
        x = draw.text(image, words, x, y, px, color, bold) + round(px * 0.5)
    return x


def face(crop: np.ndarray, size: int) -> np.ndarray:
    """A crop (S, S, 3) RGB as a grey BGR picture of `size`, a little dim, so that heat stands out from it."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    large = cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA if size < len(grey) else cv2.INTER_CUBIC)
    return cv2.cvtColor(cv2.convertScaleAbs(large, alpha=0.85), cv2.COLOR_GRAY2BGR)


def hot_face(crop: np.ndarray, cam: np.ndarray | None, full: float, size: int, colormap: str) -> np.ndarray:
    """A crop's grey picture with a signed map (h, w) on it; evidence of `full` and more is full heat."""
    picture = face(crop, size)
    if cam is not None:
        heat(picture, cam, (0, 0, size, size), full, DENSE, colormap)
    return picture


def torn_face(crop: np.ndarray, cam: np.ndarray, full: float, size: int) -> np.ndarray:
    """The same with what speaks against in other colours than what speaks for, as strongly."""
    picture = hot_face(crop, cam, full, size, FOR)
    heat(picture, -cam, (0, 0, size, size), full, DENSE, AGAINST)
    return picture


def paste(image: np.ndarray, picture: np.ndarray, x: int, y: int) -> Rect:
    """Lay a picture onto the page with its corner at (x, y); gives back where it lies."""
    height, width = picture.shape[:2]
    image[y : y + height, x : x + width] = picture
    return x, y, x + width, y + height
