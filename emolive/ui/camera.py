"""The camera view: the frame with every face's emotion, probabilities and heat map. This picture is also recorded."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from emolive.core.scene import Box, Hit, Picture, Reading, Scene, Select, area
from emolive.ui import draw
from emolive.ui.draw import Color, Rect
from emolive.ui.heat import ON_FACE, gradient, heat, heat_scale
from emolive.ui.labels import Labelled, Labeller
from emolive.ui.where import warning
from emolive.ui.words import against, caption, label, randomised

SMALLEST = 240
"""Frames with a shorter side than this are enlarged by a whole factor, so that there is room for words."""


def camera(scene: Scene) -> Picture:
    """The frame at its own size (small ones enlarged) with boxes, labels, bars, heat maps and a legend.

    What is not confirmed to be a face has a grey box with a question mark, and cannot be clicked.
    """
    image, fitted = _base(scene)
    if scene.settings.heat:
        _heat(image, scene, fitted)
    people = _people(scene, fitted)
    labels = Labeller(image, scene.menu.labels, [])
    for face in scene.unconfirmed:
        _doubt(image, draw.rounded(fitted(face.box)))
    _boxes(image, people, labels)
    labels.taken.append(_legend(image, scene))
    labels.write(people)
    return Picture(image, _hits(people, image.shape[1], image.shape[0]))


def _base(scene: Scene) -> tuple[np.ndarray, Callable[[Box], Box]]:
    """A copy of the frame to draw on, mirrored and enlarged as need be, and what turns boxes of the frame into its."""
    mirror, (height, width) = scene.settings.mirror, scene.frame.bgr.shape[:2]
    frame = scene.frame.bgr[:, ::-1] if mirror else scene.frame.bgr
    factor = -(-SMALLEST // min(height, width))

    def fitted(box: Box) -> Box:
        x0, y0, x1, y1 = (v * factor for v in box)
        return (width * factor - x1, y0, width * factor - x0, y1) if mirror else (x0, y0, x1, y1)

    if factor > 1:
        size = width * factor, height * factor
        return cv2.resize(frame, size, interpolation=cv2.INTER_NEAREST), fitted
    return frame.copy(order="C"), fitted


def _heat(image: np.ndarray, scene: Scene, fitted: Callable[[Box], Box]) -> None:
    for face, reading in zip(scene.faces, scene.readings, strict=True):
        cam = reading.painted.cam
        if cam is not None:
            scale = heat_scale(reading, reading.shown, scene.memory.tracks.get(face.track), scene.settings.scale).full
            cam, turn = (cam[:, ::-1], -reading.turn) if scene.settings.mirror else (cam, reading.turn)
            heat(image, cam, fitted(reading.square), scale, scene.settings.alpha, scene.settings.colormap, turn)


def _people(scene: Scene, fitted: Callable[[Box], Box]) -> list[Labelled]:
    """The faces as they are labelled, the selected one first, then from large to small."""
    people, chosen = [], scene.chosen
    for i, (face, reading) in enumerate(zip(scene.faces, scene.readings, strict=True)):
        probs = np.nan_to_num(reading.answer)
        doubt = face.outside or ("unsure" if probs.max() < scene.settings.unsure else "")
        is_chosen = chosen is not None and i == chosen.index
        people.append(Labelled(face.track, draw.rounded(fitted(face.box)), probs, is_chosen, doubt))
    return sorted(people, key=lambda person: (not person.selected, -area(person.rect)))


def _boxes(image: np.ndarray, people: Sequence[Labelled], labels: Labeller) -> None:
    """A box around each face in its emotion's colour; the selected one's is heavier, with brackets around it."""
    line = max(1, round(draw.unit(image.shape[1], image.shape[0]) / 9))
    for person in reversed(people):
        draw.box(image, person.rect, labels.color_of(person), line * (2 if person.selected else 1))
        if person.selected and len(people) > 1:
            draw.corners(image, draw.grown(person.rect, 3 * line + 1), draw.PAPER, 2 * line)


def _doubt(image: np.ndarray, rect: Rect) -> None:
    """What may be no face: a thin grey box with a question mark in its corner, and no more."""
    unit = draw.unit(image.shape[1], image.shape[0])
    cv2.rectangle(image, rect[:2], rect[2:], draw.DIM, max(1, unit // 12), cv2.LINE_AA)
    px = max(10, min(unit, (rect[3] - rect[1]) // 3))
    size = draw.tag_size([("?", draw.DIM)], px)
    draw.tag(image, (rect[0], rect[1], rect[0] + size[0], rect[1] + size[1]), [("?", draw.DIM)], px)


def _legend(image: np.ndarray, scene: Scene) -> Rect:
    """What the heat means, at the bottom left: method, layer, target, the colours from low to high, and warnings."""
    height, width = image.shape[:2]
    px = max(10, round(draw.unit(width, height) * 0.8))
    pad, row, bar = round(px * 0.6), round(px * 1.4), 10 * px
    lines: list[tuple[str, Color]] = [("? may be no face" if scene.unconfirmed else "no face in sight", draw.DIM)]
    full, unit = "", ""
    chosen = scene.chosen
    if chosen is not None:
        reading = chosen.reading
        lines = [(caption(reading.shown, scene.menu, reading.painted.target), draw.PAPER)]
        room = max(width // 3, 14 * px)
        lines += [(line, draw.AMBER) for line in _remarks(scene, reading, room, px)]
        if reading.painted.cam is not None and scene.settings.heat:
            scale = heat_scale(reading, reading.shown, chosen.remembered, scene.settings.scale)
            full, unit = scale.most, scale.unit
            lines += [(line, draw.AMBER if scale.why else draw.DIM) for line in draw.wrap(scale.kind, px, room)]
    widths = [draw.text_size(line, px)[0] for line, _ in lines]
    if full:
        widths.append(draw.text_size(f"0{full} {unit}", px)[0] + bar + pad)
    bottom = height - pad
    rect = pad, bottom - row * (len(lines) + bool(full)) - pad, min(width, 3 * pad + max(widths)), bottom
    draw.panel(image, rect, radius=px // 2)
    x, y = rect[0] + pad, rect[1] + pad // 2
    for n, (line, color) in enumerate(lines):
        draw.text(image, line, x, y + n * row, px, color)
    if full:
        y += len(lines) * row
        start = draw.text(image, "0", x, y, px, draw.DIM) + pad // 2
        colors = start, y + round(px * 0.3), start + bar, y + round(px * 1.05)
        gradient(image, colors, scene.settings.colormap, ON_FACE)
        draw.text(image, f"{full} {unit}", start + bar + pad // 2, y, px, draw.DIM)
    return rect


def _remarks(scene: Scene, reading: Reading, width: int, px: int) -> list[str]:
    """What one must know of the heat map: that the network is not the true one, why there is none, where it lies."""
    if scene.settings.random and reading.shown != reading.base:
        parts = randomised(scene.menu, scene.settings.random)
        marks = draw.wrap(f"heat: random {parts}; labels and bars: trained network", px, width)
    else:
        marks = []
    if reading.painted.cam is None:
        return marks + draw.wrap(reading.painted.why or "no heat map here", px, width)
    if not scene.settings.heat:
        return [*marks, "heat map off"]
    minus = against(reading.shown, scene.menu)
    if minus is not None and minus == label(scene.menu.labels, reading.painted.target):
        return marks + draw.wrap(f"{minus} against itself: no difference", px, width)
    words = warning(reading.regions)
    if words and reading.shown != reading.base:
        words = f"trained network: {words}"
    return [*marks, *draw.wrap(f"⚠ {words}", px, width)] if words else marks


def _hits(people: Sequence[Labelled], width: int, height: int) -> tuple[Hit, ...]:
    """Faces can be clicked. Small ones come last: they lie on top."""
    hits = []
    for person in sorted(people, key=lambda person: -area(person.rect)):
        x0, y0, x1, y1 = person.rect
        box = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        if box[0] < box[2] and box[1] < box[3]:
            hits.append(Hit(box, Select(person.track)))
    return tuple(hits)
