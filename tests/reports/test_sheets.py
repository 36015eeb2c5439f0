"""The pictures of a report: what is painted, and what is not."""

import dataclasses
import math

import cv2
import numpy as np
import pytest
from legible import faults
from reported import invented

from emolive.core.scene import Face
from emolive.reports.graphs import curves_picture, narrow_curves
from emolive.reports.sheets import SIDE, full, marked, narrow_sheet, sheet, strip
from emolive.ui.draw import noted


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.ci)], ids=["invented", "real"])
def face(request):
    """A face with invented figures, and in CI that of a real report, too."""
    return request.getfixturevalue("made").report.pictures[0].faces[0] if request.param else invented()


def colour(image: np.ndarray) -> float:
    """How far the most colourful pixel is from grey."""
    return int(np.ptp(image.astype(int), axis=-1).max())


def test_full_heat_is_the_maps_maximum_and_never_mere_noise():
    cam = np.array([[-1.0, 0.5], [0.25, 2.0]], np.float32)
    assert full(cam, "layer4") == 2
    assert full(-np.abs(cam), "layer4") == 0
    assert full(np.array([[-10.0, 0.1]]), "layer4") == pytest.approx(2)
    pixels = np.zeros((64, 64), np.float32)
    pixels[:8], pixels[0, 0] = 1, 100
    assert full(pixels, "input") == pytest.approx(1)


def test_a_map_without_evidence_paints_nothing(face):
    cells = tuple(dataclasses.replace(cell, cam=-abs(cell.cam)) for cell in face.cells if cell.cam is not None)
    plain, hot = (sheet(f, "x", ("gradcam",), ("layer4",)) for f in (dataclasses.replace(face, cells=cells), face))
    below = slice(SIDE + 90, None)
    assert colour(plain[below]) <= 10  # the ink is not quite black
    assert colour(hot[below]) > 60


def test_a_sheet_grows_with_methods_and_layers_and_keeps_its_input(face):
    before = face.view.copy()
    small = sheet(face, "x", ("gradcam",), ("layer4",))
    large = sheet(face, "a very long name " * 20, ("gradcam", "cam", "guided"), ("layer3", "layer4") * 4)
    assert large.shape[0] > small.shape[0]
    assert large.shape[1] > small.shape[1]
    np.testing.assert_array_equal(face.view, before)


PAGE = 390 - 2 * 16
"""What a phone's page leaves to a picture, in its pixels."""


def test_narrow_forms_are_legible_on_a_phone(face):
    methods, layers = ("gradcam", "cam", "guided", "scorecam"), ("layer2", "layer3", "layer4")
    for draws in (
        lambda: narrow_sheet(face, "a very long name " * 20, methods, layers),
        lambda: narrow_sheet(dataclasses.replace(face, cells=()), "x", methods, ("a.layer.with.a.long.name",)),
        lambda: strip(face, 2),
    ):
        with noted() as lines:
            image = draws()
        assert image.shape[1] <= 500
        assert faults(image, lines, math.ceil(11 * image.shape[1] / PAGE)) == []


def test_the_strip_paints_the_strongest_emotion_most(face):
    picture = strip(face)
    hottest = int(np.nan_to_num(face.emotions).max(axis=(1, 2)).argmax())
    step = (picture.shape[1] - 2 * 28 + 14) // 7
    panels = [picture[80 : 80 + SIDE, 28 + i * step : 28 + i * step + SIDE] for i in range(7)]
    redness = [float((panel[..., 2].astype(int) - panel[..., 0]).mean()) for panel in panels]
    assert int(np.argmax(redness)) == hottest  # orange speaks for an emotion
    coldest = int(np.nan_to_num(face.emotions).mean(axis=(1, 2)).argmin())
    assert int(np.argmin(redness)) == coldest  # blue against it
    assert strip(dataclasses.replace(face, emotions=None)).shape == picture.shape


def test_faces_are_marked_on_a_picture_of_any_size(portrait):
    face = Face((166, 130, 365, 329), 0.9, np.zeros((6, 2)))
    for factor in (0.05, 1, 4):
        bgr = cv2.resize(portrait, None, fx=factor, fy=factor)
        before = bgr.copy()
        at_edge = Face(tuple(v * factor for v in (-40, -40, 100, 100)), 0.9, np.zeros((6, 2)))
        inside = Face(tuple(v * factor for v in face.box), 0.9, np.zeros((6, 2)))
        image = marked(bgr, [(1, inside), (2, at_edge)])
        assert max(image.shape[:2]) <= 1200
        assert (image != cv2.resize(bgr, image.shape[1::-1], interpolation=cv2.INTER_AREA)).any()
        np.testing.assert_array_equal(bgr, before)


def test_curves_are_drawn_for_any_grid_of_methods_and_layers(face, tmp_path):
    for methods, layers in ((("gradcam",), ("layer4",)), (("cam", "guided", "scorecam"), ("layer3", "layer4"))):
        curves_picture(face, methods, layers, tmp_path / "curves.png")
        narrow_curves(face, methods, layers, tmp_path / "narrow.png")
        assert cv2.imread(str(tmp_path / "curves.png")).shape[1] > 600
        assert cv2.imread(str(tmp_path / "narrow.png")).shape[1] <= 500
