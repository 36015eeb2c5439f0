"""Sees to it that windows show what was drawn in them.

On a busy machine Qt loses a few of the events that the X server sends it, on one of some thirty new windows: seen with
5.15.19, by its own log, which lacks them. Without the one that says that a window is up, or larger, nothing is ever
painted in it, and it stays black. So the server is asked what a window shows; where that is not what was drawn, Qt is
told again what it missed. Used on Linux only.
"""

import time
from dataclasses import dataclass

import numpy as np

from emolive.ui.x11 import Keyboard

ALIKE = 6.0
"""What a window may differ from what was drawn, in levels of grey on average: it may be a frame behind, but a black
window differs by 20 at least."""

PATIENCE, REMINDERS = 0.3, 10
"""Seconds that Qt has for painting, and how often it is told again. A window that another one hides is never seen."""

PAUSE, LATER = 0.03, 0.5
"""Seconds between two looks at a window in doubt, and between two at the size of one that was seen."""


@dataclass
class _Sight:
    doubted: bool = True
    since: float = 0.0
    looked: float = 0.0
    reminded: int = 0
    hopeless: bool = False  # hidden, or scaled: what it shows cannot be known


class Seen:
    """What is known of the windows, by their titles."""

    def __init__(self, server: Keyboard) -> None:
        self._server = server
        self._windows: dict[str, _Sight] = {}

    def doubt(self, title: str) -> None:
        """This window is new, or was moved, resized, or uncovered by another one."""
        self._windows[title] = _Sight(since=time.monotonic())

    def forget(self, title: str) -> None:
        """This window is gone."""
        self._windows.pop(title, None)

    def sure(self, title: str, canvas: np.ndarray) -> bool:
        """Whether there is no doubt that a window shows `canvas` (H, W, 3, uint8 BGR). Call it after events were
        handled, and again and again: it looks, and tells Qt again what it seems to have missed."""
        window = self._windows.setdefault(title, _Sight())
        now = time.monotonic()
        if window.hopeless or now - window.looked < (PAUSE if window.doubted else LATER):
            return not window.doubted
        window.looked = now
        if not window.doubted:
            if self._server.size(title) not in (None, canvas.shape[1::-1]):
                self.doubt(title)
            return True
        shown = self._server.pixels(title)
        if shown is not None and shown.shape == canvas.shape and _difference(shown, canvas) < ALIKE:
            window.doubted = False
        elif window.reminded >= REMINDERS:
            window.doubted, window.hopeless = False, True
        elif now - window.since > PATIENCE:
            self._server.remind(title)
            window.since, window.reminded = now, window.reminded + 1
        return not window.doubted


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())
