"""The mean face, the angles of heads, and pictures brought onto the mean face."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from scipy.spatial.transform import Rotation

from emolive.core.installed import weights
from emolive.core.mesh import Mesh
from emolive.core.scene import Face, Frame
from emolive.faces.detect import Detector
from emolive.faces.mean_mesh import fit, mean_mesh, rotation, turned
from emolive.faces.mesh import Mesher
from emolive.faces.register import areas, cover, places, register

NOSE_TIP, CHIN, FOREHEAD = 1, 152, 10
OUTER_EYES = 33, 263
SIZE = 128


@pytest.fixture(scope="module")
def portrait_mesh(portrait: np.ndarray) -> Mesh:
    frame = Frame(0, 0.0, portrait)
    with Detector() as detector:
        return Mesher()(frame, detector(frame))[0]


def mesh_of(points: np.ndarray) -> Mesh:
    return Mesh(1.0, points, *turned(points))


def ahead(size: float = 200.0) -> np.ndarray:
    """The mean face in a picture, looking straight ahead."""
    return mean_mesh().points * size


def test_the_mean_face_lies_in_the_middle_and_is_alike_on_both_sides() -> None:
    mean = mean_mesh()
    low, high = mean.points.min(0), mean.points.max(0)
    np.testing.assert_allclose((low + high)[:2] / 2, 0.5, atol=1e-6)
    assert high[1] - low[1] == pytest.approx(0.9, abs=1e-5)
    right, left = mean.points[OUTER_EYES, :]
    np.testing.assert_allclose(right * [-1, 1, 1] + [1, 0, 0], left, atol=1e-6)
    assert right[0] < 0.5 < left[0]
    assert mean.points[FOREHEAD, 1] < right[1] < mean.points[NOSE_TIP, 1] < mean.points[CHIN, 1]
    assert mean.points[NOSE_TIP, 2] < right[2]


def test_its_triangles_cover_the_face_without_a_gap() -> None:
    """Euler: a disc of P points with B of them on its rim has 2P - 2 - B triangles. Each inner edge lies in two."""
    mean = mean_mesh()
    edges = [frozenset((int(t[i]), int(t[i - 1]))) for t in mean.triangles for i in range(3)]
    rim = [edge for edge in set(edges) if edges.count(edge) == 1]
    assert len(mean.triangles) == 2 * 468 - 2 - len(rim) == 898
    assert {edges.count(edge) for edge in set(edges)} == {1, 2}
    assert sorted(set(mean.triangles.ravel())) == list(range(468))
    sides = areas(mean.points[mean.triangles])
    assert np.mean(sides < 0) > 0.98, "all but folds of nostrils and jaw show their face"
    assert np.isin(mean.triangles[-46:], range(468)).all()
    assert (sides[-46:] < 0).all(), "eyes and mouth lie open"


def test_its_file_names_its_source_and_licence() -> None:
    with safe_open(str(weights("mean_face.safetensors")), "np") as file:
        facts = json.loads(file.metadata()["about"])
    assert "102 people" in facts["source"]
    assert "doi:10.6084/m9.figshare.5047666" in facts["source"]
    assert "CC BY 4.0" in facts["licence"]


@given(st.floats(-85, 85), st.floats(-80, 80), st.floats(-179, 179), st.floats(0.1, 40), st.floats(-900, 900))
def test_known_turns_are_found_again(yaw: float, pitch: float, roll: float, size: float, shift: float) -> None:
    head = Rotation.from_euler("ZYX", [roll, -yaw, -pitch], degrees=True)  # scipy's, not ours
    np.testing.assert_allclose(rotation(yaw, pitch, roll), head.as_matrix(), atol=1e-9)
    points = head.apply(mean_mesh().points.copy()) * size + [shift, -shift, 3]
    np.testing.assert_allclose(turned(points), [yaw, pitch, roll], atol=1e-5)


@pytest.mark.parametrize(
    ("angles", "axis", "goes"),
    [((20, 0, 0), 0, +1), ((-20, 0, 0), 0, -1), ((0, 20, 0), 1, -1), ((0, -20, 0), 1, +1)],
    ids=["to the right", "to the left", "up", "down"],
)
def test_the_nose_points_where_the_angles_say(angles: tuple, axis: int, goes: int) -> None:
    head = mean_mesh().points @ rotation(*angles).T
    between_the_eyes = head[OUTER_EYES, :].mean(0)
    straight = mean_mesh().points[NOSE_TIP] - mean_mesh().points[OUTER_EYES, :].mean(0)
    assert np.sign((head[NOSE_TIP] - between_the_eyes - straight)[axis]) == goes


def test_a_roll_lowers_the_eye_on_the_pictures_right() -> None:
    head = mean_mesh().points @ rotation(0, 0, 15).T
    assert head[OUTER_EYES[1], 1] > head[OUTER_EYES[0], 1]


def test_many_heads_at_once_give_what_each_gives() -> None:
    dice = np.random.default_rng(0)
    heads = dice.normal(ahead(), 5, (7, 468, 3))
    np.testing.assert_allclose(turned(heads), [turned(head) for head in heads], atol=1e-9)
    assert turned(np.zeros((0, 468, 3))).shape == (0, 3)


def test_the_fit_is_the_best_one() -> None:
    """Against scipy's rotation, and no small change makes it better."""
    dice = np.random.default_rng(1)
    points = dice.normal(ahead(), 9)
    turn, scale, shift = fit(points, mean_mesh().points)
    mean = mean_mesh().points
    best, _ = Rotation.align_vectors(points - points.mean(0), mean - mean.mean(0))
    np.testing.assert_allclose(turn, best.as_matrix(), atol=1e-6)
    left = np.square(points - scale * mean @ turn.T - shift).sum()
    for factor in (0.99, 1.01):
        assert left < np.square(points - factor * scale * mean @ turn.T - shift).sum()
    assert left < np.square(points - scale * mean @ turn.T - shift - 0.1).sum()


@pytest.mark.parametrize(("yaw", "pitch"), [(25, 0), (-25, 0), (0, 20), (0, -20)])
def test_a_portrait_turned_in_space_is_seen_to_be_turned(
    portrait: np.ndarray, portrait_mesh: Mesh, yaw: float, pitch: float
) -> None:
    """Grace Hopper's skin on her own mesh, turned about its middle and drawn anew: the network reads the new angle."""
    points = portrait_mesh.points
    middle = points.mean(0)
    head = (points - middle) @ rotation(yaw, pitch, 0).T + middle
    height, width = portrait.shape[:2]
    over = cover(head, mean_mesh().triangles, width, height)
    found = np.full((height * width, 2), -9, np.float32)  # outside: grey
    found[over.pixels] = np.einsum("nc,ncd->nd", over.weights, points[mean_mesh().triangles[over.triangles], :2]) - 0.5
    grey = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": (110, 110, 110)}
    canvas = cv2.remap(portrait, found.reshape(height, width, 2), None, cv2.INTER_LINEAR, **grey)
    low, high = head[:, :2].min(0), head[:, :2].max(0)
    x, y, side = *((low + high) / 2), (high - low).max() * 0.9
    eyes = head[OUTER_EYES, :2]
    face = Face((x - side / 2, y - side / 2, x + side / 2, y + side / 2), 1.0, np.vstack([eyes, np.zeros((4, 2))]))
    mesh = Mesher()(Frame(0, 0.0, canvas), [face])[0]
    assert mesh.present
    read = np.array([mesh.yaw - portrait_mesh.yaw, mesh.pitch - portrait_mesh.pitch])
    along = read @ (yaw, pitch) / np.hypot(yaw, pitch) ** 2
    assert 0.5 < along < 1.2, "the network is cautious about turns to the side"
    assert np.linalg.norm(read - along * np.array([yaw, pitch])) < 6


def test_places_of_the_mean_face_itself_are_the_pixels_themselves() -> None:
    found = places(mesh_of(ahead(SIZE)), SIZE)
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    inside = np.isfinite(found[..., 0])
    assert 0.5 < inside.mean() < 0.6
    np.testing.assert_allclose(found[inside], np.stack([x, y], -1)[inside], atol=1e-3)
    np.testing.assert_array_equal(inside[:, 1:-1].sum(1)[64], inside[:, ::-1][:, 1:-1].sum(1)[64])


def test_a_point_of_the_mesh_comes_to_its_mean_point(portrait: np.ndarray, portrait_mesh: Mesh) -> None:
    """A picture whose colours are its own coordinates, brought over, holds each point's place at its mean place."""
    height, width = portrait.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) + 0.5
    size = 400
    moved, seen = register(np.stack([x, y], -1), portrait_mesh, size)
    checked = 0
    for point, mean in zip(portrait_mesh.points[:, :2], mean_mesh().points[:, :2] * size, strict=True):
        column, row = np.floor(mean).astype(int)
        if seen[row - 2 : row + 3, column - 2 : column + 3].all():
            assert np.linalg.norm(moved[row, column] - point) < 1.5
            checked += 1
    assert checked > 380


def test_a_dot_painted_on_the_nose_is_found_on_the_mean_nose(portrait: np.ndarray, portrait_mesh: Mesh) -> None:
    painted = np.zeros(portrait.shape[:2], np.float32)
    cv2.circle(painted, tuple(int(c) for c in portrait_mesh.points[NOSE_TIP, :2]), 4, 1.0, -1)
    moved, _ = register(painted, portrait_mesh, 256)
    y, x = np.nonzero(moved > 0.5)
    assert np.linalg.norm(np.array([x.mean(), y.mean()]) + 0.5 - mean_mesh().points[NOSE_TIP, :2] * 256) < 3


def test_a_heat_map_of_a_square_lands_where_the_frame_does(portrait_mesh: Mesh, portrait: np.ndarray) -> None:
    """Any grid over a part of the frame gives what the frame gives, where it lies; beyond it nothing is seen."""
    shows = (150.0, 100.0, 390.0, 220.0)  # no square: the two scales must not be mixed up
    heat = np.random.default_rng(0).random((6, 6)).astype(np.float32)
    whole = np.zeros(portrait.shape[:2], np.float32)
    whole[100:220, 150:390] = np.kron(heat, np.ones((20, 40), np.float32))
    smooth = cv2.resize(heat, (240, 120), interpolation=cv2.INTER_LINEAR)
    whole[100:220, 150:390] = smooth
    one, one_seen = register(heat, portrait_mesh, SIZE, shows, fill=-1)
    two, two_seen = register(whole, portrait_mesh, SIZE)
    assert 0 < one_seen.sum() < two_seen.sum()
    assert (two_seen | ~one_seen).all()
    assert (one[~one_seen] == -1).all()
    inner = cv2.erode(one_seen.astype(np.uint8), np.ones((5, 5))) > 0
    np.testing.assert_allclose(one[inner], two[inner], atol=0.03)


def test_of_a_turned_head_the_far_side_is_not_seen() -> None:
    for yaw, hidden in ((45, slice(SIZE // 2, None)), (-45, slice(None, SIZE // 2))):
        straight, turned_head = (
            np.isfinite(places(mesh_of(ahead() @ rotation(y, 0, 0).T), SIZE)[..., 0]) for y in (0, yaw)
        )
        lost = straight & ~turned_head
        assert lost[:, hidden].sum() > 0.1 * straight[:, hidden].sum()
        assert lost[:, hidden].sum() > 10 * (lost.sum() - lost[:, hidden].sum())


def test_a_face_half_out_of_the_picture_is_half_seen() -> None:
    picture = np.full((200, 100, 3), 200, np.uint8)
    moved, seen = register(picture, mesh_of(ahead(200)), SIZE, fill=7)
    whole = np.isfinite(places(mesh_of(ahead(200)), SIZE)[..., 0])
    np.testing.assert_array_equal(seen[:, : SIZE // 2], whole[:, : SIZE // 2])
    assert not seen[:, SIZE // 2 :].any()
    assert (moved[~seen] == 7).all()
    assert (moved[seen] == 200).all()


@pytest.mark.parametrize(
    "picture", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 1), np.float32), np.zeros((9, 9, 7), np.float32)]
)
def test_shapes_and_types_stay(picture: np.ndarray) -> None:
    moved, seen = register(picture, mesh_of(ahead(9)), 32)
    assert moved.dtype == picture.dtype
    assert moved.shape == (32, 32, *picture.shape[2:])
    assert seen.shape == (32, 32)


def test_a_cover_shows_the_nearest_of_two_triangles() -> None:
    far, near = [(0, 0, 5), (0, 20, 5), (20, 0, 5)], [(0, 0, 1), (0, 8, 1), (8, 0, 1)]
    over = cover(np.array(far + near, float), np.array([(0, 1, 2), (3, 4, 5), (2, 1, 0)]), 16, 12)
    which = np.full(16 * 12, -1)
    which[over.pixels] = over.triangles
    which = which.reshape(12, 16)
    assert which[1, 1] == 1
    assert which[9, 6] == 0
    assert which[11, 15] == -1
    np.testing.assert_allclose(over.weights.sum(1), 1)
