"""Which answers to keep, and what chance alone does to a calibration error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolive.training.confidence import (
    BINS,
    MOST,
    calibration_error,
    calibration_floor,
    confidence,
    coverage,
    facts,
    kept_at,
    unsure_below,
)
from emolive.training.evaluate import measure


def answers(count: int, seed: int, classes: int = 7, sharp: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, K) float32, and truths drawn from them: perfectly calibrated."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(count, classes)) * sharp
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (probabilities.cumsum(1) < draw.random((count, 1))).sum(1)
    return probabilities.astype(np.float32), np.minimum(truth, classes - 1)


@given(st.integers(5, 400), st.integers(0, 50), st.floats(0.2, 4))
def test_four_of_five_answers_are_kept_unless_more_are_likelier_right_than_wrong(count, seed, sharp):
    probabilities, truth = answers(count, seed, sharp=sharp)
    threshold = unsure_below(probabilities)
    kept = kept_at(probabilities, truth, threshold)["kept"]
    assert kept >= 0.8 - 1e-9
    assert threshold <= MOST
    if threshold < MOST:  # and not many more: one answer, or those as sure as the least sure one
        above = probabilities.max(1) >= threshold + 1e-4
        assert above.mean() <= 0.8 + 1 / count + 1e-9


def test_a_network_that_is_sure_of_everything_is_never_unsure():
    probabilities = np.full((50, 3), 0.01)
    probabilities[:, 0] = 0.98
    assert unsure_below(probabilities) == MOST
    assert kept_at(probabilities, np.zeros(50, int), MOST)["kept"] == 1
    report = confidence(probabilities, np.zeros(50, int))
    assert report["unsure"]["accuracy_unsure"] is None
    assert facts(report)["unsure"] == MOST


def test_the_curve_begins_with_all_answers_and_keeps_the_surest():
    probabilities, truth = answers(2000, 1)
    curve = coverage(probabilities, truth)
    right = probabilities.argmax(1) == truth
    assert (curve[0]["kept"], curve[0]["accuracy"]) == (1.0, pytest.approx(right.mean()))
    surest = np.sort(probabilities.max(1))[::-1]
    for point in curve:
        assert point["threshold"] == pytest.approx(surest[round(point["kept"] * 2000) - 1])
        chosen = probabilities.max(1) >= point["threshold"]
        assert point["accuracy"] == pytest.approx(right[chosen].mean(), abs=2e-3)
    assert curve[-1]["accuracy"] > curve[0]["accuracy"] + 0.2


@pytest.mark.parametrize("seed", range(5))
def test_the_calibration_error_is_torchmetrics(seed):
    probabilities, truth = answers(500, seed)
    right = (probabilities.argmax(1) == truth)[None]
    theirs = measure(probabilities, truth, list("abcdefg"))["ece"]
    assert calibration_error(probabilities.max(1).astype(float), right)[0] == pytest.approx(theirs, abs=1e-5)
    assert BINS == 15


def test_perfect_probabilities_show_about_the_floor_and_false_ones_more():
    drawn = [answers(1500, seed) for seed in range(40)]
    errors = [measure(p, t, list("abcdefg"))["ece"] for p, t in drawn]
    floor = calibration_floor(drawn[0][0])
    assert floor["low"] < floor["mean"] < floor["high"]
    assert np.mean(errors) == pytest.approx(floor["mean"], rel=0.1)
    assert np.mean([floor["low"] <= e <= floor["high"] for e in errors]) >= 0.85
    p, t = drawn[0]
    sharper = p**2 / (p**2).sum(1, keepdims=True)
    assert measure(sharper, t, list("abcdefg"))["ece"] > floor["high"]


def test_more_pictures_lower_the_floor():
    assert calibration_floor(answers(4000, 0)[0])["mean"] < calibration_floor(answers(400, 0)[0])["mean"] / 2
