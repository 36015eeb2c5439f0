"""THE verdict on a map: its thresholds and its words, for windows, reports, the web page and the audit alike.

A wrong map must not win. So a map has to cost more than every one of its controls: than each kind of control under each
masking, and than each single map of other faces and each average or hill by the mean of both; and its lead over all of
them together has to be clear of nothing by its interval. That rule was chosen on PublicTest, alone and in rows of
pictures, before films were looked at: docs/AUDIT.md. Nothing here brings torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from emolive.audit.tally import of_picture
from emolive.core.evidence import CONTROLS, MASKINGS, Evidence
from emolive.core.scene import Chosen, Menu

CLEAR = 0.02
"""By so much, of a probability, a map has to beat a control: less is nothing."""

LITTLE = 0.1
"""A probability below which next to nothing can fall."""

NARROW = 0.1
"""Half an interval that is narrow enough to say that a map does not beat a control."""

STILL = 0.02
"""A face whose looks change less than this (grey levels, 0 to 1) is nearly still: its frames are one picture."""

Word = Literal[
    "beats its controls",
    "does not beat its controls",
    "depends on the masking",
    "not enough evidence yet",
    "no verdict",
]

NAMES = {
    "other_face": "maps of other faces",
    "centre": "average maps",
    "class_blind": "a map that knows no emotion",
    "random": "random cells",
}
"""What each control is called."""

BRIEF = {"other_face": "other faces", "centre": "average", "class_blind": "no emotion", "random": "random"}
"""The same, as a table's head has room for."""

HOW = {"blur": "blurring", "linear": "filling in from the edge"}
"""What each masking is called."""

ONE_PICTURE = "Over one picture most maps cannot win: look at a film, or at many faces."


@dataclass(frozen=True)
class Verdict:
    """A word, and a sentence or two that say why."""

    word: Word
    why: str

    @property
    def text(self) -> str:
        """Both in one: "Beats its controls. …"."""
        return f"{self.word[0].upper()}{self.word[1:]}. {self.why}"


def verdict(evidence: Evidence | None, goal: str, blind: bool = False) -> Verdict:
    """What is to be said of a map that explains the emotion `goal`; a `blind` one knows no emotion."""
    if blind:
        return Verdict("no verdict", "This map knows no emotion: where it is hot says nothing about one.")
    if evidence is None or not evidence.differences:
        return Verdict("not enough evidence yet", "The first second is under way.")
    if not all(math.isfinite(found.mean) for found in evidence.differences.values()):
        return Verdict("no verdict", "The network's output is not a number.")
    if evidence.before < LITTLE:
        return Verdict(
            "no verdict", f"The network gives {goal} {100 * evidence.before:.0f} %: next to nothing can fall."
        )
    asked = [control for control in CONTROLS if any(of == control for _, of in evidence.differences)]
    lost = {how: [c for c in asked if not _beaten(evidence, how, c)] for how in MASKINGS}
    alone = [c for c in asked if evidence.weakest.get(c, math.inf) <= CLEAR]
    won = not alone and not any(lost.values()) and evidence.pooled.low > CLEAR
    open_still = _open(evidence, asked, won)
    if open_still:
        return Verdict("not enough evidence yet", open_still)
    span = f"over {evidence.seconds} s of film" if evidence.seconds else "in this picture"
    if won:
        whom = "its controls" if len(asked) == len(CONTROLS) else _all(asked)
        more = f"{100 * evidence.pooled.mean:.0f} points more than what {whom} would"
        why = f"Masking what it calls hot costs {goal} {more}, {span}."
        return Verdict("beats its controls", why)
    both = [c for c in asked if c in alone or all(c in lost[how] for how in MASKINGS)]
    if not both and any(lost.values()):
        found = [how for how in MASKINGS if not lost[how]]
        if found:
            (failed,) = (how for how in MASKINGS if lost[how])
            fails = f"by {HOW[failed]} it does not beat {_all(lost[failed])}"
            why = f"By {HOW[found[0]]} it beats its controls {span}; {fails}."
        else:
            each = "; ".join(f"by {HOW[how]} it does not beat {_all(lost[how])}" for how in MASKINGS)
            why = f"{each[0].upper()}{each[1:]} {span}."
        return Verdict("depends on the masking", why)
    why = f"What {_all(both) if both else 'its controls'} would mask costs {goal} as much {span}."
    return Verdict("does not beat its controls", why if evidence.seconds else f"{why} {ONE_PICTURE}")


def known(chosen: Chosen) -> Evidence | None:
    """What is known of the map of a face that is shown, of the picture that stands or of the film so far; nothing of a
    map that was drawn in another way."""
    reading, kept = chosen.reading, chosen.remembered
    proof, way = reading.proof, reading.base or reading.shown
    if proof is not None and proof.whole:
        return of_picture(proof)
    return kept.evidence if kept is not None and kept.base == way else None


def judged(chosen: Chosen, menu: Menu) -> Verdict:
    """What is to be said of the map of a face that is shown: of the picture that stands, or of the film so far."""
    reading = chosen.reading
    way = reading.base or reading.shown
    goal = menu.labels[reading.result.target] if reading.result.target < len(menu.labels) else ""
    return verdict(known(chosen), goal, way.method in menu.blind)


def _beaten(evidence: Evidence, how: str, control: str) -> bool:
    found = evidence.differences.get((how, control))
    return found is not None and found.mean > CLEAR


def _open(evidence: Evidence, asked: Sequence[str], won: bool) -> str:
    """Why a film says nothing yet; "" where it does, or where there is one picture."""
    if not evidence.seconds:
        return ""
    if evidence.seconds > 1 and evidence.moved < STILL:
        return f"The face is nearly still: {evidence.seconds} s of it are little more than one picture. {ONE_PICTURE}"
    missing = next((c for c in asked for how in MASKINGS if (how, c) not in evidence.differences), None)
    if missing:
        return f"{NAMES[missing][0].upper()}{NAMES[missing][1:]} have not been asked yet."
    half = evidence.pooled.high - evidence.pooled.mean
    if won or half <= NARROW or evidence.pooled.high <= CLEAR:
        return ""
    worth = f"{evidence.seconds} s of film, whose frames are alike, are worth {evidence.pictures:.0f} pictures"
    sure = f"its lead is sure to ± {100 * half:.0f} points only" if math.isfinite(half) else "no more"
    return f"{worth}: {sure}."


def _all(controls: Sequence[str]) -> str:
    """Their names in a row."""
    names = [NAMES[control] for control in controls]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
