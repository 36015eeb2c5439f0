"""THE verdict on a map: its thresholds and its words, for windows, reports, the web page and the audit alike.

A wrong map must not win. So a map has to cost more than every one of its controls: than each of several maps of other
faces, the average map, a map that knows no emotion, and random cells, under two ways of masking. Nothing here brings
torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from emolive.audit.tally import of_picture
from emolive.core.evidence import CONTROLS, MASKINGS, Evidence
from emolive.core.scene import Chosen, Menu

CLEAR = 0.01
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
    open_still = _open(evidence, lost)
    if open_still:
        return Verdict("not enough evidence yet", open_still)
    beaten = [how for how in MASKINGS if not lost[how]]
    span = f"over {evidence.seconds} s of film" if evidence.seconds else "in this picture"
    if len(beaten) == len(MASKINGS):
        return Verdict("beats its controls", f"Masking what it calls hot costs {goal} more than {_all(asked)} {span}.")
    if beaten:
        (won,), (failed,) = beaten, [how for how in MASKINGS if lost[how]]
        why = f"By {HOW[won]} it beats its controls {span}; by {HOW[failed]} it does not beat {_all(lost[failed])}."
        return Verdict("depends on the masking", why)
    both = [c for c in asked if all(c in lost[how] for how in MASKINGS)] or lost[MASKINGS[0]]
    why = f"What {_all(both)} would mask costs {goal} as much {span}."
    return Verdict("does not beat its controls", why if evidence.seconds else f"{why} {ONE_PICTURE}")


def judged(chosen: Chosen, menu: Menu) -> Verdict:
    """What is to be said of the map of a face that is shown: of the picture that stands, or of the film so far."""
    reading, kept = chosen.reading, chosen.remembered
    proof, way = reading.proof, reading.base or reading.shown
    goal = menu.labels[reading.result.target] if reading.result.target < len(menu.labels) else ""
    known = of_picture(proof) if proof is not None and proof.whole else kept.evidence if kept else None
    return verdict(known, goal, way.method in menu.blind)


def _beaten(evidence: Evidence, how: str, control: str) -> bool:
    found = evidence.differences.get((how, control))
    return found is not None and found.low > CLEAR


def _open(evidence: Evidence, lost: dict[str, list[str]]) -> str:
    """Why a film says nothing yet; "" where it does, or where there is one picture."""
    if not evidence.seconds:
        return ""
    if evidence.seconds > 1 and evidence.moved < STILL:
        return f"The face is nearly still: {evidence.seconds} s of it are little more than one picture. {ONE_PICTURE}"
    worth = f"{evidence.seconds} s of film, whose frames are alike, are worth {evidence.pictures:.0f} pictures"
    halves = []
    for how, controls in lost.items():
        for control in controls:
            found = evidence.differences.get((how, control))
            if found is None:
                return f"{NAMES[control][0].upper()}{NAMES[control][1:]} have not been asked yet."
            half = found.high - found.mean
            if half > NARROW and found.high > CLEAR:
                halves.append(half)
    if not halves:
        return ""
    known = f"sure to ± {100 * max(halves):.0f} points only" if math.isfinite(max(halves)) else "no more"
    return f"{worth}: {known}."


def _all(controls: Sequence[str]) -> str:
    """Their names in a row."""
    names = [NAMES[control] for control in controls]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
