"""The emotions view: the selected face with the map of each emotion, on one scale, so that they can be compared.

Where a method's negative values speak against an emotion, they are painted too: orange is for it, blue against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emolive.core.scene import Aim, Chosen, Hit, Measure, Picture, Reading, Scene, Sheet, Tip, Variant
from emolive.ui import draw
from emolive.ui.column import Column, row_of
from emolive.ui.draw import Rect
from emolive.ui.heat import ON_FACE, Scale, diverging, gradient, heat_scale, scale_of
from emolive.ui.palette import DIM, NOTE, PAPER, hue
from emolive.ui.panels import DENSE, hot_face, message, page, paste, torn_face
from emolive.ui.words import MINUS, against, label, percent, trained, way

SHEET = Sheet(960, 400, 15)
"""What it is drawn on where nobody says what on."""

MOST = 24
"""Emotions that find room."""

SMALLEST = 2.0
"""A map is never smaller than this many times its text's height; where there is less room, fewer are shown."""


def emotions(scene: Scene, sheet: Sheet | None = None) -> Picture:
    """A dark picture: a face per emotion with its map, name and probability, and the scale they share.

    A click on a face makes its emotion the target; the target is marked with brackets.
    """
    sheet = sheet or SHEET
    image, px = page(sheet.width, sheet.height), sheet.px
    chosen = scene.chosen
    if chosen is None:
        message(image, "No face in sight", "The map of each emotion appears here.", px)
        return Picture(image)
    reading, base, maps = chosen.reading, chosen.reading.base, chosen.reading.emotions
    if maps is None or base is None:
        message(image, "No map of each emotion", _why(scene, reading), px)
        return Picture(image)
    scale = common_scale(maps, reading.results[base].measure, scene.settings.scale)
    if not scale.fixed and scale.full > 0:  # as steady as the camera's
        scale = replace(scale, full=max(scale.full, heat_scale(reading, base, chosen.remembered, "relative").full))
    blind = base.method in scene.menu.blind
    foot = legend_height(sheet.width - px, px, scale, blind)
    foot = foot if foot < 0.45 * sheet.height else 0
    column = Column(image, (px // 2, px // 3, sheet.width - px // 2, sheet.height - foot), px)
    if sheet.height - foot > 8 * row_of(px):
        column.line(_said(scene, chosen, base), DIM, topic="emotions")
    tips = list(column.tips)
    room = 0, column.y, sheet.width, sheet.height - foot
    grid = grid_of(room, likeliest(chosen.probs), px)
    hits, more = _cells(image, grid, scene, chosen, base, scale, px)
    if foot:
        tips += legend(image, (px // 2, sheet.height - foot, sheet.width - px // 2, sheet.height), px, scale, blind,
                       scene.settings.colormap)  # fmt: skip
    return Picture(image, hits, (*tips, *more))


def common_scale(maps: np.ndarray, measure: Measure, wish: str) -> Scale:
    """The scale of all maps (classes, h, w) of a face; a relative one ends with their strongest evidence, for or (where
    there is such) against."""
    known = np.nan_to_num(maps)
    return scale_of(measure, float((np.abs(known) if measure.against else known).max(initial=0)), wish)


def painted(crop: np.ndarray, cam: np.ndarray, scale: Scale, size: int, colormap: str) -> np.ndarray:
    """A grey face of `size` with the map of an emotion, what speaks against it too where the map knows that."""
    if scale.against:
        return torn_face(crop, cam, scale.full, size)
    return hot_face(crop, cam, scale.full, size, colormap)


def likeliest(probs: np.ndarray, most: int = MOST) -> tuple[int, ...]:
    """The emotions that find room, in the network's order: all, or the most probable ones where there are many."""
    return tuple(sorted(np.argsort(-np.nan_to_num(probs), kind="stable")[:most].tolist()))


@dataclass(frozen=True)
class Grid:
    """Where the maps lie, a square each, and the words of each; `beside` or below it."""

    places: tuple[tuple[int, Rect, Rect], ...]
    beside: bool


def grid_of(room: Rect, those: Sequence[int], px: int) -> Grid:
    """Where the maps of these classes lie in a room, as large as they can be; of those that have no room only the first
    ones."""
    width, height, gap, row = room[2] - room[0], room[3] - room[1], max(3, px // 2), row_of(px)
    count, best = len(those), (0, 1, False)
    while count:
        for columns in range(1, count + 1):
            rows = -(-count // columns)
            across, down = (width - gap) // columns - gap, (height - gap) // rows - gap
            below = min(across, down - 3 * row)
            words = max(5 * px, round(0.5 * min(across, down)))
            beside = min(across - words - px // 2, down) if down >= 3 * row else 0
            best = max(best, (below, columns, False), (beside, columns, True))
        if best[0] >= SMALLEST * px or count == 1:
            break
        count, best = count - 1, (0, 1, False)
    side, columns, is_beside = max(4, best[0]), best[1], best[2]
    rows, across = -(-count // columns), (width - gap) // columns
    down = side + gap if is_beside else side + 3 * row + gap
    down = max(down, min((height - gap) // rows, down + row))
    found = []
    for n, i in enumerate(those[:count]):
        x, y = room[0] + gap + n % columns * across, room[1] + gap // 2 + n // columns * down
        if is_beside:
            words_at = x + side + px // 2, y, x + across - gap, y + side
        else:
            words_at = x, y + side + px // 5, x + across - gap, y + side + 3 * row
        found.append((i, (x, y, x + side, y + side), words_at))
    return Grid(tuple(found), is_beside)


def _cells(
    image: np.ndarray, grid: Grid, scene: Scene, chosen: Chosen, base: Variant, scale: Scale, px: int
) -> tuple[tuple[Hit, ...], list[Tip]]:
    maps, probs, labels = chosen.reading.emotions, chosen.probs, scene.menu.labels
    assert maps is not None
    minus, best = against(base, scene.menu), int(np.argmax(probs))
    hits, tips = [], []
    for i, place, words in grid.places:
        name = label(labels, i)
        paste(image, painted(chosen.reading.crop, maps[i], scale, place[3] - place[1], scene.settings.colormap),
              place[0], place[1])  # fmt: skip
        is_target = name == scene.settings.target
        if is_target:
            draw.corners(image, (place[0], place[1], place[2] - 1, place[3] - 1), PAPER, max(2, px // 5))
        said = "target" if is_target else "against itself: nothing" if name == minus else ""
        tips.append(Tip(place, "emotion map", name))
        tips += _words(image, words, px, name, float(probs[i]), hue(name, i), i == best, said)
        hits.append(Hit((place[0], place[1], max(place[2], words[2]), max(place[3], words[3])), Aim(name)))
    return tuple(hits), tips


def _words(
    image: np.ndarray, rect: Rect, px: int, name: str, p: float, color: draw.Color, best: bool, said: str
) -> list[Tip]:
    """The emotion's name, its probability with a bar, and what else is to be said of it."""
    column = Column(image, rect, px)
    ink = PAPER if best else DIM
    one = f"{name} {percent(p)}"
    if draw.text_size(one, px, best)[0] <= column.width:
        column.line(one, ink, best)
    else:
        column.line(name, ink, best)
        column.line(percent(p), ink, best)
    bar = column.take(max(4, px // 2))
    if bar:
        x0, y0, x1, y1 = bar
        draw.panel(image, bar, PAPER, 0.13, radius=2)
        draw.panel(image, (x0, y0, x0 + max(1, round((x1 - x0) * p)), y1), color, 1, radius=2)
        column.gap(0.2)
    if said:
        column.say(said, NOTE if said != "target" else PAPER)
    return [Tip((rect[0], rect[1], rect[2], column.y), "bar", one)]


def _why(scene: Scene, reading: Reading) -> str:
    shown = reading.base or reading.shown
    if "emotions" not in scene.settings.views:
        return "They are computed while this window is open: g opens it."
    if reading.result.why:
        return reading.result.why
    return f"The method {shown.method} has no map of each emotion here: choose another one with m."


def _said(scene: Scene, chosen: Chosen, base: Variant) -> str:
    named = scene.menu.labels
    minus = against(base, scene.menu)
    few = f"the likeliest {MOST} of {len(named):,}" if len(named) > MOST else ""
    words = [few, way(base), f"each against {minus}" if minus else "", trained(scene.settings)]
    return " · ".join(part for part in words if part)


def _legend_words(scale: Scale, blind: bool) -> str:
    if not scale.full > 0:
        return "no evidence" if scale.against else "no positive evidence"
    ends = "blue: against · orange: for" if scale.against else "" if blind else "only what speaks for it is painted"
    first = "knows no emotion: all alike" if blind else "one scale for all maps"
    return " · ".join(part for part in (scale.unit, first, scale.kind, ends) if part)


def _bar_width(px: int, scale: Scale) -> int:
    ends = 2 * draw.text_size(f"{MINUS}{scale.full:.2g}", px)[0] if scale.full > 0 else 0
    return ends + 7 * px if ends else 0


def legend_height(width: int, px: int, scale: Scale, blind: bool) -> int:
    """How high the legend is in that width."""
    beside = width - _bar_width(px, scale)
    rows = len(draw.wrap(_legend_words(scale, blind), px, max(4 * px, beside)))
    return row_of(px) * rows + px // 2


def legend(image: np.ndarray, rect: Rect, px: int, scale: Scale, blind: bool, colormap: str) -> list[Tip]:
    """Draw the scale that all maps share: its colours with their ends, and what they mean."""
    x0, y0, x1, y1 = rect
    wide = _bar_width(px, scale)
    if wide:
        low, high = (f"{MINUS}{scale.full:.2g}", f"+{scale.full:.2g}") if scale.against else ("0", scale.most)
        start = draw.text(image, low, x0, y0, px, DIM) + px // 3
        stop = x0 + wide - px - draw.text_size(high, px)[0]
        bar = start, y0 + round(0.3 * px), stop, y0 + round(1.05 * px)
        if scale.against:
            diverging(image, bar, DENSE)
        else:
            gradient(image, bar, colormap, ON_FACE)
        draw.text(image, high, stop + px // 3, y0, px, DIM)
    column = Column(image, (x0 + wide, y0, x1, y1), px)
    column.say(_legend_words(scale, blind), NOTE if scale.why or blind or not scale.full > 0 else DIM)
    return [Tip(rect, "heat", "the maps of all emotions")]
