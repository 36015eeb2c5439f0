"""The proof view: tests of the explanation itself, those that are switched on, for the selected face."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from emolive.core.scene import Chosen, Picture, Scene, Settings, Sheet, Tip
from emolive.ui import draw
from emolive.ui.column import Column, row_of
from emolive.ui.compared import sanity, side_by_side
from emolive.ui.draw import Rect
from emolive.ui.faithful import faithful
from emolive.ui.knocked import knocked
from emolive.ui.palette import CARD, DIM, NOTE, PAPER
from emolive.ui.panels import no_answer, page
from emolive.ui.where import where
from emolive.ui.words import trained, way

SHEET = Sheet(960, 720, 15)
"""What it is drawn on where nobody says what on."""

Panel = Callable[[np.ndarray, Rect, int, Scene, Chosen], list[Tip]]

TESTS: tuple[tuple[str, Panel, Callable[[Settings], bool], str, str], ...] = (
    ("d", faithful, lambda s: s.proof, "faithfulness",
     "mask parts of the face: does the probability fall where it should?"),
    ("z", knocked, lambda s: bool(s.off), "knock-out", "switch the pinned filters off: what did they do?"),
    ("w", sanity, lambda s: s.random > 0, "sanity check", "randomise the weights: does the map notice?"),
    ("a", side_by_side, lambda s: s.compare is not None, "A/B", "put another method, layer or model beside it"),
)  # fmt: skip
"""Each test's key, panel, whether it is on, its name, and what it asks."""

WIDE, HIGH = 20, 8
"""The least width and height of a panel, as multiples of its text's height."""


def proof(scene: Scene, sheet: Sheet | None = None) -> Picture:
    """A dark picture: up to four panels, as many as have room, and where the heat lies; how to switch tests on where
    none is."""
    sheet = sheet or SHEET
    chosen, px = scene.chosen, sheet.px
    image = page(sheet.width, sheet.height)
    if no_answer(image, scene, "Tests of the heat map of a face appear here.", px) or chosen is None:
        return Picture(image)
    on = [test for test in TESTS if test[2](scene.settings)]
    places, strip, foot = _places(sheet, max(1, len(on)))
    image = _cards(sheet, (*places, *([strip] if strip else []))).copy()
    head = Column(image, (px // 2, px // 4, sheet.width - px // 2, px // 4 + row_of(px)), px)
    words = way(chosen.reading.base or chosen.reading.shown)
    whose = trained(scene.settings)
    head.line(f"{words} {whose}".strip(), DIM, topic="map", shorter=(whose or words,))
    tips, pad = head.tips, px // 2
    panels: list[Panel] = [test[1] for test in on]
    if len(on) < len(TESTS) and len(places) > len(on):
        panels.append(_help)
    for panel, place in zip(panels, places, strict=False):
        tips = tips + panel(image, draw.grown(place, -pad), px, scene, chosen)
    if strip:
        tips = tips + where(image, draw.grown(strip, -pad), px, scene, chosen)
    hidden = [name for _, _, _, name, _ in on[len(places) :]]
    if hidden and foot:
        line, words, few = Column(image, foot, px), f"also on: {', '.join(hidden)}", f"{len(hidden)} more on"
        forms = (words, f"{few}; Tab enlarges", few)
        line.line(f"{words}; Tab enlarges", NOTE, topic="proof", shorter=forms)
        tips = tips + line.tips
    return Picture(image, tips=tuple(tips))


def _places(sheet: Sheet, count: int) -> tuple[tuple[Rect, ...], Rect | None, Rect | None]:
    """Where panels lie (with three, there is room for the help in the fourth corner), the strip of where the heat lies,
    and the line of those that have no room; None where there is none of these."""
    px, pad = sheet.px, sheet.px // 2
    wide, high, row = sheet.width - 2 * pad, sheet.height, row_of(px)
    strip = 5 * row + 2 * pad
    top = pad + row
    strip = strip if high - top - strip >= HIGH * px + 2 * pad else 0
    bottom = high - pad - (strip + pad if strip else 0)
    columns = 2 if count > 2 and wide >= 2 * WIDE * px else 1
    rows = -(-count // columns)
    if (bottom - top) // rows < HIGH * px:
        columns = min(count, max(1, wide // (WIDE * px)))
        rows = max(1, min(-(-count // columns), (bottom - top) // (HIGH * px)))
    foot = None
    if rows * columns < count:
        bottom -= row
        foot = pad, bottom + pad // 2, sheet.width - pad, bottom + pad // 2 + row
    xs = [pad + round(n * (wide + pad) / columns) for n in range(columns + 1)]
    ys = [top + round(n * (bottom - top + pad) / rows) for n in range(rows + 1)]
    places = [(xs[i], ys[j], xs[i + 1] - pad, ys[j + 1] - pad) for j in range(rows) for i in range(columns)]
    places = [place for place in places if place[3] - place[1] > 2 * row and place[2] - place[0] > 2 * row]
    return tuple(places), (pad, high - pad - strip, sheet.width - pad, high - pad) if strip else None, foot


@lru_cache(maxsize=8)
def _cards(sheet: Sheet, places: tuple[Rect, ...]) -> np.ndarray:
    """A page with empty panels; drawn once, since it takes longer than what is written on it."""
    image = page(sheet.width, sheet.height)
    for place in places:
        draw.panel(image, place, CARD, 1, radius=8)
    image.setflags(write=False)
    return image


def _help(image: np.ndarray, rect: Rect, px: int, scene: Scene, chosen: Chosen) -> list[Tip]:
    """Which keys switch the tests on; those that are on already are left out."""
    column = Column(image, rect, px)
    column.line("Put the map to the test", PAPER, bold=True, topic="proof")
    column.gap()
    off = [(key, words, name) for key, _, is_on, name, words in TESTS if not is_on(scene.settings)]
    inner = Column(image, (rect[0] + 2 * px, column.y, rect[2], rect[3]), px)
    rows = sum(len(draw.wrap(words, px, inner.width)) for _, words, _ in off)
    full = rows * column.row + (len(off) - 1) * round(0.3 * column.row) <= column.left
    if not full and len(off) * column.row > column.left:  # else the last ones would be left out
        column.say(", ".join(f"{key}:\N{NO-BREAK SPACE}{name}" for key, _, name in off), PAPER, topic="proof")
        return column.tips
    for key, words, name in off:
        draw.text(image, key, rect[0] + px, inner.y, px, PAPER, bold=True, align=0.5)
        inner.say(words if full else name, PAPER)
        inner.gap(0.3 if full else 0)
    return column.tips
