"""What is learnt from and what is judged by have nothing in common: twins, groups, folders that are the same."""

import logging
import shutil

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import SMALL

from emolive.commands.main import cli
from emolive.core.errors import EmoliveError
from emolive.training.dataset import Faces, read_faces
from emolive.training.fit import train
from emolive.training.sides import groups, load_data, split
from emolive.training.twins import same_group, twins


def scene(seed: int, size: int = 64) -> np.ndarray:
    """A smooth random picture (size, size, 3) uint8, unlike all others."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (9, 9), dtype=np.uint8)
    return np.repeat(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)[..., None], 3, axis=2)


def recompressed(picture: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)


def smaller(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(cv2.resize(picture, (40, 40), interpolation=cv2.INTER_AREA), picture.shape[:2])


COPIES = {
    "itself": lambda p: p,
    "recompressed": recompressed,
    "scaled": smaller,
    "mirrored": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "mirrored, recompressed": lambda p: recompressed(np.ascontiguousarray(p[:, ::-1])),
    "lighter": lambda p: cv2.convertScaleAbs(p, alpha=0.8, beta=30),
    "written on": lambda p: cv2.putText(p.copy(), "c", (2, 62), cv2.FONT_HERSHEY_PLAIN, 0.8, (255, 255, 255)),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_found_among_many_and_nothing_else(copy):
    others = np.stack([scene(i) for i in range(600)])  # more than are compared at once
    found = twins(others, np.stack([scene(1000), copy(scene(555)), scene(1001), copy(scene(7))]))
    assert found.rows.tolist() == [[7, 3], [555, 1]]
    assert found.seconds().tolist() == [1, 3]
    assert (found.alike > 0.98).all()


def test_pairs_among_themselves_are_named_once():
    crops = np.stack([scene(1), scene(2), scene(1), scene(3), scene(1)])
    assert twins(crops).rows.tolist() == [[0, 2], [0, 4], [2, 4]]


def test_blank_pictures_are_twins_of_blank_ones_only():
    crops = np.stack([np.full((64, 64, 3), 9, np.uint8), scene(1), np.full((64, 64, 3), 200, np.uint8)])
    assert twins(crops).rows.tolist() == [[0, 2]]


def test_same_group_is_a_walk_along_the_pairs():
    group = same_group(7, np.array([[0, 1], [5, 4], [1, 6]]))
    assert [set(np.flatnonzero(group == g)) for g in dict.fromkeys(group)] == [{0, 1, 6}, {2}, {3}, {4, 5}]


def faces_of(truth: list[int]) -> Faces:
    n = len(truth)
    return Faces(np.zeros((n, 1, 1, 3), np.uint8), np.array(truth), np.eye(3, dtype=np.float32)[truth],
                 ("a", "b", "c"), tuple(f"{k}/{i}" for i, k in enumerate(truth)))  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), min_size=6, max_size=80), st.floats(0.05, 0.6),
       st.integers(0, 3))  # fmt: skip
def test_a_split_parts_no_group_and_leaves_every_class_on_both_sides(pictures, fraction, seed):
    faces, group = faces_of([k for k, _ in pictures]), np.array([g for _, g in pictures])
    try:
        learnt, held = split(faces, fraction, seed, group)
    except EmoliveError:
        return
    names = dict(zip(faces.files, group, strict=True))
    sides = [{names[name] for name in side.files} for side in (learnt, held)]
    assert not sides[0] & sides[1]
    assert sorted(learnt.files + held.files) == sorted(faces.files)
    assert set(learnt.truth) == set(held.truth) == set(faces.truth)


def test_twins_stay_on_one_side(folder, tmp_path):
    for kind in ("happy", "sad"):
        (tmp_path / kind).mkdir()
        for i in range(6):
            picture = scene(i + 100 * (kind == "sad"))
            for name, copy in (("a", picture), ("b", recompressed(picture)), ("c", picture[:, ::-1])):
                cv2.imwrite(str(tmp_path / kind / f"{i}{name}.png"), copy)
    for seed in range(5):
        learnt, held = load_data(tmp_path, 48, 0.3, seed)
        stems = [{(name[:5], name.rpartition("/")[2][0]) for name in side.files} for side in (learnt, held)]
        assert not stems[0] & stems[1]
        assert len(held) == 12


@pytest.fixture
def people(tmp_path):
    """Four people with three pictures in each of two emotions."""
    for k, kind in enumerate(("happy", "sad")):
        (tmp_path / kind / "more").mkdir(parents=True)
        for person in range(4):
            for i in range(3):
                name = "more/" * (i == 2) + f"film1_person{person}_{i}.png"
                cv2.imwrite(str(tmp_path / kind / name), scene(1000 * k + 10 * person + i))
    return tmp_path


def who(faces) -> set[str]:
    return {name.partition("person")[2][0] for name in faces.files}


def test_a_pattern_keeps_people_together(people):
    for pattern in (r"person\d", r"person(\d)_", r"film(\d)_person(\d)"):
        learnt, held = load_data(people, 48, 0.25, 1, pattern)
        assert not who(learnt) & who(held)
        assert (len(learnt), len(held)) == (18, 6)
    assert len(np.unique(groups(read_faces(people, 48), ""))) == 24


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"person[01]", "in 12 of 24 names; it is not in happy/film1_person2_0.png"),
        ("(", "no regular expression"),
        ("film1", "class happy has 12 pictures that may not be parted"),
        ("happy", "in 0 of 24"),
    ],
)
def test_a_pattern_that_does_not_do_is_named(people, pattern, said):
    with pytest.raises(EmoliveError, match=said.replace("(", r"\(")):
        load_data(people, 48, 0.25, 1, pattern)


def test_the_same_folder_twice_is_refused(people, tmp_path):
    for name in ("train", "val"):
        shutil.copytree(people, tmp_path / "d" / name, ignore=shutil.ignore_patterns("d"))
    with pytest.raises(EmoliveError, match="24 of the 24 pictures to judge by"):
        load_data(tmp_path / "d", 48)
    (tmp_path / "e").mkdir()
    for name in ("train", "val"):
        (tmp_path / "e" / name).symlink_to(tmp_path / "d" / "train")
    with pytest.raises(EmoliveError, match="pixel for pixel"):
        load_data(tmp_path / "e", 48)


def test_groups_on_both_sides_are_named(people, tmp_path):
    for name, person in (("train", "[012]"), ("val", "[23]")):
        for kind in ("happy", "sad"):
            (tmp_path / "d" / name / kind).mkdir(parents=True)
            for i, path in enumerate(sorted((people / kind).rglob(f"*person{person}_*"))):
                if name == "train" or i % 3:
                    shutil.copy(path, tmp_path / "d" / name / kind)
    load_data(tmp_path / "d", 48)
    with pytest.raises(EmoliveError, match=r"person2 .*on both sides"):
        load_data(tmp_path / "d", 48, group_by=r"person\d")


def test_twins_across_given_splits_are_shown(data, tmp_path, caplog):
    """One picture of validation is a recompressed one of training: named, counted and drawn."""
    root = shutil.copytree(data, tmp_path / "data", ignore=shutil.ignore_patterns("ferplus.csv"))
    for i in range(3):
        cv2.imwrite(str(root / "train" / "bars" / f"0{i}.png"), scene(i))
    cv2.imwrite(str(root / "validation" / "bars" / "00.png"), recompressed(scene(1)))
    with caplog.at_level(logging.WARNING), pytest.raises(EmoliveError, match="nothing to keep"):
        stop_at_once(root, tmp_path / "out")
    assert "of the 24 pictures to judge by are, or nearly, among those to learn from" in caplog.text
    table = (tmp_path / "out" / "twins.csv").read_text().splitlines()
    assert table[0] == "learnt,judged,correlation"
    assert any(line.startswith("bars/01.png,bars/00.png,0.9") for line in table)
    grid = cv2.imread(str(tmp_path / "out" / "twins.png"))
    assert grid.shape[1] > 900


def stop_at_once(data, out) -> None:
    with pytest.MonkeyPatch.context() as patch:

        def interrupt(*_):
            raise KeyboardInterrupt

        patch.setattr("emolive.training.network.Emotions.training_step", interrupt)
        train(data, out, SMALL)


def test_the_command_takes_the_pattern(people, tmp_path):
    words = ["train", str(people), "--out", str(tmp_path / "out"), "--init", "none", "--group-by", "person[01]"]
    done = CliRunner().invoke(cli, words)
    assert (done.exit_code, "in 12 of 24 names" in done.output) == (1, True)
