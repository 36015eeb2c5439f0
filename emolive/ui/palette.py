"""All colours of the windows in one place, each with its one meaning. BGR.

Hues belong to emotions alone. What else there is to tell apart is told by place, sign, pattern and tone, so that nobody
has to remember a second key. Heat has its own colours (`heat.py`), with a bar beside it that says what they mean.
"""

from collections.abc import Mapping
from types import MappingProxyType

Color = tuple[int, int, int]

GROUND: Color = (24, 20, 18)
PAGE: Color = (34, 29, 27)
CARD: Color = (46, 40, 37)
TRACK: Color = (66, 59, 56)
EDGE: Color = (58, 51, 48)
"""Grounds: of the window, of a page, of a panel on it, of the empty part of a bar, between panes."""

INK: Color = (28, 24, 22)
PAPER: Color = (245, 245, 245)
DIM: Color = (182, 176, 172)
NOTE: Color = (130, 190, 250)
RECORDING: Color = (40, 20, 190)
BAR: Color = (236, 226, 214)

# Okabe and Ito, "Color Universal Design" (2008): eight hues that people with any colour vision can tell apart.
ORANGE, SKY, GREEN, YELLOW = (0, 159, 230), (233, 180, 86), (115, 158, 0), (66, 228, 240)
BLUE, VERMILLION, PURPLE, GREY = (178, 114, 0), (0, 94, 213), (167, 121, 204), (210, 210, 210)

HUES: Mapping[str, Color] = MappingProxyType(
    {
        "angry": VERMILLION,
        "disgust": GREEN,
        "fear": PURPLE,
        "happy": YELLOW,
        "neutral": GREY,
        "sad": BLUE,
        "surprise": SKY,
        "contempt": ORANGE,
    }
)

OWN: tuple[Color, ...] = (
    (0, 255, 216), (192, 0, 240), (72, 120, 168), (192, 255, 120), (255, 48, 144), (72, 216, 144),
    (255, 144, 168), (144, 120, 255), (216, 48, 168), (255, 120, 96), (72, 168, 168), (168, 255, 192),
)  # fmt: skip
"""Hues of labels that are none of these emotions, the first ones furthest apart: chosen among a grid of colours so that
all of them and all above differ by 12 at least in CIE L*a*b*, for people with any colour vision."""

TONES: tuple[Color, ...] = ((226, 208, 194), (176, 152, 136), (128, 104, 90), (92, 72, 60))
"""Parts of a whole that have an order, from the first to the last: eyes, nose, mouth, the rest of the face."""

MEANINGS: Mapping[str, tuple[Color, str]] = MappingProxyType(
    {
        **{name: (color, f"the emotion {name}: boxes, bars and lines") for name, color in HUES.items()},
        "white": (PAPER, "text that matters most; what is selected or pinned"),
        "dim white": (DIM, "text beside it; boxes of what may be no face"),
        "peach": (NOTE, "a note: what one must know before one believes what is beside it; heat off the face"),
        "red": (RECORDING, "a recording is under way"),
        "pale": (
            BAR,
            "bars of no emotion: filled and hollow tell for from against, and one masking from the other",
        ),
        "slate tones": (TONES[1], "where the heat lies: eyes, nose, mouth, rest of the face, from light to dark"),
    }
)
"""What each colour means, by its name in docs/SCREEN.md."""


def hue(label: str, index: int = 0) -> Color:
    """The colour of an emotion; of another label, which is the network's class `index`, one that no emotion has. Of
    more than twelve, some share one. Never the only sign."""
    return HUES.get(label.lower(), OWN[index % len(OWN)])


def readable_on(color: Color) -> Color:
    """Dark or light, whichever is easier to read on this colour."""
    own, dark, light = (_luminance(c) + 0.05 for c in (color, INK, PAPER))
    return INK if own / dark > light / own else PAPER


def _luminance(color: Color) -> float:
    """Relative luminance, by WCAG 2."""
    parts = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in color]
    return 0.0722 * parts[0] + 0.7152 * parts[1] + 0.2126 * parts[2]


def palette_table() -> str:
    """The colours and their meanings as a Markdown table, for docs/SCREEN.md."""
    rows = [f"| {name} | {_code(color)} | {words} |" for name, (color, words) in MEANINGS.items()]
    own = (
        f"Labels that are none of these emotions have hues of their own, by their order: {', '.join(map(_code, OWN))}."
    )
    return "\n".join(["| Colour | RGB | What it means |", "| --- | --- | --- |", *rows, "", own])


def _code(color: Color) -> str:
    return f"`#{color[2]:02x}{color[1]:02x}{color[0]:02x}`"
