"""What proves or questions an explanation: masks, curves, ledger, randomisation, agreement, regions, pixel methods."""

import copy
import dataclasses
import functools
import warnings

import numpy as np
import pytest
import torch
from captum.attr import GuidedBackprop
from nets import driven, headless, maps_of, seeded
from scipy import stats
from torch import nn
from torchvision.models.resnet import BasicBlock

from emolive.attribution.emotions import emotion_maps
from emolive.attribution.ledger import ledgers
from emolive.attribution.look import look
from emolive.attribution.methods import METHODS
from emolive.attribution.passes import channel_scores
from emolive.audit import agreement as compare
from emolive.audit.controls import Controls
from emolive.audit.curves import FEW, Curves, curves, gains
from emolive.audit.masks import blurred, masked_faces, masks
from emolive.audit.randomise import randomised
from emolive.core.evidence import CONTROLS
from emolive.core.scene import Regions, Target, Variant
from emolive.networks import checkpoint as models


@pytest.fixture(scope="module")
def net() -> models.Model:
    return seeded()


@pytest.fixture(scope="module")
def batch() -> torch.Tensor:
    return torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (64, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(7, 7), (4, 4), (1, 1), (28, 28)])
def test_masks_take_the_hottest_the_coldest_and_as_many_random_cells(shape):
    cam = np.random.default_rng(0).normal(size=shape)
    hot, chance, cold = masks(cam, seed=3)
    count = max(1, round(0.2 * cam.size))
    assert hot.sum() == chance.sum() == cold.sum() == count
    assert cam[hot].min() >= np.sort(cam.ravel())[-count]
    assert cam[cold].max() <= np.sort(cam.ravel())[count - 1]
    assert np.array_equal(masks(cam, seed=3), masks(cam, seed=3))


def test_only_the_masked_cells_are_blurred(crop):
    cells = np.zeros((4, 4), bool)
    cells[1, 2] = True
    out = blurred(crop, cells)
    changed = (out != crop).any(-1)
    assert changed[16:32, 32:48].mean() > 0.9
    changed[16:32, 32:48] = False
    assert not changed.any()
    assert masked_faces(crop, np.random.default_rng(0).random((4, 4))).shape == (3, 64, 64, 3)


def test_curves_go_between_the_face_and_the_veil_and_cell_by_cell(net, crop):
    cam = np.random.default_rng(5).random((4, 4))
    found = curves(net, crop, cam, 2)
    assert found.part[0] == 0
    assert found.part[-1] == 1
    assert found.deletion[0] == pytest.approx(found.insertion[-1], abs=1e-5)
    assert found.deletion[-1] == pytest.approx(found.insertion[0], abs=1e-5)
    order = np.argsort(-cam.ravel(), kind="stable")
    for i, count in enumerate(np.round(found.part * 16).astype(int)):
        cells = np.zeros(16, bool)
        cells[order[:count]] = True
        with torch.no_grad():
            probs = net.probabilities(net.net(net.prepare([blurred(crop, cells.reshape(4, 4))])))
        assert found.deletion[i] == pytest.approx(float(probs[0, 2]), abs=1e-5)
    heights = (found.deletion[1:] + found.deletion[:-1]) / 2
    assert found.deletion_area == pytest.approx(float((heights * np.diff(found.part)).sum()), abs=1e-6)


def test_a_map_of_one_cell_has_curves(net, crop):
    found = curves(net, crop, np.ones((1, 1)), 0)
    assert found.part.tolist() == [0, 1]


def test_gains_are_the_areas_of_each_control_beside_the_maps_own(net, crop):
    """Each curve point by point, areas by their heights; and a map gains nothing on itself."""
    rng = np.random.default_rng(3)
    cam, busy = rng.normal(size=(2, 4, 4)).astype(np.float32)
    others = {("gradcam", "layer4"): rng.normal(size=(4, 5, 4, 4)).astype(np.float32)}
    beside = Controls(others).of("gradcam", "layer4", 1, cam, busy)

    def slowly(cam: np.ndarray) -> tuple[float, float]:
        order = sorted(range(cam.size), key=lambda i: -cam.flat[i])
        areas = []
        for comes_back in (False, True):
            shown = []
            for count in np.linspace(0, cam.size, FEW + 1).round().astype(int):
                gone = np.zeros(cam.size, bool)
                gone[order[:count]] = True
                shown.append(blurred(crop, (gone != comes_back).reshape(cam.shape)))
            heights = net.probabilities(net.net(net.prepare(shown)))[:, 1].tolist()
            steps = np.diff(np.linspace(0, cam.size, FEW + 1).round()) / cam.size
            areas.append(sum((a + b) / 2 * step for a, b, step in zip(heights, heights[1:], steps, strict=False)))
        return areas[0], areas[1]

    def trace(cam: np.ndarray) -> Curves:
        return curves(net, crop, cam, 1, FEW)

    found = gains(trace, beside, [1, 7], seed=2, orders=2)
    assert tuple(found) == CONTROLS
    draws = np.random.default_rng(2)
    same = others["gradcam", "layer4"][1]
    controls = {"other_face": [same[1], same[2]], "centre": [same.mean(0)], "class_blind": [busy],
                "random": [draws.random((4, 4)) for _ in range(2)]}  # fmt: skip
    deletion, insertion = slowly(cam)
    for of, cams in controls.items():
        each = np.array([slowly(one) for one in cams]).mean(0)
        assert found[of] == pytest.approx((each[0] - deletion, insertion - each[1]), abs=1e-4)
    mine = Controls({("gradcam", "layer4"): np.stack([[cam] * 5] * 4)}).of("gradcam", "layer4", 1, cam, cam)
    assert all(gain == (0, 0) for of, gain in gains(trace, mine, [0]).items() if of != "random")
    nobody = gains(trace, Controls().of("gradcam", "layer4", 1, cam, None), [0])
    assert set(nobody) == {"centre", "random"}


def test_at_the_last_stage_the_ledger_is_the_logit(net, batch, model):
    for m, x in (
        (net, batch),
        (model, model.prepare(np.random.default_rng(1).integers(0, 256, (2, 48, 48, 3), np.uint8))),
    ):
        for target in m.spec.labels:
            seen = look(m, x, [v := Variant(target=Target(target))], "layer4", ledger=True)
            for book, result in zip(seen.ledgers, seen.results[v], strict=True):
                assert book.exact
                assert book.shares.sum() + book.bias == pytest.approx(result.logits[book.target], abs=1e-4)
                assert book.logit == pytest.approx(result.logits[book.target], abs=1e-6)


def test_before_the_last_stage_the_ledger_is_gradient_times_activation(net, batch):
    v = Variant(method="hirescam", layer="layer3", target=Target("b"))
    seen = look(net, batch, [v], "layer3", ledger=True)
    for book, result in zip(seen.ledgers, seen.results[v], strict=True):
        assert not book.exact
        assert book.shares.sum() == pytest.approx(float(result.cam.sum()), rel=1e-3, abs=1e-4)


def test_a_model_without_a_linear_head_has_no_ledger_and_says_why():
    act = torch.rand(2, 4, 3, 3)
    (book, _) = ledgers(headless(), "0", act, None, torch.tensor([0, 1]), torch.rand(2, 2))
    assert len(book.shares) == 0
    assert "no linear head" in book.why


def test_randomising_touches_the_copy_only_and_from_the_head_backwards(net):
    before = copy.deepcopy(net.net.state_dict())
    steps = net.architecture.random
    assert steps == ("fc", "layer4", "layer3", "layer2", "layer1", "conv1")
    for stages in range(1, len(steps) + 1):
        changed = randomised(net, stages).net.state_dict()
        for name, value in before.items():
            if name.endswith(("weight", "bias")):
                expected = name.startswith(steps[:stages]) or (stages == 6 and name.startswith("bn1"))
                assert torch.equal(changed[name], value) != expected, name
    assert all(torch.equal(value, before[name]) for name, value in net.net.state_dict().items())
    again = randomised(net, 2).net.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in randomised(net, 2).net.state_dict().items())


@pytest.mark.parametrize("stages", [2, 6])
def test_random_networks_have_logits_of_a_networks_size_and_differ_by_seed(net, stages):
    """Without statistics that fit, activations grow from layer to layer: the logits were 700,000."""
    faces = net.prepare(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8))
    with torch.no_grad():
        one, again, other = (randomised(net, stages, seed).net(faces) for seed in (0, 0, 1))
        stale = randomised(net, stages).net
        for module in stale.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.zero_(), module.running_var.fill_(1e-4)
        assert stale(faces).abs().max() > 1e3  # the control: what does not fit is seen
    assert torch.equal(one, again)
    assert not torch.allclose(one, other)
    assert one.std() > 1e-3
    assert one.abs().max() < 50


def test_methods_that_know_no_class_cannot_react_to_a_random_head(net, batch):
    for method, reacts in (("activation", False), ("eigencam", False), ("gradcam", True), ("layercam", True)):
        v = Variant(method=method, target=Target("c"))
        true, other = (look(m, batch, [v], "layer4").results[v][0].cam for m in (net, randomised(net, 1)))
        assert (compare.spearman(true, other) < 0.999) == reacts, method


@pytest.mark.parametrize("seed", range(5))
def test_spearman_is_scipys_with_ties_too(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, (6, 6)), rng.normal(size=(6, 6))
    assert compare.spearman(a, b) == pytest.approx(stats.spearmanr(a.ravel(), b.ravel()).statistic, abs=1e-12)


def test_agreement_of_a_map_with_itself_its_opposite_and_a_finer_one():
    cam = np.random.default_rng(0).normal(size=(7, 7)).astype(np.float32)
    same, opposite = compare.agreement(cam, cam), compare.agreement(cam, -cam)
    assert (same.spearman, same.iou) == (pytest.approx(1), 1)
    assert opposite.spearman == pytest.approx(-1)
    assert opposite.iou == 0
    assert compare.agreement(cam, np.kron(cam, np.ones((4, 4), np.float32))).spearman > 0.8


def test_a_map_that_is_the_same_everywhere_agrees_with_nothing():
    """A map of one cell, of any value, has no ranks: scipy says NaN too."""
    cam = np.random.default_rng(0).normal(size=(7, 7)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(stats.spearmanr(cam.ravel(), np.full(49, 3.0)).statistic)
    for flat in (np.zeros((7, 7)), np.full((7, 7), 3.0), np.ones((1, 1)), np.full((1, 1), -2.0, np.float32)):
        for found in (compare.agreement(cam, flat), compare.agreement(flat, cam), compare.agreement(flat, flat)):
            assert np.isnan(found.spearman)
            assert np.isnan(found.iou)
    assert np.isnan(compare.spearman(np.ones(1), np.ones(1)))


@pytest.mark.parametrize("square", [(-20.0, -20.0, 120.0, 120.0), (10.0, 15.0, 85.0, 90.0), (0.0, 0.0, 100.0, 100.0)])
@pytest.mark.parametrize("cells", [4, 7, 30])
def test_maps_of_one_content_over_two_squares_agree_once_they_are_registered(square, cells):
    """Two hills at places of the frame, sampled on the grids of two squares."""

    def content(where: tuple[float, ...], n: int) -> np.ndarray:
        at = (np.arange(n) + 0.5) / n
        x, y = np.meshgrid(where[0] + at * (where[2] - where[0]), where[1] + at * (where[3] - where[1]))
        return np.exp(-((x - 30) ** 2 + (y - 40) ** 2) / 900) - np.exp(-((x - 75) ** 2 + (y - 70) ** 2) / 600)

    own = (0.0, 0.0, 100.0, 100.0)
    a, b = content(own, 7), content(square, cells)
    one, other = compare.registered(a, own, b, square)
    assert compare.agreement(one, other).spearman > 0.9
    if square != own:
        assert one.shape == other.shape
        assert compare.agreement(one, other).spearman > compare.agreement(a, b).spearman
    else:
        assert one is a
        assert other is b


POINTS = np.array([[40, 45], [60, 45], [50, 58], [50, 70], [30, 50], [70, 50]], float)
BOX = (25.0, 30.0, 75.0, 80.0)


@pytest.mark.parametrize(("x", "y", "where"), [(40, 45, "eyes"), (60, 45, "eyes"), (50, 58, "nose"), (50, 71, "mouth"),
                                               (70, 62, "rest"), (3, 3, "off"), (97, 97, "off")])  # fmt: skip
def test_heat_is_counted_where_it_lies(x, y, where):
    cam = np.zeros((50, 50), np.float32)
    cam[y // 2, x // 2] = 1
    found = compare.regions(cam, (0, 0, 100, 100), BOX, POINTS)
    assert getattr(found, where) > 0.9, found


def test_shares_add_up_and_no_evidence_has_none():
    cam = np.random.default_rng(0).normal(size=(7, 7)).astype(np.float32)
    found = compare.regions(cam, (10, 10, 90, 90), BOX, POINTS)
    assert found.eyes + found.nose + found.mouth + found.rest + found.off == pytest.approx(1)
    assert compare.regions(-np.abs(cam), (0, 0, 100, 100), BOX, POINTS) == Regions()


def test_guided_backpropagation_is_captums():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
                        nn.Flatten(), nn.Linear(32, 4))  # fmt: skip
    model = models.Model(net.eval().requires_grad_(False), models.Spec(labels=tuple("abcd")))
    x, target = torch.randn(3, 3, 16, 16), torch.tensor([0, 3, 1])
    ours = maps_of(model, x, Variant(method="guided", layer="0"), target)
    theirs = GuidedBackprop(copy.deepcopy(net)).attribute(x.clone().requires_grad_(), target=target).sum(1)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=1e-6)
    assert all(isinstance(net[i], nn.ReLU) for i in (1, 3))  # the shown network keeps its ReLUs


def test_guided_backpropagation_with_contrast_filters_off_and_random_weights_is_captums(net, batch):
    """A contrast is one more linear layer, a filter that is off a weight of zero, so captum can be asked all of it."""
    v = Variant(method="guided", target=Target("c", "a"), off=(3, 9), off_layer="layer3")
    for model in (net, randomised(net, 2)):
        ours = maps_of(model, batch, v)
        plain = copy.deepcopy(model.net)
        plain.layer3.register_forward_hook(without(3, 9))
        _separate_relus(plain)
        difference = nn.Linear(4, 1, bias=False)
        difference.weight.data = torch.tensor([[-1.0, 0.0, 1.0, 0.0]])
        x = batch.clone().requires_grad_()
        theirs = GuidedBackprop(nn.Sequential(plain, difference)).attribute(x, target=0).sum(1).detach().numpy()
        np.testing.assert_allclose(ours / np.abs(theirs).max(), theirs / np.abs(theirs).max(), atol=1e-4)


def without(*channels: int):
    def hook(_module: nn.Module, _args: tuple, out: torch.Tensor) -> torch.Tensor:
        out = out.clone()
        out[:, list(channels)] = 0
        return out

    return hook


def _separate_relus(net: nn.Module) -> None:
    """Captum hooks each ReLU once: a block's that fires twice becomes two."""
    for block in net.modules():
        if isinstance(block, BasicBlock):
            block.relu, block.relu2 = nn.ReLU(), nn.ReLU()
            block.forward = functools.partial(_forward, block)
    net.relu = nn.ReLU()


def _forward(block: BasicBlock, x: torch.Tensor) -> torch.Tensor:
    """A block of He et al., figure 5 left, as written there."""
    out = block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x)))))
    return block.relu2(out + (x if block.downsample is None else block.downsample(x)))


def test_guided_works_where_a_relu_fires_twice(net, batch):
    maps = maps_of(net, batch, Variant(method="guided"), torch.tensor([0, 1, 2]))
    assert maps.shape == (3, 64, 64)
    assert np.isfinite(maps).all()
    assert np.abs(maps).max() > 0


@pytest.mark.ci
@pytest.mark.parametrize("minus", [None, "d"])
@pytest.mark.parametrize("off", [(), (3, 5)])
def test_scorecam_is_its_algorithm_one_channel_at_a_time(net, batch, minus, off):
    """With the baseline that the paper takes off; a contrast is the difference of two scores."""
    x = batch[:1]
    v = Variant(method="scorecam", target=Target("b", minus), off=off, off_layer="layer3" if off else "")
    ours = maps_of(net, x, v)[0]
    plain = copy.deepcopy(net.net)
    plain.layer3.register_forward_hook(without(*off))
    kept = {}
    handle = plain.layer4.register_forward_hook(lambda _m, _i, out: kept.update(a=out[0]))

    def score(picture: torch.Tensor) -> torch.Tensor:
        logits = plain(picture)[0]
        return logits[1] - (logits[3] if minus else 0)

    with torch.no_grad():
        plain(x)
        handle.remove()
        empty = score(torch.zeros_like(x))
        scores = []
        for channel in kept["a"]:
            span = channel.max() - channel.min()
            shape = (channel - channel.min()) / span if span > 0 else torch.zeros_like(channel)
            mask = nn.functional.interpolate(shape[None, None], size=(64, 64), mode="bilinear")
            scores.append(score(x * mask) - empty)
    slow = (torch.softmax(torch.stack(scores), 0)[:, None, None] * kept["a"]).sum(0).numpy()
    np.testing.assert_allclose(ours / np.abs(slow).max(), slow / np.abs(slow).max(), atol=1e-4)


def test_silent_channels_share_one_pass_and_score_as_if_each_had_its_own(net, batch):
    act = torch.rand(6, 4, 4, generator=torch.Generator().manual_seed(0))
    act[1], act[4] = 0.0, 2.5  # the same everywhere
    seen = []
    counting = dataclasses.replace(net, net=lambda x: seen.append(len(x)) or net.net(x))
    with torch.no_grad():
        plain = net.net(torch.zeros_like(batch[:1]))
    counting_net = torch.nn.Module()
    counting_net.forward = counting.net
    scores = driven(channel_scores(dataclasses.replace(net, net=counting_net), batch[:1], act))
    assert sum(seen) == 5
    assert scores.shape == (6, len(net.spec.labels))
    torch.testing.assert_close(scores[[1, 4]], plain.expand(2, -1), atol=1e-4, rtol=1e-4)
    alone = torch.cat([driven(channel_scores(net, batch[:1], act[k : k + 1])) for k in range(6)])
    torch.testing.assert_close(scores, alone, atol=1e-4, rtol=1e-4)


def test_channel_scores_come_in_slices_and_leave_nothing_behind(net, batch):
    told = []
    act = torch.rand(10, 4, 4, generator=torch.Generator().manual_seed(3))
    work = channel_scores(net, batch[:1], act, "layer3", (1,), batch=4)
    assert next(work) == pytest.approx(0.4)
    assert torch.is_grad_enabled()
    assert not any(m._forward_hooks for m in net.net.modules())
    scores = driven(channel_scores(net, batch[:1], act, batch=4), told)
    assert told == [pytest.approx(0.4), pytest.approx(0.8), 1.0]
    assert scores.shape == (10, 4)


@pytest.mark.parametrize(("method", "layer"), [("gradcam", "layer4"), ("cam", "layer4"), ("xgradcam", "layer4.1"),
                                               ("layercam", "layer4"), ("gradcam", "layer3")])  # fmt: skip
@pytest.mark.parametrize("minus", [None, 2])
def test_all_emotions_at_once_are_the_maps_of_each(net, batch, method, layer, minus):
    against = None if minus is None else net.spec.labels[minus]
    v = Variant(method=method, layer=layer, target=Target(minus=against))
    seen = look(net, batch, [v], layer)
    together = emotion_maps(net, v, seen.caught, batch, 1)
    for i, label in enumerate(net.spec.labels):
        one = Variant(method=method, layer=layer, target=Target(label, against))
        alone = look(net, batch, [one], layer).results[one][1].cam
        np.testing.assert_allclose(together[i], alone, atol=1e-4 * np.abs(together).max())
    if minus is not None:
        assert not together[minus].any()


@pytest.mark.parametrize("minus", [None, "c"])
@pytest.mark.parametrize("method", ["guided", pytest.param("scorecam", marks=pytest.mark.ci), "eigencam", "filter"])
def test_all_emotions_at_once_of_every_other_method_are_the_maps_of_each_too(net, batch, method, minus):
    v = Variant(method=method, layer="layer3", target=Target(minus=minus), channels=(2, 7))
    seen = look(net, batch, [v], "layer3")
    if v in seen.slow:
        assert emotion_maps(net, v, seen.caught, batch, 1) is None  # not known yet
    scores = driven(channel_scores(net, batch[1:2], seen.slow[v][1])) if v in seen.slow else None
    together = emotion_maps(net, v, seen.caught, batch, 1, scores)
    for i, label in enumerate(net.spec.labels):
        alone = maps_of(net, batch[1:2], dataclasses.replace(v, target=Target(label, minus)))[0]
        np.testing.assert_allclose(together[i], alone, atol=1e-4 * np.abs(alone).max() + 1e-7)
    same = all(np.array_equal(m, together[0]) for m in together)
    assert same != METHODS[method].knows_class
