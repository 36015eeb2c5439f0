"""The mesh network on real pictures; its points and angles against pictures that were turned, scaled, mirrored."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from thinned import dear

from emolive.core.errors import EmoliveError
from emolive.core.installed import weights
from emolive.core.mesh import Mesh
from emolive.core.scene import Face, Frame
from emolive.faces import mesh as module
from emolive.faces.detect import Detector
from emolive.faces.lean import lean
from emolive.faces.mean_mesh import MEAN, mean_mesh
from emolive.faces.mesh import MODEL, Mesher
from emolive.faces.track import Tracker

Detectors = Callable[[str], Detector]
Photo = Callable[[str], np.ndarray]
Video = Callable[[str], Iterator[Frame]]

OUTER_EYES = 33, 263  # the person's own right and left, in MediaPipe's mesh
NOSE_TIP, CHIN = 1, 152


def frame(bgr: np.ndarray) -> Frame:
    return Frame(0, 0.0, bgr)


@pytest.fixture(scope="module")
def mesher() -> Mesher:
    return Mesher()


@pytest.fixture(scope="module")
def face(detectors: Detectors, portrait: np.ndarray) -> Face:
    """The portrait's face."""
    return detectors("full")(frame(portrait))[0]


@pytest.fixture(scope="module")
def straight(mesher: Mesher, portrait: np.ndarray, face: Face) -> Mesh:
    """The portrait's mesh."""
    return mesher(frame(portrait), [face])[0]


def moved(face: Face, matrix: np.ndarray) -> Face:
    """A face after the picture was moved by an affine map (2, 3) of its coordinates."""
    corners = np.array([(face.box[i], face.box[j]) for i in (0, 2) for j in (1, 3)])
    side, middle = (face.box[2] - face.box[0]) * np.sqrt(np.linalg.det(matrix[:, :2])), corners.mean(0)
    x, y = matrix[:, :2] @ middle + matrix[:, 2]
    box = (float(x - side / 2), float(y - side / 2), float(x + side / 2), float(y + side / 2))
    return Face(box, face.score, face.points @ matrix[:, :2].T + matrix[:, 2])


def warped(bgr: np.ndarray, matrix: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture moved by an affine map of its coordinates (whose pixels' centres are at a half)."""
    of_pixels = np.column_stack([matrix[:, :2], matrix[:, 2] + matrix[:, :2].sum(1) / 2 - 0.5])
    return cv2.warpAffine(bgr, of_pixels, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)


def off(mesh: Mesh, expected: np.ndarray, scale: float = 1.0) -> float:
    """How far the points are from where they should be, on average, in parts of the distance between the eyes."""
    away = np.linalg.norm(mesh.points[:, :2] - expected, axis=1).mean()
    return float(away / np.linalg.norm(expected[OUTER_EYES[0]] - expected[OUTER_EYES[1]]))


@pytest.mark.parametrize("name", [MODEL, MEAN])
def test_the_shipped_files_are_those_of_the_readme(name: str) -> None:
    folder = weights()
    row = re.search(rf"`{name}`.*\| (\d+) \| `([0-9a-f]{{64}})`", (folder / "README.md").read_text("utf-8"))
    content = (folder / name).read_bytes()
    assert row
    assert (int(row[1]), row[2]) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_portrait(straight: Mesh, face: Face) -> None:
    assert straight.presence > 0.999
    assert straight.present
    assert straight.points.shape == (468, 3)
    right, left = (straight.points[i, :2] for i in OUTER_EYES)
    assert np.linalg.norm((right + left) / 2 - face.points[:2].mean(0)) < 10
    assert np.linalg.norm(straight.points[NOSE_TIP, :2] - face.points[2]) < 15
    assert right[0] < straight.points[NOSE_TIP, 0] < left[0]
    assert straight.points[CHIN, 1] > face.points[3, 1] + 20
    assert straight.points[NOSE_TIP, 2] < straight.points[OUTER_EYES[0], 2], "the nose is nearer than the eyes"
    assert abs(straight.yaw) < 5
    assert abs(straight.pitch) < 12
    assert abs(straight.roll - lean(face)) < 5


def test_the_outline_of_a_face_is_no_face(mesher: Mesher, straight: Mesh) -> None:
    blob = np.full((300, 300, 3), 127, np.uint8)
    cv2.fillConvexPoly(blob, cv2.convexHull(straight.points[:, :2].astype(np.int32)), (150, 150, 150))
    seen = mesher(frame(blob), [Face((60, 60, 240, 240), 0.6, np.array([(110, 120), (190, 120)] + [(0, 0)] * 4))])
    assert seen[0].presence < 0.1
    assert not seen[0].present


@pytest.mark.parametrize("degrees", [-90, -45, -30, -10, 10, 30, 45, 90, 180])
def test_a_turned_picture_has_the_turned_points_and_another_roll(
    mesher: Mesher, portrait: np.ndarray, face: Face, straight: Mesh, degrees: int
) -> None:
    """Clockwise as seen is positive."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, -sin], [sin, cos]])
    middle = face.points.mean(0)
    matrix = np.column_stack([turn, 450 - turn @ middle])
    mesh = mesher(frame(warped(portrait, matrix, 900, 900)), [moved(face, matrix)])[0]
    assert mesh.presence > 0.99
    assert off(mesh, straight.points[:, :2] @ turn.T + matrix[:, 2]) < 0.03
    assert abs((mesh.roll - straight.roll - degrees + 180) % 360 - 180) < 2
    assert abs(mesh.yaw - straight.yaw) < 3
    assert abs(mesh.pitch - straight.pitch) < 3


@pytest.mark.parametrize("scale", [0.15, 0.3, 1.7, 6.0])
def test_a_scaled_picture_has_the_scaled_points(
    mesher: Mesher, portrait: np.ndarray, face: Face, straight: Mesh, scale: float
) -> None:
    """From a face of 25 pixels to one of a thousand."""
    matrix = np.array([[scale, 0, 11.0], [0, scale, -7.0]])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    large = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=how)
    shift = np.array([[1, 0, 11.0], [0, 1, -7.0]])
    picture = warped(large, shift, large.shape[1] + 20, large.shape[0])
    mesh = mesher(frame(picture), [moved(face, matrix)])[0]
    assert mesh.presence > 0.99
    assert off(mesh, straight.points[:, :2] * scale + matrix[:, 2]) < 0.05
    depth = np.ptp(mesh.points[:, 2]) / np.ptp(straight.points[:, 2])
    assert depth == pytest.approx(scale, rel=0.1), "z grows with x and y"


def test_a_mirrored_picture_turns_yaw_and_roll_round(
    mesher: Mesher, detectors: Detectors, portrait: np.ndarray, straight: Mesh
) -> None:
    picture = frame(np.ascontiguousarray(portrait[:, ::-1]))
    mesh = mesher(picture, detectors("full")(picture))[0]
    assert abs(mesh.yaw + straight.yaw) < 3
    assert abs(mesh.roll + straight.roll) < 3
    assert abs(mesh.pitch - straight.pitch) < 3


def test_the_border_of_the_picture_does_not_move_points(
    mesher: Mesher, portrait: np.ndarray, face: Face, straight: Mesh
) -> None:
    """The frame ends at the face's own outline; its border's pixels stand in for what is missing."""
    low, high = straight.points[:, :2].min(0).astype(int), straight.points[:, :2].max(0).astype(int)
    cut = np.ascontiguousarray(portrait[low[1] : high[1], low[0] : high[0]])
    here = moved(face, np.array([[1, 0, -low[0]], [0, 1, -low[1]]], float))
    mesh = mesher(frame(cut), [here])[0]
    assert mesh.presence > 0.9
    assert off(mesh, straight.points[:, :2] - low) < 0.1


def test_a_batch_gives_what_singles_give(mesher: Mesher, portrait: np.ndarray, face: Face) -> None:
    """More faces than go into one batch, each at a place of its own."""
    shifts = [np.array([[1, 0, x], [0, 1, y]], float) for x, y in np.random.default_rng(0).uniform(-20, 20, (19, 2))]
    faces = [Face(moved(face, s).box, face.score, face.points) for s in shifts]
    together = mesher(frame(portrait), faces)
    assert len(together) == 19
    for one, mesh in zip(faces, together, strict=True):
        alone = mesher(frame(portrait), [one])[0]
        np.testing.assert_allclose(mesh.points, alone.points, atol=0.01)
        np.testing.assert_allclose(
            (mesh.presence, mesh.yaw, mesh.pitch, mesh.roll),
            (alone.presence, alone.yaw, alone.pitch, alone.roll),
            atol=0.01,
        )


def test_no_faces_need_no_network(monkeypatch: pytest.MonkeyPatch, portrait: np.ndarray) -> None:
    monkeypatch.setattr(module, "MODEL", "not-there.tflite")
    assert Mesher()(frame(portrait), []) == ()


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 0), (5, 5, 5.1, 5.1), (-900, -900, -800, -800), (-4000, -4000, 4600, 4600), (511, 599, 513, 601)]
)
@pytest.mark.parametrize("shape", [(600, 512), (1, 1), (2, 900)])
def test_odd_boxes_do_no_harm(mesher: Mesher, box: tuple, shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    before = picture.copy()
    mesh = mesher(frame(picture), [Face(box, 0.5, np.zeros((6, 2)))])[0]
    assert 0 <= mesh.presence <= 1
    assert np.isfinite([*mesh.points.ravel(), mesh.yaw, mesh.pitch, mesh.roll]).all()
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("file", ["MODEL", "MEAN"])
@pytest.mark.parametrize("name", ["README.md", "not-there"])
def test_a_broken_or_missing_file_is_an_error(
    monkeypatch: pytest.MonkeyPatch, portrait: np.ndarray, face: Face, file: str, name: str
) -> None:
    monkeypatch.setattr(f"emolive.faces.{'mesh' if file == 'MODEL' else 'mean_mesh'}.{file}", name)
    mean_mesh.cache_clear()
    with pytest.raises(EmoliveError, match="Install emolive again"):
        Mesher()(frame(portrait), [face])
    mean_mesh.cache_clear()


def test_it_says_nothing_and_needs_neither_torch_nor_mediapipe() -> None:
    code = """
import sys
import numpy as np
from emolive.faces.mesh import Mesher
from emolive.core.scene import Face, Frame
mesh, = Mesher()(Frame(0, 0.0, np.zeros((90, 90, 3), np.uint8)), [Face((20, 20, 60, 60), 1.0, np.zeros((6, 2)))])
print(mesh.present, {'torch', 'mediapipe'} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False set()\n", "")


@pytest.mark.parametrize(
    ("kind", "name", "least"),
    [("full", "group-1", 10), ("tiled", "group-1", 13), ("full", "group-2", 3), ("full", "multi_face", 5)]
    + [("full", name, 1) for name in ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")],
)
def test_real_faces_are_there(
    mesher: Mesher, detectors: Detectors, photo: Photo, kind: str, name: str, least: int
) -> None:
    picture = frame(photo(name))
    meshes = mesher(picture, detectors(kind)(picture))
    assert len(meshes) >= least
    assert min(mesh.presence for mesh in meshes) > 0.99


@pytest.mark.parametrize(("name", "begins"), [("no_face.mp4", 0), *dear(("face_noface.mov", 72))])
def test_phantoms_are_not_there(mesher: Mesher, detectors: Detectors, video: Video, name: str, begins: int) -> None:
    """Letters that the detector takes for faces. One look may err; none of them is taken for one three times."""
    tracker, looks = Tracker(), {}
    for picture in video(name):
        if picture.index >= begins:
            faces = tracker(detectors("full")(picture), picture)
            for face, mesh in zip(faces, mesher(picture, faces), strict=True):
                looks.setdefault(face.track, []).append(mesh.presence)
    presences = np.array([p for track in looks.values() for p in track])
    assert len(presences) >= 10
    assert np.mean(presences <= 0.1) >= 0.8
    assert max(sum(p >= 0.5 for p in track) for track in looks.values()) < 3


def test_a_face_that_is_there_is_there_in_every_frame(mesher: Mesher, detectors: Detectors, video: Video) -> None:
    for picture in video("face_noface.mov"):
        if picture.index > 70:
            break
        if picture.index % 7 == 0:
            assert [m.presence > 0.99 for m in mesher(picture, detectors("full")(picture))] == [True]


def test_a_head_that_leans_in_a_film_is_read_so(mesher: Mesher, detectors: Detectors, video: Video) -> None:
    """A woman leans her head towards her right shoulder, anticlockwise as seen, near the end of the film."""
    rolls = [
        mesher(picture, detectors("full")(picture))[0].roll
        for picture in video("WolfgangLanger_Pexels.mp4")
        if picture.index in (300, 420)
    ]
    assert abs(rolls[0]) < 10
    assert rolls[1] < -18
