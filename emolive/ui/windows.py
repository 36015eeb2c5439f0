"""The windows: the only place that shows anything. They show each view, and give back keys, clicks and closings."""

import contextlib
import itertools
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import matplotlib
import numpy as np

from emolive.core.scene import Closed, Event, Key, Picture, Scene
from emolive.ui import hud
from emolive.ui.fit import LARGEST, Fit, Size, camera_size, fit, hit_at, letterboxed, places
from emolive.ui.keycodes import key_name

if sys.platform == "linux":
    from emolive.ui import x11

USUAL_SCREEN: Size = (1440, 900)
"""What is taken for the screen's size where nobody tells it."""


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
    """A sink that shows the views in `settings.views`, each in its own window, and the source of the user's events.

    A context manager: no window is left open. The status lines and the help are drawn in the first view's window.
    """

    stage = "show"

    def __init__(self, title: str = "emolive") -> None:
        self._title = title
        self._open: dict[str, _Window] = {}
        self._closed: set[str] = set()  # by the user, and not yet gone from the settings
        self._keyboard = x11.Keyboard() if sys.platform == "linux" else None
        self._screen = USUAL_SCREEN
        self._frame: Size | None = None

    def __enter__(self) -> "Windows":
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")  # the only one that OpenCV's wheel brings
        # Qt looks for fonts in a folder that the wheel lacks, and complains at length.
        os.environ["QT_QPA_FONTDIR"] = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")
        if self._keyboard:
            self._keyboard.__enter__()
            self._screen = self._keyboard.screen() or USUAL_SCREEN
        return self

    def __exit__(self, *error: object) -> None:
        for name in list(self._open):
            self._close(name)
        if self._keyboard:
            self._keyboard.__exit__(*error)

    def notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()

    def say(self, text: str) -> None:
        """Show what is being waited for, at once."""
        window = self._open.get("camera") or self._new("camera", LARGEST)
        window.canvas(hud.loading(text, window.size))
        for _ in range(12):  # the window system takes a few rounds to put a new window up
            cv2.waitKeyEx(10)

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """Show the pictures of the views asked for; windows of other views are closed."""
        views = [view for view in scene.settings.views if view in pictures]
        self._closed &= set(views)
        for view in [view for view in self._open if view not in views]:
            self._close(view)
        frame = (scene.frame.bgr.shape[1], scene.frame.bgr.shape[0])
        for view in views:
            if view not in self._closed:
                window = self._open.get(view) or self._new(view, frame)
                if view == "camera" and self._frame is None:
                    self._frame = frame
                    window.resize(self._camera(frame))
                window.show(pictures[view], scene if view == views[0] else None)

    def poll(self) -> list[Event]:
        """What the user did since the last call, in order. Keeps the windows alive, so call it often."""
        code = cv2.waitKeyEx(1)
        pressed = self._keyboard.pressed() if self._keyboard else None
        if pressed is None:
            pressed = [name for name in [key_name(code)] if name]
        events: list[Event] = [Key(name) for name in pressed]
        for view, window in list(self._open.items()):
            events += window.clicked()
            if not window.visible():
                # It is gone already; destroyed once more, OpenCV would count its Qt windows wrong and take all down.
                del self._open[view]
                self._closed.add(view)
                events.append(Closed(view))
            elif window.resized():
                window.redraw()
        return events

    def _camera(self, frame: Size) -> Size:
        width, height = camera_size(frame, self._screen)
        return width, height + hud.status_height(width, height)

    def _new(self, view: str, frame: Size) -> "_Window":
        place, size = places(self._camera(frame), self._screen)[view]
        self._open[view] = _Window(f"{self._title} {view}", place, size)
        cv2.waitKeyEx(1)
        if self._keyboard:
            self._keyboard.watch()
        return self._open[view]

    def _close(self, view: str) -> None:
        window = self._open.pop(view)
        if window.visible():
            cv2.destroyWindow(window.name)
            cv2.waitKeyEx(1)


class _Window:
    """One window of OpenCV: what it shows, and the clicks it got."""

    # No name comes twice: OpenCV only hides a Qt window that the user closed, and counts wrong when it comes back.
    _names = (f"emolive {n}" for n in itertools.count())

    def __init__(self, title: str, place: tuple[int, int], size: Size) -> None:
        self.name, self.size = next(self._names), size
        self._shown: tuple[Picture, Scene | None] | None = None
        self._fit = Fit(1, 0, 0)
        self._clicks: list[Event] = []
        self._drawn = False
        cv2.namedWindow(self.name, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.setWindowTitle(self.name, title)
        cv2.resizeWindow(self.name, *size)
        cv2.moveWindow(self.name, *place)
        cv2.setMouseCallback(self.name, self._mouse)
        self.canvas(hud.loading("", size))

    def visible(self) -> bool:
        with contextlib.suppress(cv2.error):  # some window systems raise for a window that is gone
            return cv2.getWindowProperty(self.name, cv2.WND_PROP_VISIBLE) >= 1
        return False

    def resize(self, size: Size) -> None:
        if size != self.size:
            self.size = size
            cv2.resizeWindow(self.name, *size)

    def resized(self) -> bool:
        """Whether the user gave the window another size since it was last asked."""
        _, _, width, height = cv2.getWindowImageRect(self.name)
        if width < 1 or height < 1 or (width, height) == self.size:
            return False
        self.size = (width, height)
        return True

    def clicked(self) -> list[Event]:
        """The events of the clicks since the last call."""
        clicks, self._clicks = self._clicks, []
        return clicks

    def canvas(self, bgr: np.ndarray) -> None:
        """Show a picture of the window's own size as it is."""
        if not self._drawn or self.visible():  # drawing in a window that the user just closed would bring it back
            cv2.imshow(self.name, bgr)
            self._drawn = True

    def show(self, picture: Picture, scene: Scene | None) -> None:
        """Show a picture as large as the window allows; with a scene, its status lines above it."""
        if self._shown == (picture, scene):
            return
        self._shown = picture, scene
        self.redraw()

    def redraw(self) -> None:
        """Show the same once more, in the window's size of now."""
        if self._shown is None:
            return
        picture, scene = self._shown
        top = hud.status_height(*self.size) if scene is not None else 0
        self._fit = fit((picture.bgr.shape[1], picture.bgr.shape[0]), self.size, top)
        canvas = letterboxed(picture.bgr, self.size, self._fit)
        if scene is not None:
            lines = hud.status(scene, *self.size)[: self.size[1]]
            canvas[: len(lines)] = lines
            if scene.working:
                hud.working_overlay(canvas, len(lines), scene.working)
            if scene.settings.help:
                hud.help_overlay(canvas)
        self.canvas(canvas)

    def _mouse(self, event: int, x: int, y: int, flags: int, data: object) -> None:
        if event == cv2.EVENT_LBUTTONDOWN and self._shown is not None:
            clicked = hit_at(self._shown[0].hits, *self._fit.back(x, y))
            if clicked is not None:
                self._clicks.append(clicked)
