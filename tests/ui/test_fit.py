"""Fitting pictures into windows and windows onto screens."""

import numpy as np
import pytest

from emolive.core.scene import Hit, Pin, Select
from emolive.ui import hud
from emolive.ui.fit import GAP, READABLE, SIZES, TITLE_BAR, Place, camera_size, fit, hit_at, letterboxed, places
from emolive.ui.views import VIEWS


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


SCREENS = [(1366, 768), (1920, 1080), (2560, 1440), (3840, 2160)]
FRAMES = [(16, 16), (640, 480), (1280, 720), (3840, 2160), (720, 1280)]


def first_places(frame: tuple[int, int], screen: tuple[int, int]) -> dict[str, Place]:
    width, height = camera_size(frame, screen)
    return places((width, height + hud.status_height(width, height)), screen)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("frame", FRAMES)
def test_every_window_fits_the_screen_in_the_shape_of_its_picture(screen, frame):
    width, height = camera_size(frame, screen)
    assert width / height == pytest.approx(frame[0] / frame[1], rel=0.02)
    found = first_places(frame, screen)
    assert set(found) == {"camera", *SIZES} == set(VIEWS)
    for view, ((x, y), size) in found.items():
        assert 0 <= x <= x + size[0] <= screen[0]
        assert 0 <= y <= y + size[1] <= screen[1]
        if view != "camera":
            assert size[0] / size[1] == pytest.approx(SIZES[view][0] / SIZES[view][1], rel=0.02)
            assert READABLE * 0.99 <= size[0] / SIZES[view][0] <= 1


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("frame", FRAMES[1:])
def test_no_window_covers_another_nor_its_title_on_a_usual_screen(screen, frame):
    found = first_places(frame, screen)
    views = ["camera", "filters"] if screen[0] < 1900 else list(found)
    for n, one in enumerate(views):
        for other in views[:n]:
            (ax, ay), (aw, ah) = found[one]
            (bx, by), (bw, bh) = found[other]
            beside = ax >= bx + bw or bx >= ax + aw
            assert beside or ay >= by + bh + TITLE_BAR or by >= ay + ah + TITLE_BAR, (one, other)


def test_the_filters_lie_right_of_the_camera():
    for frame in FRAMES:
        camera, filters = (first_places(frame, (1920, 1080))[view] for view in ("camera", "filters"))
        assert camera[0] == (GAP, TITLE_BAR)
        assert filters[0] == (GAP + camera[1][0] + GAP, TITLE_BAR)


def test_a_large_frame_is_fitted_and_a_small_one_enlarged_but_no_other_is():
    assert camera_size((640, 480), (1920, 1080)) == (640, 480)
    assert camera_size((3840, 2160), (1920, 1080))[0] < 1280
    assert camera_size((64, 48), (1920, 1080))[0] >= 480
