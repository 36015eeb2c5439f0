"""What lies outside of what the network knows: the words, and the measures on pictures spoilt on purpose."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from emolive.core.mesh import Mesh
from emolive.core.scene import Face, Frame
from emolive.faces import limits
from emolive.faces.confirm import confirm_once
from emolive.faces.detect import Detector
from emolive.faces.limits import DARK, TURN, light, outside, sharpness, turn
from emolive.faces.mesh import Mesher

Detectors = Callable[[str], Detector]


def mesh(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Mesh:
    return Mesh(1.0, np.zeros((468, 3)), yaw, pitch, roll)


@pytest.fixture(scope="module")
def face(detectors: Detectors, portrait: np.ndarray) -> Face:
    return detectors("full")(Frame(0, 0.0, portrait))[0]


def test_how_far_a_head_is_turned_is_the_angle_between_its_gaze_and_the_camera() -> None:
    assert turn(mesh()) == 0
    assert turn(mesh(yaw=-40)) == pytest.approx(40)
    assert turn(mesh(pitch=25)) == pytest.approx(25)
    assert turn(mesh(roll=60)) == 0
    gaze = np.array([np.sin(0.5) * np.cos(0.3), np.sin(0.3), np.cos(0.5) * np.cos(0.3)])
    assert turn(mesh(np.degrees(0.5), np.degrees(0.3))) == pytest.approx(np.degrees(np.arccos(gaze[2])))


def test_a_portrait_is_within_the_limits_and_each_way_out_of_them_is_named(portrait: np.ndarray, face: Face) -> None:
    whole = Frame(0, 0.0, portrait)
    assert outside(whole, face, mesh()) == ""
    assert outside(whole, face, mesh(yaw=-TURN - 5.2)) == "turned 45°"
    assert outside(Frame(0, 0.0, portrait // 16), face, mesh()) == "dark"
    soft = cv2.GaussianBlur(portrait, (0, 0), 5 / 48 * (face.box[2] - face.box[0]))
    assert outside(Frame(0, 0.0, soft), face, mesh()) == "blurred"
    tiny = Face((100.0, 100.0, 114.0, 113.0), 0.9, np.zeros((6, 2)))
    assert outside(whole, tiny, mesh()) == "14 pixels"


def test_the_words_come_with_a_look(detectors: Detectors, portrait: np.ndarray) -> None:
    night = Frame(0, 0.0, portrait // 12)
    bright = detectors("full")(Frame(0, 0.0, portrait))
    assert [one.outside for one in confirm_once(Mesher(), bright, night)] == ["dark"]
    assert [one.outside for one in confirm_once(Mesher(), bright, Frame(0, 0.0, portrait))] == [""]


def test_light_is_mean_grey_and_sharpness_knows_neither_light_nor_contrast() -> None:
    draw = np.random.default_rng(0)
    noise = np.repeat(draw.integers(60, 200, (48, 48, 1)).astype(np.uint8), 3, axis=2)
    assert light(noise) == pytest.approx(noise.mean(), abs=0.01)
    assert light(np.full((48, 48, 3), int(DARK), np.uint8)) == DARK
    assert sharpness(noise) == pytest.approx(20, rel=0.1), "4² + 4 · 1² for pixels that know nothing of each other"
    assert sharpness(noise // 2 + 20) == pytest.approx(sharpness(noise), rel=0.02)
    assert sharpness(np.full((48, 48, 3), 90, np.uint8)) == 0
    blurs = [sharpness(cv2.GaussianBlur(noise, (0, 0), sigma)) for sigma in (0.5, 1, 2, 3)]
    assert blurs == sorted(blurs, reverse=True)


@pytest.mark.parametrize(
    "name", ["angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised", "multi_face"]
)
def test_good_photographs_are_within_the_limits(detectors: Detectors, photo, name: str) -> None:
    picture = Frame(0, 0.0, photo(name))
    faces = confirm_once(Mesher(), detectors("full")(picture), picture)
    assert [one.outside for one in faces] == [""] * len(faces), limits
