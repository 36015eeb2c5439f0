"""What it means when a map changes, or does not, as weights become random: THE thresholds and words, for windows,
reports, pages and the audit alike. No torch here.

One random network is noise: Grad-CAM at the last stage against a random head has rank correlations of −0.06, −0.48 and
−0.61 for three seeds. So there are several, and how alike *their* maps are among themselves is the measure of how alike
maps are that share the picture and no learnt weights in the random part.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from emolive.core.reading import Likeness

SEEDS = 3
"""Random networks that a map is compared with."""

SAME = 0.99
"""Maps that correlate more than this are the same: the method did not react."""

ALIKE = 0.7
"""Maps that correlate more than this are nearly the same picture."""

UNKNOWN = 0.5
"""How alike maps of random networks may be where only one was asked."""

Notice = Literal[
    "reacts", "reacts a little", "shows the picture", "does not react", "cannot react", "undefined", "not asked"
]


@dataclass(frozen=True)
class Sanity:
    """A word and a sentence; `like` is the mean rank correlation of the true map with those of random networks, `low`
    and `high` the least and the largest among those networks' own (the null band; NaN where only one was asked)."""

    word: Notice
    why: str
    like: float
    low: float = math.nan
    high: float = math.nan

    @property
    def trusted(self) -> bool:
        """Whether the map depends on what was learned."""
        return self.word in ("reacts", "reacts a little")

    @property
    def stands_still(self) -> bool:
        """Whether the map is the same or nearly so whatever was learned."""
        return self.word in ("does not react", "shows the picture")

    @property
    def text(self) -> str:
        """Both in one: "Reacts: …"."""
        return f"{self.word[0].upper()}{self.word[1:]}: {self.why}"


NOT_ASKED = Sanity(
    "not asked", "each random network takes hundreds of passes; one is asked where no quick method is.", math.nan
)


def asked(slow: bool, step: str, steps: Sequence[str], alone: bool = False) -> bool:
    """Whether a map is made of a network that is random down to `step`, one of the `steps`: a slow one where all is,
    and only if slow ones stand `alone`."""
    return not slow or (alone and step == steps[-1])


def sane(found: Likeness, reaches: bool = True) -> Sanity:
    """What is to be said of a map; unless randomness `reaches` it, it cannot react."""
    like, among = _mean(found.like), [one for one in found.among if math.isfinite(one)]
    low, high = (min(among), max(among)) if among else (math.nan, math.nan)

    def said(word: Notice, why: str) -> Sanity:
        return Sanity(word, why, like, low, high)

    if not reaches:
        return said("cannot react", "it reads nothing that was randomised.")
    if math.isnan(like):
        return said("undefined", "a map is the same everywhere, like one of a single cell.")
    if like > SAME:
        return said("does not react", "it shows the picture, not what was learned.")
    if among and _mean(among) > ALIKE and like > ALIKE:
        return said("shows the picture", "random networks that differ draw nearly this map, too.")
    if like > (high if among else UNKNOWN):
        more = "more than maps of random networks are like one another" if among else "though weights are random"
        return said("reacts a little", f"it is still like itself, {more}.")
    return said("reacts", "it depends on what was learned.")


def can_react(knows_class: bool, layer: str, step: str, steps: Sequence[str]) -> bool:
    """Whether a map of a layer can change at all when the network is randomised from the head down to `step`, one of
    the `steps`. A method that needs activations only sees nothing of what comes after its layer."""
    if knows_class:
        return True
    part = next((part for part in steps if layer == part or layer.startswith(f"{part}.")), None)
    return part is not None and steps.index(step) >= steps.index(part)


def _mean(values: Sequence[float]) -> float:
    known = [one for one in values if math.isfinite(one)]
    return float(np.mean(known)) if known else math.nan
