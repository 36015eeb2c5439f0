#!/usr/bin/env python
"""Why a network reads the smiles of some people and not of others: how far they smile, by the mesh, and what is said.

    python train/smiles.py LONDON DATA/validation

LONDON has the folders happy and neutral and people.csv with picture, person and sex; DATA/validation has one folder for
each emotion. The measure of a smile is how far the points of the mesh go along the direction in which happy faces of
the validation pictures differ from neutral ones on average; 1 is their average. Prints tables for train/README.md.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import click
import cv2
import numpy as np
import torch

from emolive.core.scene import Frame
from emolive.faces.crop import crop_face, square
from emolive.faces.detect import Detector
from emolive.faces.mean_mesh import fit, mean_mesh, turned
from emolive.networks.checkpoint import Model, load
from emolive.networks.described import default_model
from emolive.training.bend import CLOSED, CORNERS, FRONTAL, LIPS, SURE, Meshes, bent, read_meshes, spread
from emolive.training.dataset import read_faces
from emolive.training.evaluate import predict

FINE = 192  # pixels a side for the mesh; the network has what it was trained with


def straight(points: np.ndarray) -> np.ndarray:
    """Meshes (N, 468, 3) as if all heads looked straight ahead."""
    rotation, scale, shift = fit(points, mean_mesh().points)
    turned_back: np.ndarray = (points - shift[:, None]) @ rotation / scale[:, None, None]
    return turned_back


def across(shapes: np.ndarray, ends: tuple[int, int]) -> np.ndarray:
    """How far two points of meshes (N, 468, 3) are from each other, (N,)."""
    distance: np.ndarray = np.linalg.norm(shapes[:, ends[0]] - shapes[:, ends[1]], axis=-1)
    return distance


def faces_of(london: Path, rows: list[dict[str, str]], model: Model) -> tuple[np.ndarray, np.ndarray]:
    """The crops (N, S, S, 3) of the network and finer ones for the mesh, both uint8 RGB."""
    crops, fine = [], []
    with Detector("full") as detector:
        for row in rows:
            bgr = cv2.imread(str(london / row["picture"]))
            box = detector(Frame(0, 0.0, bgr))[0].box
            crops.append(crop_face(bgr, square(box, model.spec.crop_margin["full"]), model.spec.crop_size))
            fine.append(crop_face(bgr, square(box, model.spec.crop_margin["full"]), FINE))
    return np.stack(crops), np.stack(fine)


def smiling(crops: np.ndarray, meshes: Meshes, way: np.ndarray, much: float) -> np.ndarray:
    """The crops with so much of a smile put on."""
    rotation, scale, _ = fit(meshes.points, mean_mesh().points)
    made = []
    for crop, points, turn, size in zip(crops, meshes.points, rotation, scale, strict=True):
        moves = torch.from_numpy(spread(points[:, :2], (size * way @ turn.T)[:, :2]))
        made.append(bent(torch.from_numpy(crop.transpose(2, 0, 1).copy()), moves, much).numpy().transpose(1, 2, 0))
    return np.stack(made)


def line(*cells: object) -> str:
    """A line of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def share(hits: Iterable[bool]) -> str:
    """How many of how many."""
    hits = list(hits)
    return f"{sum(hits)} of {len(hits)}"


@click.command(help=__doc__)
@click.argument("london", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("validation", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", type=click.Path(exists=True, path_type=Path), default=default_model())
def main(london: Path, validation: Path, model: Path) -> None:
    """Print the tables."""
    network = load(model)
    labels = network.spec.labels
    happy, neutral = labels.index("happy"), labels.index("neutral")
    known = read_faces(validation, network.spec.crop_size, labels)
    meshes = read_meshes(known.crops)
    shapes = straight(meshes.points)
    frontal = (meshes.presence >= SURE) & (np.abs(turned(meshes.points)[:, :2]) <= FRONTAL).all(1)
    plain = shapes[frontal & (known.truth == neutral)].mean(0)
    way = shapes[frontal & (known.truth == happy)].mean(0) - plain

    with open(london / "people.csv", newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    crops, fine = faces_of(london, rows, network)
    theirs = read_meshes(fine)
    own = straight(theirs.points)
    much = ((own - plain) * way).sum((1, 2)) / np.square(way).sum()
    shut = across(own, LIPS) < CLOSED * across(own, CORNERS)
    said = predict(network, crops).argmax(1)
    asked = np.array([row["picture"].split("/")[0] for row in rows])
    sex = np.array([row["sex"] for row in rows])

    print(
        line("people", "smile of the neutral picture", "of the smiling one", "lips closed: called happy", "lips open")
    )
    print(line(*["---"] * 5))
    for who in sorted(set(sex)):
        smile = (asked == "happy") & (sex == who)
        both = ((asked == "neutral") & (sex == who), smile)
        spans = [f"{much[one].mean():.2f} ± {much[one].std():.2f}" for one in both]
        print(line(who, *spans, *(share(said[smile & one] == happy) for one in (shut, ~shut))))

    print("\n" + line("smile put on neutral faces", "called happy", "called neutral"))
    print(line(*["---"] * 3))
    still = np.flatnonzero(asked == "neutral")
    for times in (0.0, 0.5, 1.0, 1.5):
        put = smiling(crops[still], Meshes(theirs.presence[still], theirs.points[still]), way, times)
        answers = predict(network, put).argmax(1)
        print(line(times, share(answers == happy), share(answers == neutral)))


if __name__ == "__main__":
    main()
