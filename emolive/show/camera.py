"""The camera view: the frame with every face's emotion, probabilities and heat map. This picture is also recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from emolive.scene import TOP, Box, Face, Hit, Menu, Picture, Reading, Remembered, Scene, Select, Variant, area
from emolive.show import draw
from emolive.show.bars import draw_bars, panel_size, percent
from emolive.show.draw import Rect
from emolive.show.heat import ON_FACE, gradient, heat
from emolive.show.place import around, around_all, at_edges, beside, covered, first_free, inside

SMALLEST = 240
"""Frames with a shorter side than this are enlarged by a whole factor, so that there is room for words."""

ROWS = 8
"""A panel of bars shows this many classes at most: all of them, or the likeliest."""


@dataclass(frozen=True, eq=False)
class _Shown:
    """A face as it is drawn: where it lies in the picture, and what is said of it."""

    face: Face
    reading: Reading
    rect: Rect
    square: Box
    probs: np.ndarray
    scale: float
    selected: bool


def camera(scene: Scene) -> Picture:
    """The frame at its own size (small ones enlarged) with boxes, labels, bars, heat maps and a legend."""
    image, factor = _base(scene)
    height, width = image.shape[:2]
    u = draw.unit(width, height)
    shown = _shown(scene, width, factor)
    if scene.settings.heat:
        for s in shown:
            cam = s.reading.result.cam
            if cam is not None:
                heat(image, cam[:, ::-1] if scene.settings.mirror else cam, s.square, s.scale, scene.settings.alpha)
    line = max(1, round(u / 9))
    for s in shown:
        draw.box(image, s.rect, _hue(s.probs, scene.menu), line * (2 if s.selected else 1))
    for s in shown:
        if s.selected and len(shown) > 1:
            draw.corners(image, draw.grown(s.rect, 3 * line + 1), draw.PAPER, 2 * line)
    taken = [_legend(image, scene, shown, u)]
    faces = [s.rect for s in shown]
    for s in shown:  # the selected face comes first, then from large to small: who comes first gets the best place
        label = _tag(image, s, scene.menu, taken, faces, u)
        taken += label
        if s.selected:
            anchor = around_all([s.rect, *label])
            taken += _panel(image, anchor, s.probs, scene.menu, taken, faces, u, must=True)
    for s in shown[1:]:
        panel = _panel(image, s.rect, s.probs, scene.menu, taken, faces, u, must=False)
        taken += panel or _strip(image, s, scene.menu, taken, u)
    return Picture(image, _hits(shown, width, height))


def heat_scale(reading: Reading, remembered: Remembered | None) -> float:
    """The evidence that counts as full heat: the remembered one, or the map's own maximum."""
    cam = reading.result.cam
    own = float(cam.max(initial=0)) if cam is not None else 0.0
    return remembered.scale.get(replace(reading.shown, target=TOP), own) if remembered else own


def caption(variant: Variant, labels: Sequence[str], target: int) -> str:
    """A way to look in one line: method, layer, and what is looked for."""
    if variant.method == "filter":
        return f"filter {', '.join(map(str, variant.channels)) or '–'} · {variant.layer}"
    name = labels[target] if 0 <= target < len(labels) else "?"
    aim = f"top ({name})" if variant.target == TOP else variant.target
    return f"{variant.method} · {variant.layer} → {aim}"


def _base(scene: Scene) -> tuple[np.ndarray, int]:
    """A copy of the frame to draw on, mirrored and enlarged as need be, and the factor it was enlarged by."""
    frame = scene.frame.bgr[:, ::-1] if scene.settings.mirror else scene.frame.bgr
    factor = -(-SMALLEST // min(frame.shape[:2]))
    if factor > 1:
        size = (frame.shape[1] * factor, frame.shape[0] * factor)
        return cv2.resize(frame, size, interpolation=cv2.INTER_NEAREST), factor
    return frame.copy(order="C"), 1


def _shown(scene: Scene, width: int, factor: int) -> list[_Shown]:
    """The faces as they are drawn, the selected one first, then from large to small."""

    def fitted(box: Box) -> Box:
        x0, y0, x1, y1 = (v * factor for v in box)
        return (width - x1, y0, width - x0, y1) if scene.settings.mirror else (x0, y0, x1, y1)

    faces = []
    for i, (face, reading) in enumerate(zip(scene.faces, scene.readings, strict=True)):
        remembered = scene.memory.tracks.get(face.track)
        probs = remembered.probs if remembered is not None else reading.result.probs
        rect, square = draw.rounded(fitted(face.box)), fitted(reading.square)
        scale = heat_scale(reading, remembered)
        faces.append(_Shown(face, reading, rect, square, probs, scale, selected=i == scene.selected))
    return sorted(faces, key=lambda s: (not s.selected, -area(s.rect)))


def _hue(probs: np.ndarray, menu: Menu) -> draw.Color:
    top = int(np.argmax(probs))
    return draw.hue(_name(menu, top), top)


def _name(menu: Menu, index: int) -> str:
    return menu.labels[index] if index < len(menu.labels) else f"class {index}"


def _tag(image: np.ndarray, s: _Shown, menu: Menu, taken: list[Rect], avoid: list[Rect], u: int) -> list[Rect]:
    """Write who it is and what is seen, as fully as there is room for. Gives back where."""
    name, chance = _name(menu, int(np.argmax(s.probs))), percent(float(np.max(s.probs)))
    px = round(u * 1.1) if s.selected else max(min(u, (s.rect[2] - s.rect[0]) // 6), round(u * 0.7), 10)
    color = _hue(s.probs, menu)
    number = [(str(s.face.track), draw.INK)] if s.face.track else []
    forms = (
        [*number, (f"{name} {chance}", color)],
        [(f"{name} {chance}", color)],
        [(name, color)],
        [(name[:3], color)],
    )
    best: tuple[int, Rect, list[tuple[str, draw.Color]]] | None = None
    for parts in forms:
        size = (sum(draw.part_width(part, px) for part, _ in parts), round(px * 1.45))
        places = around(s.rect, size, (0, 0, image.shape[1], image.shape[0]), gap=max(2, u // 5))
        place = first_free(places, taken, avoid)
        if place and (best is None or 2 * covered(place, avoid) < best[0]):
            best = covered(place, avoid), place, parts
    if best is None:
        return []
    draw.tag(image, best[1], best[2], px)
    return [best[1]]


def _panel(
    image: np.ndarray,
    anchor: Rect,
    probs: np.ndarray,
    menu: Menu,
    taken: list[Rect],
    faces: list[Rect],
    u: int,
    must: bool,
) -> list[Rect]:
    """Bars with names for the classes, beside the face. Gives back where, or nothing where there is no room.

    A panel that must be shown may go to the picture's edges, and cover faces if there is no other way.
    """
    likeliest = np.argsort(-probs, kind="stable")
    order = likeliest[:ROWS] if len(probs) > ROWS else range(len(probs))
    names = [_name(menu, i) for i in order]
    bounds, gap = (0, 0, image.shape[1], image.shape[0]), max(3, u // 3)
    for part in (0.85, 0.7) if must else (0.7,):
        px = max(10, round(u * part))
        size = panel_size(names, px)
        place = first_free(beside(anchor, size, bounds, gap), taken + faces)
        if place:
            break
    if not place and must:
        places = [*beside(anchor, size, bounds, gap), *at_edges(anchor, size, bounds)]
        place = first_free(places, taken, faces)
    if not place:
        return []
    rows = [
        (name, float(probs[i]), draw.hue(name, int(i)), i == likeliest[0]) for name, i in zip(names, order, strict=True)
    ]
    draw_bars(image, place, rows, px)
    return [place]


def _strip(image: np.ndarray, s: _Shown, menu: Menu, taken: list[Rect], u: int) -> list[Rect]:
    """Small upright bars, one per class in the usual order, by a face without room for names."""
    count = len(s.probs)
    wide = min(u, (s.rect[2] - s.rect[0]) // count)
    if wide < 3 or count > 2 * ROWS:
        return []
    size = (wide * count + 4, min(round(u * 1.5), (s.rect[3] - s.rect[1]) // 4))
    x, gap = (s.rect[0] + s.rect[2] - size[0]) // 2, max(2, u // 5)
    places = [(x, y, x + size[0], y + size[1]) for y in (s.rect[3] + gap, s.rect[3] - size[1] - gap)]
    place = first_free([place for place in places if inside(place, (0, 0, image.shape[1], image.shape[0]))], taken)
    if not place:
        return []
    draw.panel(image, place, opacity=0.6, radius=u // 5)
    for i, p in enumerate(s.probs):
        x, foot = place[0] + 2 + i * wide, place[3] - 2
        top = foot - max(1, round((size[1] - 4) * float(p)))
        draw.fill(image, (x + (wide > 4), top, x + wide - 1, foot), draw.hue(_name(menu, i), i))
    return [place]


def _legend(image: np.ndarray, scene: Scene, shown: Sequence[_Shown], u: int) -> Rect:
    """What the heat means, at the bottom left: method, layer, target, and the colours from low to high."""
    px = max(10, round(u * 0.8))
    pad, width = round(px * 0.6), image.shape[1]
    lines, ink, full = ["no face in sight"], draw.DIM, ""
    if shown:
        result = shown[0].reading.result
        lines, ink = [caption(shown[0].reading.shown, scene.menu.labels, result.target)], draw.PAPER
        if result.cam is None:
            lines += draw.wrap(result.why or "no heat map here", px, max(width // 3, 14 * px))
        elif not scene.settings.heat:
            lines += ["heat map off"]
        else:
            full = f"{shown[0].scale:.2g}"
    row = round(px * 1.4)
    bar = 10 * px
    widths = [draw.text_size(line, px)[0] for line in lines]
    widths += [draw.text_size("0" + full, px)[0] + bar + pad] if full else []
    right, bottom = min(width, 3 * pad + max(widths)), image.shape[0] - pad
    rect = (pad, bottom - row * (len(lines) + bool(full)) - pad, right, bottom)
    draw.panel(image, rect, radius=px // 2)
    x, y = rect[0] + pad, rect[1] + pad // 2
    for n, line in enumerate(lines):
        draw.text(image, line, x, y + n * row, px, ink if n == 0 else draw.AMBER)
    if full:
        y += len(lines) * row
        start = draw.text(image, "0", x, y, px, draw.DIM) + pad // 2
        gradient(image, (start, y + round(px * 0.3), start + bar, y + round(px * 1.05)), ON_FACE)
        draw.text(image, full, start + bar + pad // 2, y, px, draw.DIM)
    return rect


def _hits(shown: Sequence[_Shown], width: int, height: int) -> tuple[Hit, ...]:
    """Faces can be clicked. Small ones come last: they lie on top."""
    hits = []
    for s in sorted(shown, key=lambda s: -area(s.rect)):
        x0, y0, x1, y1 = s.rect
        box = (max(x0, 0), max(y0, 0), min(x1, width), min(y1, height))
        if box[0] < box[2] and box[1] < box[3]:
            hits.append(Hit(box, Select(s.face.track)))
    return tuple(hits)
