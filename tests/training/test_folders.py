"""Folders as people have them: splits by their common names, junk, and what is refused because it is doubtful."""

import logging
import shutil

import pytest

from emolive.core.errors import EmoliveError
from emolive.training.dataset import read_faces
from emolive.training.folders import is_junk, role
from emolive.training.sides import load_data

SPLITS = [
    ("Train", "Validation"), ("TRAIN", "VAL"), ("training", "valid"), ("Training", "PublicTest"),
    ("train_set", "val-set"), ("train data", "validation data"), ("Train", "dev"),
]  # fmt: skip


@pytest.mark.parametrize(("train", "validation"), SPLITS)
def test_splits_are_known_by_their_names(folder, tmp_path, train, validation):
    folder(tmp_path / train, 4, 1)
    folder(tmp_path / validation, 2, 2)
    folder(tmp_path / "PrivateTest", 3, 3)
    learnt, held = load_data(tmp_path, 32)
    assert learnt.labels == held.labels == ("bars", "disc")
    assert (len(learnt), len(held)) == (8, 4)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("Train", "Test"), "no validation.*give .*Train itself"),
        (("val", "test"), "nothing to learn from"),
        (("PrivateTest", "PublicTest"), "nothing to learn from"),
        (("train", "Training", "val"), "train and Training|Training and train"),
        (("train", "val", "valid"), "val and valid"),
        (("happy", "sad", "test"), "splits or classes"),
        (("train", "happy"), "splits or classes"),
        (("fer2013/train", "fer2013/val"), "Give .*fer2013"),
        (("happy/train", "happy/test", "sad/train", "sad/test"), "inside a class"),
        (("data/happy", "data/sad"), "give .*data"),
        (("train/all/happy", "train/all/sad", "val/all/happy", "val/all/sad"), "give .*all"),
    ],
    ids=str,
)
def test_what_is_doubtful_is_refused(folder, tmp_path, names, said):
    for number, name in enumerate(names):
        folder(tmp_path / name, 2, number)
    with pytest.raises(EmoliveError, match=said):
        load_data(tmp_path, 32)


def test_splits_are_no_classes_to_be_judged(folder, tmp_path):
    for name in ("train", "Test"):
        folder(tmp_path / name, 2, 0)
    with pytest.raises(EmoliveError, match=r"Give one of them: .*Test"):
        read_faces(tmp_path, 32)


def test_other_folders_beside_both_splits_are_left_alone(folder, tmp_path):
    for number, name in enumerate(("train", "validation", "raw")):
        folder(tmp_path / name, 2, number)
    assert [len(faces) for faces in load_data(tmp_path, 32)] == [4, 4]


JUNK = [".ipynb_checkpoints", "@eaDir", "__MACOSX", "$RECYCLE.BIN", ".thumbnails", "System Volume Information"]


def litter(root, source) -> None:
    """Leave in `root` what systems leave: folders with pictures and pictures with odd names, everywhere."""
    for name in JUNK:
        for place in (root / name, root / "bars" / name, root / "bars" / "more" / name):
            place.mkdir(parents=True)
            shutil.copy(source, place / "00-checkpoint.png")
    for name in ("Thumbs.db", ".DS_Store", "._00.png", ".hidden.png", "00.png~", "desktop.ini", "THUMBS.DB"):
        shutil.copy(source, root / "disc" / name)
    shutil.copy(source, root / "loose.png")
    (root / "bars" / "notes.txt").write_text("taken in May")
    (root / "bars" / "film.gif").write_bytes(b"GIF89a")


def test_junk_is_no_picture_and_no_class(folder, tmp_path, caplog):
    clean = read_faces(folder(tmp_path / "d", 3, 0), 32)
    litter(tmp_path / "d", tmp_path / "d" / "bars" / "00.png")
    with caplog.at_level(logging.WARNING):
        faces = read_faces(tmp_path / "d", 32)
    assert (faces.labels, faces.files, faces.unreadable) == (clean.labels, clean.files, ())
    for said in (".ipynb_checkpoints (3)", "@eaDir (3)", ".txt (1)", ".gif (1)", "Thumbs.db (1)", "dot files (3)",
                 "beside the class folders (1)"):  # fmt: skip
        assert said in caplog.text
    count = sum(1 for path in (tmp_path / "d").rglob("*") if path.is_file()) - len(faces)
    assert f"{count} files in" in caplog.text


def test_junk_is_on_neither_side_of_a_split(folder, tmp_path):
    root = folder(tmp_path / "d", 10, 0)
    litter(root, root / "bars" / "00.png")
    learnt, held = load_data(root, 32)
    assert learnt.labels == ("bars", "disc")
    assert sorted(learnt.files + held.files) == sorted(f"{k}/{i:02}.png" for k in ("bars", "disc") for i in range(10))


@pytest.mark.parametrize("name", ["happy", "surprise", "Tests of anger", "developing", "trained", "neutral", "valor"])
def test_names_of_classes_are_neither_splits_nor_junk(name):
    assert role(name) is None
    assert not is_junk(name)
