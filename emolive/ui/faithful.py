"""The panel of faithfulness: what masking a map's hot part costs, beside what its controls do, and the verdict."""

import math
from collections.abc import Mapping

import cv2
import numpy as np

from emolive.audit.verdict import HOW, NAMES, Word, judged, known
from emolive.core.evidence import CONTROLS, MASKINGS, OWN, Difference, Evidence
from emolive.core.scene import Chosen, Proof, Scene, Tip
from emolive.ui import draw
from emolive.ui.column import Column
from emolive.ui.draw import Rect
from emolive.ui.palette import BAR, DIM, INK, NOTE, PAPER, TRACK, Color
from emolive.ui.panels import paste
from emolive.ui.words import MINUS, label, percent, points

AXIS = -0.4, 0.6
"""Paired differences that the axis spans: this map costs more to the right."""

TOLD: Mapping[Word, Color] = {"beats its controls": PAPER, "not enough evidence yet": DIM}
"""The colour of a verdict; others are notes."""

SIGNS: Mapping[str, str] = {"blur": "■", "linear": "□"}
"""The sign of each masking: its bars are filled or hollow."""

MEANING = "points that it costs more to mask what this map calls hot: ■ blurred, □ filled in from the edge"

TITLE = "Faithfulness: a fifth of the face masked", "Faithfulness: a fifth masked", "Faithfulness"

BESIDE = {
    "other_face": ("than other faces' maps", "others"),
    "centre": ("than average maps", "average"),
    "class_blind": ("than no emotion's", "none's"),
    "random": ("than random", "random"),
}
"""Controls, as a row has room for, and as a narrow one has."""


def faithful(image: np.ndarray, rect: Rect, px: int, scene: Scene, chosen: Chosen) -> list[Tip]:
    """The verdict, the masked face, and a row for each control: the paired difference with its interval, by masking."""
    reading, proof = chosen.reading, chosen.reading.proof
    column = Column(image, rect, px)
    column.line(TITLE[0], PAPER, bold=True, topic="faithful", shorter=TITLE[1:])
    if proof is None:
        column.say(reading.result.why or "The first answer comes with the next frame.", NOTE)
        return column.tips
    found = judged(chosen, scene.menu)
    ink = TOLD.get(found.word, NOTE)
    rows = len(CONTROLS) * 2 + 2
    if len(draw.wrap(found.text, px, column.width)) * column.row + rows * column.row <= column.left:
        column.say(found.text, ink, topic="verdict")
    else:
        column.say(f"{found.word[0].upper()}{found.word[1:]}", ink, topic="verdict")
    if column.left > (rows + 1) * column.row:
        said = _now(scene, proof)
        column.line(said[0], topic="now", shorter=said[1:])
    evidence = known(chosen)
    if evidence is not None and math.isfinite(evidence.pooled.mean) and column.left > (rows + 1) * column.row:
        column.pair("than all controls together", _said(evidence.pooled))
    side = min(column.width // 5, (column.left - column.row) // 2)
    if side >= 3 * px:
        column.tips += _faces(image, column.x0, column.y, side, column.foot, px, proof)
        column.x0 += side + px
    foot = len(draw.wrap(MEANING, px, column.width)) * column.row
    foot = foot if column.left - foot - 2 * column.row >= len(CONTROLS) * column.row else 0
    axis = column.row if column.left - foot - column.row >= len(CONTROLS) * column.row else 0
    each = (column.left - foot - axis) // len(CONTROLS)
    if each < column.row:
        return column.tips
    for control in CONTROLS:
        place = column.take(min(each, 3 * column.row))
        if place:
            column.tips.append(_row(image, place, px, control, evidence))
    place = column.take(axis) if axis and each >= 1.6 * column.row else None
    if place:
        _axis(image, place, px)
    column.say(MEANING if foot else "", topic="faithful")
    return column.tips


def _now(scene: Scene, proof: Proof) -> list[str]:
    """What this frame's masking did: the map itself, and the controls that were asked beside it; then shorter."""
    name = label(scene.menu.labels, proof.target)
    when = "this frame alone" if proof.index == scene.frame.index else f"frame {proof.index} alone"
    how = "both maskings" if proof.whole else HOW[proof.asks[0].masking]
    drops = [(NAMES.get(of, "this map"), proof.drop(of)) for of in (OWN, *CONTROLS)]
    said = [f"{who} {points(-drop)}" for who, drop in drops if drop is not None]
    long = f"{name} {percent(proof.before)} · {when}, {how}: {', '.join(said)} points"
    return [long, *(f"{when}: {one} points" for one in said[:1]), when]


def _faces(image: np.ndarray, x: int, y: int, side: int, bottom: int, px: int, proof: Proof) -> list[Tip]:
    """The face without what the map calls hot; below it, without what the first control does."""
    tips = []
    for n, (masked, ask) in enumerate(zip(proof.masked[:2], proof.asks, strict=False)):
        top = y + n * (side + px // 3)
        if top + side > bottom:
            break
        paste(image, cv2.resize(masked[..., ::-1], (side, side), interpolation=cv2.INTER_CUBIC), x, top)
        cv2.rectangle(image, (x, top), (x + side - 1, top + side - 1), PAPER if not n else DIM, max(1, px // 8))
        who = NAMES.get(ask.of, "this map")
        tips.append(Tip((x, top, x + side, top + side), "masked", f"by {who}"))
    return tips


def _row(image: np.ndarray, rect: Rect, px: int, control: str, evidence: Evidence | None) -> Tip:
    """A control's name, and for each masking a bar of the mean difference with its interval."""
    found = {how: evidence.differences.get((how, control)) if evidence else None for how in MASKINGS}
    said = " ".join(f"{SIGNS[how]} {_said(one)}" for how, one in found.items() if one is not None)
    if not said:
        said = "not asked yet" if evidence is None or evidence.seconds else "none is kept"
    column = Column(image, rect, px)
    means = " ".join(f"{SIGNS[how]} {points(one.mean)}" for how, one in found.items() if one is not None)
    name, short = BESIDE[control]
    forms = (name, said), (short, said), (short, means or said)
    column.pair(*next((form for form in forms if column.pairs(*form)), forms[-1]))
    thick = (column.left - 3) // 2 - 2
    if thick >= 3:
        for n, how in enumerate(MASKINGS):
            top = column.y + n * (min(thick, px) + 2)
            _bar(image, (rect[0], top, rect[2], top + min(thick, px)), found[how], hollow=n > 0)
    return Tip(rect, "control", f"than {NAMES[control]}: {said}")


def _said(found: Difference) -> str:
    """The mean difference with half its interval, in percentage points."""
    half = max(found.high - found.mean, found.mean - found.low)
    return f"{points(found.mean)} ± {100 * half:.0f}" if math.isfinite(half) and half else points(found.mean)


def _at(value: float, x0: int, x1: int) -> int:
    low, high = AXIS
    return round(x0 + (min(max(float(np.nan_to_num(value)), low), high) - low) / (high - low) * (x1 - x0))


def _bar(image: np.ndarray, rect: Rect, found: Difference | None, hollow: bool) -> None:
    x0, y0, x1, y1 = rect
    draw.fill(image, rect, TRACK)
    zero = _at(0, x0, x1)
    if found is not None:
        end, middle = _at(found.mean, x0, x1), (y0 + y1) // 2
        left, right = min(zero, end), max(zero, end, min(zero, end) + 1)
        draw.fill(image, (left, y0, right, y1), BAR)
        if hollow:
            draw.fill(image, (left + 1, y0 + 1, right - 1, y1 - 1), TRACK)
        if math.isfinite(found.high):
            low, high = _at(found.low, x0, x1), _at(found.high, x0, x1)
            draw.fill(image, (low, middle - 2, max(high, low + 1), middle + 2), INK)
            draw.fill(image, (low, middle - 1, max(high, low + 1), middle + 1), PAPER)
    draw.fill(image, (zero - 1, y0 - 1, zero + 1, y1 + 1), PAPER)


def _axis(image: np.ndarray, rect: Rect, px: int) -> None:
    """What the bars' ends are, in points."""
    low, high = AXIS
    marks = (
        (f"{MINUS}{-100 * low:.0f}", low, 0.0),
        ("0", 0.0, 0.5),
        (f"this map costs more → +{100 * high:.0f}", high, 1.0),
    )
    free = rect[0]
    for words, value, align in marks:
        x, wide = _at(value, rect[0], rect[2]), draw.text_size(words, px)[0]
        if x - align * wide < free:
            words, wide = words[-3:].strip(), draw.text_size(words[-3:].strip(), px)[0]
        if x - align * wide >= free:
            free = draw.text(image, words, x, rect[1], px, DIM, align=align) + px // 2
