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
from emolive.ui.palette import DIM, NOTE, PAPER, Color, hue
from emolive.ui.panels import DENSE, hot_face, message, no_answer, page, paste, torn_face
from emolive.ui.words import MINUS, against, label, percent, trained, way

SHEET = Sheet(960, 400, 15)
"""What it is drawn on where nobody says what on."""

MOST = 24
"""Emotions that find room."""

SMALLEST, NAME = 2.0, 9
"""A map is never smaller than this many times its text's height; where there is less room, fewer are shown. Names have
so much room at most, as multiples of it."""


def emotions(scene: Scene, sheet: Sheet | None = None) -> Picture:
    """A dark picture: a face per emotion with its map, name and probability, and the scale they share.

    A click on a face makes its emotion the target; the target is marked with brackets.
    """
    sheet = sheet or SHEET
    image, px = page(sheet.width, sheet.height), sheet.px
    chosen = scene.chosen
    if no_answer(image, scene, "The map of each emotion appears here.", px) or chosen is None:
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
    head = px // 3 + row_of(px)
    room = 0, head, sheet.width, sheet.height - foot
    names = [label(scene.menu.labels, i) for i in range(len(chosen.probs))]
    marked = scene.settings.target is not None or against(base, scene.menu) is not None
    grid = grid_of(room, chosen.probs, names, px, marked)
    if foot and len(grid.places) <= len(names) // 2:  # more maps without the legend, which the camera's view has too
        whole = grid_of((*room[:3], sheet.height), chosen.probs, names, px, marked)
        if len(whole.places) > len(grid.places):
            grid, foot = whole, 0
    column = Column(image, (px // 2, px // 3, sheet.width - px // 2, head), px)
    said = _said(scene, base, len(grid.places))
    column.line(said[0], DIM, topic="emotions", shorter=said[1:])
    tips = list(column.tips)
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


def grid_of(room: Rect, probs: np.ndarray, names: Sequence[str], px: int, marked: bool = False) -> Grid:
    """Where the maps of the classes lie in a room, as large as they can be with their names, and with one line more if
    one is `marked`; where there is no room for all, of the likeliest ones."""
    for count in range(min(MOST, len(probs)), 0, -1):
        those = likeliest(probs, count)
        wide = max(draw.text_size(names[i], px, bold=True)[0] for i in those)
        side, columns, is_beside = _largest(room, those, probs, names, min(wide, NAME * px), px, marked)
        if side >= SMALLEST * px or count == 1:
            break
    width, height, gap, row = room[2] - room[0], room[3] - room[1], max(3, px // 2), row_of(px)
    side = max(4, side)
    rows, across = -(-count // columns), (width - gap) // columns
    under = _under(those, probs, names, across - gap, px, marked)
    down = side + gap if is_beside else side + under + gap
    down = max(down, min((height - gap) // rows, down + row))
    found = []
    for n, i in enumerate(those):
        x, y = room[0] + gap + n % columns * across, room[1] + gap // 2 + n // columns * down
        if is_beside:
            words_at = x + side + px // 2, y, x + across - gap, y + max(side, down - gap)
        else:
            words_at = (
                x,
                y + side + px // 5,
                x + across - gap,
                y + side + max(under, 3 * row if down > side + 3 * row else 0),
            )
        found.append((i, (x, y, x + side, y + side), words_at))
    return Grid(tuple(found), is_beside)


def _under(those: Sequence[int], probs: np.ndarray, names: Sequence[str], width: int, px: int, marked: bool) -> int:
    """The height of the words below maps of that width: name and percent in a line, if they have room, a bar, and a
    line more if one is marked."""
    best = int(np.argmax(probs))
    one = all(_in_one_line(names[i], width, px, i == best) for i in those)
    return ((1 if one else 2) + marked) * row_of(px) + px


def _in_one_line(name: str, width: int, px: int, best: bool) -> bool:
    """Whether a name has room for any probability beside it: where one has not, all have theirs below."""
    return draw.text_size(f"{name} 100 %", px, best)[0] <= width


def _largest(
    room: Rect, those: Sequence[int], probs: np.ndarray, names: Sequence[str], words: int, px: int, marked: bool
) -> tuple[int, int, bool]:
    """The side of so many maps, in how many columns, and whether their words, as wide as that, lie beside them."""
    width, height, gap, row = room[2] - room[0], room[3] - room[1], max(3, px // 2), row_of(px)
    best, count = (0, 1, False), len(those)
    for columns in range(1, count + 1):
        across, down = (width - gap) // columns - gap, (height - gap) // -(-count // columns) - gap
        below = min(across, down - _under(those, probs, names, across, px, marked)) if across >= words else 0
        beside = min(across - words - px // 2, down) if down >= (2.5 + marked) * row else 0
        best = max(best, (below, columns, False), (beside, columns, True))
    return best


def _cells(
    image: np.ndarray, grid: Grid, scene: Scene, chosen: Chosen, base: Variant, scale: Scale, px: int
) -> tuple[tuple[Hit, ...], list[Tip]]:
    maps, probs, labels = chosen.reading.emotions, chosen.probs, scene.menu.labels
    assert maps is not None
    minus, best = against(base, scene.menu), int(np.argmax(probs))
    hits, tips = [], []
    one_line = all(_in_one_line(label(labels, i), words[2] - words[0], px, i == best) for i, _, words in grid.places)
    for i, place, words in grid.places:
        name = label(labels, i)
        paste(image, painted(chosen.reading.crop, maps[i], scale, place[3] - place[1], scene.settings.colormap),
              place[0], place[1])  # fmt: skip
        is_target = name == scene.settings.target
        if is_target:
            draw.corners(image, (place[0], place[1], place[2] - 1, place[3] - 1), PAPER, max(2, px // 5))
        said = "target" if is_target else "against itself" if name == minus else ""
        tips.append(Tip(place, "emotion map", name))
        tips += _words(image, words, px, name, float(probs[i]), hue(name, i), i == best, said, one_line)
        hits.append(Hit((place[0], place[1], max(place[2], words[2]), max(place[3], words[3])), Aim(name)))
    return tuple(hits), tips


def _words(
    image: np.ndarray, rect: Rect, px: int, name: str, p: float, color: Color, best: bool, said: str, one_line: bool
) -> list[Tip]:
    """The emotion's name, its probability with a bar, and what else is to be said of it."""
    column = Column(image, rect, px)
    ink = PAPER if best else DIM
    one = f"{name} {percent(p)}"
    if one_line:
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


def _said(scene: Scene, base: Variant, shown: int) -> list[str]:
    """What these maps are, from the longest way to say it to the shortest."""
    count, minus = len(scene.menu.labels), against(base, scene.menu)
    few = f"the likeliest {shown} of {count:,}" if shown < count else ""
    whom, whose = f"each against {minus}" if minus else "", trained(scene.settings)
    forms = (few, way(base), whom, whose), (few, whom, whose), (whom, whose), (whom or whose or few or way(base),)
    return [" · ".join(part for part in form if part) for form in forms]


DOT = "\N{NO-BREAK SPACE}· "
"""Between parts of a line: none begins with a dot."""


def _legend_words(scale: Scale, blind: bool) -> list[str]:
    if not scale.full > 0:
        return ["no evidence" if scale.against else "no positive evidence"]
    ends = f"blue: against{DOT}orange: for" if scale.against else "" if blind else "only what speaks for it is painted"
    first = "knows no emotion: all alike" if blind else "one scale for all maps"
    return [part for part in (scale.unit, scale.kind, first, ends) if part]


def _bar_width(px: int, scale: Scale) -> int:
    # As wide for any figure: what lies beside must not jump as it changes.
    widest = max(draw.text_size(words, px)[0] for words in (f"{MINUS}0.000", f"{MINUS}{scale.full:.2g}"))
    ends = 2 * widest if scale.full > 0 else 0
    return ends + 7 * px if ends else 0


def legend_height(width: int, px: int, scale: Scale, blind: bool) -> int:
    """How high the legend is in that width."""
    words, beside = _legend_lines(width, px, scale, blind)
    return row_of(px) * (len(words) + (not beside)) + px // 2


def _legend_lines(width: int, px: int, scale: Scale, blind: bool) -> tuple[list[str], bool]:
    """Its words in lines, two at most, of the longest of its forms that has room; and whether they are beside the bar,
    or below it where that is too narrow."""
    room = width - _bar_width(px, scale)
    beside = room >= 8 * px
    parts = _legend_words(scale, blind)
    forms = [draw.wrap(DOT.join(parts[:n]), px, room if beside else width) for n in range(len(parts), 0, -1)]
    return next((lines for lines in forms if len(lines) <= 2), forms[-1]), beside


def legend(image: np.ndarray, rect: Rect, px: int, scale: Scale, blind: bool, colormap: str) -> list[Tip]:
    """Draw the scale that all maps share: its colours with their ends, and what they mean."""
    x0, y0, x1, _ = rect
    wide = _bar_width(px, scale)
    if wide:
        low, high = (f"{MINUS}{scale.full:.2g}", f"+{scale.full:.2g}") if scale.against else ("0", scale.most)
        start = draw.text(image, low, x0, y0, px, DIM) + px // 3
        stop = min(x0 + wide - px, x1 - px // 3) - draw.text_size(high, px)[0]
        bar = start, y0 + round(0.3 * px), stop, y0 + round(1.05 * px)
        if stop > start:  # else there is no room for more than its beginning
            diverging(image, bar, DENSE) if scale.against else gradient(image, bar, colormap, ON_FACE)
            draw.text(image, high, stop + px // 3, y0, px, DIM)
    ink = NOTE if scale.why or blind or not scale.full > 0 else DIM
    lines, beside = _legend_lines(x1 - x0, px, scale, blind)
    for n, line in enumerate(lines, start=not beside):
        draw.text(image, line, x0 + (wide if beside else 0), y0 + n * row_of(px), px, ink)
    return [Tip(rect, "heat", "the maps of all emotions")]
