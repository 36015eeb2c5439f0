"""The real detector on real pictures."""

import hashlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from emolive.core.errors import EmoliveError
from emolive.core.installed import weights
from emolive.core.scene import Face, Frame
from emolive.faces.detect import MODELS, Detector, distinct, tiles, whole

Detectors = Callable[[str], Detector]
Photo = Callable[[str], np.ndarray]

EYES = {"right": (222, 190), "left": (308, 187)}
"""Where Grace Hopper's own right and left eye are, read off the picture."""


def frame(bgr: np.ndarray) -> Frame:
    return Frame(0, 0.0, bgr)


def test_the_shipped_models_are_those_of_the_readme() -> None:
    folder = weights()
    readme = (folder / "README.md").read_text("utf-8")
    for name in set(MODELS.values()):
        row = re.search(rf"`{re.escape(name)}`.*\| (\d+) \| `([0-9a-f]{{64}})`", readme)
        assert row, name
        content = (folder / name).read_bytes()
        assert (int(row[1]), row[2]) == (len(content), hashlib.sha256(content).hexdigest())
    assert "Apache License" in (folder / "LICENSE-mediapipe").read_text("utf-8")


@pytest.mark.parametrize("kind", MODELS)
def test_the_portrait_has_one_face_with_its_points_in_place(
    detectors: Detectors, portrait: np.ndarray, kind: str
) -> None:
    faces = detectors(kind)(frame(portrait))
    assert len(faces) == 1
    face = faces[0]
    assert 0.5 <= face.score <= 1
    assert face.track == 0
    assert face.points.shape == (6, 2)
    right_eye, left_eye, nose, mouth, right_ear, left_ear = face.points
    for point, name in ((right_eye, "right"), (left_eye, "left")):
        assert np.linalg.norm(point - EYES[name]) < 15
    assert right_ear[0] < right_eye[0] < nose[0] < left_eye[0] < left_ear[0]
    assert right_eye[1] < nose[1] < mouth[1]
    x0, y0, x1, y1 = face.box
    assert x0 < right_eye[0] < x1
    assert y0 < mouth[1] < y1
    assert 100 < x1 - x0 < 250


@pytest.mark.parametrize(
    ("kind", "name", "least", "most"),
    [
        ("full", "group-1", 10, 14),
        ("tiled", "group-1", 13, 14),
        *((kind, "group-2", 3, 3) for kind in ("full", "tiled")),
        *((kind, "group-3", 4, 5) for kind in MODELS),
        *((kind, "multi_face", 5, 5) for kind in ("full", "tiled")),
        ("short", "multi_face", 3, 5),
        *((kind, "single_face", 1, 1) for kind in MODELS),
        *((kind, "no-faces", 0, 0) for kind in MODELS),
    ],
)
def test_counts_of_real_photos(detectors: Detectors, photo: Photo, kind: str, name: str, least: int, most: int) -> None:
    faces = detectors(kind)(frame(photo(name)))
    assert least <= len(faces) <= most
    assert [f.score for f in faces] == sorted((f.score for f in faces), reverse=True)
    for face in faces:
        assert np.isfinite([*face.box, face.score, *face.points.ravel()]).all()
        assert all(type(c) is float for c in (*face.box, face.score))


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("size", [(16, 16), (1, 1), (1, 3000), (3000, 1), (3, 7680)])
def test_odd_sizes_have_no_faces_and_do_no_harm(detectors: Detectors, kind: str, size: tuple[int, int]) -> None:
    assert detectors(kind)(frame(np.full((*size, 3), 128, np.uint8))) == []


@pytest.mark.parametrize("width", [3840, 7680])
def test_very_large_frames_give_the_same_faces(detectors: Detectors, portrait: np.ndarray, width: int) -> None:
    """The portrait stands in a wide picture, which is then enlarged: box and points grow with it."""
    small = np.full((675, 1200, 3), 90, np.uint8)
    small[40:640, 300:812] = portrait
    scale = width / 1200
    large = cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    for kind in MODELS:
        here, there = (detectors(kind)(frame(picture)) for picture in (small, large))
        assert len(here) == len(there) == 1
        size = here[0].box[2] - here[0].box[0]
        assert np.abs(np.array(there[0].box) / scale - here[0].box).max() < 0.1 * size
        assert np.abs(there[0].points / scale - here[0].points).max() < 0.1 * size


def test_tiles_find_small_faces_that_one_look_misses(detectors: Detectors, portrait: np.ndarray) -> None:
    crowd = np.full((1080, 1920, 3), 90, np.uint8)
    places = [(x, y) for y in range(40, 850, 240) for x in range(40, 1750, 240)]
    for x, y in places:
        crowd[y : y + 188, x : x + 160] = cv2.resize(portrait, (160, 188), interpolation=cv2.INTER_AREA)
    full, tiled = (detectors(kind)(frame(crowd)) for kind in ("full", "tiled"))
    assert len(tiled) > max(10, 2 * len(full))
    middles = [((f.box[0] + f.box[2]) / 2, (f.box[1] + f.box[3]) / 2) for f in tiled]
    away = [[np.hypot(x + 83 - u, y + 72 - v) for x, y in places] for u, v in middles]  # her nose, in the small picture
    assert np.min(away, axis=1).max() < 30, "every face lies on a portrait"
    assert len(set(np.argmin(away, axis=1))) == len(tiled), "no face is found twice"


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (3840, 2160), (7680, 4320), (1, 1), (2, 900)])
def test_every_small_box_lies_whole_in_a_tile(size: tuple[int, int]) -> None:
    dice, grid = np.random.default_rng(0), list(tiles(*size))
    assert 4 <= len(grid) <= 25
    assert all(0 <= x0 < x1 <= size[0] and 0 <= y0 < y1 <= size[1] for x0, y0, x1, y1 in grid)
    side = min(min(t[2] - t[0], t[3] - t[1]) for t in grid) / 4
    for x, y in dice.uniform(0, 1, (200, 2)) * (np.array(size) - side):
        assert any(whole((x, y, x + side, y + side), tile, *size) for tile in grid)


def test_of_overlapping_faces_the_surest_stays() -> None:
    def face(x: float, y: float, side: float, score: float) -> Face:
        return Face((x, y, x + side, y + side), score, np.zeros((6, 2)))

    faces = [face(0, 0, 100, 0.6), face(5, 5, 100, 0.9), face(20, 20, 40, 0.7), face(95, 0, 100, 0.5)]
    assert [f.score for f in distinct(faces)] == [0.9, 0.5]
    assert distinct([]) == []


def test_no_more_faces_than_asked_for_and_the_surest_of_them(detectors: Detectors, photo: Photo) -> None:
    picture = frame(photo("group-1"))
    all_faces = detectors("full")(picture)
    with Detector("full", max_faces=3) as detector:
        assert [f.box for f in detector(picture)] == [f.box for f in all_faces[:3]]


@pytest.mark.parametrize("confidence", [0.0, 0.7, 1.0])
def test_confidence(portrait: np.ndarray, confidence: float) -> None:
    with Detector("full", confidence, max_faces=1000) as detector:
        assert all(face.score >= confidence for face in detector(frame(portrait)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fool",), "Did you mean 'full'"),
        (("full", 1.5), "between 0 and 1"),
        (("full", float("nan")), "between 0 and 1"),
        (("full", 0.5, 0), "1 or more"),
    ],
)
def test_bad_values_are_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(EmoliveError, match=said):
        Detector(*arguments)


def test_the_same_frame_gives_the_same_faces(detectors: Detectors, portrait: np.ndarray) -> None:
    one, two = (detectors("full")(frame(portrait)) for _ in range(2))
    assert [f.box for f in one] == [f.box for f in two]
    np.testing.assert_array_equal(one[0].points, two[0].points)


def test_leaving_closes_it_whatever_happens(portrait: np.ndarray) -> None:
    threads = threading.active_count()
    detector = Detector()

    def interrupted() -> None:
        with detector:
            detector(frame(portrait))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threading.active_count() == threads
    detector.close()
    with pytest.raises(EmoliveError, match="closed"):
        detector(frame(portrait))


@pytest.mark.parametrize("name", ["README.md", "not-there.tflite"])
def test_a_broken_or_missing_model_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(MODELS, "full", name)
    with pytest.raises(EmoliveError, match="cannot start"):
        Detector().__enter__()


def test_nothing_is_said_at_the_start_nor_at_the_end() -> None:
    code = """
import numpy as np
from emolive.faces.detect import Detector
from emolive.core.scene import Frame
with Detector() as detector:
    print(len(detector(Frame(0, 0.0, np.zeros((480, 640, 3), np.uint8)))))
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
