"""The panels that put two maps side by side: the sanity check with random weights, and A/B."""

import math

import numpy as np

from emolive.audit.sanity import can_react, sane
from emolive.core.scene import Agreement, Chosen, Scene, Variant
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, PAPER, Rect
from emolive.ui.heat import Scale, heat_scale
from emolive.ui.panels import hot_face, paragraph, paste
from emolive.ui.words import randomised, signed, way


def sanity(image: np.ndarray, rect: Rect, scene: Scene, chosen: Chosen) -> None:
    """The true map beside the one of the randomised network, their rank correlation beside that of random networks'
    maps, and what that means."""
    reading = chosen.reading
    stages = scene.settings.random
    names = "trained network", f"random: {randomised(scene.menu, stages)}"
    y, right = _pair(
        image, rect, scene, chosen, "Sanity check: random weights", (reading.base, reading.shown), names, 0.27
    )
    px, wide = _sizes(rect, right)
    if reading.likeness is None or reading.base is None:
        paragraph(image, "No map to compare.", right, y, px, wide, AMBER)
        return
    knows = reading.base.method not in scene.menu.blind
    steps = scene.menu.random
    found = sane(reading.likeness, can_react(knows, reading.base.layer, steps[stages - 1], steps))
    count = len(reading.likeness.like)
    words = f"rank correlation, {f'mean of {count}' if count > 1 else 'one network'}"
    y = paragraph(image, words, right, y, px - 1, wide)
    draw.text(image, _or_undefined(found.like, signed(found.like)), right, y, 2 * px, PAPER, bold=True)
    y += round(2.4 * px)
    if math.isfinite(found.low):
        band = f"random ones among themselves {signed(found.low)} to {signed(found.high)}"
        y = paragraph(image, band, right, y, px - 2, wide, DIM) + px // 3
    color = PAPER if found.trusted else AMBER
    paragraph(image, found.text, right, y, px, wide, color, bold=color == AMBER)


def _or_undefined(value: float, words: str) -> str:
    return "undefined" if math.isnan(value) else words


def side_by_side(image: np.ndarray, rect: Rect, scene: Scene, chosen: Chosen) -> None:
    """The shown way to look beside the compared one, how much their maps agree, and what each map cost."""
    reading = chosen.reading
    variants = reading.base, reading.other
    names = tuple(f"{mark}: {way(v)}" if v else mark for mark, v in zip("AB", variants, strict=True))
    y, right = _pair(image, rect, scene, chosen, "A/B: two ways to look", variants, names)
    px, wide = _sizes(rect, right)
    if reading.shown != reading.base:
        y = paragraph(image, "(how much they agree is not measured while weights are random)", right, y, px, wide)
    elif reading.agreement is None:
        y = paragraph(image, "No two maps to compare.", right, y, px, wide, AMBER)
    else:
        y = _agreement(image, reading.agreement, right, y, px, wide)
    for mark, variant in zip("AB", variants, strict=True):
        result = reading.results.get(variant) if variant else None
        if result is not None and result.cam is not None:
            y = paragraph(image, f"{mark} {result.ms:.1f} ms", right, y, px, wide)


def _agreement(image: np.ndarray, agreement: Agreement, x: int, y: int, px: int, wide: int) -> int:
    correlation = _or_undefined(agreement.spearman, signed(agreement.spearman))
    overlap = _or_undefined(agreement.iou, f"{agreement.iou:.2f} IoU")
    for title, words in (("rank correlation", correlation), ("overlap of hottest 20 %", overlap)):
        y = paragraph(image, title, x, y, px, wide)
        draw.text(image, words, x, y - 2, px + 4, PAPER, bold=True)
        y += round((px + 4) * 1.35)
    return y


def _sizes(rect: Rect, right: int) -> tuple[int, int]:
    return (15 if rect[2] - rect[0] < 600 else 19), rect[2] - right


def _pair(
    image: np.ndarray,
    rect: Rect,
    scene: Scene,
    chosen: Chosen,
    title: str,
    variants: tuple[Variant | None, Variant | None],
    names: tuple[str, ...],
    part: float = 0.34,
) -> tuple[int, int]:
    """Title and two faces with their maps and names below, each `part` of the panel wide. Gives back the top and
    the left end of the room beside."""
    x0, y0, x1, y1 = rect
    px, _ = _sizes(rect, x0)
    reading = chosen.reading
    draw.text(image, title, x0, y0, px + 4, PAPER, bold=True)
    top = y0 + round((px + 4) * 1.5)
    below = 2 * round(px * 1.35)
    side = min(y1 - top - below, int((x1 - x0) * part))
    x = x0
    for n, (variant, name) in enumerate(zip(variants, names, strict=True)):
        crop = reading.crop if n == 0 or reading.other_crop is None or variant != reading.other else reading.other_crop
        _one(image, (x, top, x + side, top + side), scene, chosen, variant, crop)
        lines = draw.wrap(name, px, side)[:2]
        for k, line in enumerate(lines):
            draw.text(image, line, x, top + side + 2 + k * round(px * 1.3), px, PAPER)
        x += side + 10
    return top, x + 4


def _one(
    image: np.ndarray,
    place: Rect,
    scene: Scene,
    chosen: Chosen,
    variant: Variant | None,
    crop: np.ndarray,
) -> None:
    """A face with one variant's map, or the sentence why there is none."""
    x0, y0, x1, y1 = place
    result = chosen.reading.results.get(variant) if variant else None
    cam = result.cam if result is not None else None
    full = 0.0
    if variant and cam is not None:
        scale = heat_scale(chosen.reading, variant, chosen.remembered, scene.settings.scale)
        full = scale.full
    paste(image, hot_face(crop, cam, full, x1 - x0, scene.settings.colormap), x0, y0)
    if cam is not None and full > 0:
        _say(image, place, scale)
    if cam is None:
        words = (result.why if result is not None else "") or "comes with the next frame"
        lines = draw.wrap(words, 13, x1 - x0 - 12)
        draw.panel(image, (x0 + 2, y1 - 10 - 18 * len(lines), x1 - 2, y1 - 2), opacity=0.85, radius=4)
        for n, line in enumerate(lines):
            draw.text(image, line, x0 + 6, y1 - 7 - 18 * (len(lines) - n), 13, AMBER)


def _say(image: np.ndarray, place: Rect, scale: Scale) -> None:
    """What is full heat on a face, at its foot: two maps side by side may have different scales."""
    x0, _, x1, y1 = place
    words = draw.shorten(f"full: {scale.most}, {'fixed' if scale.fixed else 'relative'}", 13, x1 - x0 - 12)
    draw.panel(image, (x0 + 2, y1 - 20, x0 + 14 + draw.text_size(words, 13)[0], y1 - 2), opacity=0.7, radius=4)
    draw.text(image, words, x0 + 8, y1 - 19, 13, PAPER)
