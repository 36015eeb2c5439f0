"""What is known of how a map does beside its controls: the questions, their answers, and what they add up to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

OWN = "own"
"""The map that is put to the test, among the names of its controls."""

CONTROLS = ("other_face", "centre", "class_blind", "random")
"""What a map has to beat: maps that the same method drew of other faces for the same emotion, average maps and a hill
in the middle, a map that knows no emotion, cells at random."""

MASKINGS = "blur", "linear"
"""How cells are taken away: blurred beyond recognition, or filled in from their edge with a little noise."""


class Query(NamedTuple):
    """A masked face: how, by whose map (`OWN` or a control), and by which of its maps where there are several."""

    masking: str
    of: str
    which: int = 0


class Trial(NamedTuple):
    """What a map costs more than one of its controls on the same face under the same masking: how much more the
    target's probability falls, 1 for all of it."""

    ask: Query
    difference: float


@dataclass(frozen=True, eq=False)
class Trials:
    """The trials of a film. `seconds` holds the means of each finished second, by masking and control, and `looks` a
    tiny grey picture of the face in it; `now` are the trials of the second under way, which began at `since`. `maps`
    has (how many, mean) of each single control map. `asked` counts frames, `before` is the mean probability of the
    target while nothing was masked."""

    seconds: tuple[Mapping[tuple[str, str], float], ...] = ()
    looks: tuple[np.ndarray, ...] = ()
    now: tuple[Trial, ...] = ()
    since: float = 0.0
    maps: Mapping[Query, tuple[int, float]] = field(default_factory=dict)
    asked: int = 0
    before: float = 0.0


class Difference(NamedTuple):
    """By how much a map beats a control: the mean of the paired differences, and what it may be at least and at most.
    `maps` is how many control maps there were."""

    mean: float
    low: float
    high: float
    maps: int = 1


NOTHING = Difference(math.nan, math.nan, math.nan, 0)
"""The lead over controls that were not asked."""


@dataclass(frozen=True)
class Evidence:
    """What there is to judge by. `differences` are by masking and control; `weakest` has for each control the smallest
    lead over a single one of its maps, the mean of both maskings (random cells count together); `pooled` is the lead
    over all controls together, the mean of both maskings and of all controls. `seconds` of film were looked at, 0: one
    picture; frames are alike, so that they are worth as little as `pictures` pictures that have nothing to do with each
    other. `moved` says how much its looks changed meanwhile, in grey levels from 0 to 1. `before` is the target's mean
    probability."""

    differences: Mapping[tuple[str, str], Difference]
    before: float
    seconds: int = 0
    pictures: float = 1.0
    moved: float = 1.0
    weakest: Mapping[str, float] = field(default_factory=dict)
    pooled: Difference = NOTHING
