"""The proof view: tests of the explanation itself, those that are switched on, for the selected face."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from emolive.core.scene import Chosen, Picture, Scene
from emolive.ui import draw
from emolive.ui.compared import sanity, side_by_side
from emolive.ui.draw import AMBER, DIM, PAPER, Rect
from emolive.ui.faithful import faithful
from emolive.ui.knocked import knocked
from emolive.ui.panels import CARD, message, page
from emolive.ui.where import where
from emolive.ui.words import label, trained, way

WIDTH, HEIGHT, PAD = 960, 720, 12
HEAD, FOOT = 44, 156
"""The picture's size, its edge, and the heights of its heading and of the strip where the heat lies."""

Panel = Callable[[np.ndarray, Rect, Scene, Chosen], None]

HELP = (
    ("d", "blur parts of the face: does the probability fall where it should?"),
    ("z", "switch the pinned filters off: what did they do?"),
    ("w", "randomise the weights: does the map notice?"),
    ("a", "A/B: put another method, layer or model beside it"),
)


def proof(scene: Scene) -> Picture:
    """A dark picture of 960×720: up to four panels, and where the heat lies; how to switch them on where none is."""
    chosen = scene.chosen
    if chosen is None:
        image = page(WIDTH, HEIGHT)
        message(image, "No face in sight", "Tests of the heat map of a face appear here.")
        return Picture(image)
    panels = switched_on(scene)
    places = _places(len(panels))
    strip = PAD, HEIGHT - FOOT, WIDTH - PAD, HEIGHT - PAD
    image = _cards((*places, strip)).copy()
    _heading(image, scene, chosen)
    for panel, place in zip([*panels, _help], places, strict=False):
        panel(image, draw.grown(place, -PAD), scene, chosen)
    where(image, draw.grown(strip, -10), scene, chosen)
    return Picture(image)


def switched_on(scene: Scene) -> list[Panel]:
    """The panels of what is being tested now."""
    settings = scene.settings
    on = {
        faithful: settings.proof,
        knocked: bool(settings.off),
        sanity: settings.random > 0,
        side_by_side: settings.compare is not None,
    }
    return [panel for panel, wanted in on.items() if wanted]


def _places(count: int) -> tuple[Rect, ...]:
    """Where so many panels lie; with three, there is room for the help in the fourth corner."""
    x0, y0, x1, y1 = PAD, HEAD, WIDTH - PAD, HEIGHT - FOOT - PAD
    mx, my = (x0 + x1) // 2, (y0 + y1) // 2
    left, right, gap = mx - PAD // 2, mx + PAD // 2, PAD // 2
    if count <= 1:
        return ((x0, y0, x1, y1),)
    if count == 2:
        return (x0, y0, x1, my - gap), (x0, my + gap, x1, y1)
    return tuple((x, y, x2, y2) for y, y2 in ((y0, my - gap), (my + gap, y1)) for x, x2 in ((x0, left), (right, x1)))


@lru_cache(maxsize=8)
def _cards(places: tuple[Rect, ...]) -> np.ndarray:
    """A page with empty panels; drawn once, since it takes longer than what is written on it."""
    image = page(WIDTH, HEIGHT)
    for place in places:
        draw.panel(image, place, CARD, 1, radius=8)
    image.setflags(write=False)
    return image


def _heading(image: np.ndarray, scene: Scene, chosen: Chosen) -> None:
    face, reading = chosen.face, chosen.reading
    way_to_look = reading.base or reading.shown
    blind = way_to_look.method in scene.menu.blind
    name = way_to_look.method if blind else label(scene.menu.labels, reading.result.target)
    who = f"face {face.track}: " if face.track else ""
    end = draw.text(image, f"{who}can the map of {name} be trusted?", PAD, 9, 20, PAPER, bold=True)
    words = " ".join(w for w in (way(reading.base or reading.shown), trained(scene.settings)) if w)
    draw.text(image, draw.shorten(words, 16, WIDTH - PAD - end - 20), WIDTH - PAD, 12, 16, DIM, align=1)


def _help(image: np.ndarray, rect: Rect, scene: Scene, chosen: Chosen) -> None:
    """Which keys switch the tests on; those that are on already are left out."""
    x0, y0, x1, _ = rect
    px = 15 if x1 - x0 < 600 else 20
    on = scene.settings.proof, bool(scene.settings.off), scene.settings.random > 0, scene.settings.compare is not None
    draw.text(image, "Put the map to the test", x0, y0, px + 3, PAPER, bold=True)
    y = y0 + round(px * 2.4)
    for (key, words), used in zip(HELP, on, strict=True):
        if used:
            continue
        draw.text(image, key, x0 + px, y, px + 3, AMBER, bold=True, align=0.5)
        for line in draw.wrap(words, px, x1 - x0 - 3 * px):
            draw.text(image, line, x0 + 3 * px, y + 2, px, PAPER)
            y += round(px * 1.4)
        y += round(px * 0.7)
