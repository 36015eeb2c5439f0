"""What the heat on the faces means: method, layer and target, the colours from low to high with their unit, and what
one must know before believing it."""

from dataclasses import dataclass

import numpy as np

from emolive.core.scene import Reading, Scene, Tip
from emolive.ui import draw
from emolive.ui.column import Column, row_of
from emolive.ui.draw import Rect
from emolive.ui.heat import ON_FACE, Scale, gradient, heat_scale
from emolive.ui.named import mapped, target
from emolive.ui.palette import DIM, NOTE, PAPER, Color
from emolive.ui.where import warning
from emolive.ui.words import against, label, randomised

Remark = tuple[str, Color, str]
"""Words, their colour, and their name in `ui.topics`."""


USUAL = "≥ 0.000"
"""A scale's end, as wide as most."""


@dataclass(frozen=True)
class Legend:
    """Lines of words, and the scale whose bar stands below them; None where nothing is painted."""

    lines: tuple[Remark, ...]
    scale: Scale | None = None
    colormap: str = ""

    @property
    def brief(self) -> "Legend":
        """Its first line, why there is no heat where there is none, and its bar."""
        return Legend((*self.lines[:1], *(line for line in self.lines if line[2] == "cold")), self.scale, self.colormap)

    @property
    def ends(self) -> str:
        """What stands right of the bar: the most, and the unit."""
        return f"{self.scale.most} {self.scale.unit}".strip() if self.scale else ""


def legend_of(scene: Scene) -> Legend:
    """The legend of a scene, the most important lines first."""
    chosen = scene.chosen
    doubt: tuple[Remark, ...] = (("? may be no face", DIM, "doubt"),) if scene.unconfirmed else ()
    if chosen is None:
        return Legend(doubt or (("no face in sight", DIM, "camera"),))
    reading = chosen.reading
    lines: list[Remark] = [(mapped(scene, chosen), PAPER, "map")]
    lines += [(words, NOTE, "cold") for words in cold(scene)[:1]]
    lines += [(words, NOTE, "note") for words in remarks(scene, reading)]
    if reading.painted.cam is None or not scene.settings.heat:
        return Legend((*lines, *doubt))
    scale = heat_scale(reading, reading.shown, chosen.remembered, scene.settings.scale)
    lines.append((scale.kind, NOTE if scale.why else DIM, "scale"))
    return Legend((*lines, *doubt), scale, scene.settings.colormap)


def remarks(scene: Scene, reading: Reading) -> list[str]:
    """What one must know of the heat map: that the network is not the true one, why there is none, where it lies."""
    marks = []
    if scene.settings.random and reading.shown != reading.base:
        parts = randomised(scene.menu, scene.settings.random)
        marks.append(f"heat: random {parts}; labels and bars: trained network")
    if reading.painted.cam is None:
        return [*marks, reading.painted.why or "no heat map here"]
    if not scene.settings.heat:
        return [*marks, "heat map off"]
    minus = against(reading.shown, scene.menu)
    if minus is not None and minus == label(scene.menu.labels, reading.painted.target):
        return [*marks, f"{minus} against itself: no difference"]
    words = warning(reading.regions)
    if words and reading.shown != reading.base:
        words = f"trained network: {words}"
    return [*marks, f"⚠ {words}"] if words else marks


SEEN = 0.15
"""Heat that is nowhere more than this part of full heat is hardly seen."""


def cold(scene: Scene) -> list[str]:
    """Why a face seems to have no heat, with its map on: there is next to no evidence for the target. First as a
    sentence, then shorter; nothing where all faces have heat."""
    found, chosen = [i for i in range(len(scene.faces)) if _is_cold(scene, i)], scene.chosen
    if not found or chosen is None:
        return []
    if chosen.index not in found:
        short = f"hardly any heat on {len(found)} of {len(scene.faces)} faces"
        return [f"{short}: next to nothing there speaks for the target", short]
    if chosen.reading.shown.method in scene.menu.blind:
        return ["hardly any heat: the map is nearly zero", "hardly any heat"]
    what = target(scene, chosen, chosen.reading.painted.target)
    return [f"hardly any heat: next to nothing speaks for {what}", "hardly any heat"]


def _is_cold(scene: Scene, i: int) -> bool:
    """Whether a face has a map, and hardly any of it is seen."""
    reading, kept = scene.readings[i], scene.memory.tracks.get(scene.faces[i].track)
    cam = reading.painted.cam
    minus = against(reading.shown, scene.menu)
    if cam is None or not scene.settings.heat or minus == label(scene.menu.labels, reading.painted.target):
        return False
    full = heat_scale(reading, reading.shown, kept, scene.settings.scale).full
    return not float(np.nan_to_num(cam).max(initial=0)) > SEEN * max(full, 0)


def height_of(found: Legend, width: int, px: int) -> int:
    """How much of a column of that width a legend takes."""
    rows = sum(len(draw.wrap(words, px, width)) for words, *_ in found.lines)
    return row_of(px) * (rows + (_bar_rows(found, width, px) if found.scale else 0))


def width_of(found: Legend, px: int, most: int) -> int:
    """How wide a legend is, at most so many pixels."""
    widths = [draw.text_size(words, px)[0] for words, *_ in found.lines]
    if found.scale:
        widths.append(draw.text_size(f"0 {found.ends}", px)[0] + 7 * px)
    return min(most, max(widths))


def write(found: Legend, column: Column) -> None:
    """Write a legend into a column, as much of it as there is room for."""
    for words, color, topic in found.lines:
        column.say(words, color, topic=topic)
    if not found.scale:
        return
    rect = column.take(_bar_rows(found, column.width, column.px) * column.row)
    if rect:
        column.tips += _bar(column.image, rect, found, column.px)


def plated(image: np.ndarray, place: Rect, found: Legend, px: int, pad: int) -> list[Tip]:
    """Write a legend on a plate over a picture."""
    draw.panel(image, place, radius=px // 2)
    column = Column(image, (place[0] + pad, place[1] + pad, place[2] - pad, place[3] - pad), px)
    write(found, column)
    return column.tips


def _bar_rows(found: Legend, width: int, px: int) -> int:
    """One row, or two where the unit has no room beside the bar."""
    # As wide for any figure: what lies below must not jump as it changes.
    usual = f"0 {USUAL} {found.scale.unit}" if found.scale else ""
    wide = max(draw.text_size(words, px)[0] for words in (usual, f"0 {found.ends}"))
    return 1 if wide + 5 * px <= width else 1 + len(_ends(found, width, px))


def _ends(found: Legend, width: int, px: int) -> list[str]:
    return draw.wrap(found.scale.unit, px, width) if found.scale and found.scale.unit else []


def _bar(image: np.ndarray, rect: Rect, found: Legend, px: int) -> list[Tip]:
    assert found.scale
    x0, y0, x1, _ = rect
    alone = _bar_rows(found, x1 - x0, px) == 1
    end = found.ends if alone else found.scale.most
    start = draw.text(image, "0", x0, y0, px, DIM) + px // 3
    stop = min(start + 10 * px, x1 - draw.text_size(end, px)[0] - px // 3)
    if stop > start:
        gradient(image, (start, y0 + round(px * 0.3), stop, y0 + round(px * 1.05)), found.colormap, ON_FACE)
    draw.text(image, end, stop + px // 3, y0, px, DIM)
    if not alone:
        for n, line in enumerate(_ends(found, x1 - x0, px)):
            draw.text(image, line, x0, y0 + (n + 1) * row_of(px), px, DIM)
    return [Tip(rect, "heat", f"0 to {found.ends}")]
