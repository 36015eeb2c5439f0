"""The camera view: the frame with every face's emotion, probabilities and heat map. Without a sheet it is recorded."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from emolive.core.scene import Box, Hit, Picture, Scene, Select, Sheet, Tip, area
from emolive.ui import draw, legend
from emolive.ui.dock import Dock, docked, undocked
from emolive.ui.draw import Rect
from emolive.ui.heat import heat, heat_scale
from emolive.ui.labels import Labelled, Labeller
from emolive.ui.palette import DIM, GROUND, PAPER
from emolive.ui.place import within

SMALLEST = 240
"""Recorded frames with a shorter side than this are enlarged by a whole factor, so that there is room for words."""

Fitted = Callable[[Box], Box]
"""What turns boxes of the frame into those of the picture."""


def camera(scene: Scene, sheet: Sheet | None = None) -> Picture:
    """The frame with boxes, labels, heat maps, bars and a legend.

    On a sheet, as large as it goes there, with bars and legend beside it or below. Without one, at its own size (small
    ones enlarged), with all of that where no face is. What is not confirmed to be a face has a grey box with a question
    mark, and cannot be clicked.
    """
    return _on_sheet(scene, sheet) if sheet else _recorded(scene)


def _recorded(scene: Scene) -> Picture:
    height, width = scene.frame.bgr.shape[:2]
    factor = -(-SMALLEST // min(height, width))
    image, fitted = _film(scene, (width * factor, height * factor))
    people = people_of(scene, fitted)
    px = draw.unit(image.shape[1], image.shape[0])
    doubted = [draw.rounded(fitted(face.box)) for face in scene.unconfirmed]
    labels = Labeller(image, scene.menu.labels, [], [*(p.rect for p in people), *doubted], px)
    _boxes(image, people, doubted, labels, px)
    _legend(image, scene, labels, max(11, round(0.8 * px)))
    labels.write(people)
    for rect in doubted:
        labels.mark(rect)
    return Picture(image, (*_tag_hits(labels), *_hits(people, image.shape[1], image.shape[0])))


def _on_sheet(scene: Scene, sheet: Sheet) -> Picture:
    """The film, as large as the sheet lets it be beside or above its dock; without that in a crowd all of whose numbers
    have room then, and more of it."""
    size, people = scene.frame.bgr.shape[1::-1], people_of(scene, lambda box: box)
    made = _Laid(scene, sheet, *docked(size, sheet, scene, people))
    if made.crammed > (0, 0):
        alone = _Laid(scene, sheet, *undocked(size, sheet))
        made = alone if alone.crammed < made.crammed and not alone.crammed[0] else made
    return made.drawn()


class _Laid:
    """A film with heat that lies somewhere on a sheet, and what is written at its faces and docked, placed and not yet
    drawn."""

    def __init__(self, scene: Scene, sheet: Sheet, film: Rect, dock: Dock) -> None:
        self._sheet, self._place, self._dock = sheet, film, dock
        self._film, fitted = _film(scene, (film[2] - film[0], film[3] - film[1]))
        self._people = people_of(scene, fitted)
        self._doubted = [draw.rounded(fitted(face.box)) for face in scene.unconfirmed]
        rects = [*(person.rect for person in self._people), *self._doubted]
        self._labels = Labeller(self._film, scene.menu.labels, [], rects, sheet.px)
        self._labels.place(self._people, bars=False)

    @property
    def crammed(self) -> tuple[int, int]:
        """How many faces have no number, and how many have theirs elsewhere."""
        return self._labels.untold, len(self._labels.lines)

    def drawn(self) -> Picture:
        """All of it on the sheet."""
        film, labels, px = self._place, self._labels, self._sheet.px
        image = draw.blank(self._sheet.width, self._sheet.height, GROUND)
        high, wide = self._film.shape[:2]
        _boxes(self._film, self._people, self._doubted, labels, px)
        with draw.placed(film[0], film[1]):
            labels.write(self._people, bars=False)
            for rect in self._doubted:
                labels.mark(rect)
        image[film[1] : film[3], film[0] : film[2]] = self._film
        found = *_tag_hits(labels), *_hits(self._people, wide, high)
        hits = [Hit(draw.moved(hit.box, film[:2]), hit.event) for hit in found]
        parts = [part for rect in self._doubted if (part := within(rect, (0, 0, wide, high)))]
        seen = [Tip(draw.moved(part, film[:2]), "doubt") for part in parts]
        return Picture(image, tuple(hits), (*seen, *self._dock(image, labels)))


def _film(scene: Scene, size: tuple[int, int]) -> tuple[np.ndarray, Fitted]:
    """The frame in that size to draw on, mirrored as need be, with heat; and what turns boxes of the frame into its."""
    mirror, (height, width) = scene.settings.mirror, scene.frame.bgr.shape[:2]
    frame = scene.frame.bgr[:, ::-1] if mirror else scene.frame.bgr
    fx, fy = size[0] / width, size[1] / height

    def fitted(box: Box) -> Box:
        x0, y0, x1, y1 = box[0] * fx, box[1] * fy, box[2] * fx, box[3] * fy
        return (size[0] - x1, y0, size[0] - x0, y1) if mirror else (x0, y0, x1, y1)

    if size == (width, height):
        image = frame.copy(order="C")
    else:
        whole = fx == fy and fx == round(fx) and min(height, width) < SMALLEST
        how = cv2.INTER_NEAREST if whole else cv2.INTER_AREA if fx < 1 else cv2.INTER_LINEAR
        image = cv2.resize(np.ascontiguousarray(frame), size, interpolation=how)
    if scene.settings.heat:
        _heat(image, scene, fitted)
    return image, fitted


def _heat(image: np.ndarray, scene: Scene, fitted: Fitted) -> None:
    for face, reading in zip(scene.faces, scene.readings, strict=True):
        cam = reading.painted.cam
        if cam is not None:
            scale = heat_scale(reading, reading.shown, scene.memory.tracks.get(face.track), scene.settings.scale).full
            cam, turn = (cam[:, ::-1], -reading.turn) if scene.settings.mirror else (cam, reading.turn)
            heat(image, cam, fitted(reading.square), scale, scene.settings.alpha, scene.settings.colormap, turn)


def people_of(scene: Scene, fitted: Fitted) -> list[Labelled]:
    """The faces as they are labelled, the selected one first, then from large to small."""
    people, chosen = [], scene.chosen
    for i, (face, reading) in enumerate(zip(scene.faces, scene.readings, strict=True)):
        probs = np.nan_to_num(reading.answer)
        is_chosen = chosen is not None and i == chosen.index
        rect = draw.rounded(fitted(face.box))
        people.append(Labelled(face.track, rect, probs, is_chosen, scene.doubt(i), not face.outside))
    return sorted(people, key=lambda person: (not person.selected, -area(person.rect)))


def _boxes(image: np.ndarray, people: Sequence[Labelled], doubted: Sequence[Rect], labels: Labeller, px: int) -> None:
    """A box around each face in its emotion's colour, the selected one's heavier with brackets around it; a thin grey
    one around what may be none."""
    for rect in doubted:
        cv2.rectangle(image, rect[:2], rect[2:], DIM, max(1, px // 12), cv2.LINE_AA)
    line = max(1, round(px / 9))
    for person in reversed(people):
        draw.box(image, person.rect, labels.color_of(person), line * (2 if person.selected else 1))
        if person.selected and len(people) > 1:
            draw.corners(image, draw.grown(person.rect, 3 * line + 1), PAPER, 2 * line)


def _legend(image: np.ndarray, scene: Scene, labels: Labeller, px: int) -> None:
    """What the heat means, at the bottom left, or where no face is; less of it where there is less room."""
    width = image.shape[1]
    pad, found = round(px * 0.6), legend.legend_of(scene)
    most = min(width - 4 * pad, max(width // 3, 14 * px))
    forms = [found, legend.Legend(found.lines), legend.Legend(found.lines[:1])]
    sizes = []
    for form in forms:
        wide = legend.width_of(form, px, most)
        sizes.append((wide + 2 * pad, legend.height_of(form, wide, px) + 2 * pad))
    placed = labels.legend(sizes)
    if placed:
        legend.plated(image, placed[1], forms[placed[0]], px, pad)


def _hits(people: Sequence[Labelled], width: int, height: int) -> tuple[Hit, ...]:
    """Faces can be clicked. Small ones come last: they lie on top."""
    hits = []
    for person in sorted(people, key=lambda person: -area(person.rect)):
        box = within(person.rect, (0, 0, width, height))
        if box:
            hits.append(Hit(box, Select(person.track)))
    return tuple(hits)


def _tag_hits(labels: Labeller) -> list[Hit]:
    """What is written at a face can be clicked as it can."""
    return [Hit(place, Select(track)) for track, place in labels.tags.items() if track]
