"""The intervals of a summary hold the truth about as often as they say: on simulated films whose truth is known."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from emolive.corpus.bootstrap import FEWEST, Ratios, over_people, over_seconds, over_videos

FPS = 25
OFFSETS = (0.0, -0.5, -1.5)
"""Three emotions, the last one rare."""

SECOND, ONE = Ratios((1, 2, 3, 4, 5, 6), (0,) * 6, (False,) * 6), Ratios((1,), (0,), (False,))


def alike(correlation: float, n: int, draw: np.random.Generator) -> np.ndarray:
    """A first-order process of variance 1 whose neighbours correlate so much."""
    noise = draw.standard_normal(n + 500) * math.sqrt(1 - correlation**2)
    return lfilter([1], [1, -correlation], noise)[500:]


def film(seconds: int, draw: np.random.Generator) -> np.ndarray:
    """Sums of each second: time, time with each emotion as the likeliest, integrals of probabilities. What lies under
    them correlates by 0.83 with the next frame and by 0.40 a second later, as films do."""
    n = seconds * FPS
    slow = 0.8 ** (1 / FPS)
    under = [math.sqrt(0.5) * (alike(0.668, n, draw) + alike(slow, n, draw)) + offset for offset in OFFSETS]
    score = np.stack(under, axis=1)
    probs = np.exp(score) / np.exp(score).sum(1, keepdims=True)
    frames = np.concatenate([np.ones((n, 1)), np.eye(3)[score.argmax(1)], probs], axis=1) / FPS
    return frames.reshape(seconds, FPS, 7).sum(1)


def test_the_simulated_films_are_like_real_ones():
    n = 400_000
    draw = np.random.default_rng(1)
    one = math.sqrt(0.5) * (alike(0.668, n, draw) + alike(0.8 ** (1 / FPS), n, draw))
    found = [np.corrcoef(one[:-lag], one[lag:])[0, 1] for lag in (1, FPS)]
    assert found == pytest.approx([0.83, 0.40], abs=0.02)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    draw = np.random.default_rng(2)
    return np.mean([film(2000, draw)[:, 1:].mean(0) for _ in range(20)], axis=0)


def held(films: int, seconds: int, truth: np.ndarray, seed: int, naive: bool = False) -> np.ndarray:
    """How often the truth lies within the interval, for each figure. `naive`: as if
    seconds were independent."""
    draw = np.random.default_rng(seed)
    hits = np.zeros(6)
    for _ in range(films):
        rows = film(seconds, draw)
        if naive:
            mean, spread = rows[:, 1:].mean(0), rows[:, 1:].std(0, ddof=1) / math.sqrt(seconds)
            hits += np.abs(mean - truth) < 1.96 * spread
        else:
            bounds = over_seconds([rows], SECOND, draw)
            hits += (bounds.low <= truth) & (truth <= bounds.high)
    return hits / films


def test_intervals_over_seconds_hold_the_truth_and_naive_ones_do_not(truth):
    assert held(80, 180, truth, 3).min() > 0.82  # of 95: 80 films tell it to about 5
    assert held(80, 180, truth, 3, naive=True).mean() < 0.75  # the control


@pytest.mark.ci
@pytest.mark.parametrize(("seconds", "least"), [(60, 0.86), (120, 0.88), (300, 0.89), (900, 0.90)])
def test_intervals_of_short_and_long_films(truth, seconds, least):
    assert held(400, seconds, truth, seconds).min() > least


def test_intervals_over_people_hold_the_truth_and_those_over_their_seconds_do_not():
    """People differ: whose seconds alone are drawn thinks that it knows too much."""
    draw = np.random.default_rng(4)
    truth = float(np.mean(1 / (1 + np.exp(-draw.standard_normal(1_000_000)))))
    hits, naive = 0, 0
    for _ in range(200):
        share = 1 / (1 + np.exp(-draw.standard_normal(12)))
        totals = np.stack([np.full(12, 600.0), 600 * share], axis=1)
        _, bounds = over_people(totals, ONE, draw)
        hits += bounds.low[0] <= truth <= bounds.high[0]
        seconds = [np.stack([np.ones(60), draw.random(60) < one], axis=1) for one in share]
        alone = over_seconds(seconds, ONE, draw)
        naive += alone.low[0] <= truth <= alone.high[0]
    assert hits / 200 > 0.9
    assert naive / 200 < 0.8


def test_each_person_counts_alike_and_videos_by_their_time():
    totals = np.array([[100.0, 100.0], [10.0, 0.0], [10.0, 0.0], [10.0, 0.0], [10.0, 0.0]])
    mean, bounds = over_people(totals, ONE, np.random.default_rng(0))
    assert mean[0] == pytest.approx(0.2)
    assert bounds.over == "people"
    by_time = over_videos(totals, ONE, np.random.default_rng(0))
    assert by_time.low[0] < 100 / 140 < by_time.high[0]


def test_the_same_chance_gives_the_same_interval():
    rows = film(120, np.random.default_rng(5))
    one, two = (over_seconds([rows], SECOND, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one.low, two.low)
    other = over_seconds([rows], SECOND, np.random.default_rng(8))
    assert (one.low != other.low).any()


def test_too_little_is_said_and_nothing_seen_is_not_certain():
    short = over_seconds([film(59, np.random.default_rng(6))], SECOND, np.random.default_rng(0))
    assert short.missing.startswith("too little: 59 of 60 s")
    assert np.isnan(short.low).all()
    few = over_videos(np.ones((FEWEST - 1, 2)), ONE, np.random.default_rng(0))
    assert few.missing == "too little: 4 of 5 videos that an interval needs"
    never = np.stack([np.ones(120), np.zeros(120)], axis=1)
    bounds = over_seconds([never], ONE, np.random.default_rng(0))
    assert bounds.low[0] == 0
    assert 0.2 < bounds.high[0] < 0.6  # ten blocks or fewer without it are no proof that it never comes
    always = over_seconds([np.ones((120, 2))], ONE, np.random.default_rng(0))
    assert (1 - always.low[0], always.high[0]) == (pytest.approx(bounds.high[0]), 1.0)
