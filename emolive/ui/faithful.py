"""The panel of faithfulness: what masking a map's hot part costs, beside what its controls do, and the verdict."""

import math
from collections.abc import Mapping

import cv2
import numpy as np

from emolive.audit.tally import of_picture
from emolive.audit.verdict import HOW, NAMES, Word, judged
from emolive.core.evidence import CONTROLS, MASKINGS, OWN, Difference, Evidence
from emolive.core.scene import Chosen, Proof, Scene
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, PAPER, Color, Rect
from emolive.ui.panels import TRACK, paragraph, paste, spread
from emolive.ui.words import label, percent, points

AXIS = -0.4, 0.6
"""Paired differences that the axis spans: this map costs more to the right."""

TINTS: Mapping[str, Color] = {"blur": draw.ORANGE, "linear": draw.SKY}
"""The colour of each masking."""

TOLD: Mapping[Word, Color] = {"beats its controls": draw.GREEN, "not enough evidence yet": DIM}
"""The colour of a verdict; of others amber."""

MEANING = "How much more it costs to mask what this map calls hot, in points. Orange: blurred, blue: filled in."

BESIDE = {
    "other_face": "other faces' maps",
    "centre": "average maps",
    "class_blind": "no emotion's",
    "random": "random",
}
"""Controls, as a row has room for."""


def faithful(image: np.ndarray, rect: Rect, scene: Scene, chosen: Chosen) -> None:
    """The verdict, the masked face, and a row for each control: the paired difference with its interval, by masking."""
    x0, y0, x1, y1 = rect
    reading, proof = chosen.reading, chosen.reading.proof
    px = 15 if x1 - x0 < 600 else 19
    draw.text(image, "Faithfulness: a fifth of the face masked", x0, y0, px + 3, PAPER, bold=True)
    y = y0 + round((px + 3) * 1.4)
    if proof is None:
        why = reading.result.why or "The first answer comes with the next frame."
        paragraph(image, why, x0, y, px, x1 - x0, AMBER)
        return
    found = judged(chosen, scene.menu)
    y = paragraph(image, found.text, x0, y, px, x1 - x0, TOLD.get(found.word, AMBER))
    y += px // 3
    _now(image, x0, y, px, x1 - x0, scene, proof)
    y += round(px * 1.5)
    kept = chosen.remembered
    evidence = of_picture(proof) if proof.whole else kept.evidence if kept else None
    side = min((x1 - x0) // 5, y1 - y)
    if side >= 48:
        _faces(image, x0, y, side, y1, proof)
        x0 += side + px // 2
    foot = len(draw.wrap(MEANING, px - 2, x1 - x0)) * round((px - 2) * 1.35)
    room = y1 - foot - y
    if room < 4 * len(CONTROLS):
        return
    row = room // len(CONTROLS)
    for n, control in enumerate(CONTROLS):
        _row(image, (x0, y + n * row, x1, y + (n + 1) * row - 3), control, evidence, px)
    paragraph(image, MEANING, x0, y1 - foot, px - 2, x1 - x0)


def _now(image: np.ndarray, x: int, y: int, px: int, wide: int, scene: Scene, proof: Proof) -> None:
    """What this frame's masking did: the map itself, and the controls that were asked beside it."""
    name = label(scene.menu.labels, proof.target)
    when = "this frame alone" if proof.index == scene.frame.index else f"frame {proof.index} alone"
    how = "both maskings" if proof.whole else HOW[proof.asks[0].masking]
    drops = [(NAMES.get(of, "this map"), proof.drop(of)) for of in (OWN, *CONTROLS)]
    said = ", ".join(f"{who} {points(-drop)}" for who, drop in drops if drop is not None)
    words = f"{name} {percent(proof.before)} · {when}, {how}: {said}"
    draw.text(image, draw.shorten(words, px - 1, wide), x, y, px - 1, DIM)


def _faces(image: np.ndarray, x: int, y: int, side: int, bottom: int, proof: Proof) -> None:
    """The face without what the map calls hot; below it, without what the first control does."""
    for n, (masked, ask) in enumerate(zip(proof.masked[:2], proof.asks, strict=False)):
        top = y + n * (side + 4)
        if top + side > bottom:
            return
        small = cv2.resize(masked[..., ::-1], (side, side), interpolation=cv2.INTER_CUBIC)
        paste(image, small, x, top)
        cv2.rectangle(image, (x, top), (x + side - 1, top + side - 1), TINTS[ask.masking] if not n else draw.GREY, 2)


def _row(image: np.ndarray, rect: Rect, control: str, evidence: Evidence | None, px: int) -> None:
    """A control's name, and for each masking a bar of the mean difference with its interval."""
    x0, y0, x1, y1 = rect
    found = {how: evidence.differences.get((how, control)) if evidence else None for how in MASKINGS}
    parts: list[tuple[str, Color, bool]] = [(f"than {BESIDE[control]}", PAPER, False)]
    parts += [(_said(one), TINTS[how], True) for how, one in found.items() if one is not None]
    if len(parts) == 1:
        parts.append(("not asked yet" if evidence is None or evidence.seconds else "none is kept", DIM, False))
    spread(image, parts, x0, y0, px - 1)
    top = y0 + round(px * 1.25)
    thick = max(3, min(11, (y1 - top) // 2 - 2))
    for n, how in enumerate(MASKINGS):
        place = x0, top + n * (thick + 2), x1, top + n * (thick + 2) + thick
        if place[3] <= y1:
            _bar(image, place, found[how], TINTS[how])


def _said(found: Difference) -> str:
    """The mean difference with half its interval, in percentage points."""
    half = max(found.high - found.mean, found.mean - found.low)
    return f"{points(found.mean)} ± {100 * half:.0f}" if math.isfinite(half) and half else points(found.mean)


def _bar(image: np.ndarray, rect: Rect, found: Difference | None, color: Color) -> None:
    x0, y0, x1, y1 = rect
    low, high = AXIS

    def at(value: float) -> int:
        return round(x0 + (min(max(float(np.nan_to_num(value)), low), high) - low) / (high - low) * (x1 - x0))

    draw.fill(image, rect, TRACK)
    zero = at(0)
    if found is not None:
        end, middle = at(found.mean), (y0 + y1) // 2
        draw.fill(image, (min(zero, end), y0, max(zero, end, min(zero, end) + 1), y1), color)
        if math.isfinite(found.high):
            draw.fill(image, (at(found.low), middle - 1, max(at(found.high), at(found.low) + 1), middle + 1), PAPER)
    draw.fill(image, (zero - 1, y0 - 1, zero + 1, y1 + 1), PAPER)
