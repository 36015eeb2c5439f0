"""Networks that the tests of explanations look through."""

import torch
from torch import nn

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
