"""Pictures spoilt on purpose: each in the way and by the amount that its name says."""

import cv2
import numpy as np
import pytest

from emolive.faces import limits
from emolive.training.sweep import (
    blurred,
    covered,
    half_covered,
    lit,
    small,
    spoilers,
    turned,
)


@pytest.fixture(scope="module")
def crops():
    draw = np.random.default_rng(0)
    gray = draw.integers(20, 120, (8, 48, 48, 1)).astype(np.uint8)
    return np.repeat(np.stack([cv2.GaussianBlur(g, (0, 0), 0.7)[..., None] for g in gray]), 3, -1)


def test_every_spoiler_keeps_shape_and_type_and_does_something(crops):
    for kind, _, what, spoil in spoilers(48):
        before = crops.copy()
        spoilt = spoil(crops)
        assert (spoilt.shape, spoilt.dtype) == (crops.shape, np.uint8)
        np.testing.assert_array_equal(crops, before)
        assert (spoilt == crops).all() == (kind == "none"), what


def test_turns_go_both_ways_by_the_angle():
    points = np.zeros((2, 48, 48, 3), np.uint8)
    points[:, 23:25, 38:42] = 255  # to the right of the centre
    for picture, way in zip(turned(points, 30), (1, -1), strict=True):
        y, x = (axis.mean() - 23.5 for axis in np.nonzero(picture[..., 0] > 100))
        assert np.degrees(np.arctan2(-y, x)) == pytest.approx(30 * way, abs=2)


def test_light_is_a_part_of_the_light(crops):
    for part in (2.0, 0.5, 0.12):
        found = [limits.light(crop) for crop in lit(crops, part, np.random.default_rng(0))]
        assert np.mean(found) == pytest.approx(part * np.mean([limits.light(crop) for crop in crops]), rel=0.05)


def test_less_is_left_of_details(crops):
    def fine(some):
        return np.mean([limits.sharpness(crop) for crop in some])

    assert fine(crops) > fine(blurred(crops, 1)) > fine(blurred(crops, 2))
    assert fine(crops) > fine(small(crops, 24)) > fine(small(crops, 12))


@pytest.mark.parametrize("part", [0.05, 0.2, 0.4])
def test_so_much_is_covered(crops, part):
    draw = np.random.default_rng(0)
    seen = crops.copy()
    seen[seen == 128] = 127
    spoilt = covered(seen, part, draw)
    assert (spoilt == 128).all(-1).mean() == pytest.approx(part, abs=0.03)
    assert len({tuple(np.argwhere((one == 128).all(-1))[0]) for one in spoilt}) > 3  # not all at one place


def test_halves(crops):
    lower, upper = half_covered(crops, lower=True), half_covered(crops, lower=False)
    assert (lower[:, 24:] == 128).all()
    assert (upper[:, :24] == 128).all()
    np.testing.assert_array_equal(lower[:, :24], crops[:, :24])
    np.testing.assert_array_equal(upper[:, 24:], crops[:, 24:])
