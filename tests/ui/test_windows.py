"""Real windows in a real X server, worked with real keys and clicks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
import xserver as x
from scenes import examined, scene
from thinned import dear
from waits import wait_for

from emolive.core.scene import Aim, Closed, Enlarge, Hit, Key, Picture, Pin, Scene, Select
from emolive.ui.board import help_height
from emolive.ui.help import help_fits
from emolive.ui.keys import BINDINGS
from emolive.ui.sizes import text_px
from emolive.ui.topics import TOPICS
from emolive.ui.views import VIEWS
from emolive.ui.windows import Windows, display_problem

CAMERA, FILTERS, BOARD = "emolive camera", "emolive filters", "emolive board"


@pytest.fixture(scope="module")
def windows(xserver: str) -> Iterator[Windows]:
    """The windows, open for all tests of this file."""
    with Windows() as opened:
        yield opened


@pytest.fixture
def shown(windows: Windows) -> Scene:
    """Both windows show a scene with five faces, the camera's has the keys, and nothing waits to be polled."""
    given = scene(1280, 720, 5, channels=64)
    show(windows, given)
    settle(windows)
    x.focus(CAMERA)
    settle(windows)
    return given


def show(windows: Windows, given: Scene) -> dict[str, Picture]:
    pictures = {name: VIEWS[name](given) for name in given.settings.views}
    windows(given, pictures)
    return pictures


def settle(windows: Windows) -> None:
    """Poll until nothing more comes."""
    quiet = 0
    while quiet < 10:
        quiet = 0 if windows.poll() else quiet + 1
        cv2.waitKey(2)


def resize(windows: Windows, name: str, size: tuple[int, int]) -> None:
    """Give a window another size, and poll until the picture in it is drawn anew."""
    x.resize(f"emolive {name}", *size)
    wait_for(lambda: windows.poll() == [] and windows.shown[name].shape[1::-1] == size)
    settle(windows)


def hits(windows: Windows, name: str, kind: type) -> list[Hit]:
    """What can be clicked in a window, of one kind of event."""
    return [hit for hit in windows._open[name]._picture.hits if isinstance(hit.event, kind)]


def points(hit: Hit) -> list[tuple[int, int]]:
    """The middle of what can be clicked, and two of its corners."""
    x0, y0, x1, y1 = hit.box
    return [((x0 + x1) // 2, (y0 + y1) // 2), (x0 + 3, y0 + 3), (x1 - 4, y1 - 4)]


def click(title: str, point: tuple[int, int]) -> None:
    """Click at a point of a window."""
    left, top, *_ = x.place(title)
    x.click(left + point[0], top + point[1])


def test_every_hotkey_arrives(windows, shown):
    keys = [key for binding in BINDINGS for key in binding.keys]
    x.key(*keys)
    assert x.collect(windows.poll, len(keys)) == [Key(key) for key in keys]


def test_keys_pressed_while_a_frame_is_being_worked_on_all_arrive_in_order(windows, shown):
    x.key("l", "L", "m", "M", "space")
    assert windows.poll() == [Key("l"), Key("L"), Key("m"), Key("M"), Key(" ")]


def test_keys_work_in_the_other_window_too(windows, shown):
    x.focus(FILTERS)
    x.key("M")
    assert wait_for(windows.poll) == [Key("M")]


def test_keys_with_ctrl_or_alt_and_shift_alone_are_none_of_ours(windows, shown):
    x.key("ctrl+q", "alt+q", "shift", "F5", "n")
    assert wait_for(windows.poll) == [Key("n")]


@contextmanager
def layout(name: str) -> Iterator[None]:
    """Another keyboard layout, while entered."""
    subprocess.run(["setxkbmap", "-layout", name], check=True)
    try:
        yield
    finally:
        subprocess.run(["setxkbmap", "-layout", "us"], check=True)


PLACES = ["24", "shift+24", "46", "shift+46", "58", "59", "60", "shift+60"]
"""Keys by their codes: where an American keyboard has q, Q, l, L, m, comma, full stop, greater."""


@pytest.mark.parametrize("name", ["ru", "gr", "il", "ara", "ua", "us"])
def test_keys_go_by_their_place_where_letters_are_not_latin(windows, shown, name):
    with layout(name):
        settle(windows)
        x.press(*PLACES)
        assert x.collect(windows.poll, len(PLACES)) == [Key(k) for k in ("q", "Q", "l", "L", "m", ",", ".", ">")]


@pytest.mark.parametrize(("name", "q"), [("fr", "a"), ("de", "q")])
def test_latin_letters_count_wherever_they_are(windows, shown, name, q):
    with layout(name):
        settle(windows)
        x.press("24", "shift+46")
        assert x.collect(windows.poll, 2) == [Key(q), Key("L")]


def test_caps_lock_changes_nothing(windows, shown):
    x.press("66")  # Caps Lock
    try:
        x.press("46", "shift+46", "58")
        assert x.collect(windows.poll, 3) == [Key("l"), Key("L"), Key("m")]
    finally:
        x.press("66")
    settle(windows)


@pytest.mark.parametrize("size", [(500, 480), *dear(None), pytest.param((900, 300), marks=pytest.mark.ci)])
def test_a_click_on_a_tile_pins_its_channel_in_any_window_size(windows, shown, size):
    if size:
        resize(windows, "filters", size)
    tiles = hits(windows, "filters", Pin)
    for hit in (tiles[0], tiles[5], tiles[-1]):
        for point in points(hit):
            click(FILTERS, point)
            assert wait_for(windows.poll) == [hit.event]


@pytest.mark.parametrize("size", [(700, 700), *dear(None)])
def test_a_click_on_a_face_selects_it(windows, shown, size):
    if size:
        resize(windows, "camera", size)
    faces = hits(windows, "camera", Select)
    assert {hit.event.track for hit in faces} == {face.track for face in shown.faces}
    for hit in faces:
        click(CAMERA, points(hit)[0])
        assert wait_for(windows.poll) == [hit.event]


@pytest.fixture
def board(windows: Windows) -> Iterator[Scene]:
    """All views in one window."""
    given = examined(scene(1280, 720, 3, channels=64, views=tuple(VIEWS), proof=True, board=True))
    show(windows, given)
    assert wait_for_titles(windows, {BOARD})
    settle(windows)
    yield given
    show(windows, replace(given, settings=replace(given.settings, board=False, views=("camera", "filters"))))
    settle(windows)


@pytest.mark.ci
def test_clicks_in_the_panes_of_the_board_are_those_of_the_windows(windows, board):
    for kind, count in ((Select, 3), (Pin, 16), (Aim, 7), (Enlarge, 5)):
        found = hits(windows, "board", kind)
        assert len({hit.event for hit in found}) == count
        for hit in found[:: max(1, count // 3)]:
            click(BOARD, points(hit)[0])
            assert wait_for(windows.poll) == [hit.event]


def test_a_pane_that_is_enlarged_has_the_board_for_itself(windows, board):
    show(windows, replace(board, settings=replace(board.settings, large="filters")))
    (heading,) = hits(windows, "board", Enlarge)
    assert heading.event == Enlarge("filters")
    tiles = hits(windows, "board", Pin)
    assert min(hit.box[2] - hit.box[0] for hit in tiles) > 100
    click(BOARD, points(tiles[0])[0])
    assert wait_for(windows.poll) == [tiles[0].event]


def test_pointing_at_something_says_what_it_is(windows, board):
    tip = windows._open["board"]._picture.tips[0]
    before = windows.shown["board"].copy()
    left, top, *_ = x.place(BOARD)
    subprocess.run(["xdotool", "mousemove", str(left + tip.box[0] + 9), str(top + tip.box[1] + 9)], check=True)
    wait_for(lambda: windows.poll() == [] and windows._open["board"]._said == TOPICS[tip.topic])
    changed = (windows.shown["board"] != before).any(axis=(1, 2)).nonzero()[0]
    assert changed.min() > 0.9 * len(before)


def test_a_click_beside_everything_is_nothing(windows, shown):
    _, _, width, height = x.place(FILTERS)
    click(FILTERS, (width - 5, height - 5))
    cv2.waitKey(50)
    assert windows.poll() == []


def test_what_is_seen_is_what_is_said_to_be_shown_in_any_size(windows, shown, tmp_path):
    resize(windows, "filters", (480, 360))

    def is_seen() -> bool:
        windows.poll()
        seen, want = on_screen(FILTERS, tmp_path), windows.shown["filters"]
        return seen.shape == want.shape == (360, 480, 3) and np.abs(seen.astype(int) - want).mean() < 1

    assert wait_for(is_seen)


def test_a_window_that_qt_takes_for_hidden_is_not_left_black(windows, shown, tmp_path):
    x.make_forget(FILTERS)
    settle(windows)
    resize(windows, "filters", (500, 380))

    def is_seen() -> bool:
        windows.poll()
        seen, want = on_screen(FILTERS, tmp_path), windows.shown["filters"]
        return seen.shape == want.shape and np.abs(seen.astype(int) - want).mean() < 1

    assert wait_for(is_seen)


def test_help_and_rec_are_seen_in_the_window_but_not_in_the_picture(windows, shown, tmp_path):
    given = replace(shown, recording=True, settings=replace(shown.settings, help=True))
    before = VIEWS["camera"](given).bgr
    plain = dict(windows.shown)
    show(windows, given)
    helped = [name for name, canvas in windows.shown.items() if not np.array_equal(canvas[99:], plain[name][99:])]
    width, height = plain["filters"].shape[1::-1]
    fits = help_fits(width, height - help_height(width, text_px("desk", x.SIZE[1])))
    assert helped == (["filters"] if fits else ["camera"])  # where it can be, the faces stay in sight

    def is_seen() -> bool:
        windows.poll()
        seen = on_screen(CAMERA, tmp_path)[:40, :150]
        return ((seen[..., 2] > 180) & (seen[..., 1] < 130)).sum() > 50

    assert wait_for(is_seen)
    assert np.array_equal(VIEWS["camera"](shown).bgr, before)


def test_closing_the_filter_window_is_told_and_f_opens_it_again_and_again(windows, shown):
    without = replace(shown, settings=replace(shown.settings, views=("camera",)))
    for _ in range(3):
        x.press_close(FILTERS)
        assert wait_for(windows.poll) == [Closed("filters")]
        show(windows, shown)  # a scene that was made before the user closed it
        assert wait_for_titles(windows, {CAMERA})
        show(windows, without)
        show(windows, shown)
        assert wait_for_titles(windows, {CAMERA, FILTERS})


def test_f_closes_and_opens_the_filter_window_again_and_again(windows, shown):
    for _ in range(3):
        show(windows, replace(shown, settings=replace(shown.settings, views=("camera",))))
        assert wait_for_titles(windows, {CAMERA})
        show(windows, shown)
        assert wait_for_titles(windows, {CAMERA, FILTERS})


def test_all_windows_at_once_cover_nothing_of_each_other_and_give_their_clicks(windows, shown):
    tested = scene(1280, 720, 5, channels=64, views=tuple(VIEWS), proof=True, random=1, by_share=True, pins=(3,))
    given = examined(tested)
    show(windows, given)
    all_titles = {f"emolive {view}" for view in VIEWS}
    assert wait_for_titles(windows, all_titles)
    rects = {title: x.place(title) for title in all_titles}
    for one, other in combinations(all_titles, 2):
        (ax, ay, aw, ah), (bx, by, bw, bh) = rects[one], rects[other]
        assert ax >= bx + bw or bx >= ax + aw or ay >= by + bh or by >= ay + ah, (one, other)
    for left, top, width, height in rects.values():
        assert 0 <= left <= left + width <= x.SIZE[0]
        assert 0 <= top <= top + height <= x.SIZE[1]
    settle(windows)
    hit = hits(windows, "filters", Pin)[2]
    click(FILTERS, points(hit)[0])
    assert wait_for(windows.poll) == [hit.event]
    x.press_close("emolive proof")
    assert wait_for(windows.poll) == [Closed("proof")]
    show(windows, replace(given, settings=replace(given.settings, views=("camera", "filters"))))
    assert wait_for_titles(windows, {CAMERA, FILTERS})


def test_closing_the_camera_window_is_told(windows, shown):
    x.press_close(CAMERA)
    assert wait_for(windows.poll) == [Closed("camera")]
    show(windows, replace(shown, settings=replace(shown.settings, views=("filters",))))
    assert wait_for_titles(windows, {FILTERS})


FIRST_WORDS = """
import select, sys
from emolive.ui.windows import Windows
with Windows("first") as opened:
    opened.say("Loading the network…")
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        assert opened.poll() == []
"""


def test_the_first_words_are_seen_at_once(tmp_path):
    with x.running():  # and a process of its own, as when emolive is started
        begun = subprocess.Popen([sys.executable, "-c", FIRST_WORDS], stdin=subprocess.PIPE)
        with begun:
            assert wait_for(lambda: "first camera" in titles())
            assert wait_for(lambda: (on_screen("first camera", tmp_path) > 150).any())
        assert begun.returncode == 0


def test_no_window_is_left(xserver):
    with Windows("first") as opened:
        opened.say("Loading the network…")
        show(opened, scene(320, 240))
        assert opened.poll() == []
    assert wait_for(lambda: cv2.waitKey(20) and not [title for title in titles() if title.startswith("first")])


def test_frames_of_any_size_are_shown(xserver):
    with Windows("sizes") as opened:
        for size in [(16, 16), (3840, 2160), (200, 2000)]:
            show(opened, scene(*size))
            settle(opened)
            _, _, width, height = x.place("sizes camera")
            assert width <= x.SIZE[0]
            assert height <= x.SIZE[1]


def test_opening_a_window_says_nothing_on_the_terminal(xserver):
    code = "from emolive.ui.windows import Windows\nwith Windows('quiet') as w: w.say('Hello'); w.poll()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


@pytest.mark.ci
def test_a_server_that_begins_anew_when_its_last_client_goes_is_waited_for():
    code = "from emolive.ui.windows import Windows, display_problem\nassert display_problem() is None\n"
    code += "with Windows() as w: w.say('Hello'); w.poll(); assert w._keyboard.pressed() == []"
    with x.running():  # a server of its own: the question whether it is there is its only client, and then gone
        for _ in range(3):
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
            assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "there is no display"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "Xwayland"),
        ({"DISPLAY": ":987"}, "the display :987 does not answer"),
        ({"DISPLAY": "nonsense"}, "the display nonsense does not answer"),
        ({"DISPLAY": "127.0.0.1:987"}, "does not answer"),
    ],
)
def test_a_missing_display_is_found_out_without_opening_a_window(monkeypatch, environment, words):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert words in display_problem()


def test_a_display_that_is_there_is_no_problem(xserver):
    assert os.environ["DISPLAY"] == xserver
    assert display_problem() is None


def wait_for_titles(windows: Windows, wanted: set[str]) -> object:
    """Poll until exactly these windows are on the screen."""
    return wait_for(lambda: windows.poll() == [] and titles() == wanted)


def on_screen(title: str, folder: Path) -> np.ndarray:
    """What the screen shows where a window lies, BGR."""
    x.screenshot(str(folder / "screen.png"))
    left, top, width, height = x.place(title)
    return cv2.imread(str(folder / "screen.png"))[top : top + height, left : left + width]


def titles() -> set[str]:
    """The titles of emolive's windows on the screen."""
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "|".join((*VIEWS, "board")), "getwindowname", "%@"],
        capture_output=True,
        text=True,
    )
    return set(found.stdout.splitlines())
