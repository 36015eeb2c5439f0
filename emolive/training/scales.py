"""The fixed scales of a network's maps: what counts as full heat, for each method at each layer, on known pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from tqdm import tqdm

from emolive.attribution.look import look
from emolive.attribution.measure import layer_of, peak
from emolive.attribution.methods import METHODS
from emolive.core.scene import Variant
from emolive.networks.checkpoint import Model

PICTURES = 400
"""So many pictures are looked at, drawn at random."""

BELOW = 0.95
"""This part of the maps of the network's answers stays below full heat."""

BATCH = 8
SEED = 0


def fixed_scales(
    model: Model, crops: np.ndarray, pictures: int = PICTURES, progress: bool = False
) -> dict[str, dict[str, float]]:
    """What counts as full heat, {method: {layer: evidence}}, with three digits: of the strongest evidence in each map
    of what the network answers, the quantile `BELOW`, over `pictures` of the crops (N, S, S, 3) uint8 RGB.

    Pinned filters count one by one. Where no map has positive evidence there is no scale, nor for normalised methods.
    """
    chosen = crops[np.sort(np.random.default_rng(SEED).permutation(len(crops))[:pictures])]
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tqdm(total=len(chosen), disable=not progress, unit="picture", desc="scales") as bar:
        for at in range(0, len(chosen), BATCH):
            for method, layer, value in _peaks(model, chosen[at : at + BATCH]):
                found[method, layer].append(value)
            bar.update(len(chosen[at : at + BATCH]))
    scales: dict[str, dict[str, float]] = {}
    for (method, layer), values in found.items():
        full = float(f"{np.quantile(values, BELOW):.3g}")
        if full > 0:
            scales.setdefault(method, {})[layer] = full
    return scales


def _peaks(model: Model, crops: np.ndarray) -> Iterable[tuple[str, str, float]]:
    """A method, a layer, and the strongest evidence in one map: of every face, method and layer."""
    names = [name for name, method in METHODS.items() if not method.normalised and method.asks != "pins"]
    wanted = {
        (name, layer_of(v)): v for name in names for layer in model.layers for v in [Variant(method=name, layer=layer)]
    }
    seen = look(model, model.prepare(crops), list(wanted.values()), next(iter(model.layers)))
    for (name, layer), v in wanted.items():
        yield from ((name, layer, peak(r.cam, layer)) for r in seen.results[v] if r.cam is not None)
    pins = [name for name, method in METHODS.items() if method.asks == "pins"]
    for layer, act in seen.caught.items():
        strongest = act.amax((2, 3)).clamp(min=0).flatten().tolist()
        yield from ((name, layer, value) for name in pins for value in strongest)
