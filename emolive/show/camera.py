"""The camera view: the frame with every face's emotion, probabilities and heat map. This picture is also recorded."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from emolive.scene import TOP, Box, Hit, Picture, Reading, Remembered, Scene, Select, Variant, area
from emolive.show import draw
from emolive.show.draw import Rect
from emolive.show.heat import ON_FACE, gradient, heat
from emolive.show.labels import Labels, Person

SMALLEST = 240
"""Frames with a shorter side than this are enlarged by a whole factor, so that there is room for words."""


def camera(scene: Scene) -> Picture:
    """The frame at its own size (small ones enlarged) with boxes, labels, bars, heat maps and a legend."""
    image, fitted = _base(scene)
    if scene.settings.heat:
        _heat(image, scene, fitted)
    people = _people(scene, fitted)
    labels = Labels(image, scene.menu.labels, [])
    _boxes(image, people, labels)
    labels.taken.append(_legend(image, scene))
    labels.write(people)
    return Picture(image, _hits(people, image.shape[1], image.shape[0]))


def heat_scale(reading: Reading, remembered: Remembered | None) -> float:
    """The evidence that counts as full heat: the remembered one, or the map's own maximum."""
    cam = reading.painted.cam
    own = float(np.nan_to_num(cam).max(initial=0)) if cam is not None else 0.0
    return remembered.scale.get(replace(reading.shown, target=TOP), own) if remembered else own


def caption(variant: Variant, labels: Sequence[str], target: int) -> str:
    """A way to look in one line: method, layer, and what is looked for."""
    if variant.method == "filter":
        return f"filter {', '.join(map(str, variant.channels)) or '–'} · {variant.layer}"
    name = labels[target] if 0 <= target < len(labels) else "?"
    aim = f"top ({name})" if variant.target == TOP else variant.target
    return f"{variant.method} · {variant.layer} → {aim}"


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
            scale = heat_scale(reading, scene.memory.tracks.get(face.track))
            cam = cam[:, ::-1] if scene.settings.mirror else cam
            heat(image, cam, fitted(reading.square), scale, scene.settings.alpha, scene.settings.colormap)


def _people(scene: Scene, fitted: Callable[[Box], Box]) -> list[Person]:
    """The faces as they are labelled, the selected one first, then from large to small."""
    people = []
    for i, (face, reading) in enumerate(zip(scene.faces, scene.readings, strict=True)):
        remembered = scene.memory.tracks.get(face.track)
        probs = np.nan_to_num(reading.result.probs if remembered is None else remembered.probs)
        people.append(Person(face.track, draw.rounded(fitted(face.box)), probs, i == scene.selected))
    return sorted(people, key=lambda person: (not person.selected, -area(person.rect)))


def _boxes(image: np.ndarray, people: Sequence[Person], labels: Labels) -> None:
    """A box around each face in its emotion's colour; the selected one's is heavier, with brackets around it."""
    line = max(1, round(draw.unit(image.shape[1], image.shape[0]) / 9))
    for person in reversed(people):
        draw.box(image, person.rect, labels.color(person.top), line * (2 if person.selected else 1))
        if person.selected and len(people) > 1:
            draw.corners(image, draw.grown(person.rect, 3 * line + 1), draw.PAPER, 2 * line)


def _legend(image: np.ndarray, scene: Scene) -> Rect:
    """What the heat means, at the bottom left: method, layer, target, and the colours from low to high."""
    height, width = image.shape[:2]
    px = max(10, round(draw.unit(width, height) * 0.8))
    pad, row, bar = round(px * 0.6), round(px * 1.4), 10 * px
    lines, ink, full = ["no face in sight"], draw.DIM, ""
    if scene.selected is not None:
        face, reading = scene.faces[scene.selected], scene.readings[scene.selected]
        lines, ink = [caption(reading.shown, scene.menu.labels, reading.painted.target)], draw.PAPER
        if reading.painted.cam is None:
            lines += draw.wrap(reading.painted.why or "no heat map here", px, max(width // 3, 14 * px))
        elif not scene.settings.heat:
            lines += ["heat map off"]
        else:
            full = f"{heat_scale(reading, scene.memory.tracks.get(face.track)):.2g}"
    widths = [draw.text_size(line, px)[0] for line in lines]
    if full:
        widths.append(draw.text_size(f"0{full}", px)[0] + bar + pad)
    bottom = height - pad
    rect = pad, bottom - row * (len(lines) + bool(full)) - pad, min(width, 3 * pad + max(widths)), bottom
    draw.panel(image, rect, radius=px // 2)
    x, y = rect[0] + pad, rect[1] + pad // 2
    for n, line in enumerate(lines):
        draw.text(image, line, x, y + n * row, px, ink if n == 0 else draw.AMBER)
    if full:
        y += len(lines) * row
        start = draw.text(image, "0", x, y, px, draw.DIM) + pad // 2
        gradient(
            image, (start, y + round(px * 0.3), start + bar, y + round(px * 1.05)), scene.settings.colormap, ON_FACE
        )
        draw.text(image, full, start + bar + pad // 2, y, px, draw.DIM)
    return rect


def _hits(people: Sequence[Person], width: int, height: int) -> tuple[Hit, ...]:
    """Faces can be clicked. Small ones come last: they lie on top."""
    hits = []
    for person in sorted(people, key=lambda person: -area(person.rect)):
        x0, y0, x1, y1 = person.rect
        box = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        if box[0] < box[2] and box[1] < box[3]:
            hits.append(Hit(box, Select(person.track)))
    return tuple(hits)
