"""The words beside the filter tiles: whose they are, how they add up, and what the pinned one has seen."""

from collections.abc import Sequence

import cv2
import numpy as np

from emolive.core.scene import Chosen, Pinned, Scene, Tip
from emolive.ui import draw
from emolive.ui.column import Column, row_of
from emolive.ui.draw import Rect
from emolive.ui.heat import gradient
from emolive.ui.named import likeliest, target
from emolive.ui.palette import BAR, DIM, NOTE, PAPER, TRACK
from emolive.ui.panels import paste
from emolive.ui.words import signed, trained

ACROSS = 3
"""So many of the best faces lie side by side."""


def side_of(px: int) -> int:
    """How wide the column is in text of `px`."""
    return 16 * px


def side(image: np.ndarray, rect: Rect, px: int, scene: Scene, chosen: Chosen, channels: Sequence[int]) -> list[Tip]:
    """Write the column, what matters most first; `channels` are those that are shown as tiles. Where it is but a few
    lines high, it holds the layer, and how the tiles are sorted."""
    settings, reading = scene.settings, chosen.reading
    pad = px // 2
    column = Column(image, (rect[0] + pad, rect[1] + pad // 2, rect[2] - pad, rect[3]), px)
    count, height, width = reading.maps.shape
    pages = f"{count} of {height}×{width} · page {settings.page + 1} of {scene.menu.pages}"
    if column.left < 6 * column.row:
        column.line(f"{settings.filter_layer} · {pages}", PAPER, topic="layer")
        notes = [note for note in (trained(settings), *_off(settings.off)) if note]
        words = " · ".join(notes[:2])
        order = _orders(scene)
        topic = "note" if words else "order"
        column.line(words or order[0], NOTE if words else DIM, topic=topic, shorter=notes[:1] if words else order[1:])
        return column.tips
    pinned = next((c for c in reversed(settings.pins) if c < len(reading.maps)), None)
    known = scene.memory.pinned.get((settings.filter_layer, pinned)) if pinned is not None else None
    column.line(settings.filter_layer, PAPER, bold=True, topic="layer")
    column.say(pages, topic="layer")
    _whose(column, scene, chosen, small=known is not None or settings.by_share)
    if settings.random:
        column.say(trained(settings), NOTE, topic="note")
    if settings.by_share:
        _sum(column, scene, chosen, channels)
    column.say(_orders(scene)[0], topic="order")
    _scale(column, settings.colormap)
    if settings.off:
        column.line(_off(settings.off)[0], NOTE, topic="off", shorter=_off(settings.off)[1:])
    if pinned is not None and known is not None:
        column.gap()
        _pinned(column, pinned, known)
    elif not settings.pins:
        column.say("click a tile to pin it", topic="tile")
    return column.tips


def _orders(scene: Scene) -> list[str]:
    """How the tiles are sorted, from the longest way to say it to the shortest."""
    first = "pinned first, then " if scene.settings.pins else ""
    forms = ["largest share first; hollow: against", "largest share first", "by share"]
    if not scene.settings.by_share:
        forms = ["strongest first, by the mean activation below each", "strongest first", "by strength"]
    return [first + forms[0], first + forms[1], *forms[1:]]


def _off(filters: Sequence[int]) -> list[str]:
    """Which filters are switched off, or how many; nothing where none is."""
    if not filters:
        return []
    return [f"off: {', '.join(map(str, filters))}", f"{len(filters)} filter{'s' * (len(filters) > 1)} off"]


def _whose(column: Column, scene: Scene, chosen: Chosen, small: bool) -> None:
    """The crop as the network saw it, and whose it is."""
    reading, track = chosen.reading, chosen.face.track
    size = min(column.width, 5 * column.row if small else 9 * column.row)
    rect = column.take(size) if column.left > size + 6 * column.row else None
    if rect is None:
        return
    crop = cv2.resize(reading.crop[..., ::-1], (size, size), interpolation=cv2.INTER_NEAREST)
    paste(column.image, crop, rect[0], rect[1])
    column.tip((rect[0], rect[1], rect[0] + size, rect[3]), "crop")
    words = [f"face {track}"] if track else []
    words += [chosen.doubt] if chosen.doubt else likeliest(scene, chosen.index)
    beside = Column(column.image, (rect[0] + size + column.px // 2, rect[1], rect[2], rect[3]), column.px)
    for said in words:
        if beside.width > 3 * column.px:
            beside.line(said, PAPER, topic="face")
    column.tips += beside.tips
    turned = f", turned by {-reading.turn:+.0f}°" if reading.turn else ""
    column.say(f"as the network saw it, {reading.crop.shape[1]}×{reading.crop.shape[0]}{turned}", topic="crop")
    column.gap()


def _scale(column: Column, colormap: str) -> None:
    """The colours of the tiles, from nothing to each tile's own maximum."""
    px = column.px
    words = "0 and below", "its maximum"
    if sum(draw.text_size(word, px)[0] for word in words) + px > column.width:
        words = "0", "its maximum"
    rect = column.take(column.row + px, "tile colours")
    if rect is None:
        return
    gradient(column.image, (rect[0], rect[1] + px // 4, rect[2], rect[1] + px), colormap)
    draw.text(column.image, words[0], rect[0], rect[1] + px, px, DIM)
    draw.text(column.image, words[1], rect[2], rect[1] + px, px, DIM, align=1)
    column.gap()


def _sum(column: Column, scene: Scene, chosen: Chosen, channels: Sequence[int]) -> None:
    """How bias, the filters shown and all others add up to the score."""
    ledger = chosen.reading.ledger
    if ledger is None or not len(ledger.shares):
        why = ledger.why if ledger is not None and ledger.why else "Shares come with the next frame."
        column.say(why, NOTE, topic="note")
        return
    name = target(scene, chosen, ledger.target)
    column.line(f"what speaks for {name}", PAPER, bold=True, topic="sum", shorter=("what speaks for it",))
    shown = [c for c in channels if c < len(ledger.shares)]
    for words, figure in added_up(ledger.bias, ledger.shares, shown, ledger.logit, ledger.exact):
        total = words.startswith("score")
        column.pair(words, signed(figure), PAPER if total else DIM, total, topic="sum")
    if not ledger.exact:
        column.say("approximation: gradient × activation", NOTE, topic="note")


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


def _pinned(column: Column, channel: int, known: Pinned) -> None:
    """The last pinned filter: its activation over the last seconds, and the faces that excited it most."""
    if not column.pair(f"filter {channel}", "", PAPER, bold=True, topic="pinned"):
        return
    rect = column.take(2 * column.row, "pinned", f"filter {channel}")
    if rect is None:
        return
    _sparkline(column.image, rect, column.px, known)
    column.line("its last 10 s, and now", DIM, topic="pinned")
    size = (column.width - 2 * (column.px // 4)) // ACROSS
    if not known.best or column.left < size + column.row:
        return
    column.say("faces that excited it most", topic="best")
    rows = min(-(-len(known.best) // ACROSS), column.left // (size + row_of(column.px)))
    for n, best in enumerate(known.best[: rows * ACROSS]):
        x = column.x0 + n % ACROSS * (size + column.px // 4)
        y = column.y + n // ACROSS * (size + row_of(column.px))
        paste(column.image, cv2.resize(best.crop[..., ::-1], (size, size), interpolation=cv2.INTER_AREA), x, y)
        words = f"{best.strength:.2g}"
        if draw.text_size(words, column.px)[0] <= size:
            draw.text(column.image, words, x, y + size, column.px, DIM)
        column.tip((x, y, x + size, y + size + column.row), "best", f"filter {channel}, {words}")


def _sparkline(image: np.ndarray, rect: Rect, px: int, known: Pinned) -> None:
    """A line of the filter's mean activation, from zero to the most there was; its newest value at its end."""
    x0, y0, x1, y1 = rect
    draw.fill(image, rect, TRACK)
    values = np.nan_to_num([value for _, value in known.sparkline])
    if not len(values):
        return
    words = f"{values[-1]:.2g}"
    times = np.array([t for t, _ in known.sparkline])
    most = max(float(values.max()), 1e-9)
    end = x1 - x0 - draw.text_size("0.000", px)[0] - px
    xs = x0 + end - (times[-1] - times) / 10_000 * end
    dot = max(3, px // 5)
    ys = y1 - dot - values.clip(0) / most * (y1 - y0 - 2 * dot - 1)
    points = (np.stack([xs, ys], axis=1) * 16).round().astype(np.int32)
    if len(points) > 1:
        cv2.polylines(image, [points], False, BAR, max(1, px // 8), cv2.LINE_AA, shift=4)
    cv2.circle(image, (round(float(xs[-1])), round(float(ys[-1]))), dot, PAPER, -1, cv2.LINE_AA)
    draw.text(image, words, x1 - px // 3, (y0 + y1) / 2 - 0.6 * px, px, PAPER, align=1)
