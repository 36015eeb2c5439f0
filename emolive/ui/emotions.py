"""The emotions view: the selected face with the map of each emotion, on one scale, so that they can be compared.

Where a method's negative values speak against an emotion, they are painted too: orange is for it, blue against it.
"""

from dataclasses import replace

import numpy as np

from emolive.core.scene import Aim, Chosen, Hit, Measure, Picture, Reading, Scene, Variant
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, PAPER, Rect
from emolive.ui.heat import ON_FACE, Scale, diverging, gradient, heat_scale, scale_of
from emolive.ui.panels import DENSE, hot_face, message, page, paste, torn_face
from emolive.ui.words import MINUS, against, label, percent, trained, way

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
    scale = common_scale(maps, reading.results[base].measure, scene.settings.scale)
    if not scale.fixed and scale.full > 0:  # as steady as the camera's
        scale = replace(scale, full=max(scale.full, heat_scale(reading, base, chosen.remembered, "relative").full))
    minus = against(base, scene.menu)
    _heading(image, scene, chosen, base, minus)
    those = likeliest(probs)
    places = cells(len(those) + 1)
    hits = tuple(Hit(place, Aim(label(scene.menu.labels, i))) for i, place in zip(those, places, strict=False))
    for i, place in zip(those, places, strict=False):
        side = place[3] - place[1]
        colormap = scene.settings.colormap
        paste(image, painted(reading.crop, maps[i], scale, side, colormap), place[0], place[1])
        _words(image, place, label(scene.menu.labels, i), i, float(probs[i]), i == int(np.argmax(probs)), minus)
    _legend(image, places[-1], maps, base.method in scene.menu.blind, scale, scene.settings.colormap)
    return Picture(image, hits)


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


def _legend(image: np.ndarray, place: Rect, maps: np.ndarray, blind: bool, scale: Scale, colormap: str) -> None:
    """The scale that all maps share."""
    x0, y0, x1, _ = place
    wide = min(round((x1 - x0) * (1 + BESIDE)), WIDTH - PAD - x0)
    px = max(11, min(16, wide // 13))
    first = ("knows no emotion: all alike", AMBER) if blind else ("one scale for all maps", DIM)
    kind = (scale.kind, AMBER if scale.why else DIM)
    lines = [(line, color) for words, color in (first, kind) for line in draw.wrap(words, px, wide)]
    y = y0
    for line, color in lines[:3]:
        draw.text(image, line, x0, y, px, color)
        y += round(px * 1.3)
    if not scale.full > 0:
        draw.text(image, "no evidence" if scale.against else "no positive evidence", x0, y, px, AMBER)
        return
    y += px // 3
    bar = x0, y, x0 + wide, y + px
    if scale.against:
        diverging(image, bar, DENSE)
        marks = [(f"{MINUS}{scale.full:.2g}", 0.0, PAPER), ("0", 0.5, DIM), (f"+{scale.full:.2g}", 1.0, PAPER)]
    else:
        gradient(image, bar, colormap, ON_FACE)
        marks = [("0", 0.0, DIM), (scale.most, 1.0, PAPER)]
    y += round(px * 1.15)
    for words, at, color in marks:
        draw.text(image, words, x0 + at * wide, y, px, color, align=at)
    y += round(px * 1.3)
    ends = "against | for" if scale.against else "" if blind else "only what speaks for"
    for words in (ends, scale.unit):
        for line in draw.wrap(words, px, wide) if words else ():
            draw.text(image, line, x0 + wide / 2, y, px, DIM, align=0.5)
            y += round(px * 1.25)
