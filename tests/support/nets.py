"""Networks that the tests of explanations look through."""

from collections.abc import Generator

import numpy as np
import torch
from torch import nn

from emolive.attribution.look import explained_by_scores, look
from emolive.attribution.passes import channel_scores
from emolive.core.scene import Variant
from emolive.networks import checkpoint as models


def seeded(seed: int = 0, labels: tuple[str, ...] = ("a", "b", "c", "d")) -> models.Model:
    """A small-input ResNet18 with random weights and lively batch norms."""
    torch.manual_seed(seed)
    spec = models.Spec(labels=labels, input_size=64, crop_size=64, layer4_stride=1)
    net = models.build(spec)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return models.Model(net.eval().requires_grad_(False), spec)


def headless() -> models.Model:
    """A network whose last layer is no linear one."""
    spec = models.Spec(labels=("a", "b"), input_size=16, crop_size=16)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return models.Model(net.eval().requires_grad_(False), spec)


def maps_of(model: models.Model, x: torch.Tensor, v: Variant, aim: torch.Tensor | None = None) -> np.ndarray:
    """The maps (N, h, w) of a batch under one variant, a slow method's passes made in slices of 50."""
    seen = look(model, x, [v], v.layer, aim=aim)
    if v not in seen.slow:
        return np.stack([result.cam for result in seen.results[v]])
    found = []
    for i, (act, result) in enumerate(zip(seen.slow[v], seen.results[v], strict=True)):
        scores = driven(channel_scores(model, x[i : i + 1], act, v.off_layer, v.off, 50))
        found.append(explained_by_scores(model, v, act, scores, result.target))
    return np.stack(found)


def driven(work: Generator[float, None, torch.Tensor], told: list[float] | None = None) -> torch.Tensor:
    """What a generator returns; what it gives before is put into `told`."""
    while True:
        try:
            part = next(work)
        except StopIteration as end:
            return end.value
        if told is not None:
            told.append(part)
