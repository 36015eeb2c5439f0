"""Text from the top of a rectangle down: only what fits whole is written, nothing is cut and nothing made smaller."""

from collections.abc import Sequence

import numpy as np

from emolive.core.scene import Tip
from emolive.ui import draw
from emolive.ui.draw import Rect
from emolive.ui.palette import DIM, PAPER, Color

LEADING = 1.35
"""The height of a line as a multiple of its text's."""


def row_of(px: int) -> int:
    """The height of a line of text."""
    return round(px * LEADING)


def fitting(forms: Sequence[str], px: int, width: int, bold: bool = False) -> str:
    """The first of these ways to say something that fits, from the longest to the shortest; else the last, shortened:
    a whole word less is better than half a sentence."""
    found = next((words for words in forms if draw.text_size(words, px, bold)[0] <= width), None)
    return draw.shorten(forms[-1], px, width, bold) if found is None else found


class Column:
    """Writes into a rectangle of a picture in text of `px`; `tips` are what can be pointed at in it."""

    def __init__(self, image: np.ndarray, rect: Rect, px: int) -> None:
        self.image, self.px, self.row = image, px, row_of(px)
        self.x0, self.y, self.x1, self.foot = rect
        self.tips: list[Tip] = []

    @property
    def width(self) -> int:
        """How wide it is."""
        return self.x1 - self.x0

    @property
    def left(self) -> int:
        """How much room is left, in pixels of height."""
        return self.foot - self.y

    def holds(self, words: str, bold: bool = False) -> bool:
        """Whether a text finds room, wrapped."""
        return len(draw.wrap(words, self.px, self.width, bold)) * self.row <= self.left

    def say(self, words: str, color: Color = DIM, bold: bool = False, topic: str = "") -> bool:
        """Write a text, wrapped, if all of it finds room; gives back whether it did."""
        if not words or not self.holds(words, bold):
            return False
        begin = self.y
        for line in draw.wrap(words, self.px, self.width, bold):
            draw.text(self.image, line, self.x0, self.y, self.px, color, bold)
            self.y += self.row
        self.tip((self.x0, begin, self.x1, self.y), topic)
        return True

    def line(
        self, words: str, color: Color = DIM, bold: bool = False, topic: str = "", shorter: Sequence[str] = ()
    ) -> bool:
        """Write one line, or a `shorter` form of it that fits; gives back whether there was room."""
        if self.left < self.row:
            return False
        said = fitting((words, *shorter), self.px, self.width, bold)
        draw.text(self.image, said, self.x0, self.y, self.px, color, bold)
        self.tip((self.x0, self.y, self.x1, self.y + self.row), topic, words)
        self.y += self.row
        return True

    def pairs(self, words: str, figure: str) -> bool:
        """Whether a line has room for both."""
        return draw.text_size(words, self.px)[0] + self.px // 2 + draw.text_size(figure, self.px)[0] <= self.width

    def pair(self, words: str, figure: str, color: Color = DIM, bold: bool = False, topic: str = "") -> bool:
        """Write a line with a figure at its right end."""
        if self.left < self.row:
            return False
        wide = draw.text_size(figure, self.px, bold)[0] + self.px // 2 if figure else 0
        said = draw.shorten(words, self.px, self.width - wide, bold)
        draw.text(self.image, said, self.x0, self.y, self.px, color, bold)
        draw.text(self.image, figure, self.x1, self.y, self.px, PAPER, bold, align=1)
        self.tip((self.x0, self.y, self.x1, self.y + self.row), topic, f"{words} {figure}")
        self.y += self.row
        return True

    def take(self, height: int, topic: str = "", words: str = "") -> Rect | None:
        """A part of it, as high as that and as wide as it is; None where there is no room."""
        if height > self.left or height <= 0:
            return None
        self.y += height
        rect = self.x0, self.y - height, self.x1, self.y
        self.tip(rect, topic, words)
        return rect

    def gap(self, part: float = 0.4) -> None:
        """Leave some room, as a part of a line."""
        self.y = min(self.foot, self.y + round(self.row * part))

    def tip(self, rect: Rect, topic: str, words: str = "") -> None:
        """What lies there can be pointed at."""
        if topic:
            self.tips.append(Tip(rect, topic, words))
