"""The maps against independent oracles: captum, a slow obvious version, and algebra."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from nets import maps_of, seeded
from thinned import thinned

from emolive.attribution import methods as cams
from emolive.attribution.hooks import shapes
from emolive.attribution.look import look
from emolive.attribution.targets import classes
from emolive.audit.randomise import randomised
from emolive.core.errors import EmoliveError
from emolive.core.scene import TOP, Target, Variant
from emolive.core.settings import parsed_target
from emolive.networks import checkpoint as models

GRADED = [name for name, method in cams.METHODS.items() if method.asks == "gradient"]
LAST = ["cam", "gradcam", "hirescam", "xgradcam"]


@pytest.fixture(scope="module")
def net() -> models.Model:
    return seeded()


@pytest.fixture(scope="module")
def batch() -> torch.Tensor:
    return torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def slow_taps(model: models.Model, x: torch.Tensor, layer: str, target: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Activations and gradient the obvious way: weights that require gradients, and the whole graph."""
    kept = {}
    x = x.clone().requires_grad_()
    handle = model.net.get_submodule(layer).register_forward_hook(lambda _m, _i, out: kept.update(a=out))
    try:
        logits = model.net(x)
    finally:
        handle.remove()
    (grad,) = torch.autograd.grad(logits[:, target].sum(), [kept["a"]])
    return kept["a"].detach(), grad


@pytest.mark.parametrize(
    "layer", ["conv1", "layer1", "layer2.0.conv2", "layer3", "layer3.1", "layer4", "layer4.1.conv2"]
)
def test_gradcam_is_captums(net, batch, layer):
    variant = Variant(method="gradcam", layer=layer, target=Target("c"))
    ours = np.stack([r.cam for r in look(net, batch, [variant], layer).results[variant]])
    inputs = batch.clone().requires_grad_()
    theirs = LayerGradCam(net.net, net.net.get_submodule(layer)).attribute(inputs, target=2, relu_attributions=False)
    theirs = theirs[:, 0].detach().numpy()
    np.testing.assert_allclose(ours / np.abs(theirs).max(), theirs / np.abs(theirs).max(), atol=1e-4)


@pytest.mark.parametrize("layer", thinned(seeded().layers, 3))
def test_leaf_trick_gives_the_whole_graphs_gradient_at_every_layer(net, batch, layer):
    act, grad = slow_taps(net, batch, layer, 1)
    wanted = [Variant(method=method, layer=layer, target=Target("b")) for method in GRADED]
    seen = look(net, batch, wanted, layer).results
    for v in wanted:
        ours = np.stack([r.cam for r in seen[v]])
        slow = SLOW[v.method](act.numpy().astype(np.float64), grad.numpy().astype(np.float64))
        # XGrad-CAM divides by the sum of activations; before a ReLU they have both signs, and the sum can be near zero.
        atol = 1e-3 if v.method == "xgradcam" and "conv" in layer else 1e-4
        np.testing.assert_allclose(ours / np.abs(slow).max(), slow / np.abs(slow).max(), atol=atol)


def test_pairs_of_layers_give_what_each_gives_alone(net, batch):
    shortcut = ["layer4.0.conv2", "layer4.0.downsample.0"]  # beside each other
    names = ["conv1", "layer1.1", "layer2", "layer3.0.conv1", *shortcut, "layer4.0", "layer4.1.conv2", "layer4"]
    alone = {}
    for layer in names:
        v = Variant(method="hirescam", layer=layer, target=Target("a"))
        alone[layer] = [r.cam for r in look(net, batch, [v], "layer1").results[v]]
    for pair in itertools.combinations(names, 2):
        wanted = [Variant(method="hirescam", layer=layer, target=Target("a")) for layer in pair]
        both = look(net, batch, wanted, "layer1")
        for v in wanted:
            scale = np.abs(alone[v.layer]).max()
            np.testing.assert_allclose(
                np.stack([r.cam for r in both.results[v]]) / scale, alone[v.layer] / scale, atol=1e-4
            )


def slow_gradcam(a, g):
    return np.stack([sum(g[n, k].mean() * a[n, k] for k in range(a.shape[1])) for n in range(len(a))])


def slow_gradcam_pp(a, g):
    out = np.zeros_like(a[:, 0])
    for n, k in np.ndindex(a.shape[:2]):
        total = 0.0
        for i, j in np.ndindex(a.shape[2:]):
            d = 2 * g[n, k, i, j] ** 2 + (a[n, k] * g[n, k, i, j] ** 3).sum()
            total += (g[n, k, i, j] ** 2 / d if d else 0.0) * max(g[n, k, i, j], 0)
        out[n] += total * a[n, k]
    return out


def factored_gradcam_pp(a, g):
    s = a.sum((2, 3), keepdims=True)  # the same sum, taken out of the inner loop: g³ does not depend on it
    d = 2 * g**2 + s * g**3
    alpha = np.divide(g**2, d, out=np.zeros_like(d), where=d != 0)
    return ((alpha * np.maximum(g, 0)).sum((2, 3), keepdims=True) * a).sum(1)


def slow_xgradcam(a, g):
    out = np.zeros_like(a[:, 0])
    for n, k in np.ndindex(a.shape[:2]):
        total = a[n, k].sum()
        out[n] += ((g[n, k] * a[n, k]).sum() / total if total else 0.0) * a[n, k]
    return out


SLOW = {
    "gradcam": slow_gradcam,
    "gradcam++": factored_gradcam_pp,
    "hirescam": lambda a, g: (a * g).sum(1),
    "xgradcam": slow_xgradcam,
    "layercam": lambda a, g: (a * np.maximum(g, 0)).sum(1),
}


def test_factored_oracle_is_the_slow_one_and_gradcam_pp_is_its_equation_pixel_by_pixel():
    rng = np.random.default_rng(0)
    a, g = rng.random((2, 3, 4, 4)), rng.normal(size=(2, 3, 4, 4))
    ours = cams.gradcam_pp(torch.tensor(a), torch.tensor(g)).numpy()
    np.testing.assert_allclose(ours, slow_gradcam_pp(a, g), rtol=1e-9)
    np.testing.assert_allclose(factored_gradcam_pp(a, g), slow_gradcam_pp(a, g), rtol=1e-9)


@pytest.mark.parametrize("shape", [(2, 5, 4, 4), (2, 40, 3, 3)])  # both Gram matrices
def test_eigencam_is_the_first_singular_direction(shape):
    act = torch.tensor(np.random.default_rng(0).random(shape))
    ours = cams.eigencam(act).numpy()
    for n in range(shape[0]):
        _, s, vt = np.linalg.svd(act[n].reshape(shape[1], -1).numpy(), full_matrices=False)
        expected = np.abs(s[0] * vt[0]).reshape(shape[2:])  # a non-negative matrix: its first direction has one sign
        np.testing.assert_allclose(ours[n], expected, rtol=1e-6)


@pytest.mark.parametrize("name", list(cams.METHODS))
def test_every_method_is_finite_batched_and_silent_without_gradient(name):
    method = cams.METHODS[name]
    g = torch.Generator().manual_seed(2)
    act, other = torch.rand(4, 6, 5, 5, generator=g), torch.randn(4, 6, 5, 5, generator=g)
    if method.asks in ("weights", "channel scores"):
        other = other[:, :, :1, :1]
    if method.asks == "pins":
        other = torch.tensor([2, 5])
    together = method.function(act, other)
    assert together.shape == (4, 5, 5)
    assert torch.isfinite(together).all()
    each = [other if method.asks == "pins" else other[i : i + 1] for i in range(4)]
    singles = torch.cat([method.function(act[i : i + 1], each[i]) for i in range(4)])
    torch.testing.assert_close(together, singles, rtol=1e-4, atol=1e-5)
    if method.asks in ("gradient", "weights", "guided gradient"):
        assert method.function(act, torch.zeros_like(other)).abs().max() == 0
    assert torch.isfinite(method.function(torch.zeros_like(act), other)).all()


FEW = {"gradcam", "layercam", "guided", "eigencam"}
"""Of each kind of method one by default; the others, and Score-CAM, which takes a pass for each channel, in CI."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in FEW else pytest.mark.ci) for n in cams.METHODS])
def test_every_method_answers_every_question(net, batch, name):
    """A target, a contrast, filters off, a random network: the map follows each of them, or says why it cannot."""
    method = cams.METHODS[name]
    base = Variant(method=name, target=Target("a"), channels=(1, 2))
    for model in (net, randomised(net, 2)):
        true = maps_of(model, batch, base)
        asked = {
            "target": replace(base, target=Target("b")),
            "contrast": replace(base, target=Target("a", "b")),
            "filters": replace(base, off=(0, 1, 5), off_layer="layer3"),
        }
        scale = np.abs(true).max()
        changed = {what: np.abs(maps_of(model, batch, v) - true).max() > 1e-6 * scale for what, v in asked.items()}
        assert changed == {"target": method.knows_class, "contrast": method.knows_class, "filters": True}
    other = maps_of(randomised(net, 2), batch, base)
    assert np.abs(other - maps_of(net, batch, base)).max() > 0
    assert look(net, batch, [base], "layer4").results[base][0].ms > 0 or method.slow
    assert method.title
    assert method.about
    assert method.paper or name in ("activation", "filter")


def test_a_label_with_a_hyphen_is_a_label():
    labels = ("neutral", "non-neutral", "non", "top", "-")
    model = seeded(labels=labels)
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    for target, indices in ((Target("non-neutral"), (1, None)), (Target("non", "neutral"), (2, 0)),
                            (Target("top"), (3, None)), (Target("-", "non-neutral"), (4, 1))):  # fmt: skip
        plus, minus = classes(target, labels, torch.tensor([0]))
        assert (int(plus), minus if minus is None else int(minus)) == indices
        assert look(model, x, [v := Variant(target=target)], "layer4").results[v][0].target == indices[0]
    with pytest.raises(EmoliveError, match="no emotion 'nons'"):
        classes(Target("non", "nons"), labels, torch.tensor([0]))


def test_what_is_written_becomes_a_target_once():
    labels = ("neutral", "non-neutral", "non", "happy")
    assert parsed_target("", labels) == Target()
    assert parsed_target("non-neutral", labels) == Target("non-neutral")
    assert parsed_target("happy-non-neutral", labels) == Target("happy", "non-neutral")
    assert parsed_target("non-neutral-happy", labels) == Target("non-neutral", "happy")
    assert parsed_target("-happy", labels) == Target(TOP, "happy")
    with pytest.raises(EmoliveError, match="happy"):
        parsed_target("happy-sad", labels)


def test_at_the_last_stage_four_methods_agree_up_to_scale(net, batch):
    wanted = [Variant(method=m, layer="layer4") for m in LAST]
    seen = look(net, batch, wanted, "layer4")
    h, w = shapes(net)["layer4"][1:]
    first = np.stack([r.cam for r in seen.results[wanted[0]]])
    for v in wanted[1:]:
        np.testing.assert_allclose(np.stack([r.cam for r in seen.results[v]]) * h * w, first, rtol=1e-3, atol=1e-4)


def test_cam_sums_to_the_logit_without_bias(net, batch):
    v = Variant(method="cam", target=Target("b"))
    for result in look(net, batch, [v], "layer4").results[v]:
        assert result.cam.mean() + float(net.net.fc.bias[1]) == pytest.approx(result.logits[1], abs=1e-4)


def test_cam_is_not_defined_before_the_last_stage(net, batch):
    v = Variant(method="cam", layer="layer3")
    result = look(net, batch, [v], "layer3").results[v][0]
    assert result.cam is None
    assert "last stage" in result.why


def test_difference_of_two_targets_is_the_difference_of_their_maps(net, batch):
    both, one, two = (
        Variant(method="hirescam", target=t, layer="layer3") for t in (Target("a", "b"), Target("a"), Target("b"))
    )
    r = look(net, batch, [both, one, two], "layer3").results
    for n in range(3):
        np.testing.assert_allclose(
            r[both][n].cam, r[one][n].cam - r[two][n].cam, atol=1e-5 * np.abs(r[one][n].cam).max() + 1e-6
        )


def test_batch_gives_what_single_faces_give(net, batch):
    v = Variant(method="gradcam", layer="layer2")
    together = look(net, batch, [v], "layer3")
    for n in range(3):
        alone = look(net, batch[n : n + 1], [v], "layer3")
        scale = np.abs(alone.results[v][0].cam).max()
        np.testing.assert_allclose(together.results[v][n].cam / scale, alone.results[v][0].cam / scale, atol=1e-4)
        np.testing.assert_allclose(together.maps[n], alone.maps[0], atol=1e-4)


def test_rows_that_ride_along_change_nothing(net, batch):
    v = Variant(method="gradcam", layer="layer3")
    alone = look(net, batch[:1], [v], "layer3")
    crowd = look(net, batch[:1], [v], "layer3", extra=batch[1:])
    np.testing.assert_allclose(alone.results[v][0].cam, crowd.results[v][0].cam, atol=1e-5)
    assert crowd.extra.shape == (2, 4)
    with torch.no_grad():
        np.testing.assert_allclose(crowd.extra.numpy(), net.net(batch[1:]).numpy(), atol=1e-4)


def test_switched_off_filters_are_a_zeroed_weight(net, batch):
    off = Variant(method="gradcam", off=(3, 5), off_layer="layer3")
    on = Variant(method="gradcam")
    seen = look(net, batch, [on, off], "layer3").results

    def hook(_m, _i, out):
        out = out.clone()
        out[:, [3, 5]] = 0
        return out

    handle = net.net.layer3.register_forward_hook(hook)
    try:
        with torch.no_grad():
            expected = net.net(batch).numpy()
    finally:
        handle.remove()
    np.testing.assert_allclose(np.stack([r.logits for r in seen[off]]), expected, atol=1e-4)
    with torch.no_grad():
        np.testing.assert_allclose(np.stack([r.logits for r in seen[on]]), net.net(batch).numpy(), atol=1e-4)


def test_no_hook_is_left_and_no_gradient(net, batch):
    wanted = [Variant(method=m, layer=layer) for m in cams.METHODS for layer in ("layer2", "layer4")]
    wanted += [replace(v, off=(1,), off_layer="layer1") for v in wanted]
    look(net, batch, wanted, "layer1")
    with pytest.raises(IndexError):
        look(net, batch, [Variant(method="filter", channels=(9999,))], "layer1")
    assert not any(m._forward_hooks or m._backward_hooks for m in net.net.modules())
    assert all(p.grad is None for p in net.net.parameters())


def test_damaged_weights_are_named_not_painted(batch):
    broken = seeded(3)
    broken.net.layer2[0].conv1.weight[0] = float("nan")
    for method in cams.METHODS:
        v = Variant(method=method)
        result = look(broken, batch, [v], "layer4").results[v][0]
        assert result.cam is None
        assert "damaged" in result.why
