"""The dock of the camera view: the selected face's bars, the legend of the heat, and the list of all faces, beside the
film or below it, so that nothing lies over it."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from emolive.core.scene import Scene, Sheet, Tip
from emolive.ui import draw, legend
from emolive.ui.bars import ROWS, SHORT, draw_bars, row_height, rows_of
from emolive.ui.column import Column, row_of
from emolive.ui.draw import Rect
from emolive.ui.labels import Labelled, Labeller
from emolive.ui.palette import DIM, NOTE, PAPER
from emolive.ui.words import percent

WIDE = 17
"""The width of a column of the dock, as a multiple of its text's height."""

LEAST, CROWDED = 0.42, 0.33
"""Where the film would be left less than this part of the sheet, the dock holds less; in a crowd, whose numbers mean
little without their list, less than that."""

CROWD = 3
"""So many faces are listed rather than more of the selected one's bars; more are a crowd."""

Dock = Callable[[np.ndarray, Labeller], list[Tip]]
"""Draws the dock; gives back what can be pointed at."""


def docked(film: tuple[int, int], sheet: Sheet, scene: Scene, people: Sequence[Labelled]) -> tuple[Rect, Dock]:
    """Where a film of that size lies on a sheet, and what draws the dock beside or below it: whichever leaves the film
    larger."""
    px = sheet.px
    best: tuple[float, tuple[int, int], Rect | None, int] | None = None
    pad = px // 2
    for most in (ROWS, SHORT, 0):
        for beside in (True, False):
            if beside:
                wide = WIDE * px + 2 * pad
                room, dock = (sheet.width - wide, sheet.height), (sheet.width - wide + pad, pad, sheet.width - pad)
                rect = (*dock, sheet.height - pad)
            else:
                high = _height(sheet.width - 2 * pad, px, scene, people, most) + 2 * pad
                room = sheet.width, sheet.height - high
                rect = pad, sheet.height - high + pad, sheet.width - pad, sheet.height - pad
            if min(room) < 2 * px:
                continue
            factor = min(room[0] / film[0], room[1] / film[1])
            if best is None or factor > best[0] * 1.02:
                best = factor, room, rect, most
        least = CROWDED if len(people) > CROWD else LEAST
        if best and best[0] ** 2 * film[0] * film[1] >= least * sheet.width * sheet.height:
            break
    if best is None:
        best = min(sheet.width / film[0], sheet.height / film[1]), (sheet.width, sheet.height), None, 0
    factor, room, place, classes = best
    wide, high = max(1, min(room[0], round(film[0] * factor))), max(1, min(room[1], round(film[1] * factor)))
    x, y = (room[0] - wide) // 2, (room[1] - high) // 2

    def dock_into(image: np.ndarray, labels: Labeller) -> list[Tip]:
        return _dock(image, place, px, scene, people, classes, labels) if place else []

    return (x, y, x + wide, y + high), dock_into


def undocked(film: tuple[int, int], sheet: Sheet) -> tuple[Rect, Dock]:
    """Where a film lies on a sheet that it has for itself, and a dock that is not there."""
    factor = min(sheet.width / film[0], sheet.height / film[1])
    wide, high = (max(1, round(side * factor)) for side in film)
    x, y = (sheet.width - wide) // 2, (sheet.height - high) // 2
    return (x, y, x + wide, y + high), lambda image, labels: []


def _legend(scene: Scene, most: int) -> legend.Legend:
    """The legend, or its most important lines where there is room for no bars; the status line says what it lacks."""
    return legend.legend_of(scene) if most else legend.legend_of(scene).brief


def _columns(width: int, px: int) -> int:
    return max(1, min(3, width // (WIDE * px)))


def _height(width: int, px: int, scene: Scene, people: Sequence[Labelled], most: int) -> int:
    """How high a dock of that width is with bars for so many classes."""
    columns = _columns(width, px)
    wide = (width - (columns - 1) * px) // columns
    words = legend.height_of(_legend(scene, most), wide, px)
    bars = _bars_height(len(people[0].probs), most, px) if people and most and people[0].known else 0
    if people and not people[0].known:
        bars = row_of(px) * len(draw.wrap(_unnamed(people[0]), px, wide))
    listed = (
        row_of(px) * (min(len(people), 2 * CROWD if most == ROWS else CROWD) + 1) if len(people) > 1 and most else 0
    )
    return {1: bars + words + listed, 2: max(bars, words + listed)}.get(columns, max(bars, words, listed))


def _unnamed(person: Labelled) -> str:
    """What stands in the place of bars."""
    return f"{f'face {person.track}' if person.track else 'the face'}: {person.doubt}, so no emotion is named"


def _bars_height(count: int, most: int, px: int) -> int:
    return row_height(px) * min(count, most) + 2 * round(0.6 * px)


def _dock(
    image: np.ndarray, rect: Rect, px: int, scene: Scene, people: Sequence[Labelled], most: int, labels: Labeller
) -> list[Tip]:
    """Draw the dock into a rectangle: bars, then the legend, then the list, one below the other or side by side."""
    count = _columns(rect[2] - rect[0], px)
    wide = (rect[2] - rect[0] - (count - 1) * px) // count
    columns = [
        Column(image, (rect[0] + n * (wide + px), rect[1], rect[0] + n * (wide + px) + wide, rect[3]), px)
        for n in range(count)
    ]
    first, second, third = columns[0], columns[min(1, count - 1) if most else 0], columns[-1]
    tips: list[Tip] = []
    found = _legend(scene, most)
    if labels.untold:
        few = f"{labels.untold} faces have no room for a number"
        first.line(f"{few}: enlarge this view", NOTE, topic="camera", shorter=(few, f"{labels.untold} without number"))
    if people and not people[0].known:
        first.say(_unnamed(people[0]), NOTE, topic="face")
        first.gap()
    elif people and most:
        names = [labels.name(i) for i in range(len(people[0].probs))]
        colors = [labels.color(i) for i in range(len(names))]
        crowd = min(len(people), CROWD) if len(people) > 1 else 0
        for listed, (rows, form) in product(dict.fromkeys((crowd, 0)), _forms(found, most)):
            keep = legend.height_of(form, wide, px) + (listed + 1) * first.row if count == 1 else 0
            high = _bars_height(len(names), rows, px)
            place = first.take(high) if high + keep <= first.left else None
            if place:
                tips += draw_bars(image, place, rows_of(people[0].probs, names, colors, rows), px, plate=False)
                first.gap()
                found = form
                break
    legend.write(found if legend.height_of(found, wide, px) <= second.left else found.brief, second)
    if len(people) > 1 and most:
        second.gap()
        _list(third, people, labels)
    return tips + [tip for column in columns for tip in column.tips]


def _forms(found: legend.Legend, most: int) -> list[tuple[int, legend.Legend]]:
    """So many bars above so much of a legend, the best first: a note matters more than bars, and they more than words
    that say what is usual."""
    noted = any(color == NOTE for _, color, _ in found.lines[1:])
    first = [(most, found)] if noted else [(most, found), (most, found.brief)]
    return [*first, (SHORT, found), (SHORT, found.brief)]


def _list(column: Column, people: Sequence[Labelled], labels: Labeller) -> None:
    """A line for each face: its number, its colour, its emotion; who has no room is counted."""
    px, rows = column.px, column.left // column.row
    if rows < 2:  # who is selected is known already
        return
    those = sorted(people, key=lambda person: (not person.selected, person.track))
    shown = those if len(those) <= rows else those[: max(0, rows - 1)]
    wide = max((draw.text_size(str(p.track), px, bold=True)[0] for p in shown), default=0)
    for person in shown:
        rect = column.take(column.row)
        if rect is None:
            return
        x0, y0 = rect[:2]
        draw.text(column.image, str(person.track), x0 + wide, y0, px, PAPER, person.selected, align=1)
        mark = x0 + wide + px // 2
        draw.panel(column.image, (mark, y0 + px // 4, mark + px, y0 + px + px // 4), labels.color_of(person), 1)
        name = person.doubt or f"{labels.name(person.top)} {percent(float(person.probs[person.top]))}"
        said = draw.shorten(name, px, column.x1 - mark - 2 * px, person.selected)
        draw.text(column.image, said, mark + px + px // 2, y0, px, PAPER if person.selected else DIM, person.selected)
        column.tip(rect, "list", f"face {person.track}, {name}")
    if len(shown) < len(those):
        column.line(f"and {len(those) - len(shown)} more", DIM, topic="list")
