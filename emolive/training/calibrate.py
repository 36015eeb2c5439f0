"""After training: make probabilities mean what they say, on pictures that were not learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

LIFT = 0.05
"""By how much the bias of a class is raised at a time until its recall is high enough."""
SPREAD = 0.35
"""How far the logarithms of the scales are expected to lie from 0 (standard deviation) before any picture was seen."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What makes logits (N, K) probabilities: softmax((logits * scale + bias) / temperature); scale, bias (K,)."""

    temperature: float
    scale: Tensor
    bias: Tensor

    def __call__(self, logits: Tensor) -> Tensor:
        """The logits (N, K) whose softmax the probabilities are."""
        return (logits * self.scale + self.bias) / self.temperature

    @torch.no_grad()
    def fold(self, linear: nn.Linear) -> None:
        """Let `linear`, which made the logits, scale and shift them itself: only the temperature is left."""
        linear.weight *= self.scale[:, None]
        linear.bias.copy_(linear.bias * self.scale + self.bias)


def calibrate(
    logits: Tensor, truth: np.ndarray, balance: float = 0.0, floor: float = 0.0, spread: float = SPREAD
) -> Calibration:
    """The calibration that gives logits (N, K) of the classes `truth` (N,) the least cross-entropy.

    Vector scaling: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, arXiv 1706.04599; a normal prior
    (`spread`: of the scales' logarithms) keeps them near 1 where there are few pictures. Here classes count
    count^-balance each, so that rare ones are not forgotten; then the bias of a class whose recall is under `floor` is
    raised until it is not.
    """
    t = torch.from_numpy(truth)
    counts = torch.bincount(t, minlength=logits.shape[1]).float()
    weights = torch.where(counts > 0, (counts.mean() / counts.clamp(min=1)) ** balance, 0.0)
    log_temperature = torch.zeros((), requires_grad=True)
    free, bias = (torch.zeros(logits.shape[1], requires_grad=True) for _ in range(2))
    optimizer = torch.optim.LBFGS([log_temperature, free, bias], lr=0.5, max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        log_scale = free - free.mean()  # what all classes share is the temperature's
        scaled = (logits * log_scale.exp() + bias) / log_temperature.exp()
        prior = log_scale.square().sum() / (2 * spread**2 * len(t))
        # A little weight on the biases keeps them finite where the classes are told apart without a mistake.
        loss = torch.nn.functional.cross_entropy(scaled, t, weight=weights) + prior + 1e-4 * bias.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    scale = (free - free.mean()).detach().exp()
    fitted = _lifted(logits * scale, t, (bias - bias.mean()).detach(), floor)
    return Calibration(float(log_temperature.detach().exp().clamp(0.05, 20)), scale, fitted)


def _lifted(logits: Tensor, truth: Tensor, bias: Tensor, floor: float) -> Tensor:
    for _ in range(100):
        right = (logits + bias).argmax(1) == truth
        recall = [float(right[truth == k].float().mean()) if (truth == k).any() else 1.0 for k in range(len(bias))]
        worst = int(np.argmin(recall))
        if recall[worst] >= floor:
            break
        bias = bias + LIFT * torch.nn.functional.one_hot(torch.tensor(worst), len(bias))
    return bias
