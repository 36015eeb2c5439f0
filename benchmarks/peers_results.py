"""What the comparison with peers measures, as plain values, and what it comes to: medians, paired ratios, verdicts."""

import dataclasses
import json
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

BARE, OURS, ONE_BY_ONE = "bare forward pass", "emolive", "emolive, face by face"
GRAD_CAM, GRAD_CAM_TUNED = "pytorch-grad-cam", "pytorch-grad-cam, weights frozen"
GRAD_CAM_ONE_BY_ONE = "pytorch-grad-cam, face by face"
FACE_BY_FACE, FER = "detector, then pytorch-grad-cam face by face", "fer"
"""Who takes part; the last two beside emolive on a video."""

BUSY = 3.0
"""A bare forward pass that varies more than this (95th ÷ 5th percentile) tells of the machine, not of the libraries."""

SAME = 1e-3
"""By how much scaled maps may differ and still be the same map."""


@dataclass(frozen=True)
class Bound:
    """A ratio of emolive's time to a peer's that the project has promised."""

    words: str
    peer: str
    must: float
    goal: float


PROMISED = (4, "layer3")
"""How many faces, and which layer, the bounds are about."""

BOUNDS = (
    Bound("emolive ÷ pytorch-grad-cam", GRAD_CAM, 0.45, 0.33),
    Bound("emolive, batched ÷ pytorch-grad-cam face by face", GRAD_CAM_ONE_BY_ONE, 0.75, 0.5),
    Bound("emolive, batched ÷ emolive face by face", ONE_BY_ONE, 0.75, 0.5),
)


@dataclass(frozen=True)
class Measured:
    """One run. `maps` and `video` are ms per round of each who takes part, in the same order of rounds; `differences`
    how much each one's scaled maps differ from emolive's at most; `found` the mean number of faces found in a frame of
    the video; `classes` are what the network says of the faces."""

    faces: int
    layer: str
    input_size: int
    maps: Mapping[str, tuple[float, ...]]
    differences: Mapping[str, float]
    video: Mapping[str, tuple[float, ...]]
    found: Mapping[str, float]
    frame_size: tuple[int, int]
    film: str
    threads: int
    cpu: str
    cores: int
    system: str
    versions: Mapping[str, str]

    @property
    def spread(self) -> float:
        """How much the bare forward pass varied."""
        return spread(self.maps[BARE])

    def json(self) -> str:
        """All of it."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


def measured(text: str) -> Measured:
    """What `Measured.json` wrote."""
    values = json.loads(text)
    for name in ("maps", "video"):
        values[name] = {who: tuple(ms) for who, ms in values[name].items()}
    return Measured(**{**values, "frame_size": tuple(values["frame_size"])})


def take_turns(
    who: Mapping[str, Callable[[T], float]], inputs: Iterable[T], warm: int = 0
) -> dict[str, tuple[float, ...]]:
    """Have each of `who` work on each input, one after the other, and give the ms that each said it took.

    Another one begins in each round, so that nobody always comes after the same. The first `warm` rounds do not count.
    """
    names, rounds = list(who), []
    for turn, given in enumerate(inputs):
        first = turn % len(names)
        rounds.append({name: who[name](given) for name in (*names[first:], *names[:first])})
    return {name: tuple(ms[name] for ms in islice(rounds, warm, None)) for name in names}


def timed(work: Callable[[T], object]) -> Callable[[T], float]:
    """`work`, giving the ms that it took."""

    def run(given: T) -> float:
        began = time.perf_counter()
        work(given)
        return (time.perf_counter() - began) * 1e3

    return run


def ratio(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """The median of the ratios of times that were measured in the same round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def spread(ms: Iterable[float]) -> float:
    """The 95th percentile by the 5th."""
    ordered = sorted(ms)
    at = (len(ordered) - 1) / 20
    return ordered[round(19 * at)] / ordered[round(at)]


def verdict(run: Measured, bound: Bound) -> str:
    """Whether a bound holds, in a few words; on a machine too busy to tell, of maps that differ, or of other faces and
    layers than were promised, there is none."""
    if (run.faces, run.layer) != PROMISED:
        return "no verdict: promised for {} faces at {}".format(*PROMISED)
    if run.spread > BUSY:
        return "no verdict: the machine was too busy"
    if max(run.differences.values()) > SAME:
        return "no verdict: the maps differ"
    value = ratio(run.maps[OURS], run.maps[bound.peer])
    if value <= bound.goal:
        return "yes, and the goal too"
    return "yes" if value <= bound.must else "NO"
