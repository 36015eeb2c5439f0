"""Learning that seeks flat minima: the gradient is taken where the loss is worst nearby, not where the weights are."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


@torch.no_grad()
def climb(net: nn.Module, rho: float) -> Callable[[], None]:
    """Move the weights of `net` by `rho` along their gradient; what is given back takes them to where they were.

    Foret et al., "Sharpness-Aware Minimization for Efficiently Improving Generalization", ICLR 2021, arXiv 2010.01412,
    equation 2. Until the way back the running statistics of batch normalisation stand still: they are of the weights
    that are kept.
    """
    weights = [weight for weight in net.parameters() if weight.grad is not None]
    slopes = [weight.grad for weight in weights if weight.grad is not None]
    before = [weight.clone() for weight in weights]
    length = torch.stack([slope.norm() for slope in slopes]).norm()
    momenta = [(module, module.momentum) for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for weight, slope in zip(weights, slopes, strict=True):
        weight.add_(slope * (rho / (length + 1e-12)))
    for module, _ in momenta:
        module.momentum = 0.0

    @torch.no_grad()
    def back() -> None:
        for weight, old in zip(weights, before, strict=True):
            weight.copy_(old)
        for module, momentum in momenta:
            module.momentum = momentum

    return back
