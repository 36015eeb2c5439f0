"""Where views lie, on the screen as windows or in the board as panes: sizes and places, nothing is drawn."""

from collections.abc import Mapping, Sequence

from emolive.core.settings import ARRANGEMENTS as ARRANGEMENTS
from emolive.ui.draw import Rect
from emolive.ui.fit import Size as Size

WEIGHTS: Mapping[str, float] = {"camera": 1.6, "filters": 1.2, "emotions": 0.95, "proof": 1.15, "timeline": 0.8}
"""How much of a row's or a column's length the views get, one beside the other."""

LARGE = 0.57
"""The part of the screen that the first view has where it lies beside the others, or above them."""


def panes(views: Sequence[str], area: Rect, arrangement: str, large: str = "", gap: int = 2) -> dict[str, Rect]:
    """Where each view lies in an area, none over another, `gap` pixels apart: all of the area is used.

    `arrangement` is one of `ARRANGEMENTS`, `large` the view that has the area for itself, if it is among them. On an
    upright area "beside" and "below" change places: the first view lies where it is largest.
    """
    if not views:
        return {}
    if large in views or len(views) == 1:
        return {large if large in views else views[0]: area}
    upright = area[3] - area[1] > area[2] - area[0]
    if arrangement == "even":
        return _even(views, area, gap, upright)
    first, *others = views
    if (arrangement == "beside") != upright:
        return _beside(first, others, area, gap)
    above, below = _split(area, (LARGE, 1 - LARGE), gap, down=True)
    return {first: above, **_row(others, below, gap)}


def _beside(first: str, others: Sequence[str], area: Rect, gap: int) -> dict[str, Rect]:
    """The first view at the left, and below it the timeline, which is wide, unless little else is there."""
    below = [view for view in others if view == "timeline" and len(others) > 2]
    right = [view for view in others if view not in below]
    left, column = _split(area, (LARGE, 1 - LARGE), gap)
    parts = _split(left, (0.7, 0.3), gap, down=True) if below else [left]
    return {first: parts[0], **dict(zip(below, parts[1:], strict=True)), **_row(right, column, gap, down=True)}


def _even(views: Sequence[str], area: Rect, gap: int, upright: bool) -> dict[str, Rect]:
    """All alike, in rows of at most three, or of at most two where the area is upright."""
    across = min(2 if upright or len(views) == 4 else 3, len(views))
    rows = [views[n : n + across] for n in range(0, len(views), across)]
    found: dict[str, Rect] = {}
    for row, place in zip(rows, _split(area, [1.0] * len(rows), gap, down=True), strict=True):
        found |= dict(zip(row, _split(place, [1.0] * len(row), gap), strict=True))
    return found


def _row(views: Sequence[str], area: Rect, gap: int, down: bool = False) -> dict[str, Rect]:
    parts = _split(area, [WEIGHTS.get(view, 1.0) for view in views], gap, down) if views else []
    return dict(zip(views, parts, strict=True))


def _split(area: Rect, weights: Sequence[float], gap: int, down: bool = False) -> list[Rect]:
    """Parts of an area, side by side or one below the other, as long as their weights say."""
    x0, y0, x1, y1 = area
    begin, end = (y0, y1) if down else (x0, x1)
    room, total = end - begin - gap * (len(weights) - 1), sum(weights)
    ends = [begin + round(room * sum(weights[: n + 1]) / total) + gap * n for n in range(len(weights))]
    begins = [begin, *(end + gap for end in ends[:-1])]
    if down:
        return [(x0, a, x1, b) for a, b in zip(begins, ends, strict=True)]
    return [(a, y0, b, y1) for a, b in zip(begins, ends, strict=True)]
