"""Undoing: what the settings looked like before each change, so that one key goes back."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from emolive.core.scene import Event, Key, Menu, Settings
from emolive.ui.keys import UNDO, looking_like

MOST = 200
"""Changes that can be undone."""


class Undoable:
    """Makes of `press` one that remembers: the menu that it is given says what the settings were before the last change
    of how things look, and the key `UNDO` goes back by one. Freezing, seeking, recording and the help are no changes.
    """

    def __init__(self, press: Callable[[Settings, Event, Menu], Settings]) -> None:
        self._press = press
        self._past: deque[Settings] = deque(maxlen=MOST)

    def __call__(self, settings: Settings, event: Event, menu: Menu) -> Settings:
        """The settings after an event."""
        after = self._press(settings, event, replace(menu, before=self._past[-1] if self._past else None))
        if event == Key(UNDO):
            if self._past:
                self._past.pop()
        elif _looks(after) != _looks(settings):
            self._past.append(settings)
        return after


def _looks(settings: Settings) -> Settings:
    return replace(looking_like(Settings(), settings), help=False)
