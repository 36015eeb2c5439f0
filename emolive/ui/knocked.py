"""The panel of knock-out: what the network answers with some filters switched off."""

import numpy as np

from emolive.core.scene import Chosen, Scene
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, PAPER, Rect
from emolive.ui.panels import TRACK, paragraph
from emolive.ui.words import label, percent, points

ROWS = 8
"""So many classes have room: those that change most."""

CLEAR = 0.0005
"""A smaller change is written dimly."""


def knocked(image: np.ndarray, rect: Rect, scene: Scene, chosen: Chosen) -> None:
    """A row per class: a pale bar for the untouched network, a full one with the filters off, and the change."""
    x0, y0, x1, y1 = rect
    reading, variant = chosen.reading, chosen.reading.knocked
    result = reading.results.get(variant) if variant else None
    px = 15 if x1 - x0 < 600 else 19
    draw.text(image, "Knock-out: without some filters", x0, y0, px + 3, PAPER, bold=True)
    y = y0 + round((px + 3) * 1.4)
    if variant is None or result is None:
        paragraph(image, "The answer comes with the next frame.", x0, y, px, x1 - x0, AMBER)
        return
    words = f"{variant.off_layer}: off {', '.join(map(str, variant.off))}"
    draw.text(image, draw.shorten(words, px, x1 - x0), x0, y, px, DIM)
    y += round(px * 1.5)
    foot = round(px * 1.35)
    before, after = np.nan_to_num(reading.result.probs), np.nan_to_num(result.probs)
    shown = np.sort(np.argsort(-np.abs(after - before), kind="stable")[:ROWS])
    row = min((y1 - foot - y) // max(1, len(shown)), round(px * 2.4))
    names = [label(scene.menu.labels, int(i)) for i in shown]
    wide = max(draw.text_size(name, px, bold=True)[0] for name in names) + 8
    figures = draw.text_size("100 % → 100 %", px)[0] + draw.text_size("+100.0", px, bold=True)[0] + 20
    size = min(px, row - 4)
    for n, (i, name) in enumerate(zip(shown, names, strict=True)):
        top = y + n * row
        _row(image, (x0, top, x1, top + row), name, int(i), float(before[i]), float(after[i]), (wide, figures, size))
    draw.text(image, "this frame alone · pale: untouched · full: with them off", x0, y1 - foot, px, DIM)


def _row(
    image: np.ndarray, rect: Rect, name: str, index: int, before: float, after: float, sizes: tuple[int, int, int]
) -> None:
    x0, y0, x1, y1 = rect
    wide, figures, px = sizes
    color = draw.hue(name, index)
    left, right = x0 + wide, x1 - figures
    words = y0 + (y1 - y0 - px * 1.25) / 2
    draw.text(image, name, x0, words, px, PAPER)
    draw.fill(image, (left, y0 + 3, right, y1 - 3), TRACK)
    middle = (y0 + y1) // 2
    b, g, r = ((c + 2 * grey) // 3 for c, grey in zip(color, TRACK, strict=True))
    draw.fill(image, (left, y0 + 3, left + round((right - left) * before), middle), (b, g, r))
    draw.fill(image, (left, middle, left + round((right - left) * after), y1 - 3), color)
    end = x1 - draw.text_size("+100.0", px, bold=True)[0] - 8
    draw.text(image, f"{percent(before)} → {percent(after)}", end, words, px, DIM, align=1)
    strong = abs(after - before) > CLEAR
    draw.text(image, points(after - before, 1), x1, words, px, PAPER if strong else DIM, bold=strong, align=1)
