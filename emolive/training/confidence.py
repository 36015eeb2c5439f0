"""How much a network's probabilities say: which answers to keep, and whether they are right as often as they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

KEPT = 0.8
"""This part of the answers is to be kept; the others are "unsure"."""

MOST = 0.5
"""But an answer that is more likely right than wrong is never unsure, however sure the others are."""

PARTS = tuple(round(part / 20, 2) for part in range(20, 0, -1))
"""The parts of the answers that are kept along the coverage curve."""

BINS, DRAWS = 15, 2000


def unsure_below(probabilities: np.ndarray) -> float:
    """The largest probability below which an answer (N, K) counts as unsure, cut to four digits, so that `KEPT` of the
    answers or more are kept; at most `MOST`."""
    threshold = float(np.quantile(probabilities.max(1), 1 - KEPT, method="lower"))
    return min(MOST, math.floor(threshold * 1e4) / 1e4)


def kept_at(probabilities: np.ndarray, truth: np.ndarray, threshold: float) -> dict[str, float]:
    """With that threshold: the part of the answers (N, K) that is kept, the part of those, and of the others, that is
    the truth (N,); NaN where there are none."""
    right, sure = probabilities.argmax(1) == truth, probabilities.max(1) >= threshold
    return {"kept": float(sure.mean()), "accuracy": _mean(right[sure]), "accuracy_unsure": _mean(right[~sure])}


def coverage(probabilities: np.ndarray, truth: np.ndarray) -> list[dict[str, float]]:
    """The coverage curve: for each of `PARTS` the threshold that keeps as many answers, and how many of them are right.

    El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification", JMLR 11, 2010.
    """
    top, right = probabilities.max(1), probabilities.argmax(1) == truth
    order = np.argsort(-top, kind="stable")
    curve = []
    for part in PARTS:
        kept = order[: max(1, round(part * len(order)))]
        curve.append({"kept": part, "threshold": float(top[kept].min()), "accuracy": float(right[kept].mean())})
    return curve


def calibration_error(top: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The expected calibration error of answers whose largest probabilities are `top` (N,); `right` (…, N) says which
    are right. As in `evaluate.measure`: the mean distance of both in `BINS` equal bins, weighted by their answers."""
    place = np.minimum((top * BINS).astype(int), BINS - 1)
    gaps = np.zeros(right.shape[:-1])
    for each in range(BINS):
        inside = place == each
        if inside.any():
            gaps += np.abs(right[..., inside].mean(-1) - top[inside].mean()) * inside.mean()
    return gaps


def calibration_floor(probabilities: np.ndarray, seed: int = 0) -> dict[str, float]:
    """The calibration error that chance alone gives the very same probabilities (N, K): the mean, and what 95 of 100
    draws lie between, where each answer is right as often as it says."""
    top = np.sort(probabilities.max(1).astype(float))  # in whatever order the pictures come
    random = np.random.default_rng(seed)
    drawn = np.concatenate([calibration_error(top, random.random((100, len(top))) < top) for _ in range(DRAWS // 100)])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"mean": float(drawn.mean()), "low": float(low), "high": float(high)}


def confidence(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """All of this as a report has it: `unsure` with what it keeps, the `coverage` curve, the calibration's `floor`."""
    threshold = unsure_below(probabilities)
    found = {"threshold": threshold, **kept_at(probabilities, truth, threshold)}
    unsure = {name: None if math.isnan(value) else value for name, value in found.items()}
    return {
        "unsure": unsure,
        "coverage": coverage(probabilities, truth),
        "ece_floor": calibration_floor(probabilities),
    }


def facts(report: dict[str, Any]) -> dict[str, float]:
    """What of it belongs among a network's metrics."""
    unsure, floor = report["unsure"], report["ece_floor"]
    accuracy = {"unsure_accuracy": round(unsure["accuracy"], 4)} if unsure["accuracy"] is not None else {}
    return {
        "unsure": unsure["threshold"],
        "unsure_kept": round(unsure["kept"], 4),
        **accuracy,
        "ece_floor": round(floor["mean"], 4),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan
