"""Seeking a flat minimum: the step is AdamW's, by the gradient a little way uphill."""

import copy

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch import nn

from emolive.training.network import Emotions, spec_of, start
from emolive.training.recipe import Recipe
from emolive.training.sharpness import climb

RHO = 0.1
SETTINGS = Recipe(
    stages=f"32x1~{RHO}", init="none", batch=8, lr=1e-2, warmup=0, precision="32-true", crop_size=32, smoothing=0
)


def test_a_climb_goes_rho_along_the_gradient_and_back():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
    x = torch.randn(4, 1, 4, 4)
    net(x).square().sum().backward()
    before = copy.deepcopy(net.state_dict())
    gradient = nn.utils.parameters_to_vector(p.grad for p in net.parameters())
    here = nn.utils.parameters_to_vector(net.parameters())
    back = climb(net, RHO)
    moved = nn.utils.parameters_to_vector(net.parameters()) - here
    torch.testing.assert_close(moved, RHO * gradient / gradient.norm(), atol=1e-6, rtol=1e-4)
    net(x)
    torch.testing.assert_close(net[1].running_mean, before["1.running_mean"], atol=0, rtol=0)
    back()
    for name, value in net.state_dict().items():
        if "tracked" not in name:
            torch.testing.assert_close(value, before[name], atol=0, rtol=0)
    net(x)
    assert not torch.equal(net[1].running_mean, before["1.running_mean"])


@pytest.fixture
def module() -> Emotions:
    torch.manual_seed(1)
    spec = spec_of(SETTINGS, ("bars", "disc"))
    return Emotions(start(spec, "none", 2), spec, SETTINGS, np.array([4, 4]))


def test_a_step_of_training_is_one_by_the_gradient_uphill(module):
    draw = torch.Generator().manual_seed(2)
    x, truth = torch.rand(8, 3, 32, 32, generator=draw), torch.tensor([0, 1] * 4)
    batch = (x, torch.nn.functional.one_hot(truth, 2).float(), truth)

    slow = copy.deepcopy(module)
    optimizer = torch.optim.AdamW(slow.net.parameters(), SETTINGS.lr, weight_decay=SETTINGS.weight_decay)

    def loss() -> torch.Tensor:
        normal = (x - 0.485) / 0.229
        return nn.functional.cross_entropy(slow.net(normal.contiguous(memory_format=torch.channels_last)), truth)

    loss().backward()
    gradients = [p.grad.clone() for p in slow.net.parameters()]
    length = sum(float(g.square().sum()) for g in gradients) ** 0.5
    statistics = {name: value.clone() for name, value in slow.net.named_buffers()}
    with torch.no_grad():
        for p, g in zip(slow.net.parameters(), gradients, strict=True):
            p += RHO / length * g
    optimizer.zero_grad()
    loss().backward()
    with torch.no_grad():
        for p, g in zip(slow.net.parameters(), gradients, strict=True):
            p -= RHO / length * g
    nn.utils.clip_grad_norm_(slow.net.parameters(), 5.0)
    optimizer.param_groups[0]["lr"] *= SETTINGS.rate(1.0)
    optimizer.step()

    trainer = pl.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, gradient_clip_val=5.0,
    )  # fmt: skip
    trainer.fit(module, torch.utils.data.DataLoader([tuple(part[i] for part in batch) for i in range(8)], 8))
    for (name, mine), theirs in zip(module.net.named_parameters(), slow.net.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=2e-5, rtol=1e-3, msg=lambda text, name=name: f"{name}: {text}")
    for name, value in module.net.named_buffers():
        if "tracked" not in name:
            torch.testing.assert_close(value, statistics[name], atol=1e-5, rtol=1e-4)
    assert float(trainer.callback_metrics["train_loss"]) > 0
