"""The panel of knock-out: what the network answers with some filters switched off."""

import numpy as np

from emolive.core.scene import Chosen, Scene, Tip
from emolive.ui import draw
from emolive.ui.column import Column
from emolive.ui.draw import Rect
from emolive.ui.palette import DIM, NOTE, PAPER, TRACK, hue
from emolive.ui.words import label, percent, points

ROWS = 8
"""So many classes have room at most: those that change most."""

CLEAR = 0.0005
"""A smaller change is written dimly."""

MEANING = "this frame alone · upper, pale bar: untouched, lower: with them off · change in points"


def knocked(image: np.ndarray, rect: Rect, px: int, scene: Scene, chosen: Chosen) -> list[Tip]:
    """A row per class: a pale bar for the untouched network, a full one with the filters off, and the change."""
    reading, variant = chosen.reading, chosen.reading.knocked
    result = reading.results.get(variant) if variant else None
    column = Column(image, rect, px)
    column.line("Knock-out: without some filters", PAPER, bold=True, topic="knock-out", shorter=("Knock-out",))
    if variant is None or result is None:
        column.say("The answer comes with the next frame.", NOTE)
        return column.tips
    off = f"{variant.off_layer}: off {', '.join(map(str, variant.off))}"
    column.line(off, topic="off", shorter=(f"{variant.off_layer}: {len(variant.off)} off",))
    foot = len(draw.wrap(MEANING, px, column.width)) * column.row
    foot = foot if column.left - foot > 4 * column.row else 0
    before, after = np.nan_to_num(reading.result.probs), np.nan_to_num(result.probs)
    most = max(1, min(ROWS, (column.left - foot) // column.row))
    shown = np.sort(np.argsort(-np.abs(after - before), kind="stable")[:most])
    row = min((column.left - foot) // max(1, len(shown)), 2 * column.row)
    if row < column.row:
        return column.tips
    for i in shown:
        place = column.take(row)
        if place:
            column.tips.append(_row(image, place, px, label(scene.menu.labels, int(i)), int(i), before[i], after[i]))
    column.say(MEANING, topic="knock-out")
    return column.tips


def _row(image: np.ndarray, rect: Rect, px: int, name: str, index: int, before: float, after: float) -> Tip:
    x0, y0, x1, y1 = rect
    color, change, strong = hue(name, index), points(after - before, 1), abs(after - before) > CLEAR
    figures = f"{percent(before)} → {percent(after)}"
    wide = draw.text_size("+100.0", px, bold=True)[0] + px // 2
    long = draw.text_size("100 % → 100 %", px)[0] + px // 2
    room = x1 - x0 - wide
    long = long if room - long > 8 * px else 0
    names = min(8 * px, (room - long) * 6 // 10)
    y = y0 + (y1 - y0 - px * 1.25) / 2
    draw.text(image, draw.shorten(name, px, names - px // 2), x0, y, px, PAPER)
    left, right, middle = x0 + names, x1 - wide - long, (y0 + y1) // 2
    if right - left > px:
        draw.fill(image, (left, y0 + 2, right, y1 - 2), TRACK)
        b, g, r = ((c + 2 * grey) // 3 for c, grey in zip(color, TRACK, strict=True))
        draw.fill(image, (left, y0 + 2, left + round((right - left) * before), middle), (b, g, r))
        draw.fill(image, (left, middle, left + round((right - left) * after), y1 - 2), color)
    if long:
        draw.text(image, figures, x1 - wide, y, px, DIM, align=1)
    draw.text(image, change, x1, y, px, PAPER if strong else DIM, bold=strong, align=1)
    return Tip(rect, "knock-out", f"{name} {figures}, {change} points")
