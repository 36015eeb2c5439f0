"""What the user asks to see, what there is to choose from, and the ways to look that follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from emolive.core.errors import pick

TOP: Final = None
"""In the place of a label: whatever emotion the network finds most likely for that face. No label is like it."""


@dataclass(frozen=True)
class Target:
    """What a map speaks for, and against: `plus` is a label or `TOP`, `minus` a label or None (against nothing)."""

    plus: str | None = TOP
    minus: str | None = None


def parsed_target(text: str, labels: Sequence[str]) -> Target:
    """What somebody wrote: a label, "" for the likeliest, "happy-sad" for happy and not sad, "-sad" for the likeliest
    and not sad. A label with a hyphen is that label. Raises `EmoliveError` with the labels there are."""
    if not text:
        return Target()
    if text not in labels:
        for i in (i for i, sign in enumerate(text) if sign == "-"):
            plus, minus = text[:i] or TOP, text[i + 1 :]
            if minus in labels and plus in (*labels, TOP):
                return Target(plus, minus)
    return Target(pick(text, labels, "emotion"))


VIEW_NAMES = ("camera", "filters", "emotions", "proof", "timeline")
"""The views that can be opened as windows."""


ARRANGEMENTS = ("beside", "below", "even")
"""How the views lie on the screen: the camera's beside the others, above them, or all alike."""

TYPES = ("desk", "room", "lecture")
"""How large text is: for one person at a desk, for a room, for the last row of a lecture hall."""


@dataclass(frozen=True)
class Variant:
    """One way to look at a face: which network, method, layer and target, which filters are shown or switched off.

    `net` is "a" (the model), "b" (`--model-b`) or "a~k" (the model with its last k stages randomised).
    `channels` are the pinned filters that the method `filter` shows; `off` the filters of `off_layer` that are
    multiplied by zero.
    """

    net: str = "a"
    method: str = "gradcam"
    layer: str = "layer4"
    target: Target = Target()
    channels: tuple[int, ...] = ()
    off: tuple[int, ...] = ()
    off_layer: str = ""


@dataclass(frozen=True)
class Settings:
    """What the user asks to see. Plain values only; acts that happen once are counters that grow."""

    method: str = "gradcam"
    layer: str = "layer4"
    filter_layer: str = "layer4"
    target: str | None = TOP
    tiles: int = 16
    page: int = 0
    pins: tuple[int, ...] = ()
    selected: int = 0  # a track, 0: the largest face
    alpha: float = 0.5
    heat: bool = True
    smooth_ms: float = 300.0  # time constant, 0: off
    views: tuple[str, ...] = ("camera", "filters")
    mirror: bool = False
    help: bool = False
    type: str = TYPES[0]
    board: bool = False  # all views in one window
    arrangement: str = ARRANGEMENTS[0]
    large: str = ""  # the view that has the board for itself
    full: bool = False  # over the whole screen
    colormap: str = "inferno"
    scale: str = "fixed"  # what is full heat: "fixed" by the network's file where it says so, or "relative" to the face
    against: str | None = None  # contrast: the label that the map speaks against
    by_share: bool = False  # tiles sorted by their share of the target's score, not by strength
    off: tuple[int, ...] = ()  # filters of the filter layer that are switched off for comparison
    proof: bool = False  # blur parts of the face and see what the probability does
    random: int = 0  # stages randomised, from the last one backwards
    compare: Variant | None = None  # another way to look, side by side
    unsure: float = 0.0  # below this largest probability a face's label is "unsure"
    frozen: bool = False
    steps: int = 0  # frames stepped while frozen, back counts down
    seek_ms: float = 0.0  # the sum of all seeks asked for
    file: int = 0  # the sum of all next (+1) and previous (-1) file
    record: bool = False
    paused: bool = False  # a recording stands still
    shots: int = 0
    clips: int = 0  # of what was shown last
    kept: int = 0  # how often the session was kept
    quit: bool = False


@dataclass(frozen=True)
class Menu:
    """What there is to choose from now; made afresh for each frame. `order` lists channels, strongest first.

    `blind` are the methods that know no class, `random` the parts of the network that are randomised, one more at each
    step."""

    methods: tuple[str, ...]
    layers: tuple[str, ...]
    labels: tuple[str, ...]
    views: tuple[str, ...] = ("camera", "filters")
    models: tuple[str, ...] = ("a",)  # "b" too where there is a second model
    blind: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    tracks: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    pages: int = 1
    start: Settings = Settings()  # what `0` goes back to
    before: Settings | None = None  # what `U` goes back to, None where nothing was changed


def timed(settings: Settings) -> tuple[object, ...]:
    """What of the settings says where in time to look: a frame fetched ahead holds under the same only."""
    return settings.frozen, settings.steps, settings.seek_ms, settings.file


def base_variant(settings: Settings) -> Variant:
    """The way to look that the settings ask for, through the network as it is."""
    target = Target(settings.target, settings.against)
    if settings.method == "filter":
        return Variant(method="filter", layer=settings.filter_layer, target=target, channels=settings.pins)
    return Variant(method=settings.method, layer=settings.layer, target=target)


def shown_variant(settings: Settings) -> Variant:
    """The way to look whose map is painted: through the randomised network, if that is asked for."""
    base = base_variant(settings)
    return replace(base, net=f"a~{settings.random}") if settings.random else base


def knocked_variant(settings: Settings) -> Variant | None:
    """The way to look with filters switched off, if any are."""
    if not settings.off:
        return None
    return replace(base_variant(settings), off=settings.off, off_layer=settings.filter_layer)


def other_variant(settings: Settings) -> Variant | None:
    """The way to look that is compared with the one shown, for the same target."""
    return replace(settings.compare, target=base_variant(settings).target) if settings.compare else None


def variants(settings: Settings) -> tuple[Variant, ...]:
    """All ways to look that these settings ask for, each once; the base comes first."""
    asked = (base_variant(settings), shown_variant(settings), knocked_variant(settings), other_variant(settings))
    return tuple(dict.fromkeys(v for v in asked if v is not None))
