"""What the pages of explanations are made of: a dark page, sentences, and faces with their heat."""

import cv2
import numpy as np

from emolive.core.scene import Scene
from emolive.ui import draw
from emolive.ui.column import row_of
from emolive.ui.draw import Rect
from emolive.ui.heat import AGAINST, FOR, heat
from emolive.ui.named import unnamed, who
from emolive.ui.palette import DIM, PAGE, PAPER

DENSE = 0.8
"""How strong heat is painted on the grey faces of a page."""


def page(width: int, height: int) -> np.ndarray:
    """An empty dark page, (height, width, 3) uint8 BGR."""
    return draw.blank(width, height, PAGE)


def message(image: np.ndarray, title: str, words: str, px: int) -> None:
    """A sentence in the middle of a page where there is nothing else to show."""
    height, width = image.shape[:2]
    room = round(width * 0.9)
    lines = [(line, PAPER, True) for line in draw.wrap(title, px, room, bold=True)]
    lines += [(line, DIM, False) for line in draw.wrap(words, px, room)]
    y = (height - len(lines) * row_of(px)) // 2
    for n, (line, color, bold) in enumerate(lines):
        if 0 <= y + n * row_of(px) <= height - row_of(px):
            draw.text(image, line, width / 2, y + n * row_of(px), px, color, bold, align=0.5)


def no_answer(image: np.ndarray, scene: Scene, nobody: str, px: int) -> bool:
    """Say on a page about the selected face's emotion why there is nothing to show: there is no face (`nobody` is what
    appears here else), or none that the network can know. Gives back whether that is so."""
    chosen = scene.chosen
    if chosen is None:
        message(image, "No face in sight", nobody, px)
    elif chosen.face.outside:
        said = unnamed(scene, chosen.index)
        message(image, "No emotion is named", f"{who(chosen)}: {said}, and nothing is made of one.", px)
    return chosen is None or bool(chosen.face.outside)


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
