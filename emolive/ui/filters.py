"""The filters view: the selected face's feature maps as tiles, strongest first. A click on a tile pins its filter."""

from dataclasses import dataclass

import cv2
import numpy as np

from emolive.core.scene import Hit, Picture, Pin, Reading, Scene
from emolive.ui import draw
from emolive.ui.draw import Color, Rect
from emolive.ui.heat import colored
from emolive.ui.panels import TRACK, message, page
from emolive.ui.side import SIDE, side
from emolive.ui.words import signed

WIDTH, HEIGHT, BAR = 960, 720, 5
"""The picture's size, and the height of the bar below a tile."""

FOR, AGAINST = draw.SKY, draw.VERMILLION
"""The colours of bars for shares that speak for the target, and against it."""

FAINT = 0.1
"""A tile's brightest colour stands for its own maximum, but at least for this part of the page's: what hardly answers
at all stays dark."""


def order(scene: Scene) -> tuple[int, ...]:
    """The filter layer's channels, the most active of the selected face first, or those with the largest signed share
    of the target's score, if that is asked for and known; none where there is no face."""
    chosen = scene.chosen
    if chosen is None:
        return ()
    reading, remembered = chosen.reading, chosen.remembered
    means = reading.maps.mean(axis=(1, 2))
    value = remembered.strength if remembered and len(remembered.strength) == len(means) else means
    if scene.settings.by_share and reading.ledger is not None and len(reading.ledger.shares) == len(means):
        # A share grows with its filter's activation: with the remembered one, the tiles keep their places.
        steady = np.divide(value, means, out=np.ones_like(means), where=means > 0)
        value = reading.ledger.shares * steady
    return tuple(int(c) for c in np.argsort(-np.nan_to_num(value), kind="stable"))


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


def filters(scene: Scene) -> Picture:
    """A dark picture of 960×720: a column that says what is shown, and a square of tiles."""
    image = page(WIDTH, HEIGHT)
    chosen = scene.chosen
    if chosen is None:
        message(image, "No face in sight", "The filters of a face appear here.")
        return Picture(image)
    reading = chosen.reading
    channels = on_page(scene, len(reading.maps))
    maps = np.nan_to_num(reading.maps[list(channels)])
    least = FAINT * float(maps.max(initial=0))
    side(image, scene, chosen, channels)
    hits = []
    marks = _marks(scene, reading, channels, maps.mean(axis=(1, 2)))
    full = np.maximum(maps.max(axis=(1, 2), initial=0), least)[:, None, None]
    painted = colored(maps, full, scene.settings.colormap)
    for channel, colors, mark, rect in zip(channels, painted, marks, tiles(scene.settings.tiles), strict=False):
        _tile(image, rect, channel, colors, mark)
        hits.append(Hit(rect, Pin(channel)))
    return Picture(image, tuple(hits))


def _marks(scene: Scene, reading: Reading, channels: tuple[int, ...], means: np.ndarray) -> list[Mark]:
    """Shares of the score where they are asked for and known, else mean activations; the page's largest has a whole
    bar."""
    ledger, settings = reading.ledger, scene.settings
    shares = None
    if settings.by_share and ledger is not None and len(ledger.shares) == len(reading.maps):
        shares = np.nan_to_num(ledger.shares[list(channels)])
    values = means if shares is None else shares
    most = float(np.abs(values).max(initial=0)) or 1.0
    figures = [f"{v:.2g}" if shares is None else signed(v) for v in values]
    return [
        Mark(float(v) / most, figure, c in settings.pins, c in settings.off)
        for c, v, figure in zip(channels, values, figures, strict=True)
    ]


def tiles(count: int) -> tuple[Rect, ...]:
    """Where `count` tiles lie, row by row, as large as they can be."""
    columns = int(np.ceil(np.sqrt(count)))
    gap = max(4, 24 // columns)
    step = (HEIGHT - gap) // columns
    spots = [(SIDE + n % columns * step, gap + n // columns * step) for n in range(count)]
    return tuple((x, y, x + step - gap, y + step - gap) for x, y in spots)


def _tile(image: np.ndarray, rect: Rect, channel: int, colors: np.ndarray, mark: Mark) -> None:
    """One feature map; below it a bar, its number and its figure."""
    x0, y0, x1, y1 = rect
    px = max(12, min(17, (x1 - x0) // 8))
    size = min(x1 - x0, y1 - y0 - BAR - round(px * 1.25))
    left, foot = (x0 + x1 - size) // 2, y0 + size
    image[y0:foot, left : left + size] = cv2.resize(colors, (size, size), interpolation=cv2.INTER_NEAREST)
    draw.fill(image, (left, foot, left + size, foot + BAR), TRACK)
    long = round(size * min(abs(mark.part), 1))
    begin = left if mark.part >= 0 else left + size - long
    draw.fill(image, (begin, foot, begin + long, foot + BAR), FOR if mark.part >= 0 else AGAINST)
    ink = draw.AMBER if mark.pinned else draw.PAPER
    end = draw.text(image, str(channel), left, foot + BAR, px, ink, bold=True)
    if end + draw.text_size(mark.figure, px)[0] + px // 2 <= left + size:
        draw.text(image, mark.figure, left + size, foot + BAR, px, draw.DIM, align=1)
    if mark.off:
        _crossed_out(image, (left, y0, left + size, foot))
    if mark.pinned:
        cv2.rectangle(image, (left, y0), (left + size - 1, foot - 1), draw.AMBER, 3)
        _pin_sign(image, left + size - px, y0 + px, px)


def _crossed_out(image: np.ndarray, rect: Rect) -> None:
    """A dim tile under a cross: this filter is switched off."""
    x0, y0, x1, y1 = rect
    image[y0:y1, x0:x1] //= 2
    for color, thick in ((draw.INK, 6), (draw.RED, 3)):
        _cross(image, (x0 + 3, y0 + 3, x1 - 4, y1 - 4), color, thick)


def _cross(image: np.ndarray, rect: Rect, color: Color, thick: int) -> None:
    x0, y0, x1, y1 = rect
    cv2.line(image, (x0, y0), (x1, y1), color, thick, cv2.LINE_AA)
    cv2.line(image, (x0, y1), (x1, y0), color, thick, cv2.LINE_AA)


def _pin_sign(image: np.ndarray, x: int, y: int, px: int) -> None:
    """A drawing pin stuck at (x, y)."""
    r = px // 2
    for color, more in ((draw.INK, 2), (draw.AMBER, 0)):
        cv2.line(image, (x, y), (x - r, y + round(1.6 * r)), color, 2 + more, cv2.LINE_AA)
        cv2.circle(image, (x, y), r + more, color, -1, cv2.LINE_AA)
    cv2.circle(image, (x + r // 4, y - r // 4), max(1, r // 3), draw.PAPER, -1, cv2.LINE_AA)
