"""What is said of a key that can do nothing now: one sentence, with what to do instead. One table for all keys."""

import time
from collections.abc import Callable, Mapping

from emolive.core.scene import Closed, Event, Key, Menu, Progress, Select, Settings
from emolive.ui.keys import BINDINGS, UNDO, by_key, key_name

Why = Callable[[Settings, Settings, Menu, Progress], str]
"""Why a key changes nothing, given the settings before and after it; "" where it does something."""

TOLD_S = 6.0
"""Seconds that it is said."""


def idle(before: Settings, after: Settings, event: Event, menu: Menu, progress: Progress) -> str:
    """Why an event did nothing that could be seen or heard of, as a sentence; "" where it did, and for clicks that a
    person does not make on purpose. What only a source knows (that this is the last frame) it says itself."""
    match event:
        case Key(name) if name not in _BY_KEY:
            return f"The key {key_name(name)} has no meaning here; h shows those that have."
        case Key(name):
            reasons = (why(before, after, menu, progress) for why in WHY.get(_BY_KEY[name].keys[0], ()))
            return next(filter(None, reasons), NOTHING if after == before and not before.quit else "")
        case Select(track) if after == before:
            return f"Face {track} is selected already."
    return ""


NOTHING = "There is nothing that this key could change now."


class Answering:
    """Makes of `press` one that remembers what is to be said of the last event: `notes`, for some seconds."""

    def __init__(self, press: Callable[[Settings, Event, Menu], Settings], progress: Callable[[], Progress]) -> None:
        self._press, self._progress = press, progress
        self._said = ""
        self._until: float | None = None

    def __call__(self, settings: Settings, event: Event, menu: Menu) -> Settings:
        """The settings after an event."""
        after = self._press(settings, event, menu)
        if not isinstance(event, Closed):
            self._said, self._until = idle(settings, after, event, menu, self._progress()), None
        return after

    def notes(self) -> tuple[str, ...]:
        """Why the last key did nothing, for some seconds from the first time on that this is asked: a slow machine may
        not come to it before."""
        if self._until is None:
            self._until = time.monotonic() + TOLD_S
        return (self._said,) if self._said and time.monotonic() < self._until else ()


def _when(holds: Callable[[Settings, Menu, Progress], object], words: str) -> Why:
    """A sentence that is said where something holds; it may name the method."""
    return lambda s, after, menu, progress: words.format(method=s.method) if holds(s, menu, progress) else ""


def _unless_changed(words: str) -> Why:
    return lambda s, after, menu, progress: words if s == after else ""


def _behind(*views: str) -> Why:
    """The key's view is behind another one, which has the board for itself, or behind the help."""

    def why(s: Settings, after: Settings, menu: Menu, progress: Progress) -> str:
        if s.board and s.help and "camera" not in views:  # which stands beside it
            return "The help lies over it; h closes it."
        stays = s.large in s.views and s.large == after.large and s.large in after.views
        if s.board and stays and s.large not in views:
            return f"The view {s.large} is enlarged and hides it; Tab goes on to the next one, then to all."
        return ""

    return why


NOBODY = _when(lambda s, menu, _: not menu.tracks, "There is no face in sight; it will be seen when one comes.")
CLOSED = _when(lambda s, menu, _: "filters" not in s.views, "The filters are not on the screen; f shows them.")
BLIND = _when(lambda s, menu, _: s.method in menu.blind,
              "The map stays as it is: {method} knows no emotion; m takes another method.")  # fmt: skip
COLD = _when(lambda s, menu, _: not s.heat, "The heat is off; o shows it.")
HOT = _when(lambda s, menu, _: s.alpha >= 1, "The heat is as strong as it gets; - makes it weaker.")
WEAK = _when(lambda s, menu, _: s.alpha <= 0, "The heat is as weak as it gets; + makes it stronger.")
STILL = _when(lambda s, menu, progress: progress.frames == 1, "A picture stands still: it has no other moment.")
LIVE = _when(lambda s, menu, progress: progress.live, "What is live has neither past nor future; space freezes it.")
ENDED = _when(lambda s, menu, progress: progress.ended, "The film is at its end; j goes back 5 s.")
LAST = _unless_changed("The last window stays; q quits.")
TESTS, PAINTED = _behind("proof"), _behind("camera")

_METHODS = (_when(lambda s, menu, _: len(menu.methods) < 2, "There is no other method."),)
_LAYERS = (
    _when(lambda s, menu, _: s.method == "filter", "The method filter shows the filters' layer; [ and ] change that."),
    _when(lambda s, menu, _: s.method == "guided", "The method guided looks at the picture itself, at no layer."),
    _when(lambda s, menu, _: len(menu.layers) < 2, "There is no other layer."),
)
_TARGETS = (BLIND, _when(lambda s, menu, _: len(menu.labels) < 2, "There is no other emotion."))
_FILTER_LAYERS = (_LAYERS[-1], CLOSED, _behind("filters"))
_PAGES = (CLOSED, NOBODY, _when(lambda s, menu, _: menu.pages < 2, "All filters are on this page."), _behind("filters"))
_STEP = (STILL, LIVE)
_FILES = (_when(lambda s, menu, progress: progress.live, "What is live has no other file."),)
_RANDOM = (_when(lambda s, menu, _: not menu.random, "This network has no part that can be made random."),)

WHY: Mapping[str, tuple[Why, ...]] = {
    "m": _METHODS,
    "M": _METHODS,
    "l": _LAYERS,
    "L": _LAYERS,
    "e": _TARGETS,
    "E": _TARGETS,
    "c": _TARGETS,
    "C": _TARGETS,
    "+": (
        COLD,
        _when(lambda s, menu, _: s.alpha >= 1, "The heat is as strong as it gets; - makes it weaker."),
        NOBODY,
        PAINTED,
    ),
    "-": (
        COLD,
        _when(lambda s, menu, _: s.alpha <= 0, "The heat is as weak as it gets; + makes it stronger."),
        NOBODY,
        PAINTED,
    ),
    "o": (NOBODY,),
    "i": (NOBODY, _behind("camera", "filters", "emotions", "proof")),
    "y": (NOBODY, _behind("camera", "emotions", "proof")),
    "x": (PAINTED,),
    "g": (LAST, _behind("emotions")),
    "t": (LAST, _behind("timeline")),
    "d": (NOBODY, TESTS),
    "w": (*_RANDOM, NOBODY, TESTS),
    "W": (*_RANDOM, NOBODY, TESTS),
    "z": (_unless_changed("There is no filter to switch off: no face is in sight."), NOBODY, TESTS),
    "a": (_unless_changed("There is nothing to compare this map with."), NOBODY, TESTS),
    "f": (LAST, _behind("filters")),
    "v": (CLOSED, NOBODY, _behind("filters")),
    "]": _FILTER_LAYERS,
    "[": _FILTER_LAYERS,
    ">": _PAGES,
    "<": _PAGES,
    "u": (_unless_changed("No filter is pinned; a click on a tile pins it."),),
    "n": (
        _when(lambda s, menu, _: not menu.tracks, "There is no face in sight."),
        _when(lambda s, menu, _: len(menu.tracks) < 2, "There is no other face."),
    ),
    "B": (
        _behind(),
        _when(lambda s, menu, _: len(s.views) < 2, "There is one view only; b shows all of them."),
    ),
    "tab": (
        _when(lambda s, menu, _: not s.board, "Tab enlarges a view of the board; b opens the board."),
        _when(lambda s, menu, _: s.help, "The help lies over it; h closes it."),
        _when(lambda s, menu, _: len(s.views) < 2, "There is one view only; f, g, t and d show others."),
    ),
    " ": (STILL, ENDED),
    ".": _STEP,
    ",": _STEP,
    "k": _STEP,
    "j": _STEP,
    "N": _FILES,
    "P": _FILES,
    "p": (_unless_changed("Nothing is being recorded; r begins a recording."),),
    "0": (_unless_changed("It looks as it did at the start."),),
    UNDO: (_when(lambda s, menu, _: menu.before is None, "There is no change to undo."),),
}
"""By the first of a key's names. The first reason that holds is said."""

_BY_KEY = by_key(BINDINGS)
