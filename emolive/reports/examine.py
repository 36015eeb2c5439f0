"""From the faces of a picture to figures: every method at every layer, and every proof."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from emolive.attribution.emotions import emotion_maps
from emolive.attribution.methods import METHODS
from emolive.attribution.passes import OnProgress
from emolive.audit.agreement import agreement, likeness, regions
from emolive.audit.controls import FACES, controls_of
from emolive.audit.curves import FEW, STEPS, Curves, Gain, gains, traced
from emolive.audit.masks import blurred, masked_faces, masks
from emolive.audit.probe import logits_of
from emolive.audit.randomise import cascade
from emolive.audit.sanity import NOT_ASKED, SEEDS, Sanity, asked, can_react, sane
from emolive.audit.tally import of_picture
from emolive.audit.verdict import verdict
from emolive.core.scene import Box, Face, Proof, Variant
from emolive.faces.crop import crop_face
from emolive.networks.checkpoint import Model, as_seen
from emolive.reports.figures import Cell, Drops, FaceReport, Figures
from emolive.reports.maps import Maps, Way, maps, ways, within

DRAWS = 8
"""Random areas whose mean drop stands for chance."""

ORDERS = 3
"""Random orders whose mean curves stand for chance."""

OTHERS = range(0, FACES, 4)
"""Which maps of other faces have their areas compared with a map's: two of eight."""

VIEW = 320
"""Pixels a side of the face in the pictures of a report."""


@dataclass(frozen=True, eq=False)
class Sight:
    """A face to be examined: its number, where it is, and the square of the picture that the network is shown, turned
    by `turn` degrees. `has_points` says whether its eyes, nose and mouth are known."""

    number: int
    face: Face
    square: Box
    has_points: bool = True
    turn: float = 0.0


class Probe:
    """Probes one crop (S, S, 3) uint8 RGB for one class index, whose probability is `before` while nothing is blurred.

    Nothing is asked twice: methods that agree share their curves, maps of one grid share what chance does.
    """

    def __init__(self, model: Model, crop: np.ndarray, target: int, before: float) -> None:
        self.model, self.crop, self.target, self.before = model, crop, target, before
        self._curves: dict[tuple[tuple[int, ...], int, bytes], Curves] = {}
        self._random: dict[tuple[int, ...], float] = {}
        self._chance: dict[tuple[int, ...], Curves] = {}
        self._known: dict[bytes, float] = {}
        self.controls = controls_of(model)

    def curves(self, cam: np.ndarray, steps: int = STEPS) -> Curves:
        """Deletion and insertion curves of a map (h, w)."""
        key = cam.shape, steps, np.argsort(-cam, axis=None, kind="stable").tobytes()
        if key not in self._curves:
            self._curves[key] = traced(self.after, self.crop, cam, steps)
        return self._curves[key]

    def drops(self, cam: np.ndarray) -> Drops:
        """What blurring the hottest, random and the coldest fifth of a map (h, w) does."""
        hot, _, cold = self.after(masked_faces(self.crop, cam))
        if cam.shape not in self._random:
            draws = [blurred(self.crop, masks(np.zeros(cam.shape), seed)[1]) for seed in range(DRAWS)]
            self._random[cam.shape] = float(np.mean(self.after(np.stack(draws))))
        return Drops(self.before - float(hot), self.before - self._random[cam.shape], self.before - float(cold))

    def chance(self, shape: tuple[int, ...]) -> Curves:
        """The mean curves of random orders of the cells of a grid (h, w)."""
        if shape not in self._chance:
            found = [self.curves(np.random.default_rng(seed).random(shape)) for seed in range(ORDERS)]
            deletion = np.mean([curve.deletion for curve in found], axis=0)
            insertion = np.mean([curve.insertion for curve in found], axis=0)
            self._chance[shape] = Curves(found[0].part, deletion, insertion)
        return self._chance[shape]

    def proof(self, cam: np.ndarray, way: Way, activation: np.ndarray, seed: int = 0) -> Proof:
        """The whole proof of a map (h, w) beside its controls; `activation` (h, w) knows no emotion. `seed` is where
        random cells and noise come from."""
        beside = self.controls.of(*way, self.target, cam, activation)
        asks = beside.asks()
        masked = beside.faces(self.crop, asks, seed)
        after = tuple(self.after(masked).tolist())
        return Proof(0, 0, self.target, self.before, asks, after, masked, whole=True)

    def gains(self, cam: np.ndarray, way: Way, activation: np.ndarray) -> Mapping[str, Gain]:
        """By how much the areas of a map's controls are worse than its own, by control."""
        beside = self.controls.of(*way, self.target, cam, activation)
        return gains(lambda one: self.curves(one, FEW), beside, OTHERS, orders=ORDERS)

    def after(self, pictures: np.ndarray) -> np.ndarray:
        """The target's probability (P,) in each picture; what was asked before is not asked again."""
        keys = [hashlib.blake2b(picture.tobytes(), digest_size=16).digest() for picture in pictures]
        new = [i for i, key in enumerate(keys) if key not in self._known]
        if new:
            found = self.model.probabilities(logits_of(self.model, pictures[new]))[:, self.target].tolist()
            self._known.update(zip((keys[i] for i in new), found, strict=True))
        return np.array([self._known[key] for key in keys])


def examine(
    model: Model,
    bgr: np.ndarray,
    sights: Sequence[Sight],
    methods: Sequence[str],
    layers: Sequence[str],
    target: str | None = None,
    progress: OnProgress = lambda _: None,
    scale: str = "fixed",
) -> list[FaceReport]:
    """Measure everything for the faces of a picture (H, W, 3) uint8 BGR. `target` is a label, or None for each face's
    likeliest one; `scale` is only passed on to whoever draws the maps. The same input gives the same figures: all
    chance comes from fixed seeds."""
    size = model.spec.crop_size
    crops = np.stack([as_seen(crop_face(bgr, s.square, size, turn=s.turn), model.spec) for s in sights])
    x = model.prepare(crops)
    aim = torch.full((len(x),), model.spec.labels.index(target), device=x.device) if target else None
    parts, alone = model.architecture.random, all(METHODS[m].slow for m in methods)
    turn = 0.5 / (SEEDS * len(parts) + 1)  # half of the time for the maps, half for the proofs
    true = maps(model, x, methods, layers, aim, within(progress, 0, turn))
    randoms: dict[str, list[Maps]] = {}
    if true.results[0].cam is not None:  # a broken network has nothing to compare
        for seed in range(SEEDS):
            for k, (step, net) in enumerate(cascade(model, seed), start=1 + seed * len(parts)):
                tell = within(progress, k * turn, turn)
                here = [
                    m for m in methods if asked(slow := METHODS[m].slow, step, parts, alone) and not (slow and seed)
                ]
                randoms.setdefault(step, []).append(maps(net, x, here, layers, true.aim, tell))
    share, faces = 0.5 / len(sights), []
    for n, sight in enumerate(sights):
        result = true.results[n]
        probe = Probe(model, crops[n], result.target, float(result.probs[result.target]))
        cells = []
        for way in ways(methods, layers):
            cells.append(_cell(probe, sight, n, way, true, randoms, layers))
            progress(0.5 + share * (n + len(cells) / len(true.cams)))
        shapes = {cell.layer: cell.cam.shape for cell in cells if cell.cam is not None}
        chance = {layer: probe.chance(shape) for layer, shape in shapes.items()}
        broken = result.cam is None
        emotions = None if broken else emotion_maps(model, Variant(layer=layers[-1]), true.caught, x, n)
        faces.append(
            FaceReport(
                number=sight.number,
                box=sight.face.box,
                score=sight.face.score,
                labels=model.spec.labels,
                probs=result.probs,
                target=result.target,
                view=crop_face(bgr, sight.square, VIEW, turn=sight.turn),
                turn=sight.turn,
                seen=crops[n],
                cells=tuple(cells),
                chance=chance,
                emotions=emotions,
                emotions_layer=layers[-1],
                emotions_measure=true.measures["gradcam", layers[-1]],
                scale=scale,
            )
        )
    return faces


def _cell(
    probe: Probe,
    sight: Sight,
    n: int,
    way: Way,
    true: Maps,
    randoms: Mapping[str, Sequence[Maps]],
    layers: Sequence[str],
) -> Cell:
    """One method at one layer for face `n`. Guided backpropagation is compared with Grad-CAM at the last layer."""
    method, layer = way
    cam = true.cams[way][n]
    gradcam = true.cams["gradcam", layer if layer in layers else layers[-1]][n]
    if cam is None or gradcam is None:
        return Cell(method, layer, why=true.why[way])
    curves = probe.curves(cam)
    activation = true.caught[layer if layer in layers else layers[-1]][n].mean(0).cpu().numpy()
    evidence, face = of_picture(probe.proof(cam, way, activation)), sight.face
    blind = not METHODS[method].knows_class
    figures = Figures(
        deletion_area=curves.deletion_area,
        insertion_area=curves.insertion_area,
        drops=probe.drops(cam),
        differences=evidence.differences,
        verdict=verdict(evidence, probe.model.spec.labels[probe.target], blind),
        regions=regions(cam, sight.square, face.box, face.points, sight.turn) if sight.has_points else None,
        gradcam=agreement(cam, gradcam),
        sanity={step: _sanity(cam, n, way, step, others, tuple(randoms)) for step, others in randoms.items()},
        gains=probe.gains(cam, way, activation),
    )
    return Cell(method, layer, cam=cam, curves=curves, figures=figures, measure=true.measures[way])


def _sanity(cam: np.ndarray, n: int, way: Way, step: str, others: Sequence[Maps], steps: Sequence[str]) -> Sanity:
    """Whether the map of face `n` noticed that the network is random down to a step."""
    drawn = [other.cams[way][n] for other in others if way in other.cams]
    if not drawn:
        return NOT_ASKED
    found = likeness(cam, [one for one in drawn if one is not None])
    return sane(found, can_react(METHODS[way[0]].knows_class, way[1], step, steps))
