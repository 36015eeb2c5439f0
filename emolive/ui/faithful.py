"""The panel of faithfulness: what blurring the hottest, a random and the coldest part of the face does."""

import math

import cv2
import numpy as np

from emolive.core.scene import Chosen, Faith, Proof, Scene
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, PAPER, Color, Rect
from emolive.ui.panels import TRACK, paragraph, paste, spread
from emolive.ui.words import label, percent, points

ROWS: tuple[tuple[str, Color], ...] = (("hottest", draw.ORANGE), ("random", draw.GREY), ("coldest", draw.SKY))

AXIS = -0.25, 1.0
"""Changes of the probability that the axis spans: falls to the right."""

MEANING = "The hottest part should cost most. If a random one costs as much, the map proves nothing."


def faithful(image: np.ndarray, rect: Rect, scene: Scene, chosen: Chosen) -> None:
    """A row per part: the masked face, the probability before and after, the drop now and its running mean."""
    x0, y0, x1, y1 = rect
    reading, kept, proof = chosen.reading, chosen.remembered, chosen.reading.proof
    px = 15 if x1 - x0 < 600 else 19
    draw.text(image, "Faithfulness: a fifth of the face blurred", x0, y0, px + 3, PAPER, bold=True)
    y = y0 + round((px + 3) * 1.4)
    if proof is None:
        why = reading.result.why or "The first answer comes with the next frame."
        paragraph(image, why, x0, y, px, x1 - x0, AMBER)
        return
    faith = kept.faith if kept else Faith()
    name = label(scene.menu.labels, proof.target)
    when = "this frame" if proof.index == scene.frame.index else f"frame {proof.index}, {_back(scene, proof)}"
    of = f"{name} {percent(proof.before)} · {when} · "
    mean = f"mean of {faith.n} s" if faith.n else "mean: after one second"
    draw.text(image, draw.shorten(of + mean, px, x1 - x0), x0, y, px, DIM)
    y += round(px * 1.5)
    foot = len(draw.wrap(MEANING, px, x1 - x0)) * round(px * 1.35)
    row = (y1 - foot - y) // 3
    for n in range(3):
        _row(image, (x0, y + n * row, x1, y + (n + 1) * row - 4), proof, faith, n, px)
    paragraph(image, MEANING, x0, y1 - foot, px, x1 - x0)


def _back(scene: Scene, proof: Proof) -> str:
    return "the one before" if scene.frame.index - proof.index == 1 else "an earlier one"


def _row(image: np.ndarray, rect: Rect, proof: Proof, faith: Faith, n: int, px: int) -> None:
    x0, y0, x1, y1 = rect
    (name, color), drop = ROWS[n], proof.drops[n]
    side = min(y1 - y0, (x1 - x0) * 3 // 10)
    masked = cv2.resize(proof.masked[n][..., ::-1], (side, side), interpolation=cv2.INTER_CUBIC)
    paste(image, masked, x0, y0)
    cv2.rectangle(image, (x0, y0), (x0 + side - 1, y0 + side - 1), color, 2)
    left = x0 + side + px // 2 + 2
    thick = max(8, min(22, side - round(px * 1.5) - 2))
    top = y0 + max(0, (side - round(px * 1.45) - thick) // 2)
    parts = [(name, PAPER, True), (f"{percent(proof.before)} → {percent(proof.after[n])}", DIM, False)]
    spread(image, [*parts, (points(-drop), PAPER, True)], left, top, px)
    if faith.n:
        draw.text(image, f"mean {_interval(faith, n)}", x1, top, px, DIM, align=1)
    bar = top + round(px * 1.45)
    _bar(image, (left, bar, x1, bar + thick), drop, faith, n, color)


def _interval(faith: Faith, n: int) -> str:
    """The mean change with half its interval, in percentage points."""
    mean, half = faith.mean[n], faith.half[n]
    return f"{points(-mean)} ± {100 * half:.0f}" if math.isfinite(half) else points(-mean)


def _bar(image: np.ndarray, rect: Rect, drop: float, faith: Faith, n: int, color: Color) -> None:
    """The drop now as a bar from zero; the mean as a mark on it, with its interval as a whisker."""
    x0, y0, x1, y1 = rect
    low, high = AXIS

    def at(value: float) -> int:
        return round(x0 + (min(max(value, low), high) - low) / (high - low) * (x1 - x0))

    draw.fill(image, rect, TRACK)
    zero, end = at(0), at(drop if math.isfinite(drop) else 0)
    draw.fill(image, (min(zero, end), y0, max(zero, end, min(zero, end) + 1), y1), color)
    draw.fill(image, (zero - 1, y0 - 2, zero + 1, y1 + 2), PAPER)
    if not faith.n:
        return
    middle, mean = (y0 + y1) // 2, at(faith.mean[n])
    if math.isfinite(faith.half[n]):
        begin, stop = at(faith.mean[n] - faith.half[n]), at(faith.mean[n] + faith.half[n])
        for c, more in ((draw.INK, 2), (PAPER, 0)):
            draw.fill(image, (begin - more // 2, middle - 1 - more // 2, stop + more // 2, middle + 1 + more // 2), c)
            for x in (begin, stop):
                reach = 4 + more // 2
                draw.fill(image, (x - 1 - more // 2, middle - reach, x + 1 + more // 2, middle + reach), c)
    for c, r in ((draw.INK, 5), (PAPER, 4)):
        cv2.circle(image, (mean, middle), r, c, -1, cv2.LINE_AA)
