"""What a window shows: status lines, one view or all of them side by side (the board), each below its question, and at
the bottom the line of help. Pure functions: a scene and a size in, a picture out."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from emolive.core.scene import Enlarge, Event, Hit, Picture, Scene, Select, Sheet, Tip, View
from emolive.ui import draw, hud
from emolive.ui.draw import moved
from emolive.ui.help import draw_help, help_room
from emolive.ui.layout import Size, panes
from emolive.ui.palette import DIM, EDGE, GROUND, PAPER
from emolive.ui.sizes import text_px
from emolive.ui.titles import answer, question
from emolive.ui.topics import HINT, TOPICS

LEAST_SIDE = 32
"""A view is not drawn where it has less room than this."""


def board(scene: Scene, size: Size, views: Mapping[str, View]) -> Picture:
    """All views that the settings ask for, docked in one picture of that size; the help line in it is empty."""
    shown = [view for view in scene.settings.views if view in views]
    return composed(scene, size, text_px(scene.settings.type, size[1]), {view: views[view] for view in shown}, True)


def composed(scene: Scene, size: Size, px: int, views: Mapping[str, View], status: bool) -> Picture:
    """What a window of that size shows of these views, in text of `px`; `status` puts the status lines above them.

    The strip for the help line, `help_height` high, is left empty at the bottom.
    """
    width, height = size
    image = draw.blank(width, height, GROUND)
    hits: list[Hit] = []
    tips: list[Tip] = []
    top = 0
    if status:
        lines = hud.status(scene, width, px)
        top = min(len(lines.bgr), height)
        image[:top] = lines.bgr[:top]
        tips += [Tip((0, 0, width, top), "status"), *lines.tips]
    area = (0, top, width, height - help_height(width, px))
    alone = len(views) == 1
    settings, places = scene.settings, panes(tuple(views), area, scene.settings.arrangement, scene.settings.large)
    if settings.help and places:
        left, rect, size_of_help, columns = help_room(area, px)
        draw_help(image, rect, size_of_help, columns)
        first = next(iter(places))
        places = {first: left} if left else {}
    for view, rect in places.items():
        picture = _pane(image[rect[1] : rect[3], rect[0] : rect[2]], view, views[view], scene, px, rect[:2])
        hits += [Hit(moved(hit.box, rect), hit.event) for hit in picture.hits if not (alone and _enlarges(hit.event))]
        tips += [Tip(moved(tip.box, rect), tip.topic, tip.words) for tip in picture.tips]
        draw.fill(image, (rect[2], rect[1], rect[2] + 2, rect[3]), EDGE)
        draw.fill(image, (rect[0], rect[3], rect[2], min(rect[3] + 2, area[3])), EDGE)
    return Picture(image, tuple(hits), tuple(tips))


def pane(view: str, draws: View, scene: Scene, sheet: Sheet) -> Picture:
    """A view with its question and its answer above it, as large as the sheet."""
    return _pane(draw.blank(sheet.width, sheet.height, GROUND), view, draws, scene, sheet.px)


def _pane(
    image: np.ndarray, view: str, draws: View, scene: Scene, px: int, corner: tuple[int, int] = (0, 0)
) -> Picture:
    """The same, drawn into a picture or a part of one; `corner` is where that lies."""
    sheet = Sheet(image.shape[1], image.shape[0], px)
    with draw.placed(*corner):
        top = heading(image, question(view, scene), answer(view, scene), sheet.px)
    head = (0, 0, sheet.width, top)
    hits, tips = [Hit(head, Enlarge(view))], [Tip(head, "heading")]
    if sheet.width >= LEAST_SIDE and sheet.height - top >= LEAST_SIDE:
        with draw.placed(corner[0], corner[1] + top):
            picture = draws(scene, Sheet(sheet.width, sheet.height - top, sheet.px))
        image[top:] = picture.bgr
        inside = [Hit(moved(hit.box, (0, top)), hit.event) for hit in picture.hits]
        hits += inside
        tips.append(Tip((0, top, sheet.width, sheet.height), view))
        for hit in inside:
            if isinstance(hit.event, Select):
                tips.append(Tip(hit.box, "face", f"face {hit.event.track}"))
        tips += [Tip(moved(tip.box, (0, top)), tip.topic, tip.words) for tip in picture.tips]
    return Picture(image, tuple(hits), tuple(tips))


def heading(image: np.ndarray, asked: str, answered: str, px: int) -> int:
    """Write a question and its answer at the top, in one line or in as many as they need; gives back their height."""
    pad, row, width = px // 2 + 2, round(px * 1.5), image.shape[1]
    room = width - 2 * pad
    wide = draw.text_size(asked, px, bold=True)[0]
    if wide + px + draw.text_size(answered, px)[0] <= room:
        draw.text(image, asked, pad, px // 4, px, PAPER, bold=True)
        draw.text(image, answered, pad + wide + px, px // 4, px, DIM)
        return row
    lines = [(line, PAPER, True) for line in draw.wrap(asked, px, room, bold=True)]
    lines += [(line, DIM, False) for line in draw.wrap(answered, px, room)]
    for n, (line, color, bold) in enumerate(lines):
        draw.text(image, line, pad, px // 4 + n * row, px, color, bold)
    return len(lines) * row


SAID = 24
"""So many letters of what is pointed at always find room before its sentence."""


@lru_cache(maxsize=64)
def help_height(width: int, px: int) -> int:
    """How much of a window's foot the help line takes: as many rows as its longest sentence needs."""
    room = width - px - 4
    rows = max(len(draw.wrap(f"{'n' * SAID}: {words}", px, room)) for words in (*TOPICS.values(), HINT))
    return rows * round(px * 1.4) + px // 2


def with_help(bgr: np.ndarray, words: str, px: int) -> np.ndarray:
    """The same picture with a sentence in its help line; what has no room in it is left out at its beginning."""
    image = bgr.copy()
    write_help(image, words, px)
    return image


def write_help(image: np.ndarray, words: str, px: int) -> None:
    """Write a sentence into the help line of a picture."""
    height, width = image.shape[:2]
    tall, room, row = help_height(width, px), width - px - 4, round(px * 1.4)
    draw.fill(image, (0, height - tall, width, height), GROUND)
    lines = draw.wrap(words, px, room)
    if len(lines) * row > tall and ": " in words:
        lines = draw.wrap(words.partition(": ")[2], px, room)
    for n, line in enumerate(lines):
        draw.text(image, line, px // 2 + 2, height - tall + px // 4 + n * row, px, DIM if words == HINT else PAPER)


def _enlarges(event: Event) -> bool:
    return isinstance(event, Enlarge)
