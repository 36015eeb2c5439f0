"""The figures of one person of a data file: shares of time, means, changes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emolive.core.scene import KEEP_MS
from emolive.reports.people import Person

HOLD_S = 0.5
"""How long an emotion must be the likeliest for a change to it to count: briefer ones are mostly two probabilities that
are alike, and expressions that are meant to be seen last half a second and more (Ekman, Emotions Revealed, 2003)."""


@dataclass(frozen=True)
class Tally:
    """What a data file says of one person, by the smoothed probabilities that the screen shows.

    `frames` in sight, from `first_s` to `last_s` (seconds of the video), `seconds` in sight: each frame counts until
    the next one, the last one before a gap as long as the others do; gaps do not count. `share` is each emotion's part
    of that time as the likeliest one, `mean` its mean probability over that time. `changes` is how often the likeliest
    emotion changed (`changes_ms`). `off` is the mean share of heat off the face, None where nobody knows.
    """

    track: int
    file: str
    frames: int
    seconds: float
    first_s: float
    last_s: float
    share: Mapping[str, float]
    mean: Mapping[str, float]
    changes: int
    off: float | None

    @property
    def likeliest(self) -> str:
        """The emotion with the largest share of time."""
        return max(self.share, key=lambda label: self.share[label])


def tally(person: Person, hold_s: float = HOLD_S) -> Tally:
    """Count a person's figures."""
    ms = durations_ms(person)
    known = np.isfinite(person.probs).all(1)
    weight = (ms if ms[known].any() else np.ones(len(ms))) * known  # single pictures last no time
    total = max(weight.sum(), 1e-12)
    top = likeliest(person)
    heat = np.isfinite(person.off)
    over = weight * heat if (weight * heat).any() else heat.astype(float)
    return Tally(
        track=person.track,
        file=person.file,
        frames=len(person.t_ms),
        seconds=float(ms.sum() / 1e3),
        first_s=float(person.t_ms.min() / 1e3),
        last_s=float(person.t_ms.max() / 1e3),
        share={label: float(weight[top == i].sum() / total) for i, label in enumerate(person.labels)},
        mean=dict(zip(person.labels, (weight @ np.nan_to_num(person.probs) / total).tolist(), strict=True)),
        changes=len(changes_ms(person, hold_s)),
        off=float(over @ np.nan_to_num(person.off) / over.sum()) if heat.any() else None,
    )


def likeliest(person: Person) -> np.ndarray:
    """The index of the likeliest emotion in each row (N,), -1 where nothing is known."""
    known = np.isfinite(person.probs).all(1)
    return np.where(known, np.nan_to_num(person.probs).argmax(1), -1)


def durations_ms(person: Person) -> np.ndarray:
    """How long each row counts (N,): until the next one; before a gap and at the end as the median of the others. Who
    is in sight in single frames only is so for as long as the frames between them last, each at most `KEEP_MS`."""
    step, gaps = np.diff(person.t_ms), person.gaps
    if (~gaps).any():
        usual = float(np.median(step[~gaps]))
    else:
        between = (step / np.maximum(np.diff(person.frame), 1))[step > 0]
        usual = min(float(between.min()), KEEP_MS) if len(between) else 0.0
    return np.append(np.where(gaps, usual, step), usual)


def changes_ms(person: Person, hold_s: float = HOLD_S) -> np.ndarray:
    """When the likeliest emotion became another one that lasted, in ms: both were the likeliest for at least `hold_s`
    seconds, in one stretch without a gap. What is briefer is passed over."""
    top, cut = likeliest(person), person.gaps
    cut = cut | (top[1:] < 0) | (top[:-1] < 0)
    starts = np.flatnonzero(np.append(True, cut | (top[1:] != top[:-1])))
    lasted = np.add.reduceat(durations_ms(person), starts)
    stretch = np.append(0, np.cumsum(cut))[starts]
    held = (lasted >= hold_s * 1e3 - 1e-6) & (top[starts] >= 0)
    label, within, begun = top[starts][held], stretch[held], person.t_ms[starts][held]
    changed: np.ndarray = begun[1:][(label[1:] != label[:-1]) & (within[1:] == within[:-1])]
    return changed
