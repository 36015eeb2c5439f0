"""Crops against slow, obvious versions of the same."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

import emolive
from emolive.core.scene import Box
from emolive.faces.crop import crop_face, placed, square, to_rgb


def obvious(bgr: np.ndarray, box: Box, size: int) -> np.ndarray:
    """Pad the whole picture with its edge, cut whole pixels out, resize, turn the colours round."""
    pad = max(bgr.shape)
    padded = cv2.copyMakeBorder(bgr, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    x0, y0, x1, y1 = (int(c) + pad for c in box)
    cut = padded[y0:y1, x0:x1]
    how = cv2.INTER_AREA if len(cut) > size else cv2.INTER_LINEAR
    return cv2.resize(cut, (size, size), interpolation=how)[:, :, ::-1]


def difference(a: np.ndarray, b: np.ndarray, rim: int = 0) -> np.ndarray:
    inside = slice(rim, -rim or None)
    return np.abs(a.astype(float) - b.astype(float))[inside, inside]


def test_square_keeps_the_centre_and_covers_the_longer_side() -> None:
    assert square((10, 20, 50, 40), 1.0) == (10, 10, 50, 50)
    assert square((10, 20, 50, 40), 1.5) == (0, 0, 60, 60)
    x0, y0, x1, y1 = square((5, 5, 5, 5), 1.2)
    assert x1 - x0 == y1 - y0 == 1


@pytest.mark.parametrize(
    "box",
    [(100, 80, 420, 400), (0, 0, 512, 512), (-50, -70, 270, 250), (400, 450, 720, 770), (-300, 100, 20, 420)],
    ids=["inside", "whole", "over the top left", "over the bottom right", "far out"],
)
@pytest.mark.parametrize("size", [32, 64])
def test_reducing_is_averaging(portrait: np.ndarray, box: Box, size: int) -> None:
    """Whole numbers of pixels a side: exactly the average of each block of pixels."""
    assert difference(crop_face(portrait, box, size), obvious(portrait, box, size)).max() <= 1


@pytest.mark.parametrize("side", [70, 101, 163, 333])
def test_reducing_by_any_factor_is_close_to_averaging(portrait: np.ndarray, side: int) -> None:
    box = (150, 60, 150 + side, 60 + side)
    off = difference(crop_face(portrait, box, 64), obvious(portrait, box, 64))
    assert off.mean() < 2


@pytest.mark.parametrize("box", [(200, 100, 240, 140), (-10, -10, 30, 30), (490, 580, 530, 620)])
def test_enlarging_is_bilinear(portrait: np.ndarray, box: Box) -> None:
    """But for the rim, where the obvious version does not know what lies beside the cut."""
    off = difference(crop_face(portrait, box, 160), obvious(portrait, box, 160), rim=4)
    assert off.max() <= 3


@pytest.mark.parametrize(("side", "size"), [(20, 64), (63.3, 64), (64, 64), (90.7, 64), (96.4, 20), (96.4, 224)])
@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 0.9])
def test_parts_of_a_pixel_count(side: float, size: int, shift: float) -> None:
    """On a slope the crop must be the same slope, shifted by exactly as much as the square is."""
    slope = np.ascontiguousarray(np.broadcast_to(2 * np.arange(120, dtype=np.uint8)[None, :, None], (120, 120, 3)))
    x0 = 10 + shift
    crop = crop_face(slope, (x0, 10, x0 + side, 10 + side), size)[:, :, 0].astype(float)
    middles = x0 + (np.arange(size) + 0.5) * side / size  # a pixel's value stands in its middle: column 0 at 0.5
    expected = 2 * (middles - 0.5)
    np.testing.assert_allclose(crop.mean(axis=0), expected, atol=1.1)  # half a pixel
    assert abs((crop - expected).mean()) < 0.6


def test_beyond_the_edge_the_edge_goes_on(portrait: np.ndarray) -> None:
    crop = crop_face(portrait, (-300, 200, -100, 400), 50)
    np.testing.assert_array_equal(crop, np.repeat(crop[:, :1], 50, axis=1))
    assert difference(crop_face(portrait, (-900, -900, -500, -500), 8), portrait[0, 0, ::-1]).max() == 0


def test_crops_are_contiguous_rgb_and_the_frame_is_left_alone() -> None:
    blue = np.zeros((40, 40, 3), np.uint8)
    blue[:, :, 0] = 200
    before = blue.copy()
    crop = crop_face(blue, (5, 5, 25, 25), 10)
    assert (crop.shape, crop.dtype, crop.flags.c_contiguous) == ((10, 10, 3), np.uint8, True)
    assert (crop == (0, 0, 200)).all()
    np.testing.assert_array_equal(blue, before)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (16, 16)])
def test_tiny_pictures(shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 7, np.uint8)
    assert (crop_face(picture, (-3, -3, 20, 20), 64) == 7).all()


def test_a_face_that_fills_an_8k_frame_is_sampled_within_bounds() -> None:
    frame = np.full((4320, 7680, 3), 9, np.uint8)
    assert (crop_face(frame, (0, 0, 7680, 7680), 64) == 9).all()


def test_the_time_depends_on_the_square_and_not_on_the_frame() -> None:
    frame, spent = np.zeros((4320, 7680, 3), np.uint8), []
    for _ in range(15):
        start = time.perf_counter()
        crop_face(frame, (5000, 3000, 5200, 3200), 64)
        spent.append(time.perf_counter() - start)
    assert np.median(spent) < 0.005  # touching every pixel of it takes ten times as long


def test_colours_are_turned_round_in_one_place_only(portrait: np.ndarray) -> None:
    np.testing.assert_array_equal(to_rgb(portrait), portrait[:, :, ::-1])
    files = Path(emolive.__file__).parent.rglob("*.py")
    assert [file.name for file in files if "COLOR_BGR2RGB" in file.read_text("utf-8")] == ["crop.py"]


@pytest.mark.parametrize("turn", [0.0, 30.0, -45.0, 90.0])
@pytest.mark.parametrize("box", [(190, 120, 350, 280), (150, 60, 420, 330)])
def test_a_turned_square_is_the_square_of_the_picture_turned_back(portrait: np.ndarray, box: Box, turn: float) -> None:
    """What leans clockwise by `turn` stands upright in the crop. OpenCV counts anticlockwise as positive."""
    middle = (box[0] + box[2]) / 2 - 0.5, (box[1] + box[3]) / 2 - 0.5
    height, width = portrait.shape[:2]
    back = cv2.warpAffine(portrait, cv2.getRotationMatrix2D(middle, turn, 1), (width, height), flags=cv2.INTER_CUBIC)
    off = difference(crop_face(portrait, box, 80, turn=turn), crop_face(back, box, 80), rim=2)
    assert off.mean() < 1.5
    if turn:
        assert difference(crop_face(portrait, box, 80, turn=-turn), crop_face(back, box, 80)).mean() > 10


def test_a_square_is_placed_with_its_corners_where_they_are() -> None:
    corners = np.array([(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]).T
    np.testing.assert_array_equal(placed((10, 20, 50, 60)) @ corners, [(10, 50, 50, 10), (20, 20, 60, 60)])
    np.testing.assert_allclose(placed((10, 20, 50, 60), 90) @ corners, [(50, 50, 10, 10), (20, 60, 60, 20)], atol=1e-9)
