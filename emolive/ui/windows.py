"""The windows: the only place that shows anything. They show each view in one of its own, or all of them in the board,
and give back keys, clicks and closings."""

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from emolive.core.installed import matplotlib_data
from emolive.core.scene import Closed, Event, Key, Picture, Scene, Settings
from emolive.ui import hud
from emolive.ui.board import board, composed, write_help
from emolive.ui.draw import Rect
from emolive.ui.fit import hit_at
from emolive.ui.keycodes import key_name
from emolive.ui.layout import Size, panes
from emolive.ui.sizes import text_px
from emolive.ui.together import together
from emolive.ui.topics import pointed
from emolive.ui.views import VIEWS

if sys.platform == "linux":
    from emolive.ui import seen, x11

USUAL_SCREEN: Rect = (0, 0, 1440, 900)
"""What is taken for the screen where nobody tells what it is."""

BOARD = "board"
"""The window that holds all views."""

TITLE_BAR, BORDER = 36, 4
"""What a window manager may put around a window, in pixels: above, and at each other side."""

SMALLEST: Size = (320, 240)

UP, BLIND = 1.0, 0.12
"""Seconds that first words wait at most until they are seen, and where nobody can tell whether they are."""

SETTLING, NEAR, ROUND = 12, 50, 8
"""So many polls pass until a window lies where it was put, its picture so many pixels from there at most (its
frame), each taking so many milliseconds; what moves or resizes it later is the person."""


def display_problem() -> str | None:
    """A sentence on why no window can be opened here, or None where one can. OpenCV itself would abort."""
    if sys.platform != "linux":
        return None
    name = os.environ.get("DISPLAY", "")
    if not name and os.environ.get("WAYLAND_DISPLAY"):
        return "No window can be opened: OpenCV needs X11, which this Wayland session lacks (install Xwayland)."
    if not name:
        return "No window can be opened: there is no display (DISPLAY is not set)."
    return f"No window can be opened: the display {name} does not answer." if x11.problem(name) else None


class Windows:
    """A sink that shows the views in `settings.views`, each in its own window or all in the board, and the source of
    the user's events.

    Windows lie side by side, inside the screen; one that the user moved or resized keeps its size and place, also when
    it was closed meanwhile. `shown` is what each window shows at this moment, help line and all, by its view or
    "board": (H, W, 3) uint8 BGR, as large as the window, and never written to. `settings` are the first ones.

    A context manager: no window is left open. The status lines stand in the first view's window.
    """

    stage = "show"

    def __init__(self, title: str = "emolive", settings: Settings = Settings()) -> None:
        self._title, self._settings = title, settings
        self._open: dict[str, _Window] = {}
        self._closed: set[str] = set()  # by the user, and not yet gone from the settings
        self._kept: dict[str, _Place] = {}  # where the user put them
        self._keyboard = x11.Keyboard() if sys.platform == "linux" else None
        self._seen = seen.Seen(self._keyboard) if self._keyboard else None
        self._screen = USUAL_SCREEN
        self._scene: Scene | None = None
        self._laid: object = None  # what the windows' places were worked out for

    def __enter__(self) -> "Windows":
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")  # the only one that OpenCV's wheel brings
        # Qt looks for fonts in a folder that the wheel lacks, and complains at length.
        os.environ["QT_QPA_FONTDIR"] = str(matplotlib_data("fonts/ttf"))
        if self._keyboard:
            self._keyboard.__enter__()
            self._screen = self._keyboard.room() or USUAL_SCREEN
        return self

    def __exit__(self, *error: object) -> None:
        for name in list(self._open):
            self._close(name)
        if self._keyboard:
            self._keyboard.__exit__(*error)

    @property
    def shown(self) -> Mapping[str, np.ndarray]:
        """What each window shows now. Another thread may ask, while windows are opened and closed."""
        return {name: window.canvas for name, window in list(self._open.items()) if window.canvas is not None}

    def together(self, shown: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """What windows show (`shown`) as one picture, which is what is recorded; None where there are none."""
        arrangement = (self._scene.settings if self._scene else self._settings).arrangement
        return together(shown, (self._screen[2] - self._screen[0], self._screen[3] - self._screen[1]), arrangement)

    def notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()

    def say(self, text: str, picture: np.ndarray | None = None) -> None:
        """Show what is being waited for, at once; below a picture (BGR) where there is one already."""
        self._lay_out(self._settings, _names(self._settings)[:1])
        for window in self._open.values():
            window.put(hud.loading(text, window.size, self._px(self._settings, window.size), picture))
        if picture is not None:  # it is said again soon: what was not seen of it will be
            cv2.waitKeyEx(1)
            self._all_seen()
            return
        end = time.monotonic() + (UP if self._seen else BLIND)
        while not self._all_seen() and time.monotonic() < end:  # a new window is up after a few rounds
            cv2.waitKeyEx(10)

    def compose(self, scene: Scene) -> None:
        """Draw what the windows show, and open those that are missing; calling shows it."""
        self._scene = scene
        names = _names(scene.settings)
        self._closed &= set(names)
        self._lay_out(scene.settings, [name for name in names if name not in self._closed])
        for name, window in self._open.items():
            self._draw(name, window, scene)

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """Show the views asked for, each in its window's size; windows of other views are closed."""
        if scene is not self._scene:
            self.compose(scene)
        for window in self._open.values():
            window.show()

    def poll(self) -> list[Event]:
        """What the user did since the last call, in order. Keeps the windows alive, so call it often."""
        code = cv2.waitKeyEx(1)
        pressed = self._keyboard.pressed() if self._keyboard else None
        if pressed is None:
            pressed = [name for name in [key_name(code)] if name]
        events: list[Event] = [Key(name) for name in pressed]
        for name, window in list(self._open.items()):
            events += window.clicked()
            if not window.visible():
                # It is gone already; destroyed once more, OpenCV would count its Qt windows wrong and take all down.
                self._note_place(name, window)
                if self._seen:
                    self._seen.forget(window.title)
                del self._open[name]
                self._closed.add(name)
                events.append(Closed(name))
            elif window.looked_at():
                if window.resized and self._seen:
                    self._seen.doubt(window.title)
                if window.resized and self._scene is not None:
                    self._draw(name, window, self._scene)
                window.show()
        self._all_seen()
        return events

    def _all_seen(self) -> bool:
        """Whether all windows are known to show what was drawn in them."""
        if self._seen is None:
            return False
        drawn = [(window.title, window.canvas) for window in self._open.values() if window.canvas is not None]
        sure = [self._seen.sure(title, canvas) for title, canvas in drawn]  # all are asked
        return all(sure)

    def _px(self, settings: Settings, size: Size) -> int:
        """The height of text: by the height of the board, or by that of the screen, so that all windows are alike."""
        return text_px(settings.type, size[1] if settings.board else self._screen[3] - self._screen[1])

    def _draw(self, name: str, window: "_Window", scene: Scene) -> None:
        if name == BOARD:
            picture = board(scene, window.size, VIEWS)
        else:
            first = name == _names(scene.settings)[0]
            picture = composed(scene, window.size, self._px(scene.settings, window.size), {name: VIEWS[name]}, first)
        window.take(picture, self._px(scene.settings, window.size))

    def _lay_out(self, settings: Settings, names: Sequence[str]) -> None:
        """Open the windows of these names, close all others, and put them side by side if they are not those before."""
        wanted = tuple(names), settings.arrangement, settings.full
        if wanted == self._laid and set(names) == set(self._open):
            return
        self._laid = wanted
        for name in [name for name in self._open if name not in names]:
            self._close(name)
        opened = []
        for name, rect in panes(tuple(names), self._screen, settings.arrangement).items():
            place = self._kept.get(name) or _framed(rect)
            if name in self._open:
                self._open[name].move(place)
                continue
            self._open[name] = _Window(f"{self._title} {name}", place)
            opened.append(self._open[name])
            cv2.waitKeyEx(1)
            if self._keyboard:
                self._keyboard.watch()
        if names and names[0] in self._open:
            self._open[names[0]].fill(settings.full)
        for _ in range(SETTLING if opened else 0):  # at once: where the network is slow, the next poll is far away
            cv2.waitKeyEx(ROUND)
            for window in opened:
                window.looked_at()
        if self._seen:
            for window in self._open.values():  # those that stay were covered for a moment, too
                self._seen.doubt(window.title)

    def _note_place(self, name: str, window: "_Window") -> None:
        if window.moved is not None:
            self._kept[name] = window.moved

    def _close(self, name: str) -> None:
        window = self._open.pop(name)
        if self._seen:
            self._seen.forget(window.title)
        if window.visible():
            window.looked_at()
            self._note_place(name, window)
            cv2.destroyWindow(window.name)
            cv2.waitKeyEx(1)


_Place = tuple[tuple[int, int], Size]
"""A window's corner, with its frame, and its size without it."""


def _names(settings: Settings) -> list[str]:
    """The windows that these settings ask for."""
    return [BOARD] if settings.board else [view for view in settings.views if view in VIEWS]


def _framed(rect: Rect) -> _Place:
    """The place of a window that fills a part of the screen with its frame."""
    x0, y0, x1, y1 = rect
    return (x0, y0), (max(64, x1 - x0 - 2 * BORDER), max(64, y1 - y0 - TITLE_BAR - BORDER))


class _Window:
    """One window of OpenCV: what it shows, the clicks it got, and what is pointed at in it."""

    # No name comes twice: OpenCV only hides a Qt window that the user closed, and counts wrong when it comes back.
    _names = (f"emolive {n}" for n in itertools.count())

    def __init__(self, title: str, place: _Place) -> None:
        self.name, self.title, self.size = next(self._names), title, place[1]
        self.canvas: np.ndarray | None = None
        self.moved: _Place | None = None  # where the user put it
        self.resized = False
        self._put = place
        self._frame = 0, 0  # how far its picture lies from its frame's corner
        self._polls = 0
        self._full = False
        self._picture: Picture | None = None
        self._px = 0
        self._point = (-1, -1)
        self._said = ""
        self._fresh = False
        self._clicks: list[Event] = []
        cv2.namedWindow(self.name, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.setWindowTitle(self.name, title)
        self.move(place)
        cv2.setMouseCallback(self.name, self._mouse)
        self.put(hud.loading("", self.size))

    def visible(self) -> bool:
        with contextlib.suppress(cv2.error):  # some window systems raise for a window that is gone
            return cv2.getWindowProperty(self.name, cv2.WND_PROP_VISIBLE) >= 1
        return False

    def move(self, place: _Place) -> None:
        """Put it somewhere, unless the user did."""
        if self.moved is not None or self._full:
            return
        self._put, self.size = place, place[1]
        self._polls = 0
        cv2.resizeWindow(self.name, *place[1])
        cv2.moveWindow(self.name, *place[0])

    def fill(self, full: bool) -> None:
        """Let it fill the whole screen, or be as it was."""
        if full != self._full:
            self._full = full
            cv2.setWindowProperty(self.name, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN if full else 0)
            self._polls = 0

    def looked_at(self) -> bool:
        """See where it lies and how large it is now; whether it is to be shown anew: it has another size
        (`resized`), or something else is pointed at."""
        x, y, width, height = cv2.getWindowImageRect(self.name)
        self.resized = width > 0 and height > 0 and (width, height) != self.size
        if self.resized:
            self.size = width, height
        self._polls += 1
        if self._polls == SETTLING // 2 and not self._full:
            # Once more: before it had a frame, its picture was put there. Qt does nothing where it thinks it is.
            cv2.moveWindow(self.name, self._put[0][0] + 1, self._put[0][1])
            cv2.moveWindow(self.name, *self._put[0])
        if width > 0 and self._polls >= SETTLING and not self._full:
            dx, dy = x - self._put[0][0], y - self._put[0][1]
            if (width, height) == self._put[1] and abs(dx) <= NEAR and abs(dy) <= NEAR:
                self._frame = dx, dy
            else:
                self.moved = (x - self._frame[0], y - self._frame[1]), (width, height)
        return self.resized or self._help() != self._said

    def clicked(self) -> list[Event]:
        """The events of the clicks since the last call."""
        clicks, self._clicks = self._clicks, []
        return clicks

    def put(self, bgr: np.ndarray) -> None:
        """Show a picture of the window's own size as it is."""
        if self.canvas is None or self.visible():  # drawing in a window that the user just closed would bring it back
            cv2.imshow(self.name, bgr)
            self.canvas = bgr

    def take(self, picture: Picture, px: int) -> None:
        """The picture that is shown from the next `show` on, with a line of help in text of `px`."""
        self._picture, self._px, self._fresh = picture, px, True

    def show(self) -> None:
        """Show the picture with the sentence about what is pointed at, unless it is there already."""
        words = self._help()
        if self._picture is not None and (self._fresh or words != self._said):
            # What was shown is never written to: it may be recorded at this moment.
            bgr = self._picture.bgr if self._fresh else self._picture.bgr.copy()
            self._fresh, self._said = False, words
            write_help(bgr, words, self._px)
            self._picture = replace(self._picture, bgr=bgr)
            self.put(bgr)

    def _help(self) -> str:
        return pointed(self._picture.tips, *self._point) if self._picture is not None else self._said

    def _mouse(self, event: int, x: int, y: int, flags: int, data: object) -> None:
        self._point = x, y
        if event == cv2.EVENT_LBUTTONDOWN and self._picture is not None:
            clicked = hit_at(self._picture.hits, x + 0.5, y + 0.5)
            if clicked is not None:
                self._clicks.append(clicked)
