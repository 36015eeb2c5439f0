"""What an audit measures of one face: each method's map at each layer beside its controls, as plain values for JSON."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from emolive.attribution.methods import METHODS
from emolive.audit.controls import Beside
from emolive.audit.curves import FEW, gains
from emolive.audit.masks import grid
from emolive.audit.pointing import needed, parts, points_at, without
from emolive.audit.stability import moved, stability
from emolive.core.scene import Face, Frame, Proof
from emolive.faces.mesh import Mesher
from emolive.networks.checkpoint import Model
from emolive.reports.examine import Probe
from emolive.reports.figures import INPUT, Json
from emolive.reports.maps import maps, ways

EVERY = 8
"""Curves are asked of every so many faces."""

Meshed = Callable[[np.ndarray], np.ndarray | None]
"""Gives the mesh's points of a crop (S, S, 3) uint8 RGB in its pixels, None where it sees no face."""


def measured(
    model: Model, crop: np.ndarray, number: int, methods: Sequence[str], layers: Sequence[str], mesh: Meshed
) -> Json:
    """All figures of a crop (S, S, 3) uint8 RGB, which is face `number` of an audit, for the network's own answer."""
    alone = maps(model, model.prepare(crop[None]), methods, layers)
    result = alone.results[0]
    label, before = model.spec.labels[result.target], float(result.probs[result.target])
    found: Json = {"target": label, "p": _number(before)}
    if not math.isfinite(before):
        return {**found, "ways": {}}
    aim = torch.full((4,), result.target, device=model.device)
    quick = [method for method in methods if not METHODS[method].slow]
    after_moves = maps(model, model.prepare(moved(crop)), quick, layers, aim)
    probe = Probe(model, crop, result.target, before)
    points = mesh(crop)
    areas = None if points is None else parts(points, crop.shape[0])
    if areas is not None:
        found["needed"], found["parts"] = needed(before, probe.after(without(crop, areas)), areas)
    each: dict[str, Json] = {}
    for way in ways(methods, layers):
        cam = alone.cams[way][0]
        if cam is None:
            each["/".join(way)] = {"why": alone.why[way]}
            continue
        activation = alone.caught[layers[-1] if way[1] == INPUT else way[1]][0].mean(0).cpu().numpy()
        beside = probe.controls.of(*way, probe.target, cam, activation)
        row: Json = {"after": _asked(probe.proof(cam, way, activation))}
        trembling = [one for one in after_moves.cams.get(way, []) if one is not None]
        row["stability"] = _number(stability(cam, trembling)) if trembling else None
        row["ms"] = round(alone.ms[way], 2)
        if areas is not None:
            row["points_at"] = points_at(grid(cam), areas)
            row["others_point_at"] = [points_at(one, areas) for one in beside.maps.get("other_face", ())]
        if number % EVERY == 0:
            row["areas"] = _areas(probe, beside, number)
        each["/".join(way)] = row
    return {**found, "ways": each}


def _asked(proof: Proof) -> Json:
    """What the network said to each masked face: by masking, for the map itself and each map of each control."""
    found: dict[str, dict[str, list[float]]] = {}
    for ask, after in zip(proof.asks, proof.after, strict=True):
        found.setdefault(ask.masking, {}).setdefault(ask.of, []).append(round(after, 5))
    return {how: dict(each) for how, each in found.items()}


def _areas(probe: Probe, beside: Beside, number: int) -> Json:
    """Deletion and insertion areas of a map, and by how much each control's are worse."""
    own = probe.curves(beside.own, FEW)
    better = gains(lambda cam: probe.curves(cam, FEW), beside, [number], number)
    return {
        "deletion": _number(own.deletion_area),
        "insertion": _number(own.insertion_area),
        "better": {of: [round(gain, 5) for gain in each] for of, each in better.items()},
    }


def mesh_of_crops(model: Model, detector: str = "full") -> Meshed:
    """What finds the mesh's points in crops that are squares around faces, as the network sees them."""
    mesher = Mesher()
    margin = model.spec.crop_margin.get(detector, 1.1)

    def mesh(crop: np.ndarray) -> np.ndarray | None:
        size = crop.shape[0]
        edge = size * (1 - 1 / margin) / 2
        box = (edge, edge, size - edge, size - edge)
        eyes = np.array([(0.35 * size, 0.4 * size), (0.65 * size, 0.4 * size), *[(0.5 * size, 0.6 * size)] * 4])
        (found,) = mesher(Frame(0, 0.0, np.ascontiguousarray(crop[..., ::-1])), [Face(box, 1.0, eyes)])
        return found.points if found.present else None

    return mesh


def _number(value: float) -> float | None:
    return round(float(value), 5) if math.isfinite(value) else None
