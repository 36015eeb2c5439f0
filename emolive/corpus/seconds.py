"""A person's data second by second: sums that figures are divided from, and that add up over people and videos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emolive.corpus.bootstrap import Ratios
from emolive.reports.people import Person
from emolive.reports.tally import HOLD_S, changes_ms, durations_ms, likeliest

MINUTE = 60.0


@dataclass(frozen=True)
class Sums:
    """The columns of sums: seconds in sight, those of which the answer is known, those with each label as the likeliest
    one, the integral of its probability, changes (times 60, for a rate by the minute), seconds with heat, and with heat
    off the face."""

    labels: tuple[str, ...]

    @property
    def width(self) -> int:
        return 5 + 2 * len(self.labels)

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """The figures and the emotion that each is of, in the order of `ratios`."""
        n = [("share", label) for label in self.labels] + [("mean", label) for label in self.labels]
        return (*n, ("changes_per_min", ""), ("off_face", ""))

    @property
    def ratios(self) -> Ratios:
        """The figures that are divided from the sums."""
        n = 2 * len(self.labels)
        return Ratios((*range(2, 2 + n), 2 + n, 4 + n), (*[1] * n, 0, 3 + n), (*[False] * n, True, False))

    def of(self, person: Person, hold_s: float = HOLD_S) -> "Seconds":
        """A person's sums, a row for each second of the video in which some of it is in sight."""
        weight = durations_ms(person) / 1e3
        known, top = np.isfinite(person.probs).all(1), likeliest(person)
        columns = [weight, weight * known]
        place = {label: i for i, label in enumerate(person.labels)}
        columns += [weight * (top == place[one]) if one in place else 0 * weight for one in self.labels]
        probs = np.where(known[:, None], person.probs, 0.0)
        columns += [weight * probs[:, place[one]] if one in place else 0 * weight for one in self.labels]
        columns.append(MINUTE * np.isin(person.t_ms, changes_ms(person, hold_s)))
        heat = np.isfinite(person.off)
        columns += [weight * heat, weight * np.nan_to_num(person.off)]
        second, place_of = np.unique(np.floor(person.t_ms / 1e3).astype(np.int64), return_inverse=True)
        rows = np.stack([np.bincount(place_of, column, len(second)) for column in columns], axis=1)
        seen = rows[:, 0] > 0
        return Seconds(second[seen], rows[seen])


@dataclass(frozen=True, eq=False)
class Seconds:
    """Sums (n, K) of the seconds (n,) of one video, in order."""

    second: np.ndarray
    rows: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """The sums (K,) of all of them."""
        whole: np.ndarray = self.rows.sum(0)
        return whole


def together(several: Sequence[Seconds]) -> Seconds:
    """Several people of one video, or several tracks of one person, as one: what is in one second is added."""
    second, place = np.unique(np.concatenate([one.second for one in several]), return_inverse=True)
    rows = np.concatenate([one.rows for one in several])
    return Seconds(second, np.stack([np.bincount(place, column, len(second)) for column in rows.T], axis=1))
