"""After training: make probabilities mean what they say, on pictures that were not learnt from."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

LIFT = 0.05
"""By how much the bias of a class is raised at a time until its recall is high enough."""


def calibrate(logits: Tensor, truth: np.ndarray, balance: float = 0.0, floor: float = 0.0) -> tuple[float, Tensor]:
    """The temperature and the biases (K,), added before it, that give logits (N, K) the least cross-entropy.

    Temperature with biases: Alexandari et al., "Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at
    Label Shift Adaptation", ICML 2020, arXiv 1901.06852. Here classes count count^-balance each, so that rare ones
    are not forgotten; then the bias of a class whose recall is under `floor` is raised until it is not.
    """
    t = torch.from_numpy(truth)
    counts = torch.bincount(t, minlength=logits.shape[1]).float()
    weights = torch.where(counts > 0, (counts.mean() / counts.clamp(min=1)) ** balance, 0.0)
    log_temperature, bias = torch.zeros((), requires_grad=True), torch.zeros(logits.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature, bias], lr=0.5, max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        scaled = (logits + bias) / log_temperature.exp()
        # A little weight on the biases keeps them finite where the classes are told apart without a mistake.
        loss = torch.nn.functional.cross_entropy(scaled, t, weight=weights) + 1e-4 * bias.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    fitted = (bias - bias.mean()).detach()
    return float(log_temperature.detach().exp().clamp(0.05, 20)), _lifted(logits, t, fitted, floor)


def _lifted(logits: Tensor, truth: Tensor, bias: Tensor, floor: float) -> Tensor:
    for _ in range(100):
        right = (logits + bias).argmax(1) == truth
        recall = [float(right[truth == k].float().mean()) if (truth == k).any() else 1.0 for k in range(len(bias))]
        worst = int(np.argmin(recall))
        if recall[worst] >= floor:
            break
        bias = bias + LIFT * torch.nn.functional.one_hot(torch.tensor(worst), len(bias))
    return bias
