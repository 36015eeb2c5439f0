"""All maps of a batch of faces through one network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emolive.attribution.look import look
from emolive.attribution.methods import METHODS
from emolive.attribution.pixels import OnProgress, guided, scorecam
from emolive.core.scene import Result, Variant
from emolive.networks.checkpoint import Model
from emolive.reports.figures import INPUT

Way = tuple[str, str]
"""A method and a layer."""


@dataclass(frozen=True, eq=False)
class Maps:
    """The signed maps of N faces: `cams[way][n]` is (h, w), or None, and then `why[way]` says why.

    `results[n]` hold the network's numbers, `aim` (N,) the classes that the maps explain, `caught` the activations
    {layer: (N, C, h, w)}.
    """

    cams: Mapping[Way, Sequence[np.ndarray | None]]
    why: Mapping[Way, str]
    results: Sequence[Result]
    aim: Tensor
    caught: Mapping[str, Tensor]


def ways(methods: Sequence[str], layers: Sequence[str]) -> list[Way]:
    """Each method at each layer; guided backpropagation once, at the input."""
    return [(method, layer) for method in methods for layer in ((INPUT,) if method == "guided" else layers)]


def maps(
    model: Model,
    x: Tensor,
    methods: Sequence[str],
    layers: Sequence[str],
    aim: Tensor | None = None,
    progress: OnProgress = lambda _: None,
) -> Maps:
    """Every map of a batch `x` (N, 3, S, S) for the classes `aim` (N,), the network's own answers if None.

    One forward pass serves all methods that are functions of a layer. Grad-CAM is always among them: the others are
    compared with it.
    """
    asked = ways(methods, layers)
    plain = dict.fromkeys([("gradcam", layer) for layer in layers] + [way for way in asked if way[0] in METHODS])
    variants = {way: Variant(method=way[0], layer=way[1]) for way in plain}
    seen = look(model, x, list(variants.values()), layers[-1], aim=aim)
    results = {way: seen.results[variant] for way, variant in variants.items()}
    cams: dict[Way, Sequence[np.ndarray | None]] = {way: [r.cam for r in found] for way, found in results.items()}
    why = {way: found[0].why for way, found in results.items()}
    first = results["gradcam", layers[-1]]
    aim = torch.tensor([result.target for result in first], device=x.device)
    slow = [way for way in asked if way not in cams]
    for i, (method, layer) in enumerate(slow):
        if first[0].cam is None:  # a broken network breaks every method
            cams[method, layer], why[method, layer] = [None] * len(x), first[0].why
            continue
        tell = within(progress, i / len(slow), 1 / len(slow))
        found = guided(model, x, aim) if method == "guided" else scorecam(model, x, aim, layer, tell)
        cams[method, layer], why[method, layer] = list(found.cpu().numpy()), ""
    progress(1.0)
    return Maps(cams, why, first, aim, seen.caught)


def within(progress: OnProgress, begin: float, share: float) -> OnProgress:
    """The progress of a part of something that begins at `begin` and is `share` of it."""
    return lambda done: progress(begin + share * done)
