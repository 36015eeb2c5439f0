"""Crops of faces that lean: they stand upright, and what is found in them lands where it came from."""

import cmath
import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import scene

from emolive.audit.agreement import regions
from emolive.core.scene import Face, Frame, Memory, Settings
from emolive.faces.crop import crop_face, square
from emolive.faces.detect import Detector
from emolive.faces.lean import turn
from emolive.faces.mesh import Mesher
from emolive.live.engine import Engine
from emolive.media.rows import json_line
from emolive.ui.camera import camera
from emolive.ui.heat import heat

QUICK = Settings(smooth_ms=0)
WIDE, HIGH = 330, 270


@pytest.fixture(scope="module")
def engine(model) -> Engine:
    return Engine(model)


def leaning(centre: complex, side: float, degrees: float) -> Face:
    """A face in a square box, its eyes a third of it apart, that leans so, clockwise as seen."""
    upright = np.array([-1 - 1j, 1 - 1j, 0.4j, 1.2j, -1.8, 1.8]) * side / 6
    points = centre + upright * cmath.rect(1, math.radians(degrees))
    half = side / 2
    box = centre.real - half, centre.imag - half, centre.real + half, centre.imag + half
    return Face(box, 1.0, np.stack([points.real, points.imag], 1), track=1)


def where(picture: np.ndarray) -> complex:
    """The middle of what is brightest in (H, W) float."""
    y, x = np.nonzero(picture >= 0.7 * picture.max())
    return complex(x.mean() + 0.5, y.mean() + 0.5)


def spotted(lean: float, side: float, at: complex) -> tuple[Face, complex, np.ndarray]:
    """A face that leans so, and a grey picture with a light spot on it: `at` would be its place in an upright crop,
    from the middle, in sides; and where it is in the picture."""
    face = leaning(complex(WIDE, HIGH) / 2, side, lean)
    undone = 0 if abs(lean) < 15 else lean
    spot = complex(WIDE, HIGH) / 2 + at * 1.1 * side * cmath.rect(1, math.radians(undone))
    bgr = np.full((HIGH, WIDE, 3), 90, np.uint8)
    middle = round(16 * spot.real - 8), round(16 * spot.imag - 8)
    cv2.circle(bgr, middle, round(16 * side / 18), (255,) * 3, -1, cv2.LINE_AA, shift=4)
    return face, spot, bgr


def cells(crop: np.ndarray) -> np.ndarray:
    """A map (24, 24) that shows what is light in a crop."""
    return cv2.resize(crop[..., 0].astype(np.float32), (24, 24), interpolation=cv2.INTER_AREA) - 90


@settings(max_examples=40, deadline=None)
@given(
    lean=st.one_of(st.floats(-14, 14), st.floats(30, 170), st.floats(-170, -30)),
    side=st.floats(90, 150),
    right=st.floats(-0.3, 0.3),
    down=st.floats(-0.3, 0.3),
)
def test_what_is_seen_in_a_crop_is_painted_where_it_came_from(lean, side, right, down):
    """In the crop the spot is where it would be on an upright face; heat on the cell that shows it lies on the spot."""
    face, spot, bgr = spotted(lean, side, complex(right, down))
    crop = crop_face(bgr, square(face.box, 1.1), 96, turn=turn(face))
    assert abs(where(crop[..., 0].astype(float)) / 96 - (0.5 + 0.5j) - complex(right, down)) < 0.02
    drawn = np.zeros_like(bgr)
    heat(drawn, cells(crop), square(face.box, 1.1), 165, 1.0, turn=turn(face))
    assert abs(where(drawn.astype(float).sum(-1)) - spot) < side / 20


@pytest.mark.parametrize(("lean", "mirror"), [(4, False), (33, False), (33, True), (-75, True)])
def test_the_picture_shows_heat_where_the_network_saw_it(engine, lean, mirror):
    face, spot, bgr = spotted(lean, 100, 0.15 - 0.2j)
    (reading,) = engine(Frame(0, 0.0, bgr), [face], QUICK, Memory())
    result = replace(reading.result, cam=cells(reading.crop))
    painted = replace(reading, results=dict.fromkeys(reading.results, result))
    shown = scene(WIDE, HIGH, boxes=[face.box], mirror=mirror, alpha=1.0)
    shown = replace(shown, frame=Frame(0, 0.0, np.zeros_like(bgr)), faces=(face,), readings=(painted,))
    without = replace(shown, settings=replace(shown.settings, alpha=0.0))
    painted_on = where(np.abs(camera(shown).bgr.astype(float) - camera(without).bgr).sum(-1))
    there = complex(WIDE - painted_on.real, painted_on.imag) if mirror else painted_on
    assert abs(there - spot) < 8


@pytest.mark.parametrize("lean", [-50, -31, 30, 120])
def test_where_heat_lies_does_not_depend_on_how_a_head_leans(lean):
    cam = np.zeros((7, 7), np.float32)
    cam[2, 2], cam[4, 3] = 3, 1  # the right eye, and between nose and mouth
    upright, tilted = leaning(200 + 150j, 120, 0), leaning(200 + 150j, 120, lean)
    there = square(upright.box, 1.1)
    expected = regions(cam, there, upright.box, upright.points)
    found = regions(cam, there, tilted.box, tilted.points, turn(tilted))
    assert found.eyes == pytest.approx(expected.eyes, abs=0.01)
    assert found.mouth == pytest.approx(expected.mouth, abs=0.01)
    assert found.off == pytest.approx(expected.off, abs=0.01)
    straight = regions(cam, there, tilted.box, tilted.points)
    assert straight.eyes < expected.eyes - 0.1


@pytest.fixture(scope="module")
def turned_portrait(portrait) -> dict[int, np.ndarray]:
    """The portrait about its face, turned by OpenCV; it counts anticlockwise as positive."""
    wide = cv2.copyMakeBorder(portrait, 200, 200, 200, 200, cv2.BORDER_REPLICATE)
    middle, shape = (200 + 270, 200 + 200), wide.shape[1::-1]
    return {
        lean: cv2.warpAffine(wide, cv2.getRotationMatrix2D(middle, -lean, 1), shape, flags=cv2.INTER_CUBIC)
        for lean in (0, 35, -35)
    }


def roll_in(crop: np.ndarray) -> float:
    """How a head leans in a crop (S, S, 3) RGB, by the face mesh."""
    canvas = cv2.copyMakeBorder(cv2.resize(crop[..., ::-1], (160, 160)), 40, 40, 40, 40, cv2.BORDER_REPLICATE)
    (mesh,) = Mesher()(Frame(0, 0.0, canvas), [Face((47, 47, 193, 193), 1.0, np.zeros((6, 2)))])
    return mesh.roll


def test_a_head_that_leans_is_seen_as_an_upright_one(engine, turned_portrait):
    with Detector() as detect:
        for lean, bgr in turned_portrait.items():
            frame = Frame(0, 0.0, bgr)
            face = max(detect(frame), key=lambda one: one.score)
            (reading,) = engine(frame, [face], QUICK, Memory())
            (straight,) = engine(frame, [replace(face, points=np.zeros((6, 2)))], QUICK, Memory())
            assert reading.turn == pytest.approx(lean, abs=8)
            assert abs(roll_in(reading.crop)) < 10
            assert abs(roll_in(straight.crop)) > 15 or not lean
            if not lean:
                assert reading.turn == 0
                assert np.array_equal(reading.crop, straight.crop)
                assert np.array_equal(reading.answer, straight.answer)


def test_rows_say_how_a_crop_is_turned(engine, turned_portrait):
    """So that it can be cut out again: from the box, the margin and the turn that a row has."""
    frame = Frame(0, 0.0, turned_portrait[35])
    with Detector() as detect:
        face = max(detect(frame), key=lambda one: one.score)
    (reading,) = engine(frame, [face], QUICK, Memory())
    shown = scene(640, 480)
    row = json.loads(json_line(replace(shown, frame=frame, faces=(face,), readings=(reading,)), shown.menu.labels))
    told = row["faces"][0]
    again = crop_face(frame.bgr, square(tuple(told["box"]), 1.1), 112, turn=told["turn"])
    mine = crop_face(frame.bgr, reading.square, 112, turn=reading.turn)
    assert np.abs(again.astype(int) - mine).max() <= 8
    assert np.abs(again.astype(int) - crop_face(frame.bgr, reading.square, 112)).mean() > 10
