"""The emotions view: the selected face with the map of each emotion, on one scale, so that they can be compared."""

import numpy as np

from emolive.core.scene import Aim, Chosen, Hit, Picture, Reading, Scene, Variant
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, PAPER, Rect
from emolive.ui.heat import ON_FACE, gradient, heat_scale
from emolive.ui.panels import hot_face, message, page, paste
from emolive.ui.words import UNITS, against, label, percent, trained, way

WIDTH, HEIGHT, TOP, PAD = 960, 360, 48, 14
"""The picture's size, the height of its heading, and the empty edge."""

MOST = 24
"""Emotions that find room."""

BESIDE = 0.62
"""The words beside a map take this part of its width."""


def emotions(scene: Scene) -> Picture:
    """A dark picture of 960×360: a face per emotion with its map, name and probability, and the scale they share.

    A click on a face makes its emotion the target.
    """
    image = page(WIDTH, HEIGHT)
    chosen = scene.chosen
    if chosen is None:
        message(image, "No face in sight", "The map of each emotion appears here.")
        return Picture(image)
    reading, base, maps, probs = chosen.reading, chosen.reading.base, chosen.reading.emotions, chosen.probs
    if maps is None or base is None:
        message(image, "No map of each emotion", _why(scene, reading))
        return Picture(image)
    peak = float(np.nan_to_num(maps).max(initial=0))
    full = max(peak, heat_scale(reading, base, chosen.remembered)) if peak > 0 else 0.0
    minus = against(base, scene.menu)
    _heading(image, scene, chosen, base, minus)
    those = likeliest(probs)
    places = cells(len(those) + 1)
    hits = tuple(Hit(place, Aim(label(scene.menu.labels, i))) for i, place in zip(those, places, strict=False))
    for i, place in zip(those, places, strict=False):
        side = place[3] - place[1]
        colormap = scene.settings.colormap
        paste(image, hot_face(reading.crop, maps[i], full, side, colormap), place[0], place[1])
        _words(image, place, label(scene.menu.labels, i), i, float(probs[i]), i == int(np.argmax(probs)), minus)
    _legend(image, places[-1], maps, base, full, scene.settings.colormap)
    return Picture(image, hits)


def likeliest(probs: np.ndarray) -> tuple[int, ...]:
    """The emotions that find room, in the network's order: all, or the most probable ones where there are many."""
    return tuple(sorted(np.argsort(-np.nan_to_num(probs), kind="stable")[:MOST].tolist()))


def cells(count: int) -> tuple[Rect, ...]:
    """Where `count` cells lie, in rows, as large as they can be: a square each, with room for words beside it."""
    room_x, room_y = WIDTH - PAD, HEIGHT - TOP - PAD
    sizes = [
        (min(int((room_x / columns - PAD) / (1 + BESIDE)), int(room_y / -(-count // columns) - PAD)), -columns)
        for columns in range(1, count + 1)
    ]
    side, columns = max(sizes)[0], -max(sizes)[1]
    step = room_x // columns
    spots = [(PAD + n % columns * step, TOP + n // columns * (side + PAD)) for n in range(count)]
    return tuple((x, y, x + side, y + side) for x, y in spots)


def _why(scene: Scene, reading: Reading) -> str:
    shown = reading.base or reading.shown
    if "emotions" not in scene.settings.views:
        return "They are computed while this window is open: g opens it."
    if reading.result.why:
        return reading.result.why
    return f"The method {shown.method} has no map of each emotion here: choose another one with m."


def _heading(image: np.ndarray, scene: Scene, chosen: Chosen, base: Variant, minus: str | None) -> None:
    track, named = chosen.face.track, scene.menu.labels
    who = f"face {track}: " if track else ""
    top = label(named, chosen.reading.result.target)
    question = f"why {top} and not {minus}?" if minus and minus != top else "what speaks for each emotion?"
    if minus is not None and minus == top:
        question = f"what speaks for each emotion and not for {minus}?"
    end = draw.text(image, who + question, PAD, 10, 22, PAPER, bold=True)
    few = f"the likeliest {MOST} of {len(named):,}" if len(named) > MOST else ""
    said = [few, way(base), f"each against {minus}" if minus else "", trained(scene.settings)]
    rest = " · ".join(words for words in said if words)
    draw.text(image, draw.shorten(rest, 17, WIDTH - PAD - end - 24), WIDTH - PAD, 14, 17, DIM, align=1)


def _words(image: np.ndarray, place: Rect, name: str, index: int, p: float, best: bool, minus: str | None) -> None:
    """The emotion's name, its probability and a bar, right of its map."""
    x0, y0, x1, y1 = place
    px = max(11, min(18, (x1 - x0) // 8))
    x, wide = x1 + px // 2, round((x1 - x0) * BESIDE) - px // 2
    color = draw.hue(name, index)
    draw.text(image, draw.shorten(name, px, wide, best), x, y0, px, PAPER if best else DIM, bold=best)
    draw.text(image, percent(p), x, y0 + round(px * 1.35), px, PAPER if best else DIM, bold=best)
    bar = y0 + round(px * 3)
    draw.panel(image, (x, bar, x + wide, bar + px // 2), PAPER, 0.13, radius=2)
    draw.panel(image, (x, bar, x + max(1, round(wide * p)), bar + px // 2), color, 1, radius=2)
    if best:
        draw.box(image, (x0, y0, x1 - 1, y1 - 1), color, 2)
    if name == minus:
        for n, line in enumerate(("against", "itself:", "nothing")):
            draw.text(image, line, x, bar + px + round(n * px * 1.2), px - 3, AMBER)


def _legend(image: np.ndarray, place: Rect, maps: np.ndarray, base: Variant, full: float, colormap: str) -> None:
    """The scale that all maps share."""
    x0, y0, x1, _ = place
    wide = min(round((x1 - x0) * (1 + BESIDE)), WIDTH - PAD - x0)
    px = max(11, min(16, wide // 13))
    blind = bool((maps == maps[0]).all())
    lines = ("this method knows", "no emotion: all alike") if blind else ("one scale for all", "maps of this face")
    for n, line in enumerate(lines):
        draw.text(image, line, x0, y0 + round(n * px * 1.35), px, AMBER if blind else DIM)
    y = y0 + round(px * 3.1)
    if not full > 0:
        draw.text(image, "no positive evidence", x0, y, px, AMBER)
        return
    gradient(image, (x0, y, x0 + wide, y + px), colormap, ON_FACE)
    draw.text(image, "0", x0, y + round(px * 1.2), px, DIM)
    draw.text(image, f"{full:.2g}", x0 + wide, y + round(px * 1.2), px, PAPER, align=1)
    unit = UNITS.get(base.method, "")
    if unit:
        draw.text(image, unit, x0 + wide, y + round(px * 2.5), px, DIM, align=1)
