"""The packed network is the plain one, only faster: answers, activations, gradients, whatever is done to it."""

import copy

import numpy as np
import pytest
import torch
from nets import maps_of
from thinned import dear
from torch import nn

from emolive.attribution.look import look
from emolive.audit.randomise import randomised
from emolive.core.scene import Variant
from emolive.networks.checkpoint import Model, load
from emolive.networks.packed import PackedConv, packed


@pytest.fixture(scope="module")
def plain() -> Model:
    return load()


@pytest.fixture(scope="module")
def fast(plain: Model) -> Model:
    return packed(plain)


def batch(model: Model, faces: int) -> torch.Tensor:
    size = model.spec.crop_size
    return model.prepare(np.random.default_rng(faces).integers(0, 256, (faces, size, size, 3), np.uint8))


def test_every_convolution_is_packed_and_shares_its_weights(plain, fast):
    convs = [module for module in fast.net.modules() if isinstance(module, nn.Conv2d)]
    assert len(convs) == 20
    assert all(type(conv) is PackedConv for conv in convs)
    assert not any(isinstance(module, PackedConv) for module in plain.net.modules())
    shared = {parameter.data_ptr() for parameter in plain.net.parameters()}
    assert {parameter.data_ptr() for parameter in fast.net.parameters()} == shared


@pytest.mark.parametrize("layer", ["conv1", *dear("layer1", "layer3", "layer4.0.conv1"), "layer2.0.conv2", "layer4"])
@pytest.mark.parametrize("method", ["gradcam", *dear("layercam"), "eigencam"])
def test_maps_and_answers_are_the_same_for_any_number_of_faces(plain, fast, layer, method):
    for faces in (1, 3, 2):
        wanted, x = [Variant(method=method, layer=layer)], batch(plain, faces)
        a, b = look(plain, x, wanted, layer), look(fast, x, wanted, layer)
        np.testing.assert_allclose(a.maps, b.maps, atol=1e-4)
        for one, other in zip(a.results[wanted[0]], b.results[wanted[0]], strict=True):
            np.testing.assert_allclose(one.logits, other.logits, atol=1e-4)
            np.testing.assert_allclose(one.cam, other.cam, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_any_convolution_gives_the_same_gradient(stride, kernel, dilation):
    torch.manual_seed(0)
    conv = nn.Conv2d(5, 6, kernel, stride, kernel // 2, dilation).requires_grad_(False)
    fast = copy.deepcopy(conv)
    fast.__class__ = PackedConv
    results = []
    for one in (conv, fast):
        x = torch.linspace(-1, 1, 2 * 5 * 81).view(2, 5, 9, 9).requires_grad_()
        out = one(x)
        (gradient,) = torch.autograd.grad((out * torch.arange(out.numel()).view_as(out)).sum(), x)
        results.append((out.detach(), gradient))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_rows_that_no_gradient_comes_from_cost_nothing(monkeypatch):
    torch.manual_seed(0)
    conv, asked, back = nn.Conv2d(5, 6, 3, padding=1).requires_grad_(False), [], PackedConv.back
    fast = copy.deepcopy(conv)
    fast.__class__ = PackedConv
    monkeypatch.setattr(
        PackedConv, "back", lambda self, grad, shape: asked.append(len(grad)) or back(self, grad, shape)
    )
    for rows in ([1.0, 0.0, 2.0, 0.0], [0.0] * 4, [1.0] * 4, [0.0, float("nan"), 0.0, 0.0]):
        found = []
        for one in (conv, fast):
            x = torch.linspace(-1, 1, 4 * 5 * 81).view(4, 5, 9, 9).requires_grad_()
            out = one(x)
            out.backward(torch.tensor(rows).view(4, 1, 1, 1).expand_as(out))
            found.append(x.grad)
        torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4, equal_nan=True)
    assert asked == [2, 4, 1]


def test_weights_that_change_are_packed_again(plain):
    x, changed = batch(plain, 1), copy.deepcopy(packed(plain).net)
    before = changed(x)
    with torch.no_grad():
        changed.layer4[1].conv2.weight.mul_(2)
    after = changed(x)
    assert (after - before).abs().max() > 0.1
    slow = copy.deepcopy(plain.net)
    with torch.no_grad():
        slow.layer4[1].conv2.weight.mul_(2)
    torch.testing.assert_close(after, slow(x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(plain.net(x), before, rtol=1e-4, atol=1e-4)


def test_what_is_made_of_the_network_is_made_of_the_packed_one_too(plain, fast):
    x, target = batch(plain, 2), torch.tensor([3, 0])
    fast.net(x)  # its orders are there, and must not be copied
    one, other = (maps_of(model, x, Variant(method="guided"), target) for model in (plain, fast))
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    a, b = (randomised(model, 2) for model in (plain, fast))
    assert not any(isinstance(module, PackedConv) for module in b.net.modules())
    torch.testing.assert_close(a.net(x), b.net(x), rtol=1e-5, atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(plain.net(x), fast.net(x))
