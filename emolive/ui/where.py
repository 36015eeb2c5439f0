"""Where on the face the heat lies: its shares on eyes, nose, mouth, the rest and beside the face."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple

import numpy as np

from emolive.core.scene import Chosen, Regions, Scene, Tip
from emolive.ui import draw
from emolive.ui.column import Column
from emolive.ui.draw import Rect
from emolive.ui.palette import DIM, INK, NOTE, PAPER, TONES, Color, readable_on
from emolive.ui.words import label, percent

PARTS: Mapping[str, Color] = {
    **dict(zip(("eyes", "nose", "mouth", "rest of face"), TONES, strict=True)),
    "off the face": NOTE,
}

MOSTLY_OFF = 0.5
"""Where more of the heat lies off the face, the user is warned."""


def warning(found: Regions) -> str:
    """A sentence where most heat lies off the face, else ""."""
    return f"{percent(found.off)} of the heat is off the face" if found.off > MOSTLY_OFF else ""


def where(image: np.ndarray, rect: Rect, px: int, scene: Scene, chosen: Chosen) -> list[Tip]:
    """The shares now as one bar with numbers, and beside it their running mean per emotion that was explained."""
    x0, y0, x1, y1 = rect
    reading, kept = chosen.reading, chosen.remembered
    wide = x1 - x0 > 44 * px
    column = Column(image, (x0, y0, (x0 + x1) // 2 - px if wide else x1, y1), px)
    words = warning(reading.regions)
    title = (words, NOTE, "note") if words else ("Where the heat lies now", PAPER, "where")
    column.line(title[0], title[1], bold=True, topic=title[2])
    if not any(astuple(reading.regions)):
        column.say("nowhere: no positive evidence", NOTE, topic="where")
    else:
        place = column.take(round(1.6 * px), "where")
        if place:
            _stacked(image, place, reading.regions, px)
            column.gap(0.2)
    _key(column, reading.regions)
    tips = column.tips
    counts = kept.region_counts if kept else {}
    if wide and counts:
        assert kept
        other = Column(image, ((x0 + x1) // 2, y0, x1, y1), px)
        other.pair("on average, explaining", "frames", topic="where mean")
        for i, count in sorted(counts.items(), key=lambda item: -item[1]):
            place = other.take(other.row)
            if place is None:
                break
            name, left = label(scene.menu.labels, i), place[0] + 8 * px
            draw.text(image, draw.shorten(name, px, 8 * px - 4), place[0], place[1], px, DIM)
            figure = draw.text_size(str(count), px)[0]
            draw.text(image, str(count), place[2], place[1], px, PAPER, align=1)
            _stacked(image, (left, place[1] + px // 4, place[2] - max(figure, 3 * px) - px // 2, place[3] - px // 4),
                     kept.regions[i], 0)  # fmt: skip
            other.tip(place, "where mean", f"{name}, {count} frames")
        tips = tips + other.tips
    return tips


def _stacked(image: np.ndarray, rect: Rect, found: Regions, px: int) -> None:
    """One bar of all shares, with numbers in text of `px` where they have room; 0: without."""
    x0, y0, x1, y1 = rect
    if x1 <= x0:
        return
    ends = np.concatenate([[0.0], np.cumsum(astuple(found))])
    edges = (x0 + (x1 - x0) * ends / max(ends[-1], 1e-9)).round().astype(int).tolist()
    for left, right, share, color in zip(edges, edges[1:], astuple(found), PARTS.values(), strict=False):
        draw.fill(image, (left, y0, right, y1), color)
        words = percent(share)
        if px and right - left > draw.text_size(words, px, bold=True)[0] + 6:
            middle = (y0 + y1) / 2 - px * 0.62
            draw.text(image, words, (left + right) / 2, middle, px, readable_on(color), bold=True, align=0.5)
        if right > left:
            draw.fill(image, (right - 1, y0, right, y1), INK)


def _key(column: Column, found: Regions) -> None:
    """Which tone is which part, with the shares, in as many rows as it takes; shorter where it would take too many."""
    px = column.px
    forms = [[f"{name} {percent(share)}" for name, share in zip(names, astuple(found), strict=True)] for names in NAMES]
    places = [_rows(column, words) for words in forms]
    n = next((n for n, found in enumerate(places) if len(found) == len(PARTS)), len(NAMES) - 1)
    for words, color, (x, y, right) in zip(forms[n], PARTS.values(), places[n], strict=False):
        draw.panel(column.image, (x, y + px // 4, x + px, y + px + px // 4), color, 1, radius=3)
        draw.text(column.image, words, x + round(1.3 * px), y, px, DIM)
        column.tip((x, y, right, y + column.row), "where", words)
        column.y = min(column.foot, y + column.row)


NAMES = tuple(PARTS), ("eyes", "nose", "mouth", "rest", "off")
"""What the parts are called, and what where there is less room."""


def _rows(column: Column, said: Sequence[str]) -> list[tuple[int, int, int]]:
    """Where these words lie in rows, each behind its tone: left, top and right of those that have room."""
    px, x, y = column.px, column.x0, column.y
    found = []
    for words in said:
        wide = draw.text_size(words, px)[0] + round(1.6 * px)
        if x > column.x0 and x + wide > column.x1:
            x, y = column.x0, y + column.row
        if y + column.row > column.foot or x + wide > column.x1 + px // 2:
            break
        found.append((x, y, x + wide))
        x += wide + px // 2
    return found
