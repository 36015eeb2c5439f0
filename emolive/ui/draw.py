"""Pixels: text, panels, bars and boxes on BGR pictures. Every function draws into the picture it is given.

Rectangles are x0, y0, x1, y1 in whole pixels, the end not included; what lies outside the picture is left out.
Colours are BGR. Text is set in DejaVu Sans, and in what the system has where that lacks a character: see `fonts`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emolive.core.foreign import printable
from emolive.ui.fonts import font_files, own_font
from emolive.ui.palette import INK, PAPER, Color, readable_on

Rect = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Written:
    """A line of text as it was written: where, how large, in which colour, and on what, (h, w, 3) uint8."""

    words: str
    rect: Rect
    px: int
    color: Color
    ground: np.ndarray
    room: Rect  # the picture that it was written into


@dataclass
class _Notes:
    """Where lines are noted, if anybody asked for it, and where the picture drawn now lies in the whole one."""

    lines: list[Written] | None = None
    corner: tuple[int, int] = (0, 0)


_notes = _Notes()


@contextmanager
def noted() -> Iterator[list[Written]]:
    """All lines of text that are written while entered: what measures and tests how legible they are."""
    lines: list[Written] = []
    _notes.lines = lines
    try:
        yield lines
    finally:
        _notes.lines = None


@contextmanager
def placed(x: int, y: int) -> Iterator[None]:
    """While entered, pictures are drawn that will lie in another one, with their corner there: for what is noted."""
    before, _notes.corner = _notes.corner, (_notes.corner[0] + x, _notes.corner[1] + y)
    try:
        yield
    finally:
        _notes.corner = before


PLATE = 0.9
"""How dense a plate under text is: what shines through leaves a contrast of 4.5 also where it is white."""

KEPT = 16_384
"""Panels of at most so many pixels are kept to be drawn again: larger ones would take much memory."""


def blank(width: int, height: int, color: Color) -> np.ndarray:
    """A picture of one colour, (height, width, 3) uint8 BGR."""
    return _blank(width, height, color).copy()


@lru_cache(maxsize=16)
def _blank(width: int, height: int, color: Color) -> np.ndarray:
    """The picture that is copied: repeating a colour takes ten times as long as a copy."""
    made = np.full((height, width, 3), color, np.uint8)
    made.setflags(write=False)
    return made


def unit(width: int, height: int) -> int:
    """The height of body text, in pixels, that suits a picture of this size. Everything else is measured by it."""
    return max(11, round(min(height, 0.75 * width) / 36))


def text_size(text: str, px: int, bold: bool = False) -> tuple[int, int]:
    """Width and height of a line of text; the height is the same for every text of that size."""
    return _width(text, px, bold), round(px * 1.25)


def text(
    image: np.ndarray,
    words: str,
    x: float,
    y: float,
    px: int,
    color: Color = PAPER,
    bold: bool = False,
    align: float = 0,
) -> int:
    """Write a line whose top is at `y`; `align` 0, 0.5 or 1 puts its left end, middle or right end at `x`.

    Gives back the x where the line ends.
    """
    written = _written(words, px, bold, color)
    width = int(written.over.shape[1])
    left = round(x - align * width)
    if _notes.lines is not None and words.strip():
        _note(image, words, (left, round(y), left + width, round(y) + written.over.shape[0]), px, color)
    _lay(image, left, round(y), written)
    return left + width


def _note(image: np.ndarray, words: str, rect: Rect, px: int, color: Color) -> None:
    x0, y0, x1, y1 = rect
    dx, dy = _notes.corner
    ground = image[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)].copy()
    room = (dx, dy, dx + image.shape[1], dy + image.shape[0])
    assert _notes.lines is not None
    _notes.lines.append(Written(words, (x0 + dx, y0 + dy, x1 + dx, y1 + dy), px, color, ground, room))


def shorten(text: str, px: int, width: int, bold: bool = False) -> str:
    """The text, or as much of it as fits `width` pixels with "…" at its end."""
    if text_size(text, px, bold)[0] <= width:
        return text
    while text and text_size(text + "…", px, bold)[0] > width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def wrap(text: str, px: int, width: int, bold: bool = False) -> list[str]:
    """Break a text into lines that fit `width` pixels, between words, and within those that are longer than a line."""
    return [*_wrapped(text, px, width, bold)]


@lru_cache(maxsize=2048)
def _wrapped(text: str, px: int, width: int, bold: bool) -> tuple[str, ...]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_size(longer, px, bold)[0] > width:
            lines.append(word)
        else:
            lines[-1] = longer
        while len(last := lines[-1]) > 1 and text_size(last, px, bold)[0] > width:
            fits = next((n for n in range(len(last) - 1, 1, -1) if text_size(last[:n], px, bold)[0] <= width), 1)
            lines[-1:] = [last[:fits], last[fits:]]
    return tuple(lines)


@dataclass(frozen=True, eq=False)
class _Layer:
    """What is laid over a picture, (h, w, 3) uint8 each: the colours, as strong as they are to be seen there, and how
    much of the picture shines through, 0 to 255."""

    over: np.ndarray
    keep: np.ndarray


def _layer(alpha: np.ndarray, color: Color) -> _Layer:
    """A colour as dense as `alpha` (h, w) uint8 says."""
    wide = cv2.merge([alpha] * 3)
    return _Layer(cv2.multiply(wide, np.array((*color, 0), np.float64), scale=1 / 255), 255 - wide)


def _lay(image: np.ndarray, x: int, y: int, layer: _Layer) -> None:
    """Lay it over the picture, its corner at (x, y)."""
    height, width = layer.over.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, image.shape[1]), min(y + height, image.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part, seen = image[y0:y1, x0:x1], np.s_[y0 - y : y1 - y, x0 - x : x1 - x]
    part[:] = cv2.add(cv2.multiply(part, layer.keep[seen], scale=1 / 255), layer.over[seen])


def panel(image: np.ndarray, rect: Rect, color: Color = INK, opacity: float = PLATE, radius: int | None = None) -> None:
    """A rounded rectangle through which the picture shines."""
    x0, y0, x1, y1 = rect
    width, height = x1 - x0, y1 - y0
    if width > 0 and height > 0:
        radius = min(width, height) // 5 if radius is None else radius
        made = _panel if width * height <= KEPT else _panel.__wrapped__
        _lay(image, x0, y0, made(width, height, radius, round(255 * opacity), color))


def fill(image: np.ndarray, rect: Rect, color: Color) -> None:
    """A plain filled rectangle."""
    x0, y0, x1, y1 = rect
    part = image[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    if part.size:  # assigning a colour takes twenty times as long
        cv2.rectangle(part, (0, 0), (part.shape[1] - 1, part.shape[0] - 1), color, cv2.FILLED)


def box(image: np.ndarray, rect: Rect, color: Color, thickness: int) -> None:
    """A rectangle's outline with a thin dark edge, so that it stands out from any background."""
    x0, y0, x1, y1 = rect
    for c, t in ((INK, thickness + 2), (color, thickness)):
        cv2.rectangle(image, (x0, y0), (x1, y1), c, t, cv2.LINE_AA)


def corners(image: np.ndarray, rect: Rect, color: Color, thickness: int) -> None:
    """Brackets at a rectangle's four corners: the mark of what is selected."""
    x0, y0, x1, y1 = rect
    arm = max(4, min(x1 - x0, y1 - y0) // 6)
    for x, dx in ((x0, arm), (x1, -arm)):
        for y, dy in ((y0, arm), (y1, -arm)):
            points = np.array([(x + dx, y), (x, y), (x, y + dy)], np.int32)
            cv2.polylines(image, [points], False, INK, thickness + 2, cv2.LINE_AA)
            cv2.polylines(image, [points], False, color, thickness, cv2.LINE_AA)


def leader(image: np.ndarray, begin: tuple[int, int], end: tuple[int, int], px: int) -> None:
    """A line from a number to what it belongs to, with a dark edge, beside text of `px`; a dot at its end."""
    thick = max(1, px // 10)
    for color, more in ((INK, 2), (PAPER, 0)):
        cv2.line(image, begin, end, color, thick + more, cv2.LINE_AA)
        cv2.circle(image, end, thick + 1 + more // 2, color, -1, cv2.LINE_AA)


def tag(image: np.ndarray, rect: Rect, parts: Sequence[tuple[str, Color]], px: int) -> None:
    """A label: each part of text on a field of its own colour, side by side, rounded at the outside."""
    x0, y0, x1, y1 = rect
    panel(image, (x0 - 1, y0 - 1, x1 + 1, y1 + 1), INK, 0.55, radius=px // 4)
    x = x0
    for part, color in parts:
        end = x + _part_width(part, px)
        panel(image, (x, y0, end, y1), color, 1, radius=px // 5)
        text(image, part, (x + end) / 2, y0 + (y1 - y0 - px * 1.25) / 2, px, readable_on(color), bold=True, align=0.5)
        x = end


def tag_size(parts: Sequence[tuple[str, Color]], px: int) -> tuple[int, int]:
    """Width and height of a tag with these parts."""
    return sum(_part_width(part, px) for part, _ in parts), round(px * 1.45)


def _part_width(part: str, px: int) -> int:
    return text_size(part, px, bold=True)[0] + round(px * 0.7)


def grown(rect: Rect, by: int) -> Rect:
    """A rectangle that reaches `by` pixels further on every side."""
    return rect[0] - by, rect[1] - by, rect[2] + by, rect[3] + by


def moved(rect: Rect, by: Sequence[int]) -> Rect:
    """A rectangle of a part as one of the picture in which that lies with its corner at `by`."""
    return rect[0] + by[0], rect[1] + by[1], rect[2] + by[0], rect[3] + by[1]


def rounded(rect: Sequence[float]) -> Rect:
    """A rectangle with whole numbers."""
    x0, y0, x1, y1 = (round(v) for v in rect)
    return x0, y0, x1, y1


@lru_cache(maxsize=256)
def _font(path: Path, px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), px)


@lru_cache(maxsize=8192)
def _runs(text: str, px: int, bold: bool) -> tuple[tuple[str, ImageFont.FreeTypeFont, int], ...]:
    """The parts of a line, each with its font and where it begins; the last one is empty, and where the line ends."""
    runs, x = [], 0.0
    for part, path in font_files(printable(text), bold):  # a new line in a name would be an error
        font = _font(path, px)
        runs.append((part, font, round(x)))
        x += font.getlength(part)
    return (*runs, ("", _font(own_font(bold), px), int(np.ceil(x))))


def _width(text: str, px: int, bold: bool) -> int:
    return max(1, _runs(text, px, bold)[-1][2])


@lru_cache(maxsize=512)
def _written(text: str, px: int, bold: bool, color: Color) -> _Layer:
    """A line of text."""
    canvas = Image.new("L", (_width(text, px, bold), round(px * 1.25)))
    for part, font, x in _runs(text, px, bold)[:-1]:
        ImageDraw.Draw(canvas).text((x, round(px * 0.98)), part, fill=255, font=font, anchor="ls")
    return _layer(np.asarray(canvas), color)


@lru_cache(maxsize=128)
def _panel(width: int, height: int, radius: int, level: int, color: Color) -> _Layer:
    """A filled rectangle with round, smooth corners."""
    alpha = np.full((height, width), level, np.uint8)
    if height > 1 and width > 1:
        small = max(1, min(radius, width // 2, height // 2))
        quarter = _corner(small, level)
        alpha[:small, :small], alpha[:small, -small:] = quarter, quarter[:, ::-1]
        alpha[-small:, :small], alpha[-small:, -small:] = quarter[::-1], quarter[::-1, ::-1]
    return _layer(alpha, color)


@lru_cache(maxsize=256)
def _corner(small: int, level: int) -> np.ndarray:
    """The upper left corner of such a rectangle, (small, small) uint8."""
    times = 4
    corner = Image.new("L", (small * times, small * times))
    ImageDraw.Draw(corner).ellipse((0, 0, 2 * small * times, 2 * small * times), fill=level)
    quarter = np.asarray(corner.resize((small, small), Image.Resampling.BOX))
    quarter.setflags(write=False)
    return quarter
