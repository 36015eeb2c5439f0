"""What a user did: a key, a click, a window that was closed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """A key was pressed: its character, or one of "esc", "left", "right", "up", "down", "enter", "pageup"…"""

    name: str


@dataclass(frozen=True)
class Pin:
    """A tile was clicked: pin this channel of the filter layer, or unpin it."""

    channel: int


@dataclass(frozen=True)
class Select:
    """A face was clicked."""

    track: int


@dataclass(frozen=True)
class Aim:
    """An emotion's tile was clicked: the map explains this label, or the likeliest again."""

    label: str


@dataclass(frozen=True)
class Closed:
    """A window was closed by its frame's button."""

    view: str


@dataclass(frozen=True)
class Enlarge:
    """A pane of the board was clicked at its heading: show this view alone, or all of them again."""

    view: str


Event = Key | Pin | Select | Aim | Closed | Enlarge
