"""The map of every emotion at once, for one face."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from emolive.attribution.look import explained_by_scores, look
from emolive.attribution.methods import METHODS
from emolive.core.scene import Target, Variant
from emolive.networks.architectures import Chain, after
from emolive.networks.checkpoint import Model

LINEAR = ("cam", "gradcam", "hirescam", "xgradcam")
"""At the last stage these are class weights × activations (all but `cam` divided by the map's size)."""


def take_a_pass(model: Model, v: Variant) -> bool:
    """Whether the map of each emotion takes a pass back through the network of its own."""
    method = METHODS[v.method]
    return method.knows_class and not method.slow and not _linear(model, v)


def _linear(model: Model, v: Variant) -> bool:
    return v.layer in model.last_layers and v.method in LINEAR and model.head is not None


def emotion_maps(
    model: Model,
    v: Variant,
    caught: Mapping[str, Tensor],
    x: Tensor,
    row: int,
    scores: Tensor | None = None,
    only: Sequence[int] | None = None,
) -> np.ndarray | None:
    """One map per class, signed (classes, h, w), of one row of the batch `x` whose activations were `caught`; of some
    classes `only`, in that order.

    At the last stage it is one matrix product for most methods; elsewhere a gradient per class, and one more
    forward of the one face: from the layer on, where the network is a chain. A method that knows no class gives the
    same map for each. A slow one needs the `scores` (C, classes) of that row's channels. None where there is no
    such map (yet). Where `v` speaks against an emotion, so does every map: that emotion's own is zero.
    """
    labels, minus = model.spec.labels, v.target.minus
    those = list(range(len(labels)) if only is None else only)
    if _linear(model, v) and model.head is not None:
        act, weight = caught[v.layer][row], model.head.weight.float()
        if minus is not None:
            weight = weight - weight[labels.index(minus)]
        maps = torch.einsum("kc,chw->khw", weight[those], act)
        return (maps if v.method == "cam" else maps / act[0].numel()).cpu().numpy()
    if METHODS[v.method].slow:
        if scores is None:
            return None
        act = caught[v.layer][row]
        return np.stack([explained_by_scores(model, v, act, scores, i) for i in those])
    if METHODS[v.method].asks == "gradient" and v.layer in dict(chain := _chain(model)):
        return _by_gradients(
            v, chain, caught[v.layer][row : row + 1], those, None if minus is None else labels.index(minus)
        )
    wanted = [replace(v, target=Target(labels[i], minus)) for i in those]
    seen = look(model, x[row : row + 1], wanted, v.layer)
    maps_of = [seen.results[w][0].cam for w in wanted]
    found = [each for each in maps_of if each is not None]
    return np.stack(found) if len(found) == len(wanted) else None


def _chain(model: Model) -> Chain:
    return model.architecture.chain(model.net) if model.architecture.chain else ()


def _by_gradients(v: Variant, chain: Chain, act: Tensor, those: Sequence[int], minus: int | None) -> np.ndarray:
    """The maps of some classes, less `minus`, from the activations (1, C, h, w) of a layer of the chain."""
    with torch.enable_grad():
        leaf = act.detach().requires_grad_()
        (logits,) = after(chain, v.layer, leaf).float()
        scores = [logits[i] - (0 if minus is None else logits[minus]) for i in those]
        grads = [torch.autograd.grad(score, leaf, retain_graph=True)[0] for score in scores]
    maps: np.ndarray = METHODS[v.method].function(act.expand(len(those), -1, -1, -1), torch.cat(grads)).cpu().numpy()
    return maps
