"""A person over time, as lines to be drawn."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emolive.core.errors import EmoliveError
from emolive.reports.people import Person, read_people


@dataclass(frozen=True, eq=False)
class Series:
    """A person over time: `t_s` (N,) seconds, `probs` (N, classes), with a row of NaN wherever the person is out of
    sight, so that lines break there."""

    track: int
    labels: tuple[str, ...]
    t_s: np.ndarray
    probs: np.ndarray
    file: str = ""

    @property
    def seconds(self) -> float:
        """From the first to the last time in sight."""
        return float(self.t_s[-1] - self.t_s[0])

    @property
    def entropy(self) -> np.ndarray:
        """The entropy of the probabilities in bits (N,): 0 is sure, log2(classes) knows nothing."""
        p = np.where(self.probs > 0, self.probs, 1.0)
        bits = -(p * np.log2(p)).sum(1)
        return np.where(np.isfinite(self.probs).all(1), np.abs(bits), np.nan)


def read_series(path: Path) -> list[Series]:
    """Every person of a data file, by file and number. Raises `EmoliveError` where `read_people` does, and where nobody
    is in it."""
    people = read_people(path)
    if not people:
        raise EmoliveError(f"No face is in {path}, so there is nothing to draw.")
    return [series(person) for person in people]


def series(person: Person) -> Series:
    """A person's lines, broken in the middle of each gap."""
    before = np.flatnonzero(person.gaps) + 1
    middles = (person.t_ms[before - 1] + person.t_ms[before]) / 2
    t_ms = np.insert(person.t_ms, before, middles)
    return Series(person.track, person.labels, t_ms / 1e3, np.insert(person.probs, before, np.nan, axis=0), person.file)
