"""The ledger: how each channel of a layer adds to the score of a class."""

import torch
from torch import Tensor

from emolive.core.scene import Ledger
from emolive.networks.checkpoint import Model


def ledgers(model: Model, layer: str, act: Tensor, grad: Tensor | None, target: Tensor, logits: Tensor) -> list[Ledger]:
    """The ledger of each of N faces: `act` (N, C, h, w) of `layer`, `target` (N,) class indices, `logits` (N, classes).

    After the last stage come global average pooling and a linear head, so the logit *is*
    bias + Σ weight × mean activation: exact. At earlier layers it is gradient × activation summed over the map, the
    first-order approximation of what the layer adds (`grad` (N, C, h, w) of the target's logit), and does not sum up.
    """
    head = model.head
    if head is None:
        why = "This model has no linear head, so its score is no sum over channels."
        return [Ledger(torch.zeros(0).numpy(), why=why) for _ in target]
    rows = torch.arange(len(target), device=logits.device)
    exact = layer in model.last_layers
    if exact:
        shares, bias = head.weight[target].float() * act.mean((2, 3)), head.bias[target].float()
    else:
        assert grad is not None
        shares, bias = (grad * act).sum((2, 3)), torch.zeros(len(target))
    return [
        Ledger(s.cpu().numpy(), float(b), float(score), int(t), exact)
        for s, b, score, t in zip(shares, bias, logits[rows, target], target, strict=True)
    ]
