"""The panels that put two maps side by side: the sanity check with random weights, and A/B."""

import math

import numpy as np

from emolive.audit.sanity import can_react, sane
from emolive.core.scene import Chosen, Scene, Tip, Variant
from emolive.ui.column import Column
from emolive.ui.draw import Rect
from emolive.ui.heat import heat_scale
from emolive.ui.palette import DIM, NOTE, PAPER
from emolive.ui.panels import hot_face, paste
from emolive.ui.words import randomised, signed, way


def sanity(image: np.ndarray, rect: Rect, px: int, scene: Scene, chosen: Chosen) -> list[Tip]:
    """The true map beside the one of the randomised network, their rank correlation beside that of random networks'
    maps, and what that means."""
    reading = chosen.reading
    names = "trained network", f"random: {randomised(scene.menu, scene.settings.random)}"
    variants = reading.base, reading.shown
    column, tips = _pair(image, rect, px, scene, chosen, "Sanity check: random weights", variants, names)
    if reading.likeness is None or reading.base is None:
        column.say("No map to compare.", NOTE)
        return tips
    steps, knows = scene.menu.random, reading.base.method not in scene.menu.blind
    found = sane(reading.likeness, can_react(knows, reading.base.layer, steps[scene.settings.random - 1], steps))
    count = len(reading.likeness.like)
    words = f"rank correlation {_or_undefined(found.like, signed(found.like))}"
    column.say(f"{words}{f', mean of {count}' if count > 1 else ''}", PAPER, bold=True, topic="correlation")
    color = PAPER if found.trusted else NOTE
    column.say(found.text, color, bold=color == NOTE, topic="sanity")
    if math.isfinite(found.low):
        column.say(f"random ones among themselves {signed(found.low)} to {signed(found.high)}", topic="sanity")
    return tips + column.tips


def _or_undefined(value: float, words: str) -> str:
    return "undefined" if math.isnan(value) else words


def side_by_side(image: np.ndarray, rect: Rect, px: int, scene: Scene, chosen: Chosen) -> list[Tip]:
    """The shown way to look beside the compared one, how much their maps agree, and what each map cost."""
    reading = chosen.reading
    variants = reading.base, reading.other
    names = tuple(f"{mark}: {way(v)}" if v else mark for mark, v in zip("AB", variants, strict=True))
    column, tips = _pair(image, rect, px, scene, chosen, "A/B: two ways to look", variants, names)
    if reading.shown != reading.base:
        column.say("(how much they agree is not measured while weights are random)")
    elif reading.agreement is None:
        column.say("No two maps to compare.", NOTE)
    else:
        agreement = reading.agreement
        correlation = _or_undefined(agreement.spearman, signed(agreement.spearman))
        overlap = _or_undefined(agreement.iou, f"{agreement.iou:.2f} IoU")
        column.say(f"rank correlation {correlation}", PAPER, bold=True, topic="correlation")
        column.say(f"hottest 20 % overlap {overlap}", PAPER, bold=True, topic="overlap")
    costs = [(mark, reading.results.get(v)) for mark, v in zip("AB", variants, strict=True) if v]
    said = [f"{mark} {r.ms:.1f} ms" for mark, r in costs if r is not None and r.cam is not None]
    if said:
        column.say(f"{', '.join(said)} for this map", topic="cost")
    return tips + column.tips


def _pair(
    image: np.ndarray,
    rect: Rect,
    px: int,
    scene: Scene,
    chosen: Chosen,
    title: str,
    variants: tuple[Variant | None, Variant | None],
    names: tuple[str, ...],
) -> tuple[Column, list[Tip]]:
    """Title and two faces with their maps, their names below. Gives back the room beside or below them."""
    reading, whole = chosen.reading, Column(image, rect, px)
    whole.line(title, PAPER, bold=True)
    wide, beside = rect[2] - rect[0], rect[2] - rect[0] > 2.2 * whole.left
    named = whole.left >= 11 * whole.row if not beside else whole.left >= 8 * whole.row
    below = (4 if beside else 7) * whole.row if named else 0 if beside else 3 * whole.row
    side = min(whole.left - below, wide * (30 if beside else 48) // 100)
    if side < 3 * px:  # no room for faces: the words alone
        return whole, []
    x, tips, foot = rect[0], [], whole.y + side
    for n, (variant, name) in enumerate(zip(variants, names, strict=True)):
        crop = reading.crop if n == 0 or reading.other_crop is None or variant != reading.other else reading.other_crop
        said = _one(image, (x, whole.y, x + side, whole.y + side), px, scene, chosen, variant, crop)
        tips.append(Tip((x, whole.y, x + side, whole.y + side), "compared", f"{name}, {said[0]}" if said[0] else name))
        if named:
            column = Column(image, (x, whole.y + side, x + side, min(rect[3], whole.y + side + 4 * whole.row)), px)
            column.say(name, PAPER) or column.line(name, PAPER, shorter=(name.partition(":")[0],))
            ink = NOTE if said[1] else DIM
            column.say(said[0], ink) or column.line(said[0], ink, shorter=("no map" if said[1] else said[0],))
            foot = max(foot, column.y)
        x += side + px // 2
    left = (x + px // 2, whole.y) if beside else (rect[0], foot + px // 4)
    column = Column(image, (*left, rect[2], rect[3]), px)
    if not named:
        column.say(f"{names[0]} | {names[1]}")
    return column, tips


def _one(
    image: np.ndarray, place: Rect, px: int, scene: Scene, chosen: Chosen, variant: Variant | None, crop: np.ndarray
) -> tuple[str, bool]:
    """A face with one variant's map; gives back what is full heat there (two maps may have different scales), or why
    there is no map, and then True."""
    x0, y0, x1, _ = place
    result = chosen.reading.results.get(variant) if variant else None
    cam = result.cam if result is not None else None
    if variant is None or cam is None:
        paste(image, hot_face(crop, None, 0.0, x1 - x0, scene.settings.colormap), x0, y0)
        return (result.why if result is not None else "") or "comes with the next frame", True
    scale = heat_scale(chosen.reading, variant, chosen.remembered, scene.settings.scale)
    paste(image, hot_face(crop, cam, scale.full, x1 - x0, scene.settings.colormap), x0, y0)
    return f"full: {scale.most}, {'fixed' if scale.fixed else 'relative'}" if scale.full > 0 else "", False
