"""Asking a network what it makes of a face of which parts are blurred."""

import numpy as np
import torch

from emolive.audit.curves import Curves, curves
from emolive.audit.masks import blurred, masked_faces, masks
from emolive.networks.checkpoint import Model
from emolive.reports.figures import Drops

DRAWS = 8
"""Random areas whose mean drop stands for chance."""

ORDERS = 3
"""Random orders whose mean curves stand for chance."""


class Probe:
    """Probes one crop (S, S, 3) uint8 RGB for one class index, whose probability is `before` while nothing is blurred.

    Nothing is asked twice: methods that agree share their curves, maps of one grid share what chance does.
    """

    def __init__(self, model: Model, crop: np.ndarray, target: int, before: float) -> None:
        self.model, self.crop, self.target, self.before = model, crop, target, before
        self._curves: dict[tuple[tuple[int, ...], bytes], Curves] = {}
        self._random: dict[tuple[int, ...], float] = {}
        self._chance: dict[tuple[int, ...], Curves] = {}

    def curves(self, cam: np.ndarray) -> Curves:
        """Deletion and insertion curves of a map (h, w)."""
        key = cam.shape, np.argsort(-cam, axis=None, kind="stable").tobytes()
        if key not in self._curves:
            self._curves[key] = curves(self.model, self.crop, cam, self.target)
        return self._curves[key]

    def drops(self, cam: np.ndarray) -> Drops:
        """What blurring the hottest, random and the coldest fifth of a map (h, w) does."""
        hot, _, cold = self._after(masked_faces(self.crop, cam))
        if cam.shape not in self._random:
            draws = [blurred(self.crop, masks(np.zeros(cam.shape), seed)[1]) for seed in range(DRAWS)]
            self._random[cam.shape] = float(np.mean(self._after(np.stack(draws))))
        return Drops(self.before - float(hot), self.before - self._random[cam.shape], self.before - float(cold))

    def chance(self, shape: tuple[int, ...]) -> Curves:
        """The mean curves of random orders of the cells of a grid (h, w)."""
        if shape not in self._chance:
            found = [self.curves(np.random.default_rng(seed).random(shape)) for seed in range(ORDERS)]
            deletion = np.mean([curve.deletion for curve in found], axis=0)
            insertion = np.mean([curve.insertion for curve in found], axis=0)
            self._chance[shape] = Curves(found[0].part, deletion, insertion)
        return self._chance[shape]

    def _after(self, pictures: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            logits = self.model.net(self.model.prepare(pictures))
        return self.model.probabilities(logits)[:, self.target].cpu().numpy()
