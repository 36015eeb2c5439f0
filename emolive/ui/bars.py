"""Bars with names: the probabilities of the classes."""

from collections.abc import Sequence

import numpy as np

from emolive.ui import draw
from emolive.ui.draw import Color, Rect

Row = tuple[str, float, Color, bool]
"""Name, value from 0 to 1, colour, and whether it is the highest."""


def percent(probability: float) -> str:
    """A probability as people write it; the space does not break."""
    return f"{100 * probability:.0f}\N{NO-BREAK SPACE}%"


def panel_size(names: Sequence[str], px: int, title: str = "") -> tuple[int, int]:
    """The size of a panel of bars with these names, in text of `px`, under a title if there is one."""
    pad = round(px * 0.6)
    widest = max(draw.text_size(name, px, bold=True)[0] for name in names)
    figures = draw.text_size("100 %", px, bold=True)[0]
    return widest + round(px * 5.5) + figures + 4 * pad, round(px * 1.45) * (len(names) + bool(title)) + 2 * pad


def draw_bars(image: np.ndarray, place: Rect, rows: Sequence[Row], px: int, title: str = "") -> None:
    """A panel with one row per class: name, bar, percent. `place` has the size that `panel_size` gives."""
    pad, row = round(px * 0.6), round(px * 1.45)
    thin = round(row * 0.22)
    figures = draw.text_size("100 %", px, bold=True)[0]
    right = place[2] - 2 * pad - figures
    left = right - round(px * 5.5)
    draw.panel(image, place, radius=px // 2)
    if title:
        draw.text(image, title, (place[0] + place[2]) / 2, place[1] + pad, px, draw.PAPER, bold=True, align=0.5)
    for n, (name, value, color, best) in enumerate(rows, start=bool(title)):
        y = place[1] + pad + n * row
        ink = draw.PAPER if best else draw.DIM
        draw.text(image, name, left - pad, y + px * 0.1, px, ink, bold=best, align=1)
        draw.panel(image, (left, y + thin, right, y + row - thin), draw.PAPER, 0.13, radius=px // 5)
        end = left + max(1, round((right - left) * value))
        draw.panel(image, (left, y + thin, end, y + row - thin), color, 1, radius=px // 5)
        draw.text(image, percent(value), place[2] - pad, y + px * 0.1, px, ink, bold=best, align=1)
