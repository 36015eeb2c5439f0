"""Whether a network reads some people better than others: figures by group, and gaps that are more than chance.

A person is what is drawn: pictures of one person are no independent evidence. Each figure is a function of weights,
which picture counts how often, so that the same line gives the figure itself, its bootstrap (people drawn again) and
its permutation (people handed to the groups anew).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from emolive.core.errors import EmoliveError
from emolive.core.foreign import read_rows, refuse, words
from emolive.training.confidence import calibration_floor

PICTURE, PERSON = "picture", "person"

DRAWS, HANDED, CHUNK = 2000, 10_000, 250
"""Of the bootstrap and of the permutation (whose smallest p is one by that), and how many are worked out at a time."""

FEWEST = 5
"""People of a group whose figures get intervals, and that is compared with others."""

BANDS = 4
"""A column of more different numbers than `MOST_VALUES` is cut into so many groups of about the same size."""

MOST_VALUES = 12
BINS = 15

NOTHING = {"", "na", "n/a", "nan", "none", "unknown"}
"""What tables say where they say nothing, in small letters."""

Weighed = Callable[[np.ndarray], np.ndarray]
"""A figure: weights (draws, N) to its value in each draw (draws,), NaN where nothing of what it is about was drawn."""


@dataclass(frozen=True, eq=False)
class Table:
    """Who is on each picture: the number of the person (N,) int64, and the value of each column, (N,) str, "" where
    the table says nothing. `persons` is whether the table names them; else each picture is a person of its own."""

    person: np.ndarray
    columns: dict[str, np.ndarray]
    persons: bool = True


def read_groups(path: Path, files: Sequence[str]) -> Table:
    """The rows of a table for the pictures `files`, paths in their folder.

    The column `picture` has these paths, `person` (if it is there) who is on it; each further one makes groups. A
    column of many numbers is cut into four bands. Raises `EmoliveError` for what is no such table, for pictures that it
    lacks, and for a person who is in two groups of one column.
    """
    told = f"It needs the column {PICTURE}, and one for each way to make groups, like sex."
    rows = list(read_rows(path, told))
    if not rows or PICTURE not in rows[0][1] or not set(rows[0][1]) - {PICTURE, PERSON}:
        refuse(path, "", "it has no columns that make groups", told)
    names = [words(name) for name in rows[0][1]]
    if len(set(names)) < len(names):
        refuse(path, "Line 1", "a column is there twice", told)
    found: dict[str, dict[str, str]] = {}
    for number, cells, whole in rows[1:]:
        if not whole or len(cells) != len(names):
            refuse(path, f"Line {number}", f"it has {len(cells)} cells of {len(names)}", told)
        row = dict(zip(names, map(str.strip, cells), strict=True))
        if row[PICTURE] in found:
            refuse(path, f"Line {number}", f"{words(row[PICTURE])} is there twice", "Leave one.")
        found[row[PICTURE]] = row
    lost = [file for file in files if file not in found]
    if lost:
        raise EmoliveError(
            f"{path} has no row for {len(lost)} of {len(files)} pictures; it lacks {lost[0]}. Its column {PICTURE} "
            "holds paths in the folder, like happy/001.jpg."
        )
    who = [found[file].get(PERSON) or f"{PICTURE} {file}" for file in files]
    person = np.unique(who, return_inverse=True)[1].astype(np.int64)
    columns = {name: banded([found[file][name] for file in files]) for name in names if name not in (PICTURE, PERSON)}
    for name, values in columns.items():
        for number in range(int(person.max()) + 1):
            mine = sorted(set(values[person == number]))
            if len(mine) > 1:
                raise EmoliveError(
                    f"{path}: {PERSON} {who[int(np.flatnonzero(person == number)[0])]} is in two groups of the column "
                    f"{name}, {mine[0] or 'nothing'} and {mine[1]}. Correct it."
                )
        if len(set(values)) > MOST_VALUES:
            raise EmoliveError(
                f"{path}: the column {name} has {len(set(values))} different values; groups are at most {MOST_VALUES}. "
                "Leave it out, or join some."
            )
    return Table(person, columns, PERSON in names)


def banded(values: list[str]) -> np.ndarray:
    """Values as they are ("" where there is none), or the band of each where they are many numbers."""
    values = ["" if value.lower() in NOTHING else value for value in values]
    try:
        numbers = np.array([float(value) if value else np.nan for value in values])
    except ValueError:
        return np.array(values)
    if len(set(values)) <= MOST_VALUES or np.isinf(numbers).any():
        return np.array(values)
    known = np.isfinite(numbers)
    edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, BANDS + 1)[1:-1]))
    band = np.searchsorted(edges, numbers)
    found = np.full(len(values), "", object)
    for one in np.unique(band[known]):
        mine = known & (band == one)
        found[mine] = f"{numbers[mine].min():g} to {numbers[mine].max():g}"
    return found.astype(str)


def by_group(
    probabilities: np.ndarray, truth: np.ndarray, labels: Sequence[str], table: Table, seed: int = 0
) -> dict[str, Any]:
    """Figures of each group and the gaps between them, of probabilities (N, K) and truth (N,).

    {"people": all persons, "figures": [{"column", "group", "n", "people", "figure", "value", "low", "high", "floor"}],
    "gaps": [{"column", "figure", "groups": [a, b], "value": a − b, "low", "high", "p", "p_holm"}]}. Figures are
    accuracy, recall and AUC (one class against the rest) of each class that occurs, and the calibration error. All
    intervals are of 95 %: Wilson's, by the number of people, for shares (Newcombe's for their gaps: Statistics in
    Medicine 17, 1998), the percentiles of a bootstrap over people for AUC and calibration. p is two-sided, from people
    handed to the two groups anew; p_holm is corrected for all gaps of the list (Holm, Scand. J. Stat. 6, 1979). A group
    of fewer than five people has neither intervals nor gaps. The calibration error has no gaps: it grows as a group
    gets smaller, whatever the network does; its row has the `floor` that chance alone would show in this group.
    """
    figures, gaps = [], []
    draw = np.random.default_rng(seed)
    for column, values in {"": np.full(len(truth), "everybody"), **table.columns}.items():
        groups = {str(group): np.flatnonzero(values == group) for group in np.unique(values) if group}
        several = {}
        for group, rows in groups.items():
            one = _Group(probabilities[rows], truth[rows], table.person[rows], labels)
            figures += [{"column": column, "group": group, **row} for row in one.rows(draw)]
            if one.people >= FEWEST:
                several[group] = one
        for (a, one), (b, other) in combinations(several.items(), 2):
            gaps += [{"column": column, "groups": [a, b], **row} for row in one.gaps(other, draw)]
    for gap, p in zip(gaps, holm([gap["p"] for gap in gaps]), strict=True):
        gap["p_holm"] = p
    return {"people": int(table.person.max()) + 1, "persons_named": table.persons, "figures": figures, "gaps": gaps}


class _Group:
    """The pictures of one group: probabilities (N, K), truth (N,), person (N,)."""

    def __init__(self, p: np.ndarray, truth: np.ndarray, person: np.ndarray, labels: Sequence[str]) -> None:
        self.p, self.truth, self.labels = p, truth, labels
        self.person = np.unique(person, return_inverse=True)[1]
        self.people = int(self.person.max()) + 1

    def of(self, other: _Group) -> _Group:
        """Both groups as one, the people of `other` after those of this one."""
        person = np.concatenate([self.person, other.person + self.people])
        return _Group(np.concatenate([self.p, other.p]), np.concatenate([self.truth, other.truth]), person, self.labels)

    def shares(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Accuracy and recalls: which pictures are right, and which count, both (N,) bool."""
        right = self.p.argmax(1) == self.truth
        found = {"accuracy": (right, np.ones(len(right), bool))}
        for k, label in enumerate(self.labels):
            if (self.truth == k).any():
                found[f"recall of {label}"] = (right, self.truth == k)
        return found

    def weighed(self) -> dict[str, Weighed]:
        """All figures as functions of the pictures' weights."""
        found: dict[str, Weighed] = {name: _share(*masks) for name, masks in self.shares().items()}
        for k, label in enumerate(self.labels):
            if 0 < (self.truth == k).sum() < len(self.truth):
                found[f"AUC of {label}"] = _auc(self.p[:, k], self.truth == k)
        found["calibration error"] = _ece(self.p, self.truth)
        return found

    def rows(self, draw: np.random.Generator) -> list[dict[str, Any]]:
        """A row of each figure."""
        shares, weighed = self.shares(), self.weighed()
        counts = draw.multinomial(self.people, np.full(self.people, 1 / self.people), DRAWS)
        rows = []
        for name, figure in weighed.items():
            value = float(figure(np.ones((1, len(self.truth))))[0])
            row: dict[str, Any] = {"n": len(self.truth), "people": self.people, "figure": name, "value": value}
            if self.people < FEWEST:
                row |= {"low": None, "high": None}
            elif name in shares:
                row |= dict(zip(("low", "high"), self.interval(*shares[name]), strict=True))
            else:
                row |= dict(zip(("low", "high"), _percentiles(self.drawn(figure, counts)), strict=True))
            if name == "calibration error":
                row["floor"] = calibration_floor(self.p)["mean"]
            rows.append(row)
        return rows

    def drawn(self, figure: Weighed, counts: np.ndarray) -> np.ndarray:
        """A figure in each of the draws, in which each person counts so often: counts (draws, people)."""
        parts = [counts[i : i + CHUNK][:, self.person] for i in range(0, len(counts), CHUNK)]
        return np.concatenate([figure(part.astype(np.float64)) for part in parts])

    def interval(self, right: np.ndarray, counted: np.ndarray) -> tuple[float, float]:
        """Wilson's interval of a share: of as many independent pictures as the people's pictures are worth."""
        n = float(counted.sum())
        share = float(right[counted].mean())
        off = np.bincount(self.person[counted], (right[counted] - share), self.people)
        spread = float((off**2).sum())
        people = float(len(np.unique(self.person[counted])))
        worth = share * (1 - share) * n * n / spread if spread > 0 else people
        return wilson(share, min(worth, n))

    def gaps(self, other: _Group, draw: np.random.Generator) -> list[dict[str, Any]]:
        """A row of each figure that both groups have, but the calibration error: this group's less the other's."""
        both, rows = self.of(other), []
        first = np.zeros(both.people, bool)
        first[: self.people] = True
        handed = np.concatenate([first[None], draw.permuted(np.tile(first, (HANDED, 1)), axis=1)])
        mine, theirs, joint = self.weighed(), other.weighed(), both.weighed()
        shares, others = self.shares(), other.shares()
        again = [draw.multinomial(g.people, np.full(g.people, 1 / g.people), DRAWS) for g in (self, other)]
        for name in [name for name in mine if name in theirs and name != "calibration error"]:
            gap = both.drawn(joint[name], handed) - both.drawn(joint[name], ~handed)
            value, chance = float(gap[0]), gap[1:][np.isfinite(gap[1:])]
            ends: tuple[float, float] | tuple[None, None]
            if name in shares:
                ends = newcombe(
                    float(shares[name][0][shares[name][1]].mean()), self.interval(*shares[name]),
                    float(others[name][0][others[name][1]].mean()), other.interval(*others[name]),
                )  # fmt: skip
            else:
                ends = _percentiles(self.drawn(mine[name], again[0]) - other.drawn(theirs[name], again[1]))
            p = (1 + int((np.abs(chance) >= abs(value) - 1e-12).sum())) / (1 + len(chance))
            rows.append({"figure": name, "value": value, "low": ends[0], "high": ends[1], "p": p})
        return rows


def _share(right: np.ndarray, counted: np.ndarray) -> Weighed:
    def figure(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            share: np.ndarray = (weights @ (right & counted)) / (weights @ counted)
        return share

    return figure


def _auc(score: np.ndarray, positive: np.ndarray) -> Weighed:
    """How often a picture of the class has the higher score than one of the others, a tie counting half."""
    higher = np.sign(score[positive][:, None] - score[~positive][None]) / 2 + 0.5

    def figure(weights: np.ndarray) -> np.ndarray:
        of, others = weights[:, positive], weights[:, ~positive]
        with np.errstate(invalid="ignore"):
            auc: np.ndarray = ((of @ higher) * others).sum(1) / (of.sum(1) * others.sum(1))
        return auc

    return figure


def _ece(p: np.ndarray, truth: np.ndarray) -> Weighed:
    """The expected calibration error in fifteen equal bins, as in `evaluate.measure`."""
    sure = p.max(1)
    off = sure - (p.argmax(1) == truth)
    bin_of = np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1)
    inside = np.eye(BINS)[bin_of]

    def figure(weights: np.ndarray) -> np.ndarray:
        error: np.ndarray = np.abs((weights * off) @ inside).sum(1) / weights.sum(1)
        return error

    return figure


def wilson(share: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share of n (Journal of the American Statistical Association 22, 1927)."""
    middle, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return float((middle - half) / (1 + z * z / n)), float((middle + half) / (1 + z * z / n))


def newcombe(a: float, of_a: tuple[float, float], b: float, of_b: tuple[float, float]) -> tuple[float, float]:
    """The interval of a − b from the intervals of both (Newcombe's method 10)."""
    down = np.hypot(a - of_a[0], of_b[1] - b)
    up = np.hypot(of_a[1] - a, b - of_b[0])
    return float(a - b - down), float(a - b + up)


def holm(p: Sequence[float]) -> list[float]:
    """Values of p so corrected that the chance of one false finding among all of them is kept."""
    order, found, most = np.argsort(p, kind="stable"), [1.0] * len(p), 0.0
    for rank, i in enumerate(order):
        most = max(most, min(1.0, (len(p) - rank) * p[i]))
        found[i] = most
    return found


def _percentiles(values: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    good = values[np.isfinite(values)]
    if not len(good):
        return None, None
    low, high = np.percentile(good, (2.5, 97.5))
    return float(low), float(high)
