"""After training: make probabilities mean what they say, on pictures that were not learnt from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

SPREAD = 0.35
"""How far the logarithms of the scales are expected to lie from 0 (standard deviation) before any picture was seen."""
LARGEST_TEMPERATURE, LARGEST_SCALE = 20.0, 8.0
"""Temperature and scales stay between these and one part in as many."""


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


def calibrate(logits: Tensor, truth: np.ndarray, balance: float = 0.0, spread: float = SPREAD) -> Calibration:
    """The calibration that gives logits (N, K) of the classes `truth` (N,) the least cross-entropy.

    Vector scaling: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, arXiv 1706.04599; a normal prior
    (`spread`: of the scales' logarithms) keeps them near 1 where there are few pictures. Here classes count
    count^-balance each, so that rare ones are not forgotten.

    Temperature and scales are bounded, whatever the logits are. Where no fit is better than none (or logits are not
    finite), the temperature is 1, the scales are 1 and the biases 0.
    """
    t = torch.from_numpy(truth)
    fit = _fitted(logits.double(), t, balance, spread) if torch.isfinite(logits).all() else None
    return Calibration(*(fit or (1.0, torch.ones(logits.shape[1]), torch.zeros(logits.shape[1]))))


def _fitted(logits: Tensor, truth: Tensor, balance: float, spread: float) -> tuple[float, Tensor, Tensor] | None:
    """Temperature, scales and biases (K,) float32; None where the fit came to nothing."""
    classes = logits.shape[1]
    counts = torch.bincount(truth, minlength=classes).double()
    weights = torch.where(counts > 0, (counts.mean() / counts.clamp(min=1)) ** balance, 0.0)
    start = torch.zeros(1 + 2 * classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([start], lr=0.5, max_iter=200, line_search_fn="strong_wolfe")

    def values() -> tuple[Tensor, Tensor, Tensor]:
        free, bias = start[1 : 1 + classes], start[1 + classes :]
        log_scale = _within(free - free.mean(), LARGEST_SCALE)  # what all classes share is the temperature's
        return _within(start[0], LARGEST_TEMPERATURE), log_scale, bias

    def loss() -> Tensor:
        log_temperature, log_scale, bias = values()
        scaled = (logits * log_scale.exp() + bias) / log_temperature.exp()
        prior = log_scale.square().sum() / (2 * spread**2 * len(truth))
        # A little weight on the biases keeps them finite where the classes are told apart without a mistake.
        return torch.nn.functional.cross_entropy(scaled, truth, weight=weights) + prior + 1e-4 * bias.square().sum()

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.no_grad():
        before = float(loss())
    optimizer.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        log_temperature, log_scale, bias = values()
        if not (bool(torch.isfinite(start).all()) and float(loss()) <= before):
            return None
    return float(log_temperature.exp()), log_scale.exp().float(), (bias - bias.mean()).detach().float()


def _within(value: Tensor, largest: float) -> Tensor:
    """A logarithm, held smoothly between those of 1 / `largest` and `largest`; near 0 it is the value itself."""
    limit = math.log(largest)
    return limit * torch.tanh(value / limit)
