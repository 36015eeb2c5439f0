"""The windows under a window manager, openbox: where they lie, full screen, and what a person does with them."""

import shutil
import subprocess
from itertools import combinations

import pytest
import xserver as x
from scenes import examined, scene
from waits import wait_for

from emolive.core.scene import Closed, Scene
from emolive.core.settings import ARRANGEMENTS
from emolive.ui.views import VIEWS
from emolive.ui.windows import Windows

ALL = tuple(VIEWS)
CAMERA = "emolive camera"

pytestmark = [pytest.mark.ci, pytest.mark.skipif(shutil.which("openbox") is None, reason="openbox is not installed")]


def show(windows: Windows, given: Scene) -> None:
    windows(given, {})
    settle(windows)


def settle(windows: Windows, polls: int = 30) -> None:
    """Poll until the window manager has done what it wants."""
    for _ in range(polls):
        windows.poll()
        subprocess.run(["xdotool", "getmouselocation"], capture_output=True, check=True)  # a round trip to the server


def made(**settings: object) -> Scene:
    return examined(scene(640, 360, 2, channels=64, **settings))


def framed(title: str) -> tuple[int, int, int, int]:
    """Where a window lies with its frame: x0, y0, x1, y1."""
    left, top, width, height = x.place(title)
    words = subprocess.run(
        ["xprop", "-id", str(x.window_id(title)), "_NET_FRAME_EXTENTS"], capture_output=True, text=True, check=True
    ).stdout
    west, east, north, south = (int(v) for v in words.split("=")[1].split(","))
    return left - west, top - north, left + width + east, top + height + south


def lie_beside_each_other() -> None:
    with Windows() as windows:
        for arrangement in ARRANGEMENTS:
            show(windows, made(views=ALL, arrangement=arrangement))
            places = {view: framed(f"emolive {view}") for view in ALL}
            for x0, y0, x1, y1 in places.values():
                assert 0 <= x0 < x1 <= x.SIZE[0]
                assert 0 <= y0 < y1 <= x.SIZE[1]
            for (one, a), (other, b) in combinations(places.items(), 2):
                assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3], (arrangement, one, other)


def fill_the_screen() -> None:
    with Windows() as windows:
        show(windows, made())
        before = x.place(CAMERA)
        show(windows, made(full=True))
        wait_for(lambda: windows.poll() == [] and x.place(CAMERA) == (0, 0, *x.SIZE))
        settle(windows)
        assert windows.shown["camera"].shape[1::-1] == x.SIZE
        show(windows, made())
        wait_for(lambda: windows.poll() == [] and x.place(CAMERA) == before)


def stay_where_they_were_put() -> None:
    title = "emolive filters"
    with Windows() as windows:
        show(windows, made(views=("camera", "filters")))
        subprocess.run(["wmctrl", "-r", title, "-e", "0,900,300,500,400"], check=True)
        wait_for(lambda: windows.poll() == [] and x.place(title)[2:] == (500, 400))
        settle(windows)
        there = x.place(title)
        show(windows, made(views=("camera", "filters", "emotions")))
        assert x.place(title) == there
        show(windows, made(views=("camera",)))
        wait_for(lambda: windows.poll() == [] and list(windows.shown) == ["camera"])
        show(windows, made(views=("camera", "filters")))
        wait_for(lambda: windows.poll() == [] and x.place(title) == there)
        x.press_close(title)
        wait_for(lambda: windows.poll() == [Closed("filters")])
        show(windows, made(views=("camera",)))
        show(windows, made(views=("camera", "filters")))
        wait_for(lambda: windows.poll() == [] and x.place(title) == there)


def test_all_windows_lie_beside_each_other_with_their_frames_inside_the_screen():
    x.apart(lie_beside_each_other)


def test_full_screen_and_back():
    x.apart(fill_the_screen)


def test_a_window_keeps_the_size_and_place_that_a_person_gave_it():
    x.apart(stay_where_they_were_put)
