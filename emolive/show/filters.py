"""The filters view: the selected face's feature maps as tiles, strongest first. A click on a tile pins its filter."""

from collections.abc import Sequence

import cv2
import numpy as np

from emolive.scene import Hit, Picture, Pin, Reading, Scene
from emolive.show import draw
from emolive.show.bars import percent
from emolive.show.draw import Rect
from emolive.show.heat import colored, gradient

WIDTH, HEIGHT, SIDE = 960, 720, 240
"""The picture's size, and the width of the column that says what the tiles are."""

GROUND = (34, 29, 27)
BAR = 5

FAINT = 0.1
"""A tile's brightest colour stands for its own maximum, but at least for this part of the page's: what hardly answers
at all stays dark."""


def order(scene: Scene) -> tuple[int, ...]:
    """The filter layer's channels, the most active of the selected face first; none where there is no face."""
    if scene.selected is None:
        return ()
    maps = scene.readings[scene.selected].maps
    remembered = scene.memory.tracks.get(scene.faces[scene.selected].track)
    known = remembered is not None and len(remembered.strength) == len(maps)
    strength = remembered.strength if known else maps.mean(axis=(1, 2))
    return tuple(int(c) for c in np.argsort(-np.nan_to_num(strength), kind="stable"))


def on_page(scene: Scene, count: int) -> tuple[int, ...]:
    """The channels, of `count`, on the page shown: the pinned ones come first, then the strongest."""
    settings = scene.settings
    ranked = scene.menu.order or order(scene)
    channels = dict.fromkeys(c for c in (*settings.pins, *ranked) if c < count)
    first = settings.page * settings.tiles
    return tuple(channels)[first : first + settings.tiles]


def filters(scene: Scene) -> Picture:
    """A dark picture of 960×720: a column that says what is shown, and a square of tiles."""
    image = np.full((HEIGHT, WIDTH, 3), GROUND, np.uint8)
    if scene.selected is None:
        middle = HEIGHT // 2 - 40
        draw.text(image, "No face in sight", WIDTH / 2, middle, 30, bold=True, align=0.5)
        draw.text(image, "The filters of a face appear here.", WIDTH / 2, middle + 50, 20, draw.DIM, align=0.5)
        return Picture(image)
    reading = scene.readings[scene.selected]
    channels = on_page(scene, len(reading.maps))
    maps = np.nan_to_num(reading.maps[list(channels)])
    least = FAINT * float(maps.max(initial=0))
    strongest = float(maps.mean(axis=(1, 2)).max(initial=0))
    _side(image, scene, reading)
    hits = []
    for channel, values, rect in zip(channels, maps, tiles(scene.settings.tiles), strict=False):
        colors = colored(values, max(float(values.max()), least), scene.settings.colormap)
        share = float(values.mean()) / strongest if strongest > 0 else 0.0
        _tile(image, rect, channel, colors, float(values.mean()), share, channel in scene.settings.pins)
        hits.append(Hit(rect, Pin(channel)))
    return Picture(image, tuple(hits))


def tiles(count: int) -> tuple[Rect, ...]:
    """Where `count` tiles lie, row by row, as large as they can be."""
    columns = int(np.ceil(np.sqrt(count)))
    gap = max(4, 24 // columns)
    step = (HEIGHT - gap) // columns
    spots = [(SIDE + n % columns * step, gap + n // columns * step) for n in range(count)]
    return tuple((x, y, x + step - gap, y + step - gap) for x, y in spots)


def _tile(
    image: np.ndarray, rect: Rect, channel: int, colors: np.ndarray, mean: float, share: float, pinned: bool
) -> None:
    """One feature map; below it a bar as long as its strength's `share` of the strongest, its number and its mean."""
    x0, y0, x1, y1 = rect
    px = max(12, min(17, (x1 - x0) // 8))
    side = min(x1 - x0, y1 - y0 - BAR - round(px * 1.25))
    left, foot = (x0 + x1 - side) // 2, y0 + side
    image[y0:foot, left : left + side] = cv2.resize(colors, (side, side), interpolation=cv2.INTER_NEAREST)
    draw.fill(image, (left, foot, left + side, foot + BAR), (62, 56, 53))
    ink = draw.AMBER if pinned else draw.PAPER
    draw.fill(image, (left, foot, left + round(side * min(max(share, 0), 1)), foot + BAR), draw.SKY)
    end = draw.text(image, str(channel), left, foot + BAR, px, ink, bold=True)
    strength = f"{mean:.2g}"
    if end + draw.text_size(strength, px)[0] + px // 2 <= left + side:
        draw.text(image, strength, left + side, foot + BAR, px, draw.DIM, align=1)
    if pinned:
        cv2.rectangle(image, (left, y0), (left + side - 1, foot - 1), draw.AMBER, 3)
        _pin_sign(image, left + side - px, y0 + px, px)


def _pin_sign(image: np.ndarray, x: int, y: int, px: int) -> None:
    """A drawing pin stuck at (x, y)."""
    r = px // 2
    for color, more in ((draw.INK, 2), (draw.AMBER, 0)):
        cv2.line(image, (x, y), (x - r, y + round(1.6 * r)), color, 2 + more, cv2.LINE_AA)
        cv2.circle(image, (x, y), r + more, color, -1, cv2.LINE_AA)
    cv2.circle(image, (x + r // 4, y - r // 4), max(1, r // 3), draw.PAPER, -1, cv2.LINE_AA)


def _side(image: np.ndarray, scene: Scene, reading: Reading) -> None:
    """The column: the crop as the network saw it, whose it is, which layer, how bright means how much."""
    pad, px = 16, 18
    wide = SIDE - 2 * pad - 8
    size = (wide, wide)
    image[pad : pad + wide, pad : pad + wide] = cv2.resize(
        reading.crop[..., ::-1], size, interpolation=cv2.INTER_NEAREST
    )
    y = 2 * pad + wide - 4
    count, height, width = reading.maps.shape
    face = scene.faces[scene.selected]
    remembered = scene.memory.tracks.get(face.track)
    probs = reading.result.probs if remembered is None else remembered.probs
    top = int(np.argmax(probs))
    label = scene.menu.labels[top] if top < len(scene.menu.labels) else f"class {top}"
    title = f"face {face.track}: {label} {percent(float(probs[top]))}" if face.track else label
    y = _lines(image, [title], y, px, draw.PAPER, wide)
    y = _lines(
        image, [f"as the network saw it, {reading.crop.shape[1]}×{reading.crop.shape[0]}"], y, 14, draw.DIM, wide
    )
    y = _lines(image, [scene.settings.filter_layer], y + 14, 22, draw.PAPER, wide)
    y = _lines(image, [f"{count} filters of {height}×{width}"], y, px, draw.PAPER, wide)
    y = _lines(image, [f"page {scene.settings.page + 1} / {scene.menu.pages}"], y, px, draw.PAPER, wide)
    y += 16
    gradient(image, (pad, y, pad + wide, y + 14), scene.settings.colormap)
    draw.text(image, "0", pad, y + 16, 15, draw.DIM)
    draw.text(image, "tile's maximum", pad + wide, y + 16, 15, draw.DIM, align=1)
    y += 48
    notes = ["black: 0 and below", "blue bar: mean activation, the strongest come first", "click a tile to pin it"]
    if scene.settings.pins:
        notes.append(f"pinned: {', '.join(map(str, scene.settings.pins))}")
    _lines(image, notes, y, 14, draw.DIM, wide)


def _lines(image: np.ndarray, lines: Sequence[str], y: int, px: int, color: draw.Color, width: int) -> int:
    """Write lines below each other in the column, wrapped to `width`. Gives back where the next one goes."""
    for line in lines:
        for part in draw.wrap(line, px, width, bold=px >= 18):
            draw.text(image, part, 16, y, px, color, bold=px >= 18)
            y += round(px * 1.4)
    return y
