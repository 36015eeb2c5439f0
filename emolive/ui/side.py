"""The column beside the filter tiles: whose they are, how they add up, and what the pinned one has seen."""

from collections.abc import Sequence

import cv2
import numpy as np

from emolive.core.scene import Chosen, Pinned, Reading, Scene
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, PAPER, Color
from emolive.ui.heat import gradient
from emolive.ui.panels import TRACK, paragraph, paste
from emolive.ui.words import label, percent, signed, trained

SIDE, PAD = 240, 16
"""The column's width with the gap to the tiles, and its edge."""

WIDE = SIDE - 2 * PAD - 8

CROP, SMALL = WIDE, 92
"""The size of the crop; it is smaller where a pinned filter needs room."""

ACROSS = 3
"""So many of the best faces lie side by side."""


def side(image: np.ndarray, scene: Scene, chosen: Chosen, channels: Sequence[int]) -> None:
    """Draw the column; `channels` are those that are shown as tiles."""
    settings, reading = scene.settings, chosen.reading
    pinned = next((c for c in reversed(settings.pins) if c < len(reading.maps)), None)
    known = scene.memory.pinned.get((settings.filter_layer, pinned)) if pinned is not None else None
    y = _whose(image, scene, chosen, SMALL if known else CROP)
    y = _scale(image, y, settings.colormap)
    if settings.random:
        y = paragraph(image, trained(settings), PAD, y, 14, WIDE, AMBER)
    if settings.by_share:
        y = _sum(image, y, scene, reading, channels)
    else:
        y = paragraph(image, "blue bar: mean activation, the strongest come first", PAD, y, 14, WIDE)
    if settings.off:
        words = draw.shorten(f"off: {', '.join(map(str, settings.off))}", 14, WIDE)
        y = paragraph(image, words, PAD, y + 4, 14, WIDE, AMBER)
    if pinned is not None and known is not None:
        _pinned(image, y + 10, pinned, known)
    elif not settings.by_share:
        paragraph(image, "click a tile to pin it", PAD, y + 4, 14, WIDE)


def _whose(image: np.ndarray, scene: Scene, chosen: Chosen, size: int) -> int:
    """The crop as the network saw it, whose it is, and which layer is shown."""
    reading, track, probs = chosen.reading, chosen.face.track, chosen.probs
    crop = cv2.resize(reading.crop[..., ::-1], (size, size), interpolation=cv2.INTER_NEAREST)
    paste(image, crop, PAD, PAD)
    top = int(np.argmax(probs))
    emotion = f"{label(scene.menu.labels, top)} {percent(float(probs[top]))}"
    turned = f", turned by {-reading.turn:+.0f}°" if reading.turn else ""
    seen = f"as the network saw it, {reading.crop.shape[1]}×{reading.crop.shape[0]}{turned}"
    if size < CROP:
        x, y, wide = PAD + size + 10, PAD - 4, SIDE - 2 * PAD - size - 2
    else:
        x, y, wide = PAD, PAD + size + 8, WIDE
    for words, px, color in ((f"face {track}" if track else "", 16, PAPER), (emotion, 16, PAPER), (seen, 13, DIM)):
        y = paragraph(image, words, x, y, px, wide, color, bold=color == PAPER) if words else y
    count, height, width = reading.maps.shape
    y = max(y, PAD + size) + 10
    draw.text(image, draw.shorten(scene.settings.filter_layer, 20, WIDE, bold=True), PAD, y, 20, bold=True)
    pages = f"{count} of {height}×{width}, page {scene.settings.page + 1} / {scene.menu.pages}"
    return paragraph(image, pages, PAD, y + 27, 15, WIDE, PAPER) + 6


def _scale(image: np.ndarray, y: int, colormap: str) -> int:
    gradient(image, (PAD, y, PAD + WIDE, y + 12), colormap)
    draw.text(image, "0 and below", PAD, y + 14, 13, DIM)
    draw.text(image, "its maximum", PAD + WIDE, y + 14, 13, DIM, align=1)
    return y + 40


def _sum(image: np.ndarray, y: int, scene: Scene, reading: Reading, channels: Sequence[int]) -> int:
    """How bias, the filters shown and all others add up to the score."""
    ledger = reading.ledger
    if ledger is None or not len(ledger.shares):
        why = ledger.why if ledger is not None and ledger.why else "Shares come with the next frame."
        return paragraph(image, why, PAD, y, 14, WIDE, AMBER)
    name = label(scene.menu.labels, ledger.target)
    y = paragraph(image, f"what speaks for {name}", PAD, y, 15, WIDE, PAPER, bold=True)
    shown = [c for c in channels if c < len(ledger.shares)]
    for words, figure in added_up(ledger.bias, ledger.shares, shown, ledger.logit, ledger.exact):
        total = words.startswith("score")
        if total:
            draw.fill(image, (PAD, y + 1, PAD + WIDE, y + 2), DIM)
            y += 4
        draw.text(image, words, PAD, y, 15, PAPER if total else DIM, bold=total)
        draw.text(image, signed(figure), PAD + WIDE, y, 15, PAPER, bold=total, align=1)
        y += 20
    if not ledger.exact:
        y = paragraph(image, "approximation: gradient × activation", PAD, y + 2, 14, WIDE, AMBER)
    return y


def added_up(
    bias: float, shares: np.ndarray, shown: Sequence[int], logit: float, exact: bool
) -> list[tuple[str, float]]:
    """The lines of the sum: what they are called, and figures with two digits that add up as they are written.

    Where the shares are an approximation they do not add up to the score, so that no score ends the list.
    """
    if not exact:
        rest = len(shares) - len(shown)
        return [(f"{len(shown)} shown", float(shares[list(shown)].sum())), (f"{rest} others", _rest(shares, shown))]
    score, start, part = round(logit, 2), round(bias, 2), round(float(shares[list(shown)].sum()), 2)
    # The others take what is lost by rounding, a hundredth at most: a sum that is a digit off looks like a mistake.
    others = score - start - part
    lines = [("bias", start), (f"{len(shown)} shown", part), (f"{len(shares) - len(shown)} others", others)]
    return [*lines, ("score (logit)", score)]


def _rest(shares: np.ndarray, shown: Sequence[int]) -> float:
    return float(shares.sum() - shares[list(shown)].sum())


def _pinned(image: np.ndarray, y: int, channel: int, known: Pinned) -> None:
    """The last pinned filter: its activation over the last seconds, and the faces that excited it most."""
    draw.text(image, f"filter {channel}", PAD, y, 15, AMBER, bold=True)
    draw.text(image, "last 10 s", PAD + WIDE, y + 1, 13, DIM, align=1)
    y += 22
    _sparkline(image, y, known)
    y += 44
    if not known.best:
        return
    draw.text(image, "faces that excited it most", PAD, y, 13, DIM)
    y += 19
    gap = 4
    size = min((WIDE - 2 * gap) // ACROSS, (image.shape[0] - y - 4) // ACROSS - gap)
    if size < 16:
        return
    for n, best in enumerate(known.best):
        crop = cv2.resize(best.crop[..., ::-1], (size, size), interpolation=cv2.INTER_AREA)
        x, top = PAD + n % ACROSS * (size + gap), y + n // ACROSS * (size + gap)
        paste(image, crop, x, top)
        words = f"{best.strength:.2g}"
        wide = draw.text_size(words, 11)[0]
        draw.panel(image, (x, top + size - 15, x + wide + 6, top + size), opacity=0.7, radius=3)
        draw.text(image, words, x + 3, top + size - 15, 11)


def _sparkline(image: np.ndarray, y: int, known: Pinned) -> None:
    """A line of the filter's mean activation, from zero to the most there was; its newest value at its end."""
    tall, color = 38, draw.SKY
    draw.fill(image, (PAD, y, PAD + WIDE, y + tall), TRACK)
    values = np.nan_to_num([value for _, value in known.sparkline])
    if not len(values):
        return
    times = np.array([t for t, _ in known.sparkline])
    most = max(float(values.max()), 1e-9)
    end = WIDE - 44
    xs = PAD + end - (times[-1] - times) / 10_000 * end
    ys = y + tall - 3 - values.clip(0) / most * (tall - 7)
    points = (np.stack([xs, ys], axis=1) * 16).round().astype(np.int32)
    if len(points) > 1:
        cv2.polylines(image, [points], False, color, 2, cv2.LINE_AA, shift=4)
    cv2.circle(image, (round(float(xs[-1])), round(float(ys[-1]))), 3, _light(color), -1, cv2.LINE_AA)
    draw.text(image, f"{values[-1]:.2g}", PAD + WIDE - 4, y + tall / 2 - 9, 14, PAPER, align=1)


def _light(color: Color) -> Color:
    b, g, r = ((c + 255) // 2 for c in color)
    return b, g, r
