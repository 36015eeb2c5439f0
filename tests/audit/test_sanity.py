"""Sanity: what is said when weights are random, and how alike maps are."""

import math

import numpy as np
import pytest

from emolive.audit.agreement import agreement, likeness
from emolive.audit.sanity import ALIKE, NOT_ASKED, SAME, asked, can_react, sane
from emolive.core.reading import Likeness


@pytest.mark.parametrize(
    ("like", "among", "word"),
    [
        ((-0.06, -0.48, -0.61), (0.1, -0.5, 0.6), "reacts"),
        ((0.3, 0.35, 0.4), (0.1, 0.0, 0.2), "reacts a little"),
        ((0.3, 0.35, 0.4), (0.1, 0.0, 0.5), "reacts"),  # no more alike than networks that share no learnt weights
        ((SAME + 1e-3,) * 3, (0.1, 0.0, 0.2), "does not react"),
        ((ALIKE + 0.1,) * 3, (ALIKE + 0.2,) * 3, "shows the picture"),
        ((0.6,), (), "reacts a little"),  # one network only: no band
        ((0.4,), (), "reacts"),
        ((math.nan,) * 3, (math.nan,) * 3, "undefined"),
    ],
)
def test_words(like, among, word):
    found = sane(Likeness(like, among))
    assert found.word == word
    assert found.trusted == word.startswith("reacts")
    assert "nan" not in found.text
    assert sane(Likeness(like, among), reaches=False).word == "cannot react"


def test_the_band_is_that_of_the_random_networks_alone():
    rng = np.random.default_rng(0)
    cam, randoms = rng.normal(size=(5, 5)), rng.normal(size=(3, 5, 5))
    found = likeness(cam, list(randoms))
    assert (len(found.like), len(found.among)) == (3, 3)
    assert likeness(cam + 100 * np.eye(5), list(randoms)).among == found.among
    assert sane(likeness(cam, [cam] * 3)).word == "does not react"


def test_disjoint_sparse_maps_do_not_overlap_and_a_constant_one_is_undefined():
    """Most cells of a sparse map are 0, so its 80 % quantile is: everything would be hot."""
    a, b = np.zeros((7, 7)), np.zeros((7, 7))
    a[0, :3], b[6, :3] = 1, 1
    assert agreement(a, b).iou == 0
    assert agreement(a, a).iou == 1
    half = a.copy()
    half[0, 1:4], half[0, 0] = 1, 0
    assert agreement(a, half).iou == pytest.approx(2 / 4)
    constant = agreement(a, np.ones((7, 7)))
    assert math.isnan(constant.iou)
    assert math.isnan(constant.spearman)


def test_what_reads_activations_only_is_not_reached_from_behind():
    steps = ("fc", "layer4", "layer3", "layer2", "layer1", "conv1")
    assert can_react(True, "layer1", "fc", steps)
    assert not can_react(False, "layer3.0", "layer4", steps)
    assert can_react(False, "layer3.0", "layer3", steps)
    assert can_react(False, "conv1", "conv1", steps)
    assert not can_react(False, "conv1", "layer1", steps)


def test_a_slow_map_is_asked_for_where_all_is_random_and_no_quick_one_is_there():
    steps = ("fc", "layer4", "layer1", "conv1")
    assert [step for step in steps if asked(True, step, steps, alone=True)] == ["conv1"]
    assert not any(asked(True, step, steps) for step in steps)
    assert all(asked(False, step, steps) for step in steps)
    assert not NOT_ASKED.stands_still
    assert "nan" not in NOT_ASKED.text
