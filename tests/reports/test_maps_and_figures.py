"""All maps of a network at once against the single ones, and what is known of them against what is measured."""

import dataclasses

import numpy as np
import pytest
import torch
from nets import maps_of

from emolive.attribution.look import look
from emolive.attribution.methods import METHODS, UNPINNED
from emolive.audit.agreement import spearman
from emolive.audit.curves import STEPS
from emolive.audit.randomise import randomised
from emolive.audit.sanity import can_react
from emolive.core.scene import Face, Variant
from emolive.faces.crop import crop_face
from emolive.reports.examine import Probe, Sight, examine
from emolive.reports.explain_page import points, verdict
from emolive.reports.figures import INPUT, knows_class
from emolive.reports.maps import maps

QUICK = tuple(name for name in UNPINNED if not METHODS[name].slow)
LAYERS = ("conv1", "layer2.0.conv1", "layer4")


@pytest.fixture(scope="module")
def crop(model, portrait):
    return crop_face(portrait, (150, 120, 380, 350), model.spec.crop_size)


@pytest.fixture(scope="module")
def x(model, crop):
    return model.prepare(np.stack([crop, crop[:, ::-1]]))


@pytest.fixture(scope="module")
def true(model, x):
    return maps(model, x, QUICK, LAYERS)


def test_all_maps_at_once_are_the_single_ones(model, x, true):
    for method, layer in true.cams:
        variant = Variant(method=method, layer="layer4" if layer == INPUT else layer)
        single = look(model, x, [variant], "layer4").results[variant]
        for n in range(len(x)):
            if single[n].cam is None:
                assert true.cams[method, layer][n] is None
                assert true.why[method, layer] == single[n].why
            else:
                np.testing.assert_allclose(true.cams[method, layer][n], single[n].cam, atol=1e-5)


def test_score_cam_and_its_progress(model, x):
    told = []
    found = maps(model, x[:1], ("scorecam",), ("layer1",), torch.tensor([3]), told.append)
    expected = maps_of(model, x[:1], Variant(method="scorecam", layer="layer1"), torch.tensor([3]))[0]
    np.testing.assert_allclose(found.cams["scorecam", "layer1"][0], expected, atol=1e-6)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_what_cannot_react_to_a_randomised_step_does_not_and_the_rest_does(model, x, true):
    for stages, step in enumerate(steps := model.architecture.random, start=1):
        random = maps(randomised(model, stages), x, QUICK, LAYERS, true.aim)
        for (method, layer), cams in true.cams.items():
            if cams[0] is not None:
                same = np.allclose(random.cams[method, layer][0], cams[0], rtol=1e-4, atol=1e-6)
                assert same != can_react(knows_class(method), layer, step, steps), (method, layer, step)


def test_methods_that_know_no_class_give_one_map_for_all(model, x, true):
    other = maps(model, x, QUICK, ("layer4",), (true.aim + 1) % 7)
    for method in QUICK:
        layer = INPUT if METHODS[method].of_input else "layer4"
        same = np.allclose(other.cams[method, layer][0], true.cams[method, layer][0], rtol=1e-5)
        assert same != knows_class(method), method


@pytest.mark.ci
def test_a_probe_asks_nothing_twice(model, crop, true):
    forwards = []
    counting = dataclasses.replace(model, net=lambda batch: forwards.append(len(batch)) or model.net(batch))
    probe = Probe(counting, crop, 3, 0.5)
    cam = true.cams["gradcam", "layer4"][0]
    first = probe.curves(cam)
    assert forwards == [STEPS, STEPS]  # both curves, in even batches
    assert probe.curves(2 * cam) is first  # the same order of cells
    assert len(forwards) == 2
    probe.drops(cam), probe.chance(cam.shape)
    before = len(forwards)
    probe.drops(-cam), probe.chance(cam.shape)  # hottest and coldest change places
    assert len(forwards) == before


def test_chance_is_the_mean_of_random_orders(model, crop):
    chance = Probe(model, crop, 3, 0.5).chance((2, 2))
    probe = Probe(model, crop, 3, 0.5)
    areas = [probe.curves(np.random.default_rng(seed).random((2, 2))).deletion_area for seed in range(3)]
    assert chance.deletion_area == pytest.approx(np.mean(areas), abs=1e-6)


@pytest.mark.ci
def test_faces_of_one_picture_are_examined_as_if_each_were_alone(model, portrait):
    square = (150.0, 120.0, 380.0, 350.0)
    face = Face((160, 130, 365, 329), 0.9, np.array([(220, 200), (310, 200), (265, 250), (265, 290), (0, 0), (0, 0)]))
    sights = [Sight(1, face, square), Sight(2, face, (100.0, 60.0, 440.0, 400.0))]
    together = examine(model, portrait, sights, ("gradcam",), ("layer4",))
    for sight, found in zip(sights, together, strict=True):
        (alone,) = examine(model, portrait, [sight], ("gradcam",), ("layer4",))
        assert found.number == sight.number
        assert (found.label, found.target) == (alone.label, alone.target)
        np.testing.assert_allclose(found.emotions, alone.emotions, atol=1e-5)
        mine, theirs = found.cells[0].figures, alone.cells[0].figures
        assert mine.deletion_area == pytest.approx(theirs.deletion_area, abs=1e-4)
        assert {step: one.like for step, one in mine.sanity.items()} == pytest.approx(
            {step: one.like for step, one in theirs.sanity.items()}, abs=1e-3
        )
    assert not np.allclose(together[0].emotions, together[1].emotions, atol=1e-3)


def test_correlation_of_a_map_with_itself_is_one(true):
    cam = true.cams["gradcam", "layer4"][0]
    assert spearman(cam, cam) == pytest.approx(1)


@pytest.mark.ci
def test_the_verdict_of_the_page_is_the_verdict(made):
    face = made.report.pictures[0].faces[0]
    first = next(cell for cell in face.cells if cell.layer == "layer4")
    assert first.figures.verdict.text in verdict(face, ("layer3", "layer4"))
    for cell in face.cells:
        if cell.figures is not None and not knows_class(cell.method):
            assert cell.figures.verdict.word == "no verdict"


def test_points_are_read_as_words():
    assert [points(v) for v in (0.01, -0.12, 0.0, -0.001)] == ["1 point", "−12 points", "0 points", "0 points"]
