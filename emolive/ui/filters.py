"""The filters view: the selected face's feature maps as tiles, strongest first. A click on a tile pins its filter."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from emolive.core.scene import Hit, Picture, Pin, Reading, Scene, Sheet, Tip
from emolive.ui import draw
from emolive.ui.draw import Rect
from emolive.ui.heat import colored
from emolive.ui.palette import BAR, DIM, INK, PAPER, TRACK, Color
from emolive.ui.panels import message, page
from emolive.ui.side import side, side_of
from emolive.ui.words import MINUS, signed

SHEET = Sheet(960, 720, 15)
"""What it is drawn on where nobody says what on."""

NAMED = 0.6
"""Tiles have lines of text below them where they are at least this part as large as without."""

FAINT = 0.1
"""A tile's brightest colour stands for its own maximum, but at least for this part of the page's: what hardly answers
at all stays dark."""


def strengths(scene: Scene) -> np.ndarray | None:
    """How strongly each channel of the filter layer answers to the selected face, (C,), steadied over a second; None
    where there is no face."""
    chosen = scene.chosen
    if chosen is None:
        return None
    means, remembered = chosen.reading.maps.mean(axis=(1, 2)), chosen.remembered
    steady = remembered.strength if remembered and len(remembered.strength) == len(means) else means
    return np.asarray(steady)


def shares(scene: Scene) -> np.ndarray | None:
    """Each channel's share of the target's score, steadied like its strength; None where they are not asked for, or
    not known."""
    chosen, strength = scene.chosen, strengths(scene)
    ledger = chosen.reading.ledger if chosen else None
    if chosen is None or strength is None or ledger is None or not scene.settings.by_share:
        return None
    means = chosen.reading.maps.mean(axis=(1, 2))
    if len(ledger.shares) != len(means):
        return None
    # A share grows with its filter's activation: with the remembered one, the tiles keep their places.
    return np.asarray(ledger.shares * np.divide(strength, means, out=np.ones_like(means), where=means > 0))


def order(scene: Scene) -> tuple[int, ...]:
    """The filter layer's channels, the most active of the selected face first, or those with the largest signed share
    of the target's score, if that is asked for and known; none where there is no face."""
    value = strengths(scene)
    if value is None:
        return ()
    by_share = shares(scene)
    return tuple(int(c) for c in np.argsort(-np.nan_to_num(value if by_share is None else by_share), kind="stable"))


def on_page(scene: Scene, count: int) -> tuple[int, ...]:
    """The channels, of `count`, on the page shown: the pinned ones come first, then the strongest."""
    settings = scene.settings
    ranked = scene.menu.order or order(scene)
    channels = dict.fromkeys(c for c in (*settings.pins, *ranked) if c < count)
    first = settings.page * settings.tiles
    return tuple(channels)[first : first + settings.tiles]


@dataclass(frozen=True)
class Mark:
    """What stands below a tile: how long its bar is (-1 to 1, to the left where negative), and a figure."""

    part: float
    figure: str
    pinned: bool
    off: bool


def filters(scene: Scene, sheet: Sheet | None = None) -> Picture:
    """A dark picture with a column that says what is shown, beside the tiles or below them."""
    sheet = sheet or SHEET
    image = page(sheet.width, sheet.height)
    chosen = scene.chosen
    if chosen is None:
        message(image, "No face in sight", "The filters of a face appear here.", sheet.px)
        return Picture(image)
    count = min(scene.settings.tiles, len(chosen.reading.maps))
    area, words = _rooms(sheet, count)
    channels = on_page(scene, len(chosen.reading.maps))
    tips = side(image, words, sheet.px, scene, chosen, channels) if words else []
    hits, more = _tiles(image, area, sheet.px, scene, channels)
    return Picture(image, hits, (*tips, *more))


def tile_page(scene: Scene, size: int, px: int) -> np.ndarray:
    """The page's tiles alone, (size, size, 3) uint8 BGR; empty where there is no face."""
    image, chosen = page(size, size), scene.chosen
    if chosen is not None:
        _tiles(image, (0, 0, size, size), px, scene, on_page(scene, len(chosen.reading.maps)))
    return image


def _rooms(sheet: Sheet, count: int) -> tuple[Rect, Rect | None]:
    """Where the tiles and the words lie: the words beside them, above them in a few lines, or nowhere, whichever leaves
    the tiles large; beside where that is nearly as good, since it holds most."""
    width, height, px = sheet.width, sheet.height, sheet.px
    wide, high = side_of(px), 2 * round(1.35 * px) + px // 2
    beside = (wide, 0, width, height), (0, 0, wide, height)
    above = (0, high, width, height), (0, 0, width, high)
    whole = (0, 0, width, height), None
    sizes = [_side_of(room, count, px) for room, _ in (beside, above, whole)]
    if sizes[0] >= 0.75 * sizes[2] or sizes[0] >= 5 * px:
        return beside
    return above if sizes[1] >= 0.5 * sizes[2] and sizes[1] >= px else whole


def _side_of(room: Rect, count: int, px: int) -> int:
    return _grid(room, count, px)[0]


@lru_cache(maxsize=64)
def _grid(room: Rect, count: int, px: int) -> tuple[int, int, bool]:
    """The side of tiles, in how many columns, and whether each has a line of text below it: not where tiles would be
    too narrow for it, or much larger without."""
    width, height, gap = room[2] - room[0], room[3] - room[1], max(3, px // 3)
    found = {}
    for named in (True, False):
        least = draw.text_size("000", px, bold=True)[0] if named else 1
        sides = [
            (min((width - gap) // columns, (height - gap) // -(-count // columns) - _foot(px, named)) - gap, columns)
            for columns in range(1, count + 1)
        ]
        found[named] = max(((side, columns) for side, columns in sides if side >= least), default=(0, 1))
    named = found[True][0] >= NAMED * found[False][0]
    return *found[named], named


def _foot(px: int, named: bool) -> int:
    """The height of a tile's bar and its line of text."""
    return bar_height(px) + (round(1.3 * px) if named else 0)


def bar_height(px: int) -> int:
    """The height of the bar below a tile."""
    return max(4, px // 3)


def tiles(room: Rect, count: int, px: int) -> tuple[tuple[Rect, ...], bool]:
    """Where `count` tiles lie in a room, row by row, as large as they can be, each with its bar below it; and whether
    each has a line of text below that, too."""
    side, columns, named = _grid(room, count, px)
    gap, foot = max(3, px // 3), _foot(px, named)
    side = max(4, side)
    spots = [
        (room[0] + gap + n % columns * (side + gap), room[1] + gap + n // columns * (side + gap + foot))
        for n in range(count)
    ]
    return tuple((a, b, a + side, b + side + foot) for a, b in spots), named


def _tiles(
    image: np.ndarray, area: Rect, px: int, scene: Scene, channels: tuple[int, ...]
) -> tuple[tuple[Hit, ...], list[Tip]]:
    assert scene.chosen
    reading = scene.chosen.reading
    maps = np.nan_to_num(reading.maps[list(channels)])
    least = FAINT * float(maps.max(initial=0))
    hits, tips = [], []
    full = np.maximum(maps.max(axis=(1, 2), initial=0), least)[:, None, None]
    painted = colored(maps, full, scene.settings.colormap)
    places, named = tiles(area, min(scene.settings.tiles, len(reading.maps)), px)
    for channel, colors, mark, rect in zip(channels, painted, _marks(scene, reading, channels), places, strict=False):
        if rect[3] > area[3] or rect[2] > area[2]:
            break  # there is no room: the pane is tiny
        _tile(image, rect, px, channel, colors, mark, named)
        hits.append(Hit(rect, Pin(channel)))
        shown = "share of the score" if shares(scene) is not None else "mean activation"
        foot = rect[3] - _foot(px, named)
        tips.append(Tip(rect, "tile", f"filter {channel}"))
        tips.append(Tip((rect[0], foot, rect[2], rect[3]), "tile bar", f"filter {channel}, {shown} {mark.figure}"))
    return tuple(hits), tips


def _marks(scene: Scene, reading: Reading, channels: tuple[int, ...]) -> list[Mark]:
    """Shares of the score where they are asked for and known, else mean activations, as they are ordered by; the page's
    largest has a whole bar."""
    by_share, strength, settings = shares(scene), strengths(scene), scene.settings
    values = np.nan_to_num((strength if by_share is None else by_share)[list(channels)])  # type: ignore[index]
    most = float(np.abs(values).max(initial=0)) or 1.0
    figures = [f"{v:.2g}" if by_share is None else signed(v) for v in values]
    return [
        Mark(float(v) / most, figure, c in settings.pins, c in settings.off)
        for c, v, figure in zip(channels, values, figures, strict=True)
    ]


def _tile(image: np.ndarray, rect: Rect, px: int, channel: int, colors: np.ndarray, mark: Mark, named: bool) -> None:
    """One feature map; below it a bar, its number and its figure."""
    x0, y0, x1, y1 = rect
    foot, bar, size = y1 - _foot(px, named), bar_height(px), x1 - x0
    image[y0:foot, x0:x1] = cv2.resize(colors, (size, foot - y0), interpolation=cv2.INTER_NEAREST)
    share_bar(image, (x0, foot, x1, foot + bar), mark.part)
    widest = max(draw.text_size(words, px, bold=True)[0] for words in ("000", str(channel)))
    if named and widest <= size:
        draw.text(image, str(channel), x0, foot + bar, px, PAPER, bold=True)
        usual = "+0.00" if mark.figure[0] in f"+{MINUS}" else "0.00"
        figure = max(draw.text_size(words, px)[0] for words in (usual, mark.figure))
        if widest + figure + px // 3 <= size:
            draw.text(image, mark.figure, x1, foot + bar, px, DIM, align=1)
    if mark.off:
        _crossed_out(image, (x0, y0, x1, foot))
    if mark.pinned:
        cv2.rectangle(image, (x0, y0), (x1 - 1, foot - 1), PAPER, max(2, px // 5))
        sign = min(px, size // 3)
        _pin_sign(image, x1 - sign, y0 + sign, sign)


def share_bar(image: np.ndarray, rect: Rect, part: float) -> None:
    """A bar as long as `part` (-1 to 1) of its track: from the left and filled, or from the right and hollow."""
    x0, y0, x1, y1 = rect
    draw.fill(image, rect, TRACK)
    long = round((x1 - x0) * min(abs(part), 1))
    if part >= 0:
        draw.fill(image, (x0, y0, x0 + long, y1), BAR)
        return
    draw.fill(image, (x1 - long, y0, x1, y1), BAR)
    draw.fill(image, (x1 - long + 1, y0 + 1, x1 - 1, y1 - 1), INK)


def _crossed_out(image: np.ndarray, rect: Rect) -> None:
    """A dim tile under a cross: this filter is switched off."""
    x0, y0, x1, y1 = rect
    image[y0:y1, x0:x1] //= 2
    for color, thick in ((INK, 6), (PAPER, 3)):
        _cross(image, (x0 + 3, y0 + 3, x1 - 4, y1 - 4), color, thick)


def _cross(image: np.ndarray, rect: Rect, color: Color, thick: int) -> None:
    x0, y0, x1, y1 = rect
    cv2.line(image, (x0, y0), (x1, y1), color, thick, cv2.LINE_AA)
    cv2.line(image, (x0, y1), (x1, y0), color, thick, cv2.LINE_AA)


def _pin_sign(image: np.ndarray, x: int, y: int, px: int) -> None:
    """A drawing pin stuck at (x, y)."""
    r = px // 2
    for color, more in ((INK, 2), (PAPER, 0)):
        cv2.line(image, (x, y), (x - r, y + round(1.6 * r)), color, 2 + more, cv2.LINE_AA)
        cv2.circle(image, (x, y), r + more, color, -1, cv2.LINE_AA)
    cv2.circle(image, (x + r // 4, y - r // 4), max(1, r // 3), INK, -1, cv2.LINE_AA)
