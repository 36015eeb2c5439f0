"""Units and fixed scales: what is said of a map's values is true of them, and a scale is its own network's."""

import dataclasses

import numpy as np
import pytest
import torch
from nets import seeded

from emolive.attribution.look import look
from emolive.attribution.measure import measure, peak
from emolive.attribution.methods import CELL, METHODS, UNPINNED
from emolive.audit.randomise import randomised
from emolive.core.scene import Target, Variant

FAST = [name for name in UNPINNED if not METHODS[name].slow]
SCALES = {"gradcam": {"layer4": 0.25, "layer2": 0.5}, "guided": {"input": 0.1}}


@pytest.fixture(scope="module")
def net():
    return seeded()


@pytest.fixture(scope="module")
def batch():
    return torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layer", ["layer4", "layer4.1", "layer3", "layer2"])
@pytest.mark.parametrize("minus", [None, "b"])
def test_score_per_cell_is_said_just_where_the_cells_add_up_to_the_score(net, batch, layer, minus):
    labels = net.spec.labels
    against = None if minus is None else labels[1]
    wanted = [Variant(method=name, layer=layer, target=Target(labels[2], against)) for name in FAST]
    seen = look(net, batch, wanted, layer)
    head = net.net.fc
    for v in wanted:
        for n, result in enumerate(seen.results[v]):
            if result.cam is None:
                continue
            score, bias = float(result.logits[2]), float(head.bias[2])
            if against:
                score, bias = score - float(result.logits[1]), bias - float(head.bias[1])
            adds_up = np.isclose(result.cam.sum(), score - bias, rtol=1e-3, atol=1e-4)
            assert (result.measure.unit == CELL) == adds_up, (v.method, layer, n)


def test_cam_is_the_score_as_the_mean_of_its_cells(net, batch):
    v = Variant(method="cam", layer="layer4", target=Target(net.spec.labels[0]))
    for result in look(net, batch, [v], "layer4").results[v]:
        assert result.cam.mean() == pytest.approx(float(result.logits[0] - net.net.fc.bias[0]), rel=1e-3)
        assert "mean of the cells" in result.measure.unit


def test_every_method_has_a_unit_and_only_those_with_a_sign_speak_against():
    assert all(method.unit for method in METHODS.values())
    assert {name for name, m in METHODS.items() if m.against} == {"cam", "gradcam", "hirescam", "xgradcam"}


def test_a_scale_is_of_its_method_layer_and_network(net):
    known = dataclasses.replace(net, spec=dataclasses.replace(net.spec, scales=SCALES))
    assert measure(known, Variant(method="gradcam", layer="layer4")).full == 0.25
    assert measure(known, Variant(method="gradcam", layer="layer2", target=Target("a", "b"))).full == 0.5
    assert measure(known, Variant(method="gradcam", layer="layer3")).full == 0
    assert measure(known, Variant(method="hirescam", layer="layer4")).full == 0
    assert measure(known, Variant(method="guided", layer="layer1")).full == 0.1  # of the input, whatever the layer
    assert measure(known, Variant(net="b", method="gradcam", layer="layer4", off=(1,), off_layer="layer4")).full == 0.25
    assert measure(randomised(known, 1), Variant(net="a~1", method="gradcam", layer="layer4")).full == 0
    assert measure(known, Variant(method="scorecam", layer="layer4")).normalised


def test_the_weights_of_a_normalised_method_add_up_to_one_for_any_score():
    act = torch.rand(1, 5, 3, 3)
    for low in (0.0, -50.0):  # as much evidence, or none
        ones = METHODS["scorecam"].function(torch.ones_like(act), torch.rand(1, 5, 1, 1) + low)
        assert torch.allclose(ones, torch.ones(1, 3, 3))


def test_the_strongest_evidence_is_never_below_nothing_and_of_pixels_not_a_few():
    assert peak(-np.ones((3, 3)), "layer4") == 0
    assert peak(np.array([[1.0, np.nan], [2.0, -5.0]]), "layer4") == 2
    pixels = np.ones((100, 100))
    pixels[0, :10] = 1000
    assert peak(pixels, "input") == 1
