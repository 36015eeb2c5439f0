"""Outputs never hurt what is there."""

import os

import cv2
import numpy as np
import pytest
from films import pictures_of, scene_of

from emolive.core.errors import OutputError
from emolive.core.scene import Frame
from emolive.media.record import PictureWriter, check_output


def test_the_folder_is_made(tmp_path):
    check_output(tmp_path / "a" / "b" / "out.mp4")
    assert (tmp_path / "a" / "b").is_dir()
    assert not (tmp_path / "a" / "b" / "out.mp4").exists()


def test_an_existing_file_only_with_overwrite(tmp_path):
    (tmp_path / "out.mp4").write_text("precious")
    with pytest.raises(OutputError, match="--overwrite"):
        check_output(tmp_path / "out.mp4")
    check_output(tmp_path / "out.mp4", overwrite=True)
    assert (tmp_path / "out.mp4").read_text() == "precious"


@pytest.mark.parametrize("kind", ["same", "symlink", "hardlink", "dots"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_never_the_input(tmp_path, kind, overwrite):
    film, other = tmp_path / "in.mp4", tmp_path / "out.mp4"
    film.write_text("precious")
    (tmp_path / "sub").mkdir()
    if kind == "same":
        other = film
    elif kind == "symlink":
        other.symlink_to(film)
    elif kind == "hardlink":
        os.link(film, other)
    else:
        other = tmp_path / "sub" / ".." / "in.mp4"
    with pytest.raises(OutputError, match="the input itself"):
        check_output(other, [tmp_path / "none.mp4", film], overwrite)


def test_folders(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path, overwrite=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Choose another folder"):
        check_output(tmp_path / "file" / "sub" / "out.mp4")


FRAME = Frame(0, 0.0, np.random.default_rng(0).integers(0, 255, (31, 45, 3), np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_is_written_once(tmp_path, suffix):
    path = tmp_path / "new" / f"out{suffix}"
    with PictureWriter(path) as write:
        write(scene_of(FRAME), pictures_of(FRAME))
        path.rename(tmp_path / f"first{suffix}")
        write(scene_of(FRAME), pictures_of(FRAME))  # drawn anew
        assert not path.exists()
        assert write.notes() == ()
    bgr = cv2.imread(str(tmp_path / f"first{suffix}"))
    assert bgr.shape == FRAME.bgr.shape
    if suffix == ".png":
        assert np.array_equal(bgr, FRAME.bgr)
    assert list(path.parent.iterdir()) == []  # nothing half done is left


def test_a_second_picture_is_an_error(tmp_path):
    second = Frame(1, 40.0, FRAME.bgr)
    with PictureWriter(tmp_path / "out.png") as write:
        write(scene_of(FRAME), pictures_of(FRAME))
        with pytest.raises(OutputError, match=r"\.mp4"):
            write(scene_of(second), pictures_of(second))


def test_pictures_with_a_wrong_ending(tmp_path):
    for name in ("out.xyz", "out"):
        with pytest.raises(OutputError, match=r"out\.png"), PictureWriter(tmp_path / name):
            pass


def test_a_picture_that_cannot_be_written(tmp_path):
    with PictureWriter(tmp_path / "gone" / "out.png") as write:
        (tmp_path / "gone").rmdir()
        with pytest.raises(OutputError, match="Choose another folder"):
            write(scene_of(FRAME), pictures_of(FRAME))
