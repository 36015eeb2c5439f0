"""Bent pictures: against cv2's own remapping, against the mesh that reads them again, and what chance makes of them."""

import dataclasses

import cv2
import numpy as np
import pytest
import torch
from toy import SMALL

from emolive.core.errors import EmoliveError
from emolive.faces.mean_mesh import mean_mesh, rotation
from emolive.media.cast import hopper
from emolive.training.bend import (
    CORNERS,
    GRID,
    LEND,
    MESHES,
    Bends,
    Meshes,
    bends,
    bent,
    keep_meshes,
    kept_meshes,
    read_meshes,
    spread,
)  # fmt: skip
from emolive.training.fit import train

LABELS = ("angry", "happy", "neutral")
RIGHT, LEFT = CORNERS


def shapes(smiles: np.ndarray, yaw: float = 0.0) -> np.ndarray:
    """Meshes (N, 468, 3) of the mean face whose corners of the mouth are so far out, turned by `yaw`."""
    points = np.tile(mean_mesh().points - 0.5, (len(smiles), 1, 1))
    points[:, RIGHT, 0] -= smiles
    points[:, LEFT, 0] += smiles
    points[:, 13:15] = points[:, 13:15].mean(1, keepdims=True)  # the lips are closed
    return points @ rotation(yaw, 0, 0).T * 0.8 + 0.5


@pytest.fixture(scope="module")
def known() -> tuple[Bends, np.ndarray]:
    """Bends of 15 neutral, 15 happy and 15 angry faces, and where the mouths' corners of the happy are."""
    smiles = np.concatenate([np.zeros(15), np.linspace(0.01, 0.05, 15), np.zeros(15)])
    truth = np.repeat([2, 1, 0], 15)
    return bends(Meshes(np.ones(45), shapes(smiles)), truth, LABELS), smiles


def at(moves: torch.Tensor, x: float, y: float) -> np.ndarray:
    """The move at a place of the unit square."""
    grid = moves.float().numpy().transpose(1, 2, 0)
    return cv2.remap(grid, *(np.float32([[v * GRID - 0.5]]) for v in (x, y)), cv2.INTER_LINEAR)[0, 0]


def test_each_face_moves_as_far_as_its_own_expression_goes(known):
    found, smiles = known
    x, y, _ = shapes(smiles)[20, LEFT]
    outwards = [float(at(found.moves[row], x, y)[0]) for row in range(15, 30)]
    assert np.corrcoef(outwards, smiles[15:30])[0, 1] > 0.999
    assert outwards[0] > 0
    # The corners are among many points that stand still, so less moves than they do; but never more.
    assert all(0 < move < 0.8 * smile for move, smile in zip(outwards, smiles[15:30], strict=True))


def test_neutral_faces_are_given_the_average_smile_and_others_are_not(known):
    found, smiles = known
    assert found.given.tolist() == [1] * 15 + [-1] * 30
    x, y, _ = shapes(smiles)[0, RIGHT]
    assert at(found.moves[0], x, y)[0] < 0
    assert not found.moves[30:].any()  # these angry faces are the neutral ones


@pytest.mark.parametrize("yaw", [-40.0, 40.0])
def test_a_turned_head_smiles_in_its_own_space(known, yaw):
    smiles = np.zeros(31)
    smiles[15:30] = 0.03
    points = shapes(smiles)
    points[30:] = shapes(np.zeros(1), yaw)
    found = bends(Meshes(np.ones(31), points), np.array([2] * 15 + [1] * 15 + [2]), LABELS)
    near, far = (at(found.moves[30], *points[30, corner, :2])[0] for corner in (RIGHT, LEFT))
    straight = at(found.moves[0], *points[0, LEFT, :2])[0]
    assert near < 0 < far
    assert max(-near, far) < straight  # foreshortened


def test_what_is_not_known_stays_as_it_is():
    truth = np.repeat([2, 1], 15)
    points = shapes(np.repeat([0, 0.05], 15))
    assert not bends(Meshes(np.zeros(30), points), truth, LABELS).moves.any()
    assert not bends(Meshes(np.ones(30), points), truth, ("a", "b", "c")).moves.any()


def test_bending_is_cv2s_remapping():
    draw = np.random.default_rng(0)
    picture = draw.integers(0, 255, (48, 48), np.uint8)
    moves = spread(draw.random((468, 2)), draw.normal(0, 0.03, (468, 2))).astype(np.float32)
    fine = cv2.resize(moves.transpose(1, 2, 0), (48, 48), interpolation=cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(48, dtype=np.float32), np.arange(48, dtype=np.float32))
    theirs = cv2.remap(picture, x - 0.7 * 48 * fine[..., 0], y - 0.7 * 48 * fine[..., 1], cv2.INTER_LINEAR,
                       borderMode=cv2.BORDER_REFLECT)  # fmt: skip
    ours = bent(torch.from_numpy(picture)[None], torch.from_numpy(moves), 0.7)[0].numpy()
    assert np.abs(ours.astype(int) - theirs)[2:-2, 2:-2].max() <= 4  # cv2 samples to a 32nd of a pixel
    same = bent(torch.from_numpy(picture)[None], torch.from_numpy(moves), 0.0)[0].numpy()
    np.testing.assert_array_equal(same, picture)


def test_the_mesh_reads_the_smile_that_was_put_on(known):
    side = 400
    picture = cv2.resize(hopper()[40:400, 70:430], (side, side))
    picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[..., None], 3, 2)
    before = read_meshes(picture[None])
    assert before.presence[0] > 0.5
    moves = spread(before.points[0, :, :2], _smile(before.points[0]))
    wide = []
    for much in (0.0, 1.0, -1.0):
        smiling = bent(torch.from_numpy(picture[..., 0])[None], torch.from_numpy(moves), much)[0].numpy()
        points = read_meshes(np.repeat(smiling[None, ..., None], 3, 3)).points[0]
        wide.append(np.linalg.norm(points[LEFT] - points[RIGHT]))
    assert wide[2] < wide[0] < wide[1]


def _smile(points: np.ndarray) -> np.ndarray:
    """Steps (468, 2) that widen the mouth: what is near a corner goes outwards."""
    steps = np.zeros((len(points), 2))
    for corner, sign in ((RIGHT, -1), (LEFT, 1)):
        near = np.exp(-np.square((points - points[corner])[:, :2] / 0.06).sum(1))
        steps[:, 0] += sign * 0.03 * near
    return steps


def test_chance_gives_smiles_to_neutral_faces_and_leaves_others_their_class(known):
    found, _ = known
    picture = torch.full((1, 48, 48), 128, dtype=torch.uint8)
    torch.manual_seed(0)
    both = torch.tensor([0.0, 0, 1, 0.1, 0, 0.9])
    shown = [found.by_chance(0, picture, both, torch.tensor(2)) for _ in range(300)]
    smiling = [(targets.tolist(), int(truth)) for _, targets, truth in shown if int(truth) == 1]
    assert abs(len(smiling) / 300 - LEND) < 0.1
    assert all(one == ([0, 1, 0, 0, 1, 0], 1) for one in smiling)
    assert all(torch.equal(targets, both) for _, targets, truth in shown if int(truth) == 2)
    happy = torch.tensor([0.0, 1, 0])
    assert all(int(found.by_chance(20, picture, happy, torch.tensor(1))[2]) == 1 for _ in range(50))


def test_meshes_come_back_in_the_order_that_is_asked_for(tmp_path):
    points = np.random.default_rng(0).random((3, 468, 3))
    keep_meshes(tmp_path / MESHES, Meshes(np.array([0.1, 0.5, 0.9]), points), ["a/1", "b/2", "c/3"])
    kept = kept_meshes(tmp_path / MESHES, ["c/3", "a/1"])
    np.testing.assert_allclose(kept.presence, [0.9, 0.1], atol=1e-6)
    np.testing.assert_allclose(kept.points, points[[2, 0]], atol=1 / 2048)


@pytest.mark.parametrize("wrong", ["missing", "cut", "another picture"])
def test_without_the_pictures_meshes_a_sentence_says_what_writes_them(data, tmp_path, wrong):
    path = tmp_path / MESHES
    if wrong != "missing":
        keep_meshes(path, Meshes(np.ones(1), np.zeros((1, 468, 3))), ["x"])
    if wrong == "cut":
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(EmoliveError, match="mesh_faces"):
        kept_meshes(path, ["y"])
    with pytest.raises(EmoliveError, match="mesh_faces"):
        train(data, tmp_path / "out", dataclasses.replace(SMALL, bend=0.5))
