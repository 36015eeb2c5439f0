"""No panel and no label lies over a face, measured over all films and photos of ../shared/data."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from scenes import examined, scene

from emolive.core.scene import Frame, Scene, Sheet
from emolive.faces.detect import Detector
from emolive.ui import camera as view
from emolive.ui import draw
from emolive.ui.labels import Labeller
from emolive.ui.place import mostly_covered, overlaps, within

Rect = tuple[int, int, int, int]
SHEETS = None, Sheet(780, 430, 12), Sheet(780, 430, 20), Sheet(1300, 680, 20), Sheet(450, 260, 20)
EVERY = 5
"""Frames of films are looked at so far apart."""


def written_at(given: Scene, sheet: Sheet | None, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Rect], list[Rect]]:
    """Where something is written over the film of a scene, and where its faces lie in that."""
    labellers: list[Labeller] = []

    class Spy(Labeller):
        def write(self, *args: object, **how: object) -> None:
            super().write(*args, **how)  # type: ignore[arg-type]
            labellers.append(self)

    monkeypatch.setattr(view, "Labeller", Spy)
    picture = view.camera(given, sheet)
    (labels,) = labellers
    assert picture.bgr.any()
    return labels.taken, labels.faces


def hidden(taken: list[Rect], faces: list[Rect]) -> int:
    """How many square pixels of faces lie under something."""
    return int(overlaps(taken, faces).sum()) if taken and faces else 0


@pytest.fixture(scope="module")
def found(shared: Path) -> list[tuple[str, tuple[int, int], list[tuple[float, float, float, float]]]]:
    """The size of each picture, and the boxes of the faces in it; all photos, and films every fifth frame."""
    seen = []
    with Detector("full") as detect:
        for name, bgr in pictures(shared):
            boxes = [face.box for face in detect(Frame(0, 0.0, bgr))]
            seen.append((name, bgr.shape[1::-1], boxes))
    assert sum(len(boxes) for *_, boxes in seen) > 200
    return seen


def pictures(shared: Path) -> Iterator[tuple[str, np.ndarray]]:
    for path in sorted((shared / "photos").iterdir()):
        bgr = cv2.imread(str(path))
        if bgr is not None:
            yield path.name, np.ascontiguousarray(bgr)
    for path in sorted((shared / "videos").iterdir()):
        film, n = cv2.VideoCapture(str(path)), 0
        while film.grab():
            if n % EVERY == 0:
                yield f"{path.name} {n}", film.retrieve()[1]
            n += 1


@pytest.mark.ci
def test_no_panel_lies_over_a_face(found, monkeypatch):
    wrong, looked = [], 0
    for name, (width, height), boxes in found:
        for sheet in SHEETS:
            given = examined(scene(width, height, boxes=boxes, channels=16))
            taken, faces = written_at(given, sheet, monkeypatch)
            looked += bool(taken and faces)
            size = max((face[2] for face in faces), default=0), max((face[3] for face in faces), default=0)
            if hidden(taken, faces) and not covered(given, faces, sheet):
                wrong.append((name, sheet, size))
    assert looked > 200
    assert wrong == []


def covered(given: Scene, faces: list[Rect], sheet: Sheet | None) -> bool:
    """Whether faces cover over half of the picture, so that there is no other room."""
    height, width = given.frame.bgr.shape[:2]
    whole = [draw.rounded(face.box) for face in given.faces]
    seen = [part for face in whole if (part := within(face, (0, 0, width, height)))]
    return mostly_covered(seen, width, height)


@pytest.mark.parametrize("sheet", SHEETS)
def test_bars_beside_one_face_do_not_lie_over_the_next_one(sheet, monkeypatch):
    boxes = [(60.0, 60.0, 220.0, 260.0), (250.0, 60.0, 410.0, 260.0), (440.0, 60.0, 600.0, 260.0)]
    taken, faces = written_at(examined(scene(640, 360, boxes=boxes, channels=16)), sheet, monkeypatch)
    assert len(faces) == 3
    assert taken
    assert hidden(taken, faces) == 0


def test_what_measures_would_see_a_panel_over_a_face():
    assert hidden([(0, 0, 30, 30)], [(29, 29, 60, 60)]) == 1
    assert hidden([(0, 0, 30, 30)], [(30, 30, 60, 60)]) == 0
