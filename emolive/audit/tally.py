"""From trials to evidence: what the paired differences of a picture, or of a film, add up to. No torch here.

Frames of a film are alike. Trials are averaged within a second, and seconds are still alike (`ALIKE`), so they are
worth fewer independent ones; the interval is Student's over so many. It is tried on simulated films in the tests.

One interval decides, that of the lead over all controls together: it is sharper than those of single controls, each of
which the means alone must show (`verdict.py`). Its lower end is one-sided at 5 %.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from emolive.core.evidence import NOTHING, Difference, Evidence, Query, Trial, Trials
from emolive.core.reading import Proof
from emolive.core.student import quantile

SECOND_MS = 1_000.0
"""Trials within so much time count as one observation."""

ALIKE = 0.4
"""How much a second of film correlates with the next one, at least (measured; frames next to each other: 0.83)."""

MOST_SECONDS, FEWEST, LONG, LOOK = 600, 3, 30, 12
"""How many seconds are kept; below how many there is no interval; from how many on they show how alike they are; pixels
a side of a tiny look."""

EACH = "other_face", "centre"
"""Controls of several maps, each of which is to be beaten; of random cells the mean is."""


def worth(values: np.ndarray) -> float:
    """How many independent observations a row of seconds (n,) is worth: n (1 - r) / (1 + r), with r the correlation of
    neighbours: `ALIKE`, or what a long row shows where that is more."""
    n = len(values)
    if n < LONG:
        return max(1.0, n * (1 - ALIKE) / (1 + ALIKE))
    away = values - values.mean()
    total = float((away**2).sum())
    seen = float((away[1:] * away[:-1]).sum()) / total if total > 0 else 0.0
    r = min(max(ALIKE, seen + (1 + 4 * seen) / n), 0.95)  # a short row shows too little of it (Kendall, 1954)
    return max(1.0, n * (1 - r) / (1 + r))


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of a row of seconds, half its 90 % interval (infinite where there are too few), and what they are
    worth. Values that vary together vary less than they would alone: that is put right, too."""
    row = np.asarray(values, float)
    pictures = worth(row)
    if len(row) < FEWEST or pictures < 2:
        return float(row.mean()), math.inf, pictures
    variance = row.var() * pictures / (pictures - 1)
    return float(row.mean()), quantile(max(1, int(pictures - 1)), 0.95) * math.sqrt(variance / pictures), pictures


def of_picture(proof: Proof) -> Evidence:
    """The evidence of one picture under which everything was asked."""
    return _evidence(Trials(maps=_by_map({}, proof.trials()), before=proof.before))


def of_film(tally: Trials) -> Evidence:
    """The evidence of a film's finished seconds."""
    return _evidence(tally)


def _evidence(tally: Trials) -> Evidence:
    singles: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for ask, one in tally.maps.items():
        singles.setdefault((ask.masking, ask.of), []).append(one)
    differences = {}
    for key, found in singles.items():
        means = [mean for _, mean in found]
        if not tally.seconds:
            mean = float(np.mean(means))
            low, high = (min(means), max(means)) if key[1] in EACH else (mean, mean)
        else:
            mean, half, _ = interval([second[key] for second in tally.seconds if key in second] or [0.0])
            low, high = mean - half, mean + half
        differences[key] = Difference(mean, low, high, len(found))
    pooled, pictures = _pooled(tally, differences)
    moved = float(np.std(tally.looks, axis=0).mean()) / 255 if len(tally.looks) > 1 else 0.0
    return Evidence(differences, tally.before, len(tally.seconds), pictures, moved, _weakest(tally), pooled)


def _pooled(tally: Trials, differences: Mapping[tuple[str, str], Difference]) -> tuple[Difference, float]:
    """The lead over all controls together, each control and each masking counting the same, and what the seconds are
    worth. A second that asked some of them only is put right by what these are on average."""
    if not differences:
        return NOTHING, 1.0
    middle = float(np.mean([found.mean for found in differences.values()]))
    if not tally.seconds:
        return Difference(middle, middle, middle, len(differences)), 1.0
    row = [middle + float(np.mean([value - differences[key].mean for key, value in second.items()]))
           for second in tally.seconds]  # fmt: skip
    mean, half, pictures = interval(row)
    return Difference(mean, mean - half, mean + half, len(differences)), pictures


def _weakest(tally: Trials) -> dict[str, float]:
    """The smallest lead over a single map of each control, the mean of the maskings it was asked under."""
    leads: dict[str, dict[int, list[float]]] = {}
    for ask, (_, mean) in tally.maps.items():
        leads.setdefault(ask.of, {}).setdefault(ask.which if ask.of in EACH else 0, []).append(mean)
    return {of: min(float(np.mean(each)) for each in maps.values()) for of, maps in leads.items()}


def taken(tally: Trials, proof: Proof, crop: np.ndarray, t_ms: float) -> Trials:
    """The tally with a frame's answer; a second that is over becomes one more observation. `crop` (S, S, 3) uint8 RGB
    is what the network sees of the face now."""
    trials = proof.trials()
    before = tally.before + (proof.before - tally.before) / (tally.asked + 1)
    tally = replace(tally, maps=_by_map(tally.maps, trials), asked=tally.asked + 1, before=before)
    if not tally.now:
        return replace(tally, now=trials, since=t_ms)
    if t_ms - tally.since < SECOND_MS:
        return replace(tally, now=(*tally.now, *trials))
    over: dict[tuple[str, str], list[float]] = {}
    for ask, difference in tally.now:
        over.setdefault((ask.masking, ask.of), []).append(difference)
    second = {key: float(np.mean(found)) for key, found in over.items()}
    look = cv2.resize(crop[..., 0], (LOOK, LOOK), interpolation=cv2.INTER_AREA)
    seconds, looks = (*tally.seconds, second)[-MOST_SECONDS:], (*tally.looks, look)[-MOST_SECONDS:]
    return replace(tally, seconds=seconds, looks=looks, now=trials, since=t_ms)


def _by_map(old: Mapping[Query, tuple[int, float]], trials: Sequence[Trial]) -> dict[Query, tuple[int, float]]:
    found = dict(old)
    for ask, difference in trials:
        count, mean = found.get(ask, (0, 0.0))
        found[ask] = count + 1, mean + (difference - mean) / (count + 1)
    return found
