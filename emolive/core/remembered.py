"""What is remembered between frames: of each person, of each pinned filter."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from emolive.core.evidence import Evidence, Trials
from emolive.core.reading import Reading, Regions
from emolive.core.settings import Variant


@dataclass(frozen=True, eq=False)
class Moment:
    """A track's probabilities (classes,) and their entropy in bits at a time; a timeline is made of these."""

    t_ms: float
    probs: np.ndarray
    entropy: float


@dataclass(frozen=True, eq=False)
class Remembered:
    """What is kept of one track. `probs` (classes,) is the last answer (smoothed); `scale` the heat that counts as
    full, per variant (without its target), smoothed likewise; `strength` (C,) mean activation of the filter layer's
    channels, smoothed, so that the order of tiles stands still; `layer` says which layer `strength` belongs to.
    `timeline` spans the last 30 s; `regions` are the mean shares of heat per label since the track began."""

    probs: np.ndarray
    scale: Mapping[Variant, float]
    strength: np.ndarray
    layer: str
    seen_ms: float
    timeline: tuple[Moment, ...] = ()
    regions: Mapping[int, Regions] = field(default_factory=dict)
    region_counts: Mapping[int, int] = field(default_factory=dict)
    base: Variant | None = None  # the way to look that `regions` and `tally` are of
    tally: Trials = field(default_factory=Trials)
    evidence: Evidence | None = None  # what the tally's finished seconds add up to


@dataclass(frozen=True, eq=False)
class Best:
    """A face that excited a pinned filter: how much, its crop (S, S, 3) uint8 RGB, its track and time."""

    strength: float
    crop: np.ndarray
    track: int
    t_ms: float


@dataclass(frozen=True, eq=False)
class Pinned:
    """What is kept of a pinned filter: its mean activation in the selected face over the last 10 s (t_ms, value), and
    the nine faces of this session that excited it most (at most one per track and second)."""

    sparkline: tuple[tuple[float, float], ...] = ()
    best: tuple[Best, ...] = ()


@dataclass(frozen=True, eq=False)
class Memory:
    """All that is remembered between frames, besides the tracker: per track, dropped with the track. `chosen` is the
    face selected while the user selects none, so that it does not flicker; `pinned` per (filter layer, channel); `last`
    is the selected face's reading of the frame before, with its track and frame index: what the proof masks."""

    tracks: Mapping[int, Remembered] = field(default_factory=dict)
    chosen: int = 0
    pinned: Mapping[tuple[str, int], Pinned] = field(default_factory=dict)
    last: tuple[int, int, "Reading"] | None = None
