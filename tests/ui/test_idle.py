"""Each key that can do nothing says so, in one sentence: the whole table of keys, in every mode."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scenes import examined, scene
from thinned import dear

from emolive.core.scene import Event, Key, Progress, Scene, Select, Settings
from emolive.live.loop import asked_of
from emolive.ui import idle as table
from emolive.ui.board import board, composed
from emolive.ui.idle import WHY, Answering, idle
from emolive.ui.keys import BINDINGS, press
from emolive.ui.layout import panes
from emolive.ui.sizes import text_px
from emolive.ui.undo import Undoable
from emolive.ui.views import VIEWS, order

SIZE = (1366, 768)
FILM = Progress("film.mp4", live=False, duration_ms=60_000, frames=1500)
KEYS = tuple(key for binding in BINDINGS for key in binding.keys)
ALL = tuple(VIEWS)


@dataclass(frozen=True)
class Mode:
    """How things are when a key is pressed."""

    settings: Mapping[str, object] = field(default_factory=dict)
    progress: Progress = FILM
    faces: int = 2


MODES = {
    "windows": Mode({"views": ("camera", "filters")}),
    "one window": Mode({"views": ("camera",)}),
    "board": Mode({"views": ALL, "board": True}),
    "board, filters large": Mode({"views": ALL, "board": True, "large": "filters"}),
    "board, camera large": Mode({"views": ALL, "board": True, "large": "camera"}),
    "board, timeline large": Mode({"views": ALL, "board": True, "large": "timeline"}),
    "board with help": Mode({"views": ALL, "board": True, "help": True}),
    "board of one": Mode({"views": ("camera",), "board": True}),
    "recording": Mode({"views": ALL, "record": True}),
    "frozen": Mode({"views": ALL, "frozen": True}),
    "picture": Mode({"views": ALL}, Progress("photo.jpg", live=False, frames=1)),
    "live": Mode({"views": ALL}, Progress("camera 0")),
    "ended": Mode({"views": ALL, "frozen": True}, replace(FILM, ended=True)),
    "nobody": Mode({"views": ALL}, faces=0),
    "one face": Mode({"views": ALL}, faces=1),
    "blind": Mode({"views": ALL, "method": "activation"}),
    "filter map": Mode({"views": ALL, "method": "filter", "pins": (3,)}),
    "no heat": Mode({"views": ALL, "heat": False}),
    "strongest": Mode({"views": ALL, "alpha": 1.0}),
    "weakest": Mode({"views": ALL, "alpha": 0.0}),
}
USUAL = ("windows", "board", "nobody")


def made(mode: Mode) -> Scene:
    given = examined(scene(320, 200, mode.faces, channels=32, cam=4, **mode.settings))
    menu = replace(given.menu, order=order(given), views=ALL, start=Settings(**mode.settings))
    return replace(given, menu=menu, progress=mode.progress)


def shown(given: Scene, settings: Settings) -> list[np.ndarray]:
    """What windows show under these settings."""
    now = replace(given, settings=settings)
    if settings.board:
        return [board(now, SIZE, VIEWS).bgr]
    px, size = text_px(settings.type, SIZE[1]), (SIZE[0] // 2, SIZE[1] // 2)
    return [composed(now, size, px, {view: VIEWS[view]}, n == 0).bgr for n, view in enumerate(settings.views)]


def done(settings: Settings, progress: Progress) -> tuple[object, ...]:
    """What keys do besides: what is asked of the network, of the source where it can obey or says itself that it
    cannot, what is kept, and where windows lie."""
    s, moves = settings, not progress.live and progress.frames != 1
    acts = s.record, s.paused, s.shots, s.clips, s.kept, s.quit, s.full
    asked = (
        asked_of(replace(s, frozen=False)),
        s.file if not progress.live else 0,
        (s.steps, s.seek_ms) if moves else (),
    )
    places = () if s.board else tuple(panes(s.views, (0, 0, *SIZE), s.arrangement).items())
    return *acts, *asked, places


def silent(mode: Mode) -> set[str]:
    """The keys that change nothing in a mode and say nothing of it."""
    given = made(mode)
    before = shown(given, given.settings)
    found = set()
    for key in KEYS:
        after = press(given.settings, Key(key), given.menu)
        if done(after, mode.progress) != done(given.settings, mode.progress):
            continue
        same = after == given.settings or all(map(np.array_equal, before, shown(given, after)))
        if same and not idle(given.settings, after, Key(key), given.menu, mode.progress):
            found.add(key)
    return found


@pytest.mark.parametrize("name", [*USUAL, *dear(*(name for name in MODES if name not in USUAL))])
def test_no_key_is_silent_that_does_nothing(name):
    assert silent(MODES[name]) == set()


def test_what_looks_for_silent_keys_finds_them(monkeypatch):
    monkeypatch.setattr(table, "WHY", {})
    monkeypatch.setattr(table, "NOTHING", "")
    assert {"tab", "p", "u", "U", "0"} <= silent(MODES["windows"])


def said(key: str, mode: Mode) -> str:
    """What a key says in a mode."""
    given = made(mode)
    return idle(given.settings, press(given.settings, Key(key), given.menu), Key(key), given.menu, mode.progress)


def test_on_the_board_of_a_film_keys_that_do_something_say_nothing():
    given = made(MODES["board"])
    spoken = {key for key in KEYS if idle(given.settings, press(given.settings, Key(key), given.menu), Key(key),
                                          given.menu, FILM)}  # fmt: skip
    assert spoken == {"p", "u", "U", "0"}


@pytest.mark.parametrize(
    ("key", "mode", "words"),
    [
        ("tab", "windows", "b opens the board"),
        ("tab", "board of one", "There is one view only"),
        ("tab", "board with help", "h closes it"),
        ("B", "one window", "There is one view only"),
        ("B", "board, camera large", "camera is enlarged"),
        ("t", "board, filters large", "filters is enlarged"),
        ("d", "board, filters large", "filters is enlarged"),
        ("f", "board, filters large", ""),
        ("]", "one window", "f shows them"),
        ("v", "one window", "f shows them"),
        (".", "picture", "A picture stands still"),
        ("k", "live", "space freezes it"),
        (" ", "live", ""),
        (" ", "ended", "at its end"),
        ("N", "live", "no other file"),
        ("e", "blind", "activation knows no emotion"),
        ("l", "filter map", "[ and ]"),
        ("n", "one face", "There is no other face"),
        ("n", "nobody", "There is no face"),
        ("i", "nobody", "There is no face"),
        ("z", "nobody", "no face is in sight"),
        ("+", "strongest", "as strong as it gets"),
        ("-", "weakest", "as weak as it gets"),
        ("+", "no heat", "o shows it"),
        ("p", "windows", "r begins a recording"),
        ("p", "recording", ""),
        ("u", "windows", "No filter is pinned"),
        ("U", "windows", "no change to undo"),
        ("0", "windows", "as it did at the start"),
        ("A", "windows", "has no meaning here"),
    ],
)
def test_what_is_said(key, mode, words):
    told = said(key, MODES[mode])
    assert (words in told) if words else told == ""


def test_each_reason_is_one_sentence_and_of_a_key_that_there_is():
    assert set(WHY) <= {binding.keys[0] for binding in BINDINGS}
    told = set()
    for mode in MODES.values():
        given = made(replace(mode, faces=min(mode.faces, 1)))
        for key in KEYS:
            after = press(given.settings, Key(key), given.menu)
            told |= {idle(given.settings, after, Key(key), given.menu, mode.progress)} - {""}
    assert len(told) > 20
    assert all(words[0].isupper() and words.endswith(".") and words.count(". ") == 0 for words in told)


def test_it_is_said_until_the_next_event_and_a_second_click_on_a_face_says_so_too():
    given = made(MODES["windows"])
    answering = Answering(press, lambda: FILM)
    hands = Undoable(answering)
    events: list[tuple[Event, str]] = [
        (Key("tab"), "Tab enlarges"),
        (Key("o"), ""),
        (Key("U"), ""),
        (Key("U"), "no change to undo"),
        (Select(2), ""),
        (Select(2), "Face 2 is selected already."),
    ]
    settings = given.settings
    for event, words in events:
        settings = hands(settings, event, given.menu)
        assert (words in answering.notes()[0]) if words else answering.notes() == ()
