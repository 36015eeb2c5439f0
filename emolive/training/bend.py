"""Expressions made weaker and stronger in training pictures, by bending them along the mesh of the face.

A data set of broad smiles teaches that a faint one is none. Here a picture is moved along the direction in which its
class differs from the neutral one on average, in proportion to how far the face itself goes that way. And a neutral
face is given the smile of closed lips, the one expression that bending alone can put on a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from emolive.core.errors import EmoliveError, SourceError
from emolive.core.files import fingerprint, write_whole
from emolive.core.scene import Face
from emolive.faces.mean_mesh import fit, mean_mesh, turned
from emolive.faces.mesh import POINTS, Mesher
from emolive.training.names import fitting

MESHES = "meshes.safetensors"
"""Lies beside the folders of the pictures whose meshes are in it; `train/mesh_faces.py` writes it."""

GRID = 24
"""Points a side at which a picture's moves are kept."""
REACH = 0.04
"""How far a point of the mesh moves what is around it, in sides of the picture (the deviation of a bell curve)."""
STILL = 0.05
"""What holds the picture in place where no point of the mesh is near, beside the weight 1 of one that is."""
SURE = 0.5
"""The mesh's presence from which on a picture is bent."""
FRONTAL = 25.0
"""Degrees of yaw and pitch up to which a face tells what its class looks like."""
FACE = 1 / 1.15
"""The part of a picture's side that the detector's box would take: see `train/paste_experiment.py`."""
FARTHEST = 2.0
"""A face's expression counts as at most so many times its class's average."""
FEWEST = 10
"""Frontal faces that a class needs for a direction."""
TINY = 1e-9
"""A direction whose squared length is less is none: the classes' shapes are the same but for rounding."""
CORNERS, LIPS, CLOSED = (61, 291), (13, 14), 0.08
"""Points of the mesh: corners of the mouth, inner rims of the lips; closed is a gap below so much of the width."""

OWN, KEPT, LENT = (0.4, 1.4), (-0.5, 0.2), (0.7, 1.7)
"""How much of its expression a face is left with; how much of a smile leaves a neutral face neutral; and makes it one.
A little before 0.2 and 0.7 people themselves do not agree, so nothing is taught there."""
LEND = 0.3
"""How many of the neutral faces that are bent are given a smile."""


@dataclass(frozen=True, eq=False)
class Meshes:
    """What the mesh reads in pictures: presence (N,), points (N, 468, 3) in sides of the picture."""

    presence: np.ndarray
    points: np.ndarray


def read_meshes(crops: np.ndarray) -> Meshes:
    """Read the mesh in face crops (N, S, S, 3) uint8."""
    size, mesher = crops.shape[1], Mesher()
    low, high = size * (1 - FACE) / 2, size * (1 + FACE) / 2
    face = Face((low, low, high, high), 1.0, np.tile((size / 2, size / 2), (6, 1)))  # the eyes are taken as level
    presence, points = np.zeros(len(crops)), np.zeros((len(crops), POINTS, 3))
    for i, crop in enumerate(tqdm(crops, desc="reading meshes", unit="picture")):
        there, where = mesher.read(np.ascontiguousarray(crop[..., ::-1]), [face])
        presence[i], points[i] = there[0], where[0] / size
    return Meshes(presence, points)


def keep_meshes(path: Path, meshes: Meshes, files: Sequence[str]) -> None:
    """Write meshes with the names of their pictures; points to 1/2048 of a picture's side."""
    arrays: dict[str, np.ndarray] = {}
    arrays["presence"], arrays["points"] = meshes.presence.astype(np.float32), meshes.points.astype(np.float16)
    write_whole(path, save(arrays, {"files": "\n".join(files)}))


def kept_meshes(path: Path, files: Sequence[str]) -> Meshes:
    """Read the meshes of the pictures `files` from what `keep_meshes` wrote. Raises `EmoliveError` where one lacks."""
    told = "python train/mesh_faces.py DATA writes it."
    try:
        fingerprint(path)  # its drive answers: safetensors would wait for ever
        with safe_open(path, "numpy") as stored:
            names = (stored.metadata() or {})["files"].split("\n")
            rows = {name: i for i, name in enumerate(names)}
            order = [rows[name] for name in files]
            presence, points = stored.get_tensor("presence"), stored.get_tensor("points")
    except (OSError, SafetensorError, KeyError, SourceError) as error:
        raise EmoliveError(f"{path} does not hold the meshes of these pictures ({error}). {told}") from error
    if presence.shape != (len(names),) or points.shape != (len(names), POINTS, 3):
        raise EmoliveError(f"{path} holds no meshes of {len(names)} pictures. {told}")
    return Meshes(presence[order].astype(np.float64), points[order].astype(np.float64))


@dataclass(frozen=True, eq=False)
class Bends:
    """What moves in each picture as its expression grows from none to what it is.

    moves (N, 2, GRID, GRID) float16: x and y in sides of the picture, 0 where nothing is known of it. given (N,):
    the class that a whole move makes of a neutral face, -1 for faces with an expression of their own.
    """

    moves: Tensor
    given: Tensor

    def by_chance(self, row: int, picture: Tensor, targets: Tensor, truth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Bend a picture (C, S, S) uint8 by chance, torch's; its targets (K or 2K,) and truth are another's if it now
        shows another class."""
        given, draw = int(self.given[row]), float(torch.rand(()))
        if given < 0:
            return bent(picture, self.moves[row], _within(OWN, draw) - 1), targets, truth
        if float(torch.rand(())) >= LEND:
            return bent(picture, self.moves[row], _within(KEPT, draw)), targets, truth
        classes = len(targets) // self.sets(targets)
        smile = F.one_hot(torch.tensor(given), classes).to(targets.dtype).repeat(self.sets(targets))
        return bent(picture, self.moves[row], _within(LENT, draw)), smile, torch.tensor(given)

    @staticmethod
    def sets(targets: Tensor) -> int:
        """How many distributions are in targets (K or 2K,): each sums to 1."""
        return round(float(targets.sum()))


def _within(span: tuple[float, float], draw: float) -> float:
    return span[0] + (span[1] - span[0]) * draw


def bends(meshes: Meshes, truth: np.ndarray, labels: Sequence[str]) -> Bends:
    """Work out the bends of pictures from their meshes and classes, truth (N,) into `labels`.

    Shapes are compared as if all heads looked straight ahead, so that a direction, which is one of the head's own
    space, holds for turned heads. What does not move: pictures without a sure mesh, those of a class that too few
    frontal faces tell of, and all where there is no neutral class.
    """
    presence, points = meshes.presence, meshes.points
    moves, given = np.zeros((len(truth), 2, GRID, GRID), np.float16), np.full(len(truth), -1)
    rotation, scale, shift = fit(points, mean_mesh().points)
    straight = (points - shift[:, None]) @ rotation / scale[:, None, None]
    sure = presence >= SURE
    frontal = sure & (np.abs(turned(points)[:, :2]) <= FRONTAL).all(1)
    closed = frontal & (_across(straight, LIPS) < CLOSED * _across(straight, CORNERS))
    neutral, smile = (next((k for k, name in enumerate(labels) if fitting(want, [name])), -1)
                      for want in ("neutral", "happy"))  # fmt: skip
    for k in range(len(labels)):
        mine, those = (smile, closed) if k == neutral else (k, frontal)
        shown, plain = straight[those & (truth == mine)], straight[those & (truth == neutral)]
        if min(len(shown), len(plain)) < FEWEST:
            continue
        way, rows = shown.mean(0) - plain.mean(0), np.flatnonzero(sure & (truth == k))
        length = np.square(way).sum()
        if length < TINY:
            continue
        far = ((straight[rows] - plain.mean(0)) * way).sum((1, 2)) / length
        much = np.ones(len(rows)) if k == neutral else np.clip(far, 0, FARTHEST)
        given[rows] = smile if k == neutral else -1
        for i, times in zip(rows, much, strict=True):
            moves[i] = spread(points[i, :, :2], (times * scale[i] * way @ rotation[i].T)[:, :2])
    return Bends(torch.from_numpy(moves), torch.from_numpy(given))


def _across(shapes: np.ndarray, ends: tuple[int, int]) -> np.ndarray:
    distance: np.ndarray = np.linalg.norm(shapes[:, ends[0]] - shapes[:, ends[1]], axis=-1)
    return distance


def spread(points: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Carry steps (P, 2) of points (P, 2) to a grid over the unit square, (2, GRID, GRID): near points count most."""
    at = (np.arange(GRID) + 0.5) / GRID
    near = np.exp(-np.square((at[:, None, None] - points) / REACH) / 2)  # (GRID, P, 2): a bell curve is separable
    weights = (near[:, None, :, 1] * near[None, :, :, 0]).reshape(-1, len(points))
    moved: np.ndarray = (weights @ steps) / (weights.sum(1, keepdims=True) + STILL)
    return moved.T.reshape(2, GRID, GRID)


def bent(picture: Tensor, moves: Tensor, much: float) -> Tensor:
    """Bend a picture (C, S, S) uint8 by so many times its moves (2, GRID, GRID): -0.5 halves an expression, 0.5 adds
    half of it. Sampled bilinearly; what comes from outside is mirrored."""
    size = picture.shape[-1]
    fine = F.interpolate(moves[None].float(), (size, size), mode="bilinear", align_corners=False)[0]
    at = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(at, at, indexing="ij")
    places = 2 * torch.stack([x - much * fine[0], y - much * fine[1]], -1) - 1
    sampled = F.grid_sample(picture[None].float(), places[None], padding_mode="reflection", align_corners=False)
    return sampled[0].round().to(picture.dtype)
