"""All maps of a batch of faces through one network."""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emolive.attribution.look import explained_by_scores, look
from emolive.attribution.methods import METHODS
from emolive.attribution.passes import OnProgress, channel_scores
from emolive.audit.controls import Way as Way
from emolive.core.scene import Measure, Result, Variant
from emolive.networks.checkpoint import Model
from emolive.reports.figures import INPUT


@dataclass(frozen=True, eq=False)
class Maps:
    """The signed maps of N faces: `cams[way][n]` is (h, w), or None, and then `why[way]` says why.

    `ms[way]` is how long its maps took, all faces together. `measures[way]` says what its maps are measured in.
    `results[n]` hold the network's numbers, `aim` (N,) the classes that the maps explain, `caught` the activations
    {layer: (N, C, h, w)}.
    """

    cams: Mapping[Way, Sequence[np.ndarray | None]]
    why: Mapping[Way, str]
    measures: Mapping[Way, Measure]
    results: Sequence[Result]
    aim: Tensor
    caught: Mapping[str, Tensor]
    ms: Mapping[Way, float]


def ways(methods: Sequence[str], layers: Sequence[str]) -> list[Way]:
    """Each method at each layer; guided backpropagation once, at the input."""
    return [(method, layer) for method in methods for layer in ((INPUT,) if METHODS[method].of_input else layers)]


def maps(
    model: Model,
    x: Tensor,
    methods: Sequence[str],
    layers: Sequence[str],
    aim: Tensor | None = None,
    progress: OnProgress = lambda _: None,
) -> Maps:
    """Every map of a batch `x` (N, 3, S, S) for the classes `aim` (N,), the network's own answers if None.

    One forward pass serves all methods but the slow ones. Grad-CAM is always among them: the others are compared with
    it.
    """
    asked = dict.fromkeys([("gradcam", layer) for layer in layers] + ways(methods, layers))
    variants = {(m, at): Variant(method=m, layer=layers[-1] if at == INPUT else at) for m, at in asked}
    seen = look(model, x, list(variants.values()), layers[-1], aim=aim)
    results = {way: seen.results[variant] for way, variant in variants.items()}
    ms = {way: found[0].ms for way, found in results.items()}
    cams: dict[Way, Sequence[np.ndarray | None]] = {way: [r.cam for r in found] for way, found in results.items()}
    why = {way: found[0].why for way, found in results.items()}
    first = results["gradcam", layers[-1]]
    slow = [way for way, variant in variants.items() if variant in seen.slow]
    for i, way in enumerate(slow):
        v, tell, found = variants[way], within(progress, i / len(slow), 1 / len(slow)), []
        began = time.perf_counter()
        for n, act in enumerate(seen.slow[v]):
            passes = channel_scores(model, x[n : n + 1], act)
            scores = _driven(passes, within(tell, n / len(x), 1 / len(x)))
            found.append(explained_by_scores(model, v, act, scores, first[n].target))
        cams[way], why[way] = found, ""
        ms[way] = (time.perf_counter() - began) * 1e3
    progress(1.0)
    aim = torch.tensor([result.target for result in first], device=x.device)
    measures = {way: found[0].measure for way, found in results.items()}
    return Maps(cams, why, measures, first, aim, seen.caught, ms)


def _driven(passes: Generator[float, None, Tensor], progress: OnProgress) -> Tensor:
    """What comes of passes that are made in slices."""
    while True:
        try:
            progress(next(passes))
        except StopIteration as end:
            done: Tensor = end.value
            return done


def within(progress: OnProgress, begin: float, share: float) -> OnProgress:
    """The progress of a part of something that begins at `begin` and is `share` of it."""
    return lambda done: progress(begin + share * done)
