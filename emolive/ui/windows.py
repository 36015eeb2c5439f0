"""The windows: the only place that shows anything. They show each view in one of its own, or all of them in the board,
and give back keys, clicks and closings."""

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
from emolive.ui.board import board, composed, help_height
from emolive.ui.draw import Rect
from emolive.ui.help import help_fits
from emolive.ui.keycodes import key_name
from emolive.ui.layout import Size, panes
from emolive.ui.sizes import text_px
from emolive.ui.together import together
from emolive.ui.views import VIEWS
from emolive.ui.window import SETTLING, Place, Window

if sys.platform == "linux":
    from emolive.ui import seen, x11

USUAL_SCREEN: Rect = (0, 0, 1440, 900)
"""What is taken for the screen where nobody tells what it is."""

BOARD = "board"
"""The window that holds all views."""

TITLE_BAR, BORDER = 36, 4
"""What a window manager may put around a window, in pixels: above, and at each other side."""

UP, BLIND = 1.0, 0.12
"""Seconds that first words wait at most until they are seen, and where nobody can tell whether they are."""

ROUND = 8
"""Milliseconds that a poll takes while new windows settle."""


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
        self._open: dict[str, Window] = {}
        self._closed: set[str] = set()  # by the user, and not yet gone from the settings
        self._kept: dict[str, Place] = {}  # where the user put them
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

    def _draw(self, name: str, window: "Window", scene: Scene) -> None:
        if name == BOARD:
            picture = board(scene, window.size, VIEWS)
        else:
            first = name == _names(scene.settings)[0]
            helped = scene.settings.help and name == self._helping(scene.settings)
            shown = replace(scene, settings=replace(scene.settings, help=helped))
            picture = composed(shown, window.size, self._px(scene.settings, window.size), {name: VIEWS[name]}, first)
        window.take(picture, self._px(scene.settings, window.size))

    def _helping(self, settings: Settings) -> str:
        """The window that the help is shown in: rather not the first one, which shows the faces, but where it fits."""
        first, *others = (name for name in _names(settings) if name in self._open)
        sizes = {name: self._open[name].size for name in others}
        feet = {name: help_height(size[0], self._px(settings, size)) for name, size in sizes.items()}
        return next((name for name, (wide, high) in sizes.items() if help_fits(wide, high - feet[name])), first)

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
            self._open[name] = Window(f"{self._title} {name}", place)
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

    def _note_place(self, name: str, window: "Window") -> None:
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


def _names(settings: Settings) -> list[str]:
    """The windows that these settings ask for."""
    return [BOARD] if settings.board else [view for view in settings.views if view in VIEWS]


def _framed(rect: Rect) -> Place:
    """The place of a window that fills a part of the screen with its frame."""
    x0, y0, x1, y1 = rect
    return (x0, y0), (max(64, x1 - x0 - 2 * BORDER), max(64, y1 - y0 - TITLE_BAR - BORDER))
