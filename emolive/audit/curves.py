"""Deletion and insertion: how fast the probability falls as the hottest cells are blurred, and rises as they return;
and by how much the areas of a map's controls are worse."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emolive.audit.controls import Beside
from emolive.audit.masks import blurred
from emolive.audit.probe import logits_of
from emolive.networks.checkpoint import Model

FEW = 5
"""Steps of the curves that are compared with those of controls: few, since there are many."""

STEPS = 2 * FEW
"""Steps of a curve at most; a grid with fewer cells has one per cell. Those of `FEW` steps are among its own."""


@dataclass(frozen=True, eq=False)
class Curves:
    """`part` (P,) of the face from 0 to 1; the target's probability (P,) when that part, hottest first, is blurred
    (`deletion`) or is all that is not (`insertion`); and the areas under both: a faithful map has a small deletion area
    and a large insertion area."""

    part: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def deletion_area(self) -> float:
        """Area under the deletion curve, 0 to 1; small is good."""
        return float(np.trapezoid(self.deletion, self.part))

    @property
    def insertion_area(self) -> float:
        """Area under the insertion curve, 0 to 1; large is good."""
        return float(np.trapezoid(self.insertion, self.part))


def curves(model: Model, crop: np.ndarray, cam: np.ndarray, target: int, steps: int = STEPS) -> Curves:
    """Both curves of a map (h, w) for a crop (S, S, 3) uint8 RGB and a class index, in one batch.

    Petsiuk, Das, Saenko, "RISE", BMVC 2018, arXiv:1806.07421, section 3.3; cells of the map's own grid instead of
    pixels, and blur for both.
    """

    def ask(pictures: np.ndarray) -> np.ndarray:
        found: np.ndarray = model.probabilities(logits_of(model, pictures))[:, target].cpu().numpy()
        return found

    return traced(ask, crop, cam, steps)


def traced(ask: Callable[[np.ndarray], np.ndarray], crop: np.ndarray, cam: np.ndarray, steps: int = STEPS) -> Curves:
    """The same, whoever is asked for the target's probability (P,) in pictures (P, S, S, 3)."""
    cells = cam.size
    counts = np.unique(np.round(np.linspace(0, cells, min(steps, cells) + 1)).astype(int))
    rank = np.empty(cells, int)
    rank[np.argsort(-cam.ravel(), kind="stable")] = np.arange(cells)
    hot = [(rank < count).reshape(cam.shape) for count in counts]
    probs = ask(np.stack([blurred(crop, cells) for cells in [*hot, *(~cells for cells in hot)]]))
    return Curves(counts / cells, probs[: len(counts)], probs[len(counts) :])


class Gain(NamedTuple):
    """By how much a control's areas are worse than a map's, the mean of its maps: positive is better for the map."""

    deletion: float
    insertion: float


def gains(
    trace: Callable[[np.ndarray], Curves], beside: Beside, others: Sequence[int], seed: int = 0, orders: int = 1
) -> Mapping[str, Gain]:
    """The paired differences of a map's areas and each of its controls', on the same face.

    `trace` gives the curves of a map (h, w). Of the maps of other faces those numbered `others` are asked (counted
    round), of centres the average for the emotion (a hill where there is none), of random cells so many `orders`.
    """
    rng, shape = np.random.default_rng(seed), beside.own.shape
    faces, maps = beside.maps.get("other_face", ()), beside.maps
    controls: dict[str, list[np.ndarray]] = {
        "other_face": [faces[n % len(faces)] for n in others] if len(faces) else [],
        **{of: list(maps.get(of, ())[:1]) for of in ("centre", "class_blind")},
        "random": [rng.random(shape) for _ in range(orders)],
    }
    own, found = trace(beside.own), {}
    for of, cams in controls.items():
        each = [trace(cam) for cam in cams]
        if each:
            found[of] = Gain(
                float(np.mean([one.deletion_area for one in each])) - own.deletion_area,
                own.insertion_area - float(np.mean([one.insertion_area for one in each])),
            )
    return found
