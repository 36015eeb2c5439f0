"""Folders of pictures: what is read, what is said about bad data."""

import logging

import cv2
import numpy as np
import pytest
from PIL import Image

from emolive.core.errors import EmoliveError
from emolive.faces.crop import crop_face, square
from emolive.media.pictures import PictureClip
from emolive.training.dataset import join_votes, read_faces, whole_crop
from emolive.training.sides import load_data, split


def test_reads_what_was_written(folder, tmp_path):
    faces = read_faces(folder(tmp_path / "d", 3, 0), 48)
    assert faces.labels == ("bars", "disc")
    assert faces.truth.tolist() == [0, 0, 0, 1, 1, 1]
    assert faces.files[4] == "disc/01.png"
    written = cv2.imread(str(tmp_path / "d/disc/01.png"))
    np.testing.assert_array_equal(faces.crops[4], written[..., ::-1])
    np.testing.assert_array_equal(faces.targets.sum(1), 1)


def test_the_labels_order_can_be_given(folder, tmp_path):
    faces = read_faces(folder(tmp_path / "d", 2, 0), 48, ("disc", "sad", "bars"))
    assert faces.truth.tolist() == [2, 2, 0, 0]
    assert faces.targets.shape == (4, 3)


def test_a_wide_picture_becomes_square():
    bgr = np.zeros((40, 80, 3), np.uint8)
    bgr[:, 40:] = (0, 0, 200)
    crop = whole_crop(bgr, 32)
    assert crop.shape == (32, 32, 3)
    assert crop[16, 2].tolist() == [0, 0, 0]
    assert crop[16, 30].tolist() == [200, 0, 0]


def test_unreadable_pictures_are_skipped_and_named(folder, tmp_path, caplog):
    root = folder(tmp_path / "d", 3, 0)
    (root / "bars" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (root / "bars" / "empty.png").touch()
    with caplog.at_level(logging.WARNING):
        faces = read_faces(root, 48)
    assert len(faces) == 6
    assert [name.rsplit("/", 1)[1] for name in faces.unreadable] == ["broken.jpg", "empty.png"]
    assert "2 of 8" in caplog.text
    assert "broken.jpg" in caplog.text


def test_a_picture_is_the_one_that_file_and_explain_see(tmp_path):
    """Transparency over white, .pgm, 16 bits, turned by EXIF: Pillow's own composition is the oracle."""
    draw = np.random.default_rng(0)
    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
    rgba = draw.integers(0, 256, (48, 48, 4)).astype(np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a" / "clear.png")
    gray = draw.integers(0, 256, (48, 48)).astype(np.uint8)
    Image.fromarray(gray).save(tmp_path / "a" / "gray.pgm")
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / "b" / "deep.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    Image.fromarray(gray).save(tmp_path / "b" / "turned.png", exif=exif)
    faces = read_faces(tmp_path, 48)
    crops = dict(zip(faces.files, faces.crops, strict=True))
    white = Image.alpha_composite(Image.new("RGBA", (48, 48), "white"), Image.fromarray(rgba)).convert("RGB")
    np.testing.assert_array_equal(crops["a/clear.png"], np.asarray(white))
    np.testing.assert_array_equal(crops["a/gray.pgm"][..., 1], gray)
    np.testing.assert_array_equal(crops["b/deep.png"][..., 1], gray)
    np.testing.assert_array_equal(crops["b/turned.png"][..., 1], np.rot90(gray, -1))
    for name, crop in crops.items():
        bgr = PictureClip(tmp_path / name).last_before(1.0)[1]
        np.testing.assert_array_equal(crop, crop_face(bgr, square((0.0, 0.0, 48.0, 48.0), 1.0), 48))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda d: (d / "train" / "happy").mkdir(), "happy"),
        (lambda d: [(d / s / "happy").mkdir() for s in ("train", "validation")], "happy"),
        (lambda d: (d / "validation").rename(d / "held"), "train beside held"),
    ],
    ids=["folders differ", "empty class", "no validation"],
)
def test_bad_folders_are_named(folder, tmp_path, spoil, said):
    for name in ("train", "validation"):
        folder(tmp_path / name, 3, 0)
    spoil(tmp_path)
    with pytest.raises(EmoliveError, match=said):
        load_data(tmp_path, 48)


def test_one_class_only(folder, tmp_path):
    with pytest.raises(EmoliveError, match="one class only"):
        load_data(folder(tmp_path / "d", 3, 0, ("disc",)), 48)


def test_no_folder(tmp_path):
    with pytest.raises(EmoliveError, match="no folder"):
        load_data(tmp_path / "nowhere", 48)


def test_split_is_stratified_disjoint_and_repeatable(folder, tmp_path):
    root = folder(tmp_path / "d", 10, 0)
    faces = read_faces(root, 48)
    train, held = split(faces, 0.3, seed=5)
    assert np.bincount(held.truth).tolist() == [3, 3]
    assert sorted(train.files + held.files) == sorted(faces.files)
    assert split(faces, 0.3, seed=5)[1].files == held.files
    assert split(faces, 0.3, seed=6)[1].files != held.files


def test_votes_become_targets_that_sum_to_one(folder, tmp_path):
    root = folder(tmp_path / "d", 2, 0)
    (root / "ferplus.csv").write_text("file,disc,bars,NF\nbars/00.png,2,6,2\ndisc/00.png,0,0,10\n")
    soft = join_votes(read_faces(root, 48), root / "ferplus.csv")
    np.testing.assert_allclose(soft.targets.sum(1), 1)
    np.testing.assert_allclose(soft.targets, [[0.75, 0.25], [1, 0], [0, 1], [0, 1]])
    half = join_votes(read_faces(root, 48), root / "ferplus.csv", share=0.5)
    np.testing.assert_allclose(half.targets[0], [0.875, 0.125])


def test_a_table_without_the_classes_is_named(folder, tmp_path):
    root = folder(tmp_path / "d", 2, 0)
    (root / "ferplus.csv").write_text("file,disc\nbars/00.png,2\n")
    with pytest.raises(EmoliveError, match="bars"):
        join_votes(read_faces(root, 48), root / "ferplus.csv")
