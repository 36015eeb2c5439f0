"""Pictures in tiles, and pictures that move."""

from pathlib import Path

import cv2
import numpy as np
import odd
import pillow_heif
import pytest
from films import frames_of, number_of, numbered, until_frame
from PIL import Image
from thinned import dear

from emolive.core.errors import SourceError
from emolive.core.scene import Settings
from emolive.media.animation import AnimationClip
from emolive.media.pictures import is_picture, read_picture
from emolive.media.sources import find, open_files

DELAYS = [40, 500, 90, 20, 1000, 300]


@pytest.fixture(params=["webp", "png", "avif", "gif"])
def moving(request, tmp_path) -> Path:
    """Six numbered pictures, uneven in time."""
    frames = [Image.fromarray(numbered(i)[..., ::-1]) for i in range(6)]
    path = tmp_path / f"a.{request.param}"
    exact = {"webp": {"lossless": True}, "avif": {"quality": 90}}.get(request.param, {})
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=DELAYS, loop=0, **exact)
    return path


def test_every_picture_of_an_animation_at_its_time(moving, tried):
    assert not is_picture(moving)
    with open_files([moving], realtime=False) as source:
        assert source.progress().frames in (0, 6)
        frames = frames_of(source)
    assert [number_of(f.bgr) for f in frames] == list(range(6))
    assert [f.t_ms for f in frames] == pytest.approx(np.cumsum([0, *DELAYS[:-1]]), abs=0.1)
    tried(
        "pictures", f"animated {moving.suffix[1:].upper()}", "a film: each picture for its own time, looped in windows"
    )


@pytest.mark.parametrize("moving", ["png", *dear("webp", "avif", "gif")], indirect=True)
def test_an_animation_loops_where_somebody_watches(moving):
    with open_files([moving], realtime=True) as source:
        seen = [until_frame(source) for _ in range(8)]
    assert [number_of(f.bgr) for f in seen] == [0, 1, 2, 3, 4, 5, 0, 1]
    assert [f.index for f in seen if f.cut] == [6]
    assert not source.progress().ended


def test_steps_and_seeks_in_an_animation(moving):
    with open_files([moving], realtime=True) as source:
        until_frame(source)
        assert number_of(source.read(Settings(frozen=True, seek_ms=600)).bgr) == 3
        assert number_of(source.read(Settings(frozen=True, seek_ms=600, steps=-1)).bgr) == 2


def test_a_still_for_old_programs_is_no_part_of_an_animation(tmp_path):
    frames = [Image.fromarray(numbered(i)[..., ::-1]) for i in (99, 1, 2)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], default_image=True, duration=100)
    assert [number_of(bgr) for _, bgr in AnimationClip(tmp_path / "a.png").play()] == [1, 2]


def test_a_cut_animation_is_shown_as_far_as_it_goes(tmp_path):
    noise = np.random.default_rng(0)
    frames = [Image.fromarray(noise.integers(0, 255, (64, 96, 3), np.uint8)) for _ in range(6)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], duration=100)
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "b.png").write_bytes(data[: len(data) * 6 // 10])
    clip = AnimationClip(tmp_path / "b.png")
    assert 2 <= len(list(clip.play())) <= 4
    assert "damaged or cut off" in clip.note
    (tmp_path / "c.webp").write_bytes(b"RIFF\0\0\0\0WEBPVP8X")
    with pytest.raises(SourceError):
        AnimationClip(tmp_path / "c.webp")


def scene() -> np.ndarray:
    y, x = np.mgrid[0:384, 0:512]
    return np.dstack([x // 2, y // 2, 255 - x // 2]).astype(np.uint8)


def tiled_heic(path: Path, bgr: np.ndarray, side: int = 128, quarters: int = 0) -> Path:
    """A HEIC made of tiles, as phones write it; to be turned left."""
    tiles = []
    for top in range(0, bgr.shape[0], side):
        for left in range(0, bgr.shape[1], side):
            one = path.with_name(f"{top}-{left}.heic")
            piece = np.ascontiguousarray(bgr[top : top + side, left : left + side, ::-1])
            pillow_heif.from_bytes("RGB", (side, side), piece.tobytes()).save(one, quality=95)
            tiles.append(one)
    return odd.heic_of_tiles(
        path, tiles, bgr.shape[1] // side, bgr.shape[0] // side, bgr.shape[1], bgr.shape[0], quarters
    )


def test_a_heic_in_tiles_is_whole(tmp_path, tried):
    path = tiled_heic(tmp_path / "phone.heic", scene())
    for tile in tmp_path.glob("*-*.heic"):
        tile.unlink()
    bgr = read_picture(path)
    assert bgr.shape == (384, 512, 3)
    assert np.abs(bgr.astype(int) - scene()).mean() < 3
    assert is_picture(path)
    assert find([tmp_path]).files == (path,)
    with open_files([path], realtime=False) as source:
        assert [f.bgr.shape for f in frames_of(source)] == [(384, 512, 3)]
    tried("pictures", "HEIC in twelve tiles, as phones write it", "the whole picture, in `file`, `explain` and folders")


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_heic_is_turned_once(tmp_path, quarters, tried):
    path = tiled_heic(tmp_path / "phone.heic", scene(), quarters=quarters)
    expected = np.rot90(scene(), quarters)
    bgr = read_picture(path)
    assert bgr.shape == expected.shape
    assert np.abs(bgr.astype(int) - expected).mean() < 3
    if quarters == 3:
        tried("orientation", "HEIC picture in tiles, turned as phones turn it (irot)", "upright")


def test_an_avif_in_tiles_is_whole(tmp_path, tried):
    rgb = Image.fromarray(np.ascontiguousarray(scene()[..., ::-1])).resize((1024, 768))
    rgb.save(tmp_path / "a.avif", quality=90, tile_cols=2, tile_rows=2)
    assert np.abs(read_picture(tmp_path / "a.avif").astype(int) - np.asarray(rgb)[..., ::-1]).mean() < 3
    tried("pictures", "AVIF coded in tiles (of AV1)", "the whole picture")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif"])
def test_all_eight_orientations_of_a_picture(tmp_path, suffix, orientation, tried):
    picture = Image.fromarray(odd.cornered())
    exif = picture.getexif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    picture.save(path, exif=exif, quality=95)
    expected = [  # EXIF 2.3, tag 274: rows and columns of the picture as it is seen
        odd.cornered(), odd.cornered()[:, ::-1], odd.cornered()[::-1, ::-1], odd.cornered()[::-1],
        odd.cornered().transpose(1, 0, 2), np.rot90(odd.cornered(), -1),
        np.rot90(odd.cornered().transpose(1, 0, 2), 2), np.rot90(odd.cornered(), 1),
    ][orientation - 1]  # fmt: skip
    bgr = read_picture(path)
    assert bgr.shape == expected.shape
    assert np.abs(bgr.astype(int) - expected).mean() < 4
    if orientation == 8:
        tried("orientation", f"{suffix.upper()} picture, all eight EXIF orientations", "upright")


def test_what_a_file_is_its_content_says(tmp_path, film):
    cv2.imwrite(str(tmp_path / "a.png"), numbered(3))
    (tmp_path / "a.png").rename(tmp_path / "a.mp4")
    (tmp_path / "b.jpg").write_bytes(film.read_bytes())
    assert is_picture(tmp_path / "a.mp4")
    assert not is_picture(tmp_path / "b.jpg")
    with open_files([tmp_path / "a.mp4", tmp_path / "b.jpg"], realtime=False) as source:
        assert len(frames_of(source)) == 1 + 50
