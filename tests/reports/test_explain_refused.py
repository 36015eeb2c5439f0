"""What `emolive explain` is given by chance or by malice: it works, or a sentence says at once what to do."""

import io
import os
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from emolive.core.errors import OutputError, SourceError
from emolive.media.pictures import read_picture
from emolive.reports.explain import Request, explain, find
from emolive.reports.folder import check_folder

QUICK = Request(("gradcam",), ("layer4",))


def pictures(name: str, folder: Path, moving: bool) -> Path:
    """A file of one picture, or of two that alternate."""
    first, second = (Image.new("RGB", (32, 32), color) for color in ("red", "blue"))
    first.save(folder / name, save_all=moving, append_images=[second] if moving else [])
    return folder / name


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp"])
def test_a_film_is_called_one_and_a_way_is_named(tmp_path, name):
    path = pictures(name, tmp_path, moving=True)
    found, failures = find([path])
    assert not found
    assert failures[str(path)].startswith(f"{path} is a film")
    assert "press s" in failures[str(path)]


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_a_still_is_none(tmp_path, name):
    path = pictures(name, tmp_path, moving=name == "a.tif")  # the pages of a TIFF are no film
    assert find([path]) == ([(path, name)], {})


def test_odd_facts_beside_the_pixels_are_no_matter(tmp_path):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (32, 32), "red").save(path, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_picture(path).shape == (32, 32, 3)


RAMP = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None], 64, 0)
KINDS = {"I;16": lambda gray: Image.fromarray(RAMP.astype(np.uint16) * 257)}
KINDS |= {mode: lambda gray, mode=mode: gray.convert(mode) for mode in ("1", "L", "LA", "F", "P")}
KINDS |= {mode: lambda gray, mode=mode: gray.convert("RGB").convert(mode) for mode in ("RGB", "CMYK", "LAB", "YCbCr")}


@pytest.mark.parametrize("mode", KINDS)
def test_a_picture_of_any_kind_is_read(tmp_path, mode):
    """A ramp from dark to bright stays one."""
    KINDS[mode](Image.fromarray(RAMP)).save(tmp_path / "a.tif")
    columns = read_picture(tmp_path / "a.tif").mean((0, 2))
    assert columns[:16].mean() < 60
    assert columns[-16:].mean() > 190


def cut(kind: str) -> bytes:
    data = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(data, kind)
    return data.getvalue()[: len(data.getvalue()) * 6 // 10]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "JPEG2000", "BMP"])
def test_half_a_picture_is_named(tmp_path, kind):
    (tmp_path / "half.jpg").write_bytes(cut(kind))
    with pytest.raises(SourceError, match=r"half\.jpg .*Is it whole"):
        read_picture(tmp_path / "half.jpg")


def a_file(out: Path) -> None:
    out.write_text("mine")


def sheets_as_a_file(out: Path) -> None:
    out.mkdir()
    (out / "sheets").write_text("mine")


def sheets_as_a_link_to_nowhere(out: Path) -> None:
    out.mkdir()
    (out / "sheets").symlink_to(out / "gone")


def page_as_a_folder(out: Path) -> None:
    (out / "index.html").mkdir(parents=True)


def a_link_in_a_circle(out: Path) -> None:
    out.symlink_to(out)


@pytest.mark.parametrize(
    "spoil", [a_file, sheets_as_a_file, sheets_as_a_link_to_nowhere, page_as_a_folder, a_link_in_a_circle]
)
def test_an_out_that_takes_no_report_is_named_before_anything_is_explained(tmp_path, spoil):
    out = tmp_path / "out"
    spoil(out)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OutputError, match="out"):
        check_folder(out, [], overwrite=True)
    assert sorted(os.listdir(tmp_path)) == before


def test_names_that_are_no_text_and_outs_too(model, tmp_path):
    name, out = os.fsdecode(b"caf\xe9\xff.png"), tmp_path / os.fsdecode(b"out\xe9")
    (tmp_path / name).write_bytes(cv2.imencode(".png", np.full((48, 48, 3), 90, np.uint8))[1].tobytes())
    explain([tmp_path / name], out, model, QUICK)
    assert "caf??.png" in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.ci
def test_a_name_with_a_new_line_and_what_steers_a_terminal_is_written_on_the_sheet(model, portrait, tmp_path):
    path = tmp_path / "a\nb\x1b[31m\u2029.png"
    path.write_bytes(cv2.imencode(".png", portrait)[1].tobytes())
    (picture,) = explain([path], tmp_path / "out", model, QUICK).pictures
    assert (tmp_path / "out" / "sheets" / picture.file(picture.faces[0], "sheet")).is_file()
