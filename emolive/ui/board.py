"""What a window shows: status lines, one view or all of them side by side (the board), each below its question, and at
the bottom the line of help. Pure functions: a scene and a size in, a picture out."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from emolive.core.scene import Aim, Enlarge, Event, Hit, Picture, Pin, Scene, Select, Sheet, Tip, View
from emolive.ui import draw, hud
from emolive.ui.draw import DIM, PAPER, Rect
from emolive.ui.help import draw_help, help_room
from emolive.ui.layout import Size, panes
from emolive.ui.sizes import text_px
from emolive.ui.titles import answer, question
from emolive.ui.topics import HINT, TOPICS

EDGE: draw.Color = (58, 51, 48)
"""The lines between panes."""

CLICKED: Mapping[type, str] = {Select: "face", Pin: "tile", Aim: "emotion map"}
"""What is pointed at where something can be clicked."""

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
    image = np.full((height, width, 3), hud.GROUND, np.uint8)
    hits: list[Hit] = []
    tips: list[Tip] = []
    top = 0
    if status:
        lines = hud.status(scene, width, px)[:height]
        top = len(lines)
        image[:top] = lines
        tips.append(Tip((0, 0, width, top), "status"))
    area = (0, top, width, height - help_height(width, px))
    alone = len(views) == 1
    settings, places = scene.settings, panes(tuple(views), area, scene.settings.arrangement, scene.settings.large)
    if settings.help and places:
        left, rect, size_of_help, columns = help_room(area, px)
        draw_help(image, rect, size_of_help, columns)
        first = next(iter(places))
        places = {first: left} if left else {}
    for view, rect in places.items():
        picture = pane(view, views[view], scene, Sheet(rect[2] - rect[0], rect[3] - rect[1], px), rect[:2])
        image[rect[1] : rect[3], rect[0] : rect[2]] = picture.bgr
        hits += [Hit(_moved(hit.box, rect), hit.event) for hit in picture.hits if not (alone and _enlarges(hit.event))]
        tips += [Tip(_moved(tip.box, rect), tip.topic) for tip in picture.tips]
        draw.fill(image, (rect[2], rect[1], rect[2] + 2, rect[3]), EDGE)
        draw.fill(image, (rect[0], rect[3], rect[2], min(rect[3] + 2, area[3])), EDGE)
    return Picture(image, tuple(hits), tuple(tips))


def pane(view: str, draws: View, scene: Scene, sheet: Sheet, corner: tuple[int, int] = (0, 0)) -> Picture:
    """A view with its question and its answer above it, as large as the sheet; `corner` is where it will lie."""
    image = np.full((sheet.height, sheet.width, 3), hud.GROUND, np.uint8)
    with draw.placed(*corner):
        top = heading(image, question(view, scene), answer(view, scene), sheet.px)
    head = (0, 0, sheet.width, top)
    hits, tips = [Hit(head, Enlarge(view))], [Tip(head, "heading")]
    if sheet.width >= LEAST_SIDE and sheet.height - top >= LEAST_SIDE:
        with draw.placed(corner[0], corner[1] + top):
            picture = draws(scene, Sheet(sheet.width, sheet.height - top, sheet.px))
        image[top:] = picture.bgr
        inside = [Hit(_moved(hit.box, (0, top)), hit.event) for hit in picture.hits]
        hits += inside
        tips.append(Tip((0, top, sheet.width, sheet.height), view))
        tips += [Tip(hit.box, CLICKED[type(hit.event)]) for hit in inside if type(hit.event) in CLICKED]
        tips += [Tip(_moved(tip.box, (0, top)), tip.topic) for tip in picture.tips]
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


@lru_cache(maxsize=64)
def help_height(width: int, px: int) -> int:
    """How much of a window's foot the help line takes: as many rows as its longest sentence needs."""
    rows = max(len(draw.wrap(words, px, width - px - 4)) for words in (*TOPICS.values(), HINT))
    return rows * round(px * 1.4) + px // 2


def with_help(bgr: np.ndarray, words: str, px: int) -> np.ndarray:
    """The same picture with a sentence in its help line."""
    height, width = bgr.shape[:2]
    tall = help_height(width, px)
    image = bgr.copy()
    draw.fill(image, (0, height - tall, width, height), hud.GROUND)
    for n, line in enumerate(draw.wrap(words, px, width - px - 4)):
        y = height - tall + px // 4 + n * round(px * 1.4)
        draw.text(image, line, px // 2 + 2, y, px, DIM if words == HINT else PAPER)
    return image


def _moved(box: Rect, by: Sequence[int]) -> Rect:
    return box[0] + by[0], box[1] + by[1], box[2] + by[0], box[3] + by[1]


def _enlarges(event: Event) -> bool:
    return isinstance(event, Enlarge)
