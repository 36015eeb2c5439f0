"""Where on the face the heat lies: its shares on eyes, nose, mouth, the rest and beside the face."""

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np

from emolive.core.scene import Chosen, Regions, Remembered, Scene
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, INK, PAPER, Color, Rect
from emolive.ui.panels import TRACK
from emolive.ui.words import label, percent

PARTS: dict[str, Color] = {
    "eyes": draw.SKY,
    "nose": draw.GREEN,
    "mouth": draw.ORANGE,
    "rest of face": draw.GREY,
    "off the face": draw.VERMILLION,
}

MOSTLY_OFF = 0.5
"""Where more of the heat lies off the face, the user is warned."""


def warning(found: Regions) -> str:
    """A sentence where most heat lies off the face, else ""."""
    return f"{percent(found.off)} of the heat is off the face" if found.off > MOSTLY_OFF else ""


def where(image: np.ndarray, rect: Rect, scene: Scene, chosen: Chosen) -> None:
    """The shares now as one bar with numbers, and beside it their running mean per emotion that was explained."""
    x0, y0, x1, y1 = rect
    reading = chosen.reading
    half = x0 + (x1 - x0) * 48 // 100
    draw.text(image, "Where the heat lies", x0, y0, 18, PAPER, bold=True)
    words = warning(reading.regions)
    draw.text(image, words or "now", half, y0 + 3, 14, AMBER if words else DIM, bold=bool(words), align=1)
    if not any(astuple(reading.regions)):
        draw.text(image, "nowhere: no positive evidence", x0, y0 + 34, 16, AMBER)
    else:
        _stacked(image, (x0, y0 + 30, half, y0 + 62), reading.regions)
    _key(image, x0, y0 + 72, half - x0, reading.regions)
    _means(image, (half + 36, y0, x1, y1), scene.menu.labels, chosen.remembered)


def _stacked(image: np.ndarray, rect: Rect, found: Regions) -> None:
    x0, y0, x1, y1 = rect
    ends = np.concatenate([[0.0], np.cumsum(astuple(found))])
    edges = (x0 + (x1 - x0) * ends / max(ends[-1], 1e-9)).round().astype(int).tolist()
    for left, right, share, color in zip(edges, edges[1:], astuple(found), PARTS.values(), strict=False):
        draw.fill(image, (left, y0, right, y1), color)
        px, words = 15, percent(share)
        if y1 - y0 > 20 and right - left > draw.text_size(words, px, bold=True)[0] + 6:
            middle = (y0 + y1) / 2 - px * 0.62
            draw.text(image, words, (left + right) / 2, middle, px, draw.readable_on(color), bold=True, align=0.5)
        if right > left:
            draw.fill(image, (right - 1, y0, right, y1), INK)


def _key(image: np.ndarray, x0: int, y: int, width: int, found: Regions) -> None:
    """Which colour is which part, in two rows, with the shares that were too narrow to be written in the bar."""
    x, px = x0, 15
    for (name, color), share in zip(PARTS.items(), astuple(found), strict=True):
        words = f"{name} {percent(share)}"
        wide = draw.text_size(words, px)[0] + 34
        if x + wide - 16 > x0 + width:
            x, y = x0, y + 22
        draw.panel(image, (x, y + 4, x + 12, y + 16), color, 1, radius=3)
        draw.text(image, words, x + 18, y, px, DIM)
        x += wide


def _means(image: np.ndarray, rect: Rect, labels: Sequence[str], kept: Remembered | None) -> None:
    """A thin bar per emotion that the map explained for this person, the one explained most often first."""
    x0, y0, x1, y1 = rect
    draw.text(image, "on average, per emotion explained", x0, y0 + 3, 14, DIM)
    draw.text(image, "frames", x1, y0 + 3, 14, DIM, align=1)
    if kept is None or not kept.region_counts:
        draw.text(image, "nothing yet", x0, y0 + 30, 15, DIM)
        return
    counts = kept.region_counts
    names = [label(labels, i) for i in range(len(labels))]
    wide = max(draw.text_size(name, 14)[0] for name in names) + 10
    row = min(20, (y1 - y0 - 24) // len(counts))
    px = max(9, min(14, row - 3))
    for n, (i, count) in enumerate(sorted(counts.items(), key=lambda item: -item[1])):
        y = y0 + 26 + n * row
        draw.text(image, label(labels, i), x0, y, px, DIM)
        draw.fill(image, (x0 + wide, y + 3, x1 - 52, y + row - 2), TRACK)
        _stacked(image, (x0 + wide, y + 3, x1 - 52, y + row - 2), kept.regions[i])
        draw.text(image, str(count), x1, y, px, DIM, align=1)
