"""The fixed scales of a network's maps: what counts as full heat, for each method at each layer, on known pictures.

One rule for coarse maps and fine ones: one cell in a hundred is full heat. The strongest cell of each map would not do:
in shallow layers, and at the input, a few single cells outshine all others, more so on some faces than on others, and
by their measure all that is seen of most faces is pale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from tqdm import tqdm

from emolive.attribution.look import look
from emolive.attribution.measure import layer_of
from emolive.attribution.methods import METHODS
from emolive.core.scene import Variant
from emolive.networks.checkpoint import Model

PICTURES = 400
"""So many pictures are looked at, drawn at random."""

FULL = 0.01
"""This part of the cells of the maps of the network's answers is full heat."""

BATCH = 8
SEED = 0


class _Cells:
    """The largest values of many cells, enough of them to tell which one `FULL` of all reach."""

    def __init__(self, pictures: int) -> None:
        self._pictures, self._count = pictures, 0
        self._largest = np.zeros(0, np.float32)

    def add(self, values: np.ndarray, pictures: int) -> None:
        """Take in the cells of so many pictures; all pictures have equally many. Negative ones count as 0."""
        self._count += values.size
        most = math.floor(FULL * values.size / pictures * self._pictures) + 1
        both = np.concatenate([self._largest, np.maximum(np.nan_to_num(values), 0).ravel()])
        self._largest = np.partition(both, -most)[-most:] if both.size > most else both

    @property
    def full(self) -> float:
        """What `FULL` of the cells reach, with three digits."""
        reached = np.sort(self._largest)[::-1][math.floor(FULL * self._count)]
        return float(f"{reached:.3g}")


def fixed_scales(
    model: Model, crops: np.ndarray, pictures: int = PICTURES, progress: bool = False
) -> dict[str, dict[str, float]]:
    """What counts as full heat, {method: {layer: evidence}}, with three digits: the evidence that one cell in a hundred
    reaches in the maps of what the network answers, over `pictures` of the crops (N, S, S, 3) uint8 RGB.

    Pinned filters count all channels' cells. Where so few cells have positive evidence there is no scale, nor for
    normalised methods.
    """
    chosen = crops[np.sort(np.random.default_rng(SEED).permutation(len(crops))[:pictures])]
    found: dict[tuple[str, str], _Cells] = {}
    with tqdm(total=len(chosen), disable=not progress, unit="picture", desc="scales") as bar:
        for at in range(0, len(chosen), BATCH):
            batch = chosen[at : at + BATCH]
            for method, layer, values in _cells(model, batch):
                found.setdefault((method, layer), _Cells(len(chosen))).add(values, len(batch))
            bar.update(len(batch))
    scales: dict[str, dict[str, float]] = {}
    for (method, layer), cells in found.items():
        if cells.full > 0:
            scales.setdefault(method, {})[layer] = cells.full
    return scales


def _cells(model: Model, crops: np.ndarray) -> Iterable[tuple[str, str, np.ndarray]]:
    """A method, a layer, and the cells of its maps of some faces: every method and layer."""
    names = [name for name, method in METHODS.items() if not method.normalised and method.asks != "pins"]
    wanted = {
        (name, layer_of(v)): v for name in names for layer in model.layers for v in [Variant(method=name, layer=layer)]
    }
    seen = look(model, model.prepare(crops), list(wanted.values()), next(iter(model.layers)))
    for (name, layer), v in wanted.items():
        maps = [result.cam for result in seen.results[v] if result.cam is not None]
        if len(maps) == len(crops):
            yield name, layer, np.stack(maps)
    pins = [name for name, method in METHODS.items() if method.asks == "pins"]
    for layer, act in seen.caught.items():
        yield from ((name, layer, act.float().cpu().numpy()) for name in pins)
