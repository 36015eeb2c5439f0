"""How large text is on a screen."""

from math import ceil

from emolive.core.settings import TYPES

LEAST = 11
"""No text has fewer pixels than this."""

PARTS = dict(zip(TYPES, (0.0155, 0.02, 0.025), strict=True))
"""The height of text as a part of the screen's, by the setting `type`."""


def text_px(kind: str, height: int) -> int:
    """The height of text in pixels, on a screen (or a board) of that height."""
    return max(LEAST, ceil(PARTS[kind] * height))
