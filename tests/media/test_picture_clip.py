"""Pictures of all modes and depths, upright, and what bad ones get."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from emolive.core.errors import SourceError
from emolive.media import pictures
from emolive.media.pictures import PictureClip, is_picture, read_picture


@pytest.fixture(scope="module")
def scene_rgb() -> np.ndarray:
    y, x = np.mgrid[0:60, 0:80]
    return np.dstack([x * 3, y * 4, 255 - x * 3]).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tif"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "RGBA", "CMYK", "LA"])
def test_modes(tmp_path, scene_rgb, mode, suffix):
    picture = Image.fromarray(scene_rgb).convert(mode)
    path = tmp_path / f"a{suffix}"
    try:
        picture.save(path, **({"quality": 95} if suffix in (".jpg", ".webp") else {}))
    except OSError:
        return  # this format has no such mode
    bgr = read_picture(path)
    with Image.open(path) as saved:
        expected = np.asarray(saved.convert("RGB"))[..., ::-1]
    assert bgr.shape == (60, 80, 3)
    assert bgr.dtype == np.uint8
    assert bgr.flags.c_contiguous
    assert np.abs(bgr.astype(int) - expected).mean() < 1


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bits_are_scaled(tmp_path, suffix):
    gray = np.linspace(0, 65535, 80 * 60).reshape(60, 80).astype(np.uint16)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), gray)
    bgr = read_picture(tmp_path / f"a{suffix}")
    assert np.abs(bgr[..., 0].astype(float) - gray / 257).max() <= 1


def test_floats(tmp_path):
    gray = np.linspace(0, 1, 4800, dtype=np.float32).reshape(60, 80)
    Image.fromarray(gray).save(tmp_path / "a.tif")
    assert np.abs(read_picture(tmp_path / "a.tif")[..., 0] - gray * 255).max() <= 0.51


def test_transparency_lies_on_white(tmp_path):
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[:10] = (255, 0, 0, 255)
    rgba[10:, :10] = (0, 0, 0, 128)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    bgr = read_picture(tmp_path / "a.png")
    assert [bgr[5, 5].tolist(), bgr[15, 15].tolist()] == [[0, 0, 255], [255, 255, 255]]
    assert abs(int(bgr[15, 5, 0]) - 127) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, scene_rgb, orientation):
    """OpenCV turns pictures by their EXIF mark too, by code of its own."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.jpg"
    Image.fromarray(scene_rgb).save(path, exif=exif, quality=95)
    assert np.abs(read_picture(path).astype(int) - cv2.imread(str(path))).mean() < 1


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + b"0" * 99, b"\x89PNG\r\n\x1a\n"])
def test_bad_pictures(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.png"):
        PictureClip(tmp_path / "a.png")


def test_truncated_picture(tmp_path, scene_rgb):
    data = io.BytesIO()
    Image.fromarray(np.tile(scene_rgb, (5, 5, 1))).save(data, "JPEG")
    (tmp_path / "a.jpg").write_bytes(data.getvalue()[:2000])
    with pytest.raises(SourceError, match="Is it whole"):
        read_picture(tmp_path / "a.jpg")


def test_missing_picture(tmp_path):
    with pytest.raises(SourceError, match="There is no file"):
        read_picture(tmp_path / "a.jpg")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    pixels = b"\0\0\0\x08IDAT" + zlib.compress(b"") + struct.pack(">I", zlib.crc32(b"IDAT" + zlib.compress(b"")))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + pixels)
    with pytest.raises(SourceError, match="more pixels than fit"):
        read_picture(tmp_path / "bomb.png")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 100)
    Image.new("L", (11, 10)).save(tmp_path / "large.png")
    with pytest.raises(SourceError, match="11×10"):
        read_picture(tmp_path / "large.png")


def test_what_counts_as_a_picture(tmp_path, film, scene_rgb):
    Image.fromarray(scene_rgb).save(tmp_path / "noname", "PNG")
    Image.fromarray(scene_rgb).save(tmp_path / "a.gif")
    (tmp_path / "text").write_text("text")
    assert is_picture(tmp_path / "noname")
    assert is_picture(tmp_path / "b.JPG")
    assert not any(is_picture(p) for p in (tmp_path / "a.gif", tmp_path / "text", film, tmp_path, tmp_path / "none"))


def test_photos_equal_opencv(shared):
    for path in sorted((shared / "photos").iterdir())[:4]:
        assert np.abs(read_picture(path).astype(int) - cv2.imread(str(path))).mean() < 1
