"""One window of OpenCV: where it lies, what it shows, and what is clicked and pointed at in it."""

import contextlib
import itertools
from dataclasses import replace

import cv2
import numpy as np

from emolive.core.scene import Event, Picture
from emolive.ui import hud
from emolive.ui.board import write_help
from emolive.ui.fit import hit_at
from emolive.ui.layout import Size
from emolive.ui.topics import pointed

Place = tuple[tuple[int, int], Size]
"""A window's corner, with its frame, and its size without it."""

SETTLING, NEAR = 12, 50
"""So many polls pass until a window lies where it was put, its picture so many pixels from there at most (its
frame); what moves or resizes it later is the person."""


class Window:
    """One window of OpenCV: what it shows, the clicks it got, and what is pointed at in it."""

    # No name comes twice: OpenCV only hides a Qt window that the user closed, and counts wrong when it comes back.
    _names = (f"emolive {n}" for n in itertools.count())

    def __init__(self, title: str, place: Place) -> None:
        self.name, self.title, self.size = next(self._names), title, place[1]
        self.canvas: np.ndarray | None = None
        self.moved: Place | None = None  # where the user put it
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

    def move(self, place: Place) -> None:
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
