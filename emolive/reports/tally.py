"""The figures of one person of a data file: shares of time, means, changes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emolive.reports.people import Person

LEAST_S = 1.0
"""Seconds a person must be seen for changes a minute to mean anything."""


@dataclass(frozen=True)
class Tally:
    """What a data file says of one person, by the smoothed probabilities that the screen shows.

    `frames` in sight, from `first_s` to `last_s` (seconds of the video), `seconds` in sight: each frame counts until
    the next one, the last one before a gap as long as the others do. `share` is each emotion's part of that time as the
    likeliest one, `mean` its mean probability over that time. `changes` of the likeliest emotion a minute, within
    stretches without a gap; None for less than a second. `off` is the mean share of heat off the face, None where
    nobody knows.
    """

    track: int
    file: str
    frames: int
    seconds: float
    first_s: float
    last_s: float
    share: Mapping[str, float]
    mean: Mapping[str, float]
    changes: float | None
    off: float | None

    @property
    def likeliest(self) -> str:
        """The emotion with the largest share of time."""
        return max(self.share, key=lambda label: self.share[label])


def tally(person: Person) -> Tally:
    """Count a person's figures."""
    ms = durations_ms(person)
    known = np.isfinite(person.probs).all(1)
    weight = (ms if ms[known].any() else np.ones(len(ms))) * known  # single pictures last no time
    total = max(weight.sum(), 1e-12)
    top = likeliest(person)
    heat = np.isfinite(person.off)
    over = weight * heat if (weight * heat).any() else heat.astype(float)
    changed = (top[1:] != top[:-1]) & ~person.gaps & known[1:] & known[:-1]
    seconds = float(ms.sum() / 1e3)
    return Tally(
        track=person.track,
        file=person.file,
        frames=len(person.t_ms),
        seconds=seconds,
        first_s=float(person.t_ms.min() / 1e3),
        last_s=float(person.t_ms.max() / 1e3),
        share={label: float(weight[top == i].sum() / total) for i, label in enumerate(person.labels)},
        mean=dict(zip(person.labels, (weight @ np.nan_to_num(person.probs) / total).tolist(), strict=True)),
        changes=float(changed.sum() * 60 / seconds) if seconds >= LEAST_S else None,
        off=float(over @ np.nan_to_num(person.off) / over.sum()) if heat.any() else None,
    )


def likeliest(person: Person) -> np.ndarray:
    """The index of the likeliest emotion in each row (N,), -1 where nothing is known."""
    known = np.isfinite(person.probs).all(1)
    return np.where(known, np.nan_to_num(person.probs).argmax(1), -1)


def durations_ms(person: Person) -> np.ndarray:
    """How long each row counts (N,): until the next one; before a gap and at the end as the median of the others."""
    step, gaps = np.diff(person.t_ms), person.gaps
    usual = float(np.median(step[~gaps])) if (~gaps).any() else 0.0
    return np.append(np.where(gaps, usual, step), usual)
