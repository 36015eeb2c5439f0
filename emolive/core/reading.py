"""What the network makes of one face: results, maps, and the figures that prove or question them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emolive.core.evidence import OWN, Query, Trial
from emolive.core.settings import Variant

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the unmirrored frame; may reach over its edges."""


@dataclass(frozen=True)
class Measure:
    """What a map is measured in: its `unit` in words, whether negative values speak `against` the target (elsewhere
    they say nothing of it), and what counts as `full` heat on the network's fixed scale; 0 where it has none. Maps that
    are `normalised` by construction are as strong for little evidence as for much: no scale can tell."""

    unit: str = ""
    against: bool = False
    full: float = 0.0
    normalised: bool = False


@dataclass(frozen=True, eq=False)
class Result:
    """What one variant gave for one face.

    `logits` (classes,) before temperature, `probs` (classes,) after it. `cam` is the *signed* map (h, w) float32 on the
    layer's own grid: positive speaks for `target` (a label's index), nothing is clipped or scaled yet. It is None where
    the method is not defined at the layer; `why` then says so. `ms` is the time its map took, all
    faces together; maps of one pass that share a gradient are each charged with all of it. `measure` says what the
    map's values are.
    """

    logits: np.ndarray
    probs: np.ndarray
    cam: np.ndarray | None
    target: int
    why: str = ""
    ms: float = 0.0
    measure: Measure = Measure()


@dataclass(frozen=True, eq=False)
class Ledger:
    """How the channels of the filter layer add up to the score of the target class (its logit, before temperature).

    `shares` (C,) signed; `shares.sum() + bias == logit` where `exact` (global average pooling and a linear head
    follow); elsewhere they are gradient × activation, an approximation. `why` is a sentence where there are no shares
    (C = 0).
    """

    shares: np.ndarray
    bias: float = 0.0
    logit: float = 0.0
    target: int = 0
    exact: bool = False
    why: str = ""


@dataclass(frozen=True, eq=False)
class Proof:
    """What masking parts of the face does to the target's probability, of frame `index`, track `track`.

    `before` is the probability untouched. `asks` (P) say how and by whose map parts were masked, the same number of
    cells each, the map's own among them; `after` are the probabilities then, `masked` (P, S, S, 3) uint8 RGB the faces.
    `way` is the way to look whose map is put to the test. `whole` says that everything was asked, as of a picture that
    stands; of frames of a film a little at a time is.
    """

    index: int
    track: int
    target: int
    before: float
    asks: tuple[Query, ...]
    after: tuple[float, ...]
    masked: np.ndarray
    way: Variant | None = None
    whole: bool = False

    def drop(self, of: str, masking: str = "") -> float | None:
        """How much the probability falls with what `of` masks (the mean of its maps, and of all maskings unless one is
        named); None where that was not asked."""
        found = [
            self.before - after
            for ask, after in zip(self.asks, self.after, strict=True)
            if ask.of == of and masking in ("", ask.masking)
        ]
        return sum(found) / len(found) if found else None

    def trials(self) -> tuple[Trial, ...]:
        """The paired differences: what the own map's cells cost more than each control's under the same masking."""
        own = {ask.masking: after for ask, after in zip(self.asks, self.after, strict=True) if ask.of == OWN}
        pairs = zip(self.asks, self.after, strict=True)
        return tuple(Trial(ask, after - own[ask.masking]) for ask, after in pairs if ask.of != OWN)


@dataclass(frozen=True)
class Regions:
    """The shares of positive heat on each part of the face; they add up to 1, or are all 0 where there is none."""

    eyes: float = 0.0
    nose: float = 0.0
    mouth: float = 0.0
    rest: float = 0.0
    off: float = 0.0


@dataclass(frozen=True)
class Agreement:
    """How much two maps agree: Spearman's rank correlation of the signed maps, and the IoU of their hottest 20 %.
    NaN where they are undefined: one of the maps is constant."""

    spearman: float
    iou: float


@dataclass(frozen=True)
class Likeness:
    """Rank correlations of a map with those of random networks (`like`), and of those among themselves (`among`), for
    the same face and way to look, in the frame of time `t_ms`; NaN where a map is constant. `audit.sanity` says what
    they mean."""

    like: tuple[float, ...]
    among: tuple[float, ...] = ()
    t_ms: float = 0.0


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network makes of one face.

    `crop` is (S, S, 3) uint8 RGB, the square the network saw; `square` is where it lies in the frame, turned about its
    centre by `turn` degrees, clockwise as seen: faces that lean stand upright in the crop, and in all maps. `results`
    holds each variant that was asked for: `base` is the network as it is (its probabilities are the face's in this
    frame alone), `shown` the one whose map is painted (another only while looking through a randomised network),
    `other` the one that is compared with it, `knocked` the one with filters switched off. `maps` is (C, h, w) float32:
    the filter layer's feature maps. `emotions` are the maps of each class (classes, h, w), of the selected face while
    that view is open; `renewed` is the class whose map is of this frame beside the explained one's, where maps are
    renewed in turn (-1 where all are of this frame). `agreement` is that of `shown` with `base` while randomised, else
    of `shown` with `other`. `activation` (h, w) is the mean of the map's layer, which knows no emotion, of the selected
    face while its map is put to the test. `likeness` is that of its map with random networks', while one is looked
    through. `other_crop`, `other_square` and `other_label` are set where the compared network is a second one: what it
    saw (turned alike), and what its map explains. `smoothed` (classes,) are the probabilities smoothed in time, None
    where nothing came before.
    """

    crop: np.ndarray
    square: Box
    results: Mapping[Variant, Result]
    shown: Variant
    maps: np.ndarray
    base: Variant | None = None
    other: Variant | None = None
    knocked: Variant | None = None
    emotions: np.ndarray | None = None
    renewed: int = -1
    ledger: Ledger | None = None
    proof: Proof | None = None
    regions: Regions = Regions()
    agreement: Agreement | None = None
    activation: np.ndarray | None = None
    likeness: Likeness | None = None
    other_crop: np.ndarray | None = None
    other_square: Box | None = None
    other_label: str = ""
    smoothed: np.ndarray | None = None
    turn: float = 0.0

    @property
    def result(self) -> Result:
        """The result of the network as it is, in this frame alone."""
        return self.results[self.base or self.shown]

    @property
    def answer(self) -> np.ndarray:
        """The face's probabilities (classes,): label, bars, entropy and the target "top" all come from these."""
        return self.result.probs if self.smoothed is None else self.smoothed

    @property
    def top(self) -> int:
        """The likeliest class of the answer: the face's label, and what its map explains unless a target is set."""
        return likeliest(self.answer)

    @property
    def painted(self) -> Result:
        """The result whose map is painted on the face."""
        return self.results[self.shown]


def likeliest(probs: np.ndarray) -> int:
    """The index of the largest probability; what is not finite counts as 0."""
    return int(np.argmax(np.nan_to_num(probs)))


def entropy(probs: np.ndarray) -> float:
    """Shannon entropy in bits: 0 where one class is certain, log2(classes) where all are as likely."""
    known = probs[(probs > 0) & np.isfinite(probs)]
    return float(max(0.0, -(known * np.log2(known)).sum()))
