"""The hotkeys, as one table from which the help overlay, the README's table and the tests are made.

To add a key, add a row to `BINDINGS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from emolive.core.scene import (
    TOP,
    Aim,
    Closed,
    Enlarge,
    Event,
    Key,
    Menu,
    Pin,
    Select,
    Settings,
    Target,
    Variant,
    base_variant,
)
from emolive.core.settings import ARRANGEMENTS, TYPES
from emolive.ui.heat import COLORMAPS

UNDO = "U"
"""The key that undoes the last change."""

Action = Callable[[Settings, Menu], Settings]


@dataclass(frozen=True)
class Binding:
    """Keys that do one thing. `action` changes the settings named in `fields` and nothing else, whatever the menu."""

    keys: tuple[str, ...]
    help: str
    action: Action
    fields: tuple[str, ...]
    group: str


def press(settings: Settings, event: Event, menu: Menu) -> Settings:
    """The settings after an event. Keys that are not bound do nothing."""
    match event:
        case Key(name):
            return _BY_KEY[name].action(settings, menu) if name in _BY_KEY else settings
        case Pin(channel):
            others = tuple(c for c in settings.pins if c != channel)
            return replace(settings, pins=others if channel in settings.pins else (*others, channel))
        case Select(track):
            return replace(settings, selected=track)
        case Aim(label):
            against = None if settings.against == label else settings.against
            return replace(settings, target=TOP if settings.target == label else label, against=against)
        case Enlarge(view):
            return replace(settings, large="" if settings.large == view else view)
        case Closed(view):
            left = tuple(name for name in settings.views if name != view)
            if view in ("camera", "board") or not left:
                return replace(settings, quit=True)
            # Nobody looks at the masked faces any more, and each costs as much as one more face.
            return replace(settings, views=left, proof=settings.proof and view != "proof")
    return settings


def help_table() -> str:
    """The bindings as a Markdown table, for the README."""
    rows = [f"| {' '.join(f'`{key_name(key)}`' for key in b.keys)} | {b.help} |" for b in BINDINGS]
    return "\n".join(["| Key | What it does |", "| --- | --- |", *rows])


def key_name(key: str) -> str:
    """A key as it is written for people."""
    return _WRITTEN.get(key, key)


_WRITTEN = {
    " ": "space",
    "esc": "Esc",
    "tab": "Tab",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


T = TypeVar("T")


def _walk(choices: Sequence[T], now: T, step: int) -> T:
    """The choice `step` places on, round at the ends; the first where `now` is none of them."""
    if now not in choices:
        return choices[0] if choices else now
    return choices[(choices.index(now) + step) % len(choices)]


def _method(step: int) -> Action:
    return lambda s, menu: replace(s, method=_walk(menu.methods, s.method, step))


def _layer(step: int) -> Action:
    return lambda s, menu: replace(s, layer=_walk(menu.layers, s.layer, step))


def _filter_layer(step: int) -> Action:
    def action(s: Settings, menu: Menu) -> Settings:
        layer = _walk(menu.layers, s.filter_layer, step)
        # Another layer has other channels: a page or a pin of the old one would mean nothing there.
        return s if layer == s.filter_layer else replace(s, filter_layer=layer, page=0, pins=(), off=())

    return action


def _target(step: int) -> Action:
    def action(s: Settings, menu: Menu) -> Settings:
        labels = [label for label in menu.labels if label != s.against]
        return replace(s, target=_walk((TOP, *labels), s.target, step))

    return action


def _against(step: int) -> Action:
    def action(s: Settings, menu: Menu) -> Settings:
        labels = [label for label in menu.labels if label != s.target]
        return replace(s, against=_walk((None, *labels), s.against, step))

    return action


def _colormap(s: Settings, menu: Menu) -> Settings:
    return replace(s, colormap=_walk(tuple(COLORMAPS), s.colormap, 1))


def _scale(s: Settings, menu: Menu) -> Settings:
    return replace(s, scale=_walk(("fixed", "relative"), s.scale, 1))


def _alpha(step: float) -> Action:
    return lambda s, menu: replace(s, alpha=round(min(max(s.alpha + step, 0), 1), 2))


def _page(step: int) -> Action:
    return lambda s, menu: replace(s, page=(min(s.page, menu.pages - 1) + step) % max(menu.pages, 1))


def _step(step: int) -> Action:
    return lambda s, menu: replace(s, frozen=True, steps=s.steps + step)


def _seek(ms: float) -> Action:
    return lambda s, menu: replace(s, seek_ms=s.seek_ms + ms)


def _file(step: int) -> Action:
    return lambda s, menu: replace(s, file=s.file + step)


def _flip(field: str) -> Action:
    def flip(s: Settings, menu: Menu) -> Settings:
        other: dict[str, Any] = {field: not getattr(s, field)}
        return replace(s, **other)

    return flip


def _next(field: str, choices: Sequence[str]) -> Action:
    def action(s: Settings, menu: Menu) -> Settings:
        other: dict[str, Any] = {field: _walk(choices, getattr(s, field), 1)}
        return replace(s, **other)

    return action


def _next_face(s: Settings, menu: Menu) -> Settings:
    if not menu.tracks:
        return s
    # With none chosen, the largest face is shown: mostly the first one, so the next is the second.
    now = menu.tracks.index(s.selected) if s.selected in menu.tracks else 0
    return replace(s, selected=menu.tracks[(now + 1) % len(menu.tracks)])


def _view(name: str) -> Action:
    """Open a view's window or close it; the last one stays."""

    def action(s: Settings, menu: Menu) -> Settings:
        views = tuple(v for v in s.views if v != name) if name in s.views else (*s.views, name)
        return replace(s, views=views or s.views)

    return action


def _board(s: Settings, menu: Menu) -> Settings:
    """All views in one window; once more, and there are windows again, as many as at first."""
    if not s.board:
        return replace(s, board=True, views=tuple(dict.fromkeys((*s.views, *menu.views))))
    return replace(s, board=False, large="", views=Settings.views if menu.start.board else menu.start.views)


def _large(s: Settings, menu: Menu) -> Settings:
    """The next view alone on the board; all of them after the last one. Nothing where there is no board."""
    return replace(s, large=_walk(("", *s.views), s.large, 1)) if s.board else s


def _proof(s: Settings, menu: Menu) -> Settings:
    return _tested(s, replace(s, proof=not s.proof))


def _off(s: Settings, menu: Menu) -> Settings:
    """The pinned filters off, or the strongest where none is pinned; all on again where some are off."""
    return _tested(s, replace(s, off=() if s.off else s.pins or menu.order[:1]))


def _random(step: int) -> Action:
    return lambda s, menu: _tested(s, replace(s, random=(s.random + step) % (len(menu.random) + 1)))


def _compare(s: Settings, menu: Menu) -> Settings:
    """The next way to look to compare with; none after the last one, and where the one now is no neighbour any more."""
    ways = (None, *_neighbours(s, menu))
    now = ways.index(s.compare) if s.compare in ways else -1
    return _tested(s, replace(s, compare=ways[(now + 1) % len(ways)]))


def _neighbours(s: Settings, menu: Menu) -> list[Variant]:
    """What the way to look that is shown can be compared with: the next method, the other stages from the next
    shallower one on, and the second model."""
    shown = replace(base_variant(s), target=Target(), channels=())
    methods = [m for m in menu.methods if m not in _ALONE or m == shown.method]
    stages = [layer for layer in menu.layers if "." not in layer]  # not the blocks and convolutions inside them
    at = stages.index(shown.layer) if shown.layer in stages else len(stages)
    found = [replace(shown, method=_walk(methods, shown.method, 1))]
    found += [replace(shown, layer=layer) for layer in (*stages[:at][::-1], *stages[at:][::-1])]
    found = [way for way in found if way != shown and way.method not in _ALONE]
    return [*found, replace(shown, net="b")] if "b" in menu.models else found


_ALONE = ("scorecam", "filter")
"""What nothing is compared with: one takes seconds, the other needs pins."""


def _tested(before: Settings, after: Settings) -> Settings:
    """The settings after a test was switched on or off: its window opens, or closes where no test is left."""
    was, now = ([bool(on) for on in (s.proof, s.off, s.random, s.compare)] for s in (before, after))
    others = tuple(view for view in after.views if view != "proof")
    if any(new and not old for old, new in zip(was, now, strict=True)):
        return replace(after, views=after.views if "proof" in after.views else (*others, "proof"))
    ended = any(was) and not any(now) and not before.board  # on the board it stays
    return replace(after, views=others or after.views) if ended else after


def _reset(s: Settings, menu: Menu) -> Settings:
    return looking_like(s, menu.start)


def _undo(s: Settings, menu: Menu) -> Settings:
    return s if menu.before is None else replace(looking_like(s, menu.before), help=s.help)


def looking_like(settings: Settings, other: Settings) -> Settings:
    """The settings with the looks of others: what was done stays done."""
    kept = {field: getattr(settings, field) for field in _ACTS}
    return replace(other, **kept)


def _record(s: Settings, menu: Menu) -> Settings:
    return replace(s, record=not s.record, paused=False)


def _pause(s: Settings, menu: Menu) -> Settings:
    return replace(s, paused=s.record and not s.paused)


_ACTS = ("record", "paused", "shots", "clips", "kept", "file", "seek_ms", "frozen", "steps", "quit")
"""What a reset leaves alone: not how the picture looks, but what was done."""

_LOOK = tuple(field.name for field in fields(Settings) if field.name not in _ACTS)

# fmt: off
BINDINGS: tuple[Binding, ...] = (
    Binding(("m",), "next CAM method", _method(1), ("method",), "map"),
    Binding(("M",), "previous CAM method", _method(-1), ("method",), "map"),
    Binding(("l", "down"), "CAM layer deeper", _layer(1), ("layer",), "map"),
    Binding(("L", "up"), "CAM layer shallower", _layer(-1), ("layer",), "map"),
    Binding(("e",), "next target emotion (top, then each)", _target(1), ("target",), "map"),
    Binding(("E",), "previous target emotion", _target(-1), ("target",), "map"),
    Binding(("c",), "contrast: against the next emotion", _against(1), ("against",), "map"),
    Binding(("C",), "contrast: against the previous emotion", _against(-1), ("against",), "map"),
    Binding(("+", "="), "heat map stronger", _alpha(0.1), ("alpha",), "map"),
    Binding(("-",), "heat map weaker", _alpha(-0.1), ("alpha",), "map"),
    Binding(("o",), "heat map off and on", _flip("heat"), ("heat",), "map"),
    Binding(("i",), "other colours", _colormap, ("colormap",), "map"),
    Binding(("y",), "scale of the heat: fixed or relative", _scale, ("scale",), "map"),
    Binding(("g",), "window of all emotions on and off", _view("emotions"), ("views",), "proof"),
    Binding(("t",), "timeline window on and off", _view("timeline"), ("views",), "proof"),
    Binding(("d",), "proof by blurring, on and off", _proof, ("proof", "views"), "proof"),
    Binding(("w",), "randomise one stage more", _random(1), ("random", "views"), "proof"),
    Binding(("W",), "randomise one stage less", _random(-1), ("random", "views"), "proof"),
    Binding(("z",), "pinned (or strongest) filters off, on", _off, ("off", "views"), "proof"),
    Binding(("a",), "A/B: other method, layers, model, none", _compare, ("compare", "views"), "proof"),
    Binding(("f",), "filter window on and off", _view("filters"), ("views",), "filters"),
    Binding(("v",), "tiles by strength or by share", _flip("by_share"), ("by_share",), "filters"),
    Binding(("]",), "next filter layer", _filter_layer(1), ("filter_layer", "page", "pins", "off"), "filters"),
    Binding(("[",), "previous filter layer", _filter_layer(-1), ("filter_layer", "page", "pins", "off"), "filters"),
    Binding((">", "pagedown"), "next page of filters", _page(1), ("page",), "filters"),
    Binding(("<", "pageup"), "previous page of filters", _page(-1), ("page",), "filters"),
    Binding(("u",), "unpin all filters", lambda s, menu: replace(s, pins=()), ("pins",), "filters"),
    Binding(("n",), "next face", _next_face, ("selected",), "picture"),
    Binding(("b",), "all views in one window (the board), or not", _board, ("board", "views", "large"), "screen"),
    Binding(("B",), "other arrangement: beside, below, even", _next("arrangement", ARRANGEMENTS), ("arrangement",),
            "screen"),
    Binding(("tab",), "next view alone on the board, then all", _large, ("large",), "screen"),
    Binding(("T",), "larger text: desk, room, lecture", _next("type", TYPES), ("type",), "screen"),
    Binding(("F",), "full screen", _flip("full"), ("full",), "screen"),
    Binding(("x",), "mirror", _flip("mirror"), ("mirror",), "picture"),
    Binding((" ",), "freeze and go on", _flip("frozen"), ("frozen",), "time"),
    Binding((".",), "one frame on", _step(1), ("frozen", "steps"), "time"),
    Binding((",",), "one frame back", _step(-1), ("frozen", "steps"), "time"),
    Binding(("k", "right"), "5 s on", _seek(5000), ("seek_ms",), "time"),
    Binding(("j", "left"), "5 s back", _seek(-5000), ("seek_ms",), "time"),
    Binding(("N",), "next file", _file(1), ("file",), "time"),
    Binding(("P",), "previous file", _file(-1), ("file",), "time"),
    Binding(("r",), "record what is shown, stop", _record, ("record", "paused"), "keep"),
    Binding(("p",), "pause the recording, go on", _pause, ("paused",), "keep"),
    Binding(("R",), "save the last 30 s as a clip", lambda s, menu: replace(s, clips=s.clips + 1), ("clips",), "keep"),
    Binding(("s",), "snapshot", lambda s, menu: replace(s, shots=s.shots + 1), ("shots",), "keep"),
    Binding(("S",), "keep the session (--session)", lambda s, menu: replace(s, kept=s.kept + 1), ("kept",), "keep"),
    Binding(("0",), "reset how it looks", _reset, _LOOK, "keep"),
    Binding((UNDO,), "undo the last change, also a 0", _undo, _LOOK, "keep"),
    Binding(("h", "?"), "this help", _flip("help"), ("help",), "keep"),
    Binding(("q", "esc"), "quit", lambda s, menu: replace(s, quit=True), ("quit",), "keep"),
)
# fmt: on


def by_key(bindings: Sequence[Binding]) -> dict[str, Binding]:
    """Which binding each key has. Raises ValueError where a key has two."""
    table: dict[str, Binding] = {}
    for binding in bindings:
        for key in binding.keys:
            if key in table:
                raise ValueError(f"The key {key_name(key)!r} is bound twice: {table[key].help}, {binding.help}.")
            table[key] = binding
    return table


_BY_KEY = by_key(BINDINGS)
