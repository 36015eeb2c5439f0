"""Bars of probabilities: a row for each class, with its name, a bar in its colour, and percent."""

from collections.abc import Sequence

import numpy as np

from emolive.core.scene import Tip
from emolive.ui import draw
from emolive.ui.draw import Rect
from emolive.ui.palette import DIM, PAPER, Color
from emolive.ui.words import percent

Bar = tuple[str, float, Color, bool]
"""Name, value from 0 to 1, colour, and whether it is the highest."""

ROWS = 8
"""A panel of bars shows this many classes at most: all of them, or the likeliest."""

SHORT = 3
"""So many classes, the likeliest, where there is less room."""


def rows_of(probs: np.ndarray, names: Sequence[str], colors: Sequence[Color], most: int = ROWS) -> list[Bar]:
    """The rows for probabilities (classes,): all classes in their order, or the likeliest ones, the first one first."""
    likeliest = np.argsort(-probs, kind="stable")
    order = likeliest[:most] if len(probs) > most else np.arange(len(probs))
    return [(names[i], float(probs[i]), colors[i], bool(i == likeliest[0])) for i in order]


def bars_size(names: Sequence[str], px: int, title: str = "") -> tuple[int, int]:
    """The size of a panel of bars with these names, in text of `px`, under a title if there is one."""
    pad = round(px * 0.6)
    widest = max(draw.text_size(name, px, bold=True)[0] for name in names)
    figures = draw.text_size("100 %", px, bold=True)[0]
    return widest + round(px * 5.5) + figures + 4 * pad, row_height(px) * (len(names) + bool(title)) + 2 * pad


def row_height(px: int) -> int:
    """The height of a row."""
    return round(px * 1.45)


def draw_bars(
    image: np.ndarray, place: Rect, rows: Sequence[Bar], px: int, title: str = "", plate: bool = True
) -> list[Tip]:
    """A panel with one row per class. Long names are shortened where the place is narrower than `bars_size` says."""
    pad, row = round(px * 0.6), row_height(px)
    thin = round(row * 0.22)
    figures = draw.text_size("100 %", px, bold=True)[0]
    room = place[2] - place[0] - 4 * pad - figures
    widest = max(draw.text_size(name, px, bold=True)[0] for name, *_ in rows)
    wide = max(0, min(widest, room - round(2.5 * px)))
    left, right = place[0] + 2 * pad + wide, place[2] - 2 * pad - figures
    tips = []
    if plate:
        draw.panel(image, place, radius=px // 2)
    if title:
        draw.text(image, title, (place[0] + place[2]) / 2, place[1] + pad, px, PAPER, bold=True, align=0.5)
    for n, (name, value, color, best) in enumerate(rows, start=bool(title)):
        y = place[1] + pad + n * row
        ink = PAPER if best else DIM
        said = draw.shorten(name, px, wide, best)
        draw.text(image, said, left - pad, y + px * 0.1, px, ink, bold=best, align=1)
        if right > left:
            draw.panel(image, (left, y + thin, right, y + row - thin), PAPER, 0.13, radius=px // 5)
            end = left + max(1, round((right - left) * value))
            draw.panel(image, (left, y + thin, end, y + row - thin), color, 1, radius=px // 5)
        draw.text(image, percent(value), place[2] - pad, y + px * 0.1, px, ink, bold=best, align=1)
        tips.append(Tip((place[0], y, place[2], y + row), "bar", f"{name} {percent(value)}"))
    return tips
