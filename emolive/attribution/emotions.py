"""The map of every emotion at once, for one face."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from emolive.attribution.look import look, targets
from emolive.attribution.methods import METHODS
from emolive.core.scene import Variant
from emolive.networks.checkpoint import Model

LINEAR = ("cam", "gradcam", "hirescam", "xgradcam")
"""At the last stage these are class weights × activations (all but `cam` divided by the map's size)."""


def emotion_maps(model: Model, v: Variant, caught: Mapping[str, Tensor], x: Tensor, row: int) -> np.ndarray | None:
    """One map per class, signed (classes, h, w), of one row of the batch `x` whose activations were `caught`.

    At the last stage it is one matrix product for most methods; elsewhere one more forward of the one face, and a
    gradient per class. A method that knows no class gives the same map for each. None where there is no such method.
    Where `v` speaks against an emotion ("-sad"), so does every map: that emotion's own is zero.
    """
    if v.method not in METHODS:
        return None
    labels = model.spec.labels
    _, minus = targets(v.target, labels, torch.zeros(1, dtype=torch.long))
    if v.layer in model.last_layers and v.method in LINEAR:
        act, weight = caught[v.layer][row], model.net.fc.weight.float()
        if minus is not None:
            weight = weight - weight[int(minus)]
        maps = torch.einsum("kc,chw->khw", weight, act)
        return (maps if v.method == "cam" else maps / act[0].numel()).cpu().numpy()
    ending = "" if minus is None else f"-{labels[int(minus)]}"
    wanted = [Variant(method=v.method, layer=v.layer, target=label + ending) for label in labels]
    seen = look(model, x[row : row + 1], wanted, v.layer)
    maps = [seen.results[w][0].cam for w in wanted]
    return None if any(m is None for m in maps) else np.stack(maps)
