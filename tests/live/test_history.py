"""Timelines, running figures and best faces: against formulas, and bounded whatever comes."""

import itertools

import numpy as np
import pytest
from scipy import stats

from emolive.core.scene import Face, Pinned, Reading, Regions, Remembered, Result, Variant
from emolive.live import history

V = Variant()


def remembered() -> Remembered:
    return Remembered(np.array([0.5, 0.5]), {}, np.zeros(3), "layer4", 0)


def reading(*strengths: float) -> Reading:
    maps = np.array(strengths, np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    crop = np.full((4, 4, 3), round(strengths[0]) % 256, np.uint8)
    result = Result(np.zeros(2), np.array([0.5, 0.5]), np.zeros((2, 2)), 0)
    return Reading(crop, (0, 0, 4, 4), {V: result}, V, maps)


def face(track: int) -> Face:
    return Face((0, 0, 4, 4), 0.9, np.zeros((6, 2)), track)


def test_entropy_is_shannons():
    rng = np.random.default_rng(0)
    for probs in [np.array([1.0, 0, 0]), np.full(8, 1 / 8), rng.dirichlet(np.ones(7))]:
        assert history.entropy(probs) == pytest.approx(stats.entropy(probs, base=2), abs=1e-9)


def test_timeline_spans_thirty_seconds_and_stays_small():
    line = ()
    for t in range(0, 60_000, 10):
        line = history.timeline(line, float(t), np.array([0.25, 0.75]))
    assert line[-1].t_ms - line[0].t_ms == pytest.approx(30_000, abs=50)
    assert len(line) <= 30_000 / history.STEP_MS + 1
    assert all(b.t_ms - a.t_ms >= history.STEP_MS for a, b in itertools.pairwise(line))


def test_region_shares_are_means_per_label_and_silence_does_not_count():
    known = remembered()
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.ones(5), 20)
    for row in shares:
        known = history.mean_regions(known, 0, Regions(*row))
        known = history.mean_regions(known, 0, Regions())
    np.testing.assert_allclose(
        [getattr(known.regions[0], k) for k in ("eyes", "nose", "mouth", "rest", "off")], shares.mean(0)
    )
    assert known.region_counts == {0: 20}


def test_best_faces_are_the_strongest_one_per_track_and_second():
    kept: dict[tuple[str, int], Pinned] = {}
    rng = np.random.default_rng(3)
    values = rng.random((200, 2)) * 100
    for i, (a, b) in enumerate(values):
        kept = history.pinned(kept, (0,), "layer4", [face(1), face(2)], [reading(a), reading(b)], 1, i * 100.0, False)
    best = kept["layer4", 0].best
    assert len(best) == 9
    assert [b.strength for b in best] == sorted((b.strength for b in best), reverse=True)
    assert best[0].strength == pytest.approx(values.max(), rel=1e-5)
    for i, one in enumerate(best):
        for other in best[i + 1 :]:
            assert one.track != other.track or abs(one.t_ms - other.t_ms) >= 1000
    line = kept["layer4", 0].sparkline
    assert line[-1] == pytest.approx((19_900, values[-1, 1]))  # the selected face's
    assert line[-1][0] - line[0][0] <= 10_000


def test_pinned_filters_are_bounded_and_a_cut_empties_their_lines_only():
    kept = {}
    for channel in range(100):
        kept = history.pinned(kept, (channel,), "layer4", [face(1)], [reading(*range(100))], 0, channel * 50.0, False)
    assert len(kept) == history.MOST_PINNED
    after = history.pinned(kept, (), "layer4", [face(1)], [reading(1.0)], 0, 0.0, True)
    assert all(not known.sparkline and known.best for known in after.values())


def test_a_pin_that_the_layer_does_not_have_is_passed_over():
    assert history.pinned({}, (7,), "layer4", [face(1)], [reading(1.0)], 0, 0.0, False) == {}
