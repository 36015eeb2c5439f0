"""Deletion and insertion: how fast the probability falls as the hottest cells are blurred, and rises as they return."""

from dataclasses import dataclass

import numpy as np
import torch

from emolive.audit.masks import blurred
from emolive.networks.checkpoint import Model

STEPS = 25
"""Points of a curve at most; a grid with fewer cells has one per cell."""


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
    cells = cam.size
    counts = np.unique(np.round(np.linspace(0, cells, min(steps, cells) + 1)).astype(int))
    rank = np.empty(cells, int)
    rank[np.argsort(-cam.ravel(), kind="stable")] = np.arange(cells)
    hot = [(rank < count).reshape(cam.shape) for count in counts]
    pictures = [blurred(crop, cells) for cells in hot] + [blurred(crop, ~cells) for cells in hot]
    with torch.no_grad():
        probs = model.probabilities(model.logits(model.prepare(np.stack(pictures))))[:, target].cpu().numpy()
    return Curves(counts / cells, probs[: len(counts)], probs[len(counts) :])
