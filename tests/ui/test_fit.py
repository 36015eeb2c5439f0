"""Fitting pictures into windows."""

import numpy as np
import pytest

from emolive.core.scene import Hit, Pin, Select
from emolive.ui.fit import fit, hit_at, letterboxed


@pytest.mark.parametrize("picture", [(640, 480), (1920, 1080), (3840, 2160), (240, 720), (7, 3)])
@pytest.mark.parametrize("window", [(640, 480), (1000, 300), (300, 1000), (1, 1)])
@pytest.mark.parametrize("top", [0, 40])
def test_a_picture_lies_in_its_window_whole_and_clicks_map_back(picture, window, top):
    where = fit(picture, window, top)
    if window[1] > top + 10:
        for x, y in [(0, 0), (picture[0], 0), (0, picture[1]), picture]:
            at = where.x + x * where.factor, where.y + y * where.factor
            assert -1 <= at[0] <= window[0] + 1
            assert top - 1 <= at[1] <= window[1] + 1
            back = where.back(at[0] - 0.5, at[1] - 0.5)
            assert back == pytest.approx((x, y), abs=1e-6)


def test_each_colour_of_the_picture_is_found_where_a_click_would_find_it():
    picture = np.zeros((90, 120, 3), np.uint8)
    picture[30:60, 40:80] = 255
    for window in [(640, 480), (200, 400), (60, 50), (1000, 90)]:
        where = fit((120, 90), window, 12)
        canvas = letterboxed(picture, window, where)
        assert canvas.shape == (window[1], window[0], 3)
        y, x = np.nonzero(canvas[..., 0] > 200)
        for px, py in zip(x, y, strict=True):
            bx, by = where.back(px, py)
            assert 39 <= bx <= 81
            assert 29 <= by <= 61


def test_the_last_hit_under_a_point_is_the_uppermost():
    hits = (Hit((0, 0, 100, 100), Select(1)), Hit((50, 50, 60, 60), Pin(2)))
    assert hit_at(hits, 10, 10) == Select(1)
    assert hit_at(hits, 50, 59.9) == Pin(2)
    assert hit_at(hits, 60, 60) == Select(1)
    assert hit_at(hits, 100, 10) is None
    assert hit_at((), 0, 0) is None
