"""The help: all keys, the mouse, and the words they use, beside the first view: nothing that matters is hidden."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from emolive.ui import draw
from emolive.ui.draw import Rect
from emolive.ui.keys import BINDINGS, key_name
from emolive.ui.palette import CARD, DIM, PAPER
from emolive.ui.sizes import LEAST

TITLES = {
    "map": "Heat map",
    "proof": "Put it to the test",
    "filters": "Filters",
    "picture": "Picture",
    "screen": "Screen",
    "time": "Time",
    "keep": "Keep",
}
"""The groups of keys, in order."""

MOUSE = (
    ("point", "what is it? the line at the bottom says it"),
    ("click", "face: select it · tile: pin its filter"),
    ("", "emotion: make it the target, or not"),
    ("", "heading on the board: enlarge it, or not"),
    ("Caps Lock", "changes nothing (Linux); else switch it off"),
)

WORDS = (
    ("target", "the emotion that the map explains"),
    ("top", "the likeliest emotion of each face"),
    ("contrast", "for the target and against another one"),
    ("layer", "a stage of the network; deep ones know more"),
    ("filter", "one channel of a layer; pinned: kept first"),
    ("share", "its part of the score, in points of the score"),
    ("score", "what the network gives before percent (logit)"),
)

Line = tuple[str, str]

REST = 0.3
"""At least this part of the width is left to the first view beside the help, where that can be."""


def help_room(area: Rect, px: int) -> tuple[Rect | None, Rect, int, int]:
    """Of an area: the part that is left to a view (None where none is), the help's part, its text and columns."""
    width, height = area[2] - area[0], area[3] - area[1]
    for part in (1 - REST, 1.0):
        for size in range(max(px, LEAST), LEAST - 1, -1):
            for columns in (1, 2, 3):
                wide, tall = _size(size, columns)
                if wide <= part * width and tall <= height:
                    left = (area[0], area[1], area[2] - wide, area[3]) if part < 1 else None
                    return left, (area[2] - wide if left else area[0], *area[1:]), size, columns
    return None, area, LEAST, 1


def help_fits(width: int, height: int) -> bool:
    """Whether there is room for all of the help."""
    return any(wide <= width and tall <= height for wide, tall in (_size(LEAST, columns) for columns in (1, 2, 3)))


MORE = "there is more: enlarge this window"


def draw_help(image: np.ndarray, rect: Rect, px: int, columns: int) -> None:
    """Write the help into a rectangle, in text of `px` and so many columns; as much of it as there is room for."""
    draw.fill(image, rect, CARD)
    row, x = _row(px), rect[0] + px
    for column in _columns(columns):
        keys = _keys_width(column, px)
        fit = (rect[3] - rect[1] - px // 2) // row
        if fit < len(column):
            column = (*column[: max(0, fit - 1)], (TITLE, MORE))
        for n, (key, words) in enumerate(column):
            top = rect[1] + px // 2 + n * row
            if key == TITLE:
                draw.text(image, draw.shorten(words, px, rect[2] - x, bold=True), x, top, px, DIM, bold=True)
                continue
            if key:
                draw.text(image, key, x + keys, top, px, PAPER, bold=True, align=1)
            draw.text(image, draw.shorten(words, px, rect[2] - x - keys - px), x + keys + px, top, px)
        x += _width(column, px) + px


TITLE = "\0"


@lru_cache(maxsize=4)
def _columns(count: int) -> tuple[tuple[Line, ...], ...]:
    """The lines in so many columns of about the same length; no group is torn."""
    groups = list(_groups())
    goal = sum(map(len, groups)) / count
    columns: list[list[Line]] = [[]]
    for group in groups:
        if len(columns) < count and columns[-1] and len(columns[-1]) + len(group) / 2 > goal:
            columns.append([])
        columns[-1] += group
    return tuple(map(tuple, columns))


def _groups() -> Iterator[list[Line]]:
    for group, title in TITLES.items():
        lines = [(" ".join(key_name(k) for k in b.keys), b.help) for b in BINDINGS if b.group == group]
        yield [(TITLE, title), *lines]
    yield [(TITLE, "Mouse"), *MOUSE]
    yield [(TITLE, "Words"), *WORDS]


@lru_cache(maxsize=64)
def _size(px: int, columns: int) -> tuple[int, int]:
    found = _columns(columns)
    wide = sum(_width(column, px) + px for column in found) + px
    return wide, _row(px) * max(map(len, found)) + px


def _row(px: int) -> int:
    return round(px * 1.38)


def _width(column: Sequence[Line], px: int) -> int:
    return _keys_width(column, px) + px + max(draw.text_size(words, px)[0] for _, words in column)


def _keys_width(column: Sequence[Line], px: int) -> int:
    return max(draw.text_size(key, px, bold=True)[0] for key, _ in column if key != TITLE)
