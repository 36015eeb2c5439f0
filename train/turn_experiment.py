#!/usr/bin/env python
"""What it gains to cut faces that lean out upright, by the line through the detector's two eyes.

    python train/turn_experiment.py DATA/validation --pictures 700

Each picture is enlarged, turned about its middle and pasted into a larger canvas (its edges go on to the canvas's);
the detector finds it again, and it is cut out twice: straight, and turned as emolive does (`emolive.faces.lean`).
Prints a table: of the faces found, how many are read rightly either way, and the difference with its 95 % interval.
"""

from __future__ import annotations

import math
from pathlib import Path

import click
import cv2
import numpy as np
from paste_experiment import CANVAS, SIDE
from tqdm import tqdm

from emolive.core.scene import Face, Frame
from emolive.faces.crop import crop_face, square
from emolive.faces.detect import Detector
from emolive.faces.lean import lean, turn
from emolive.networks.checkpoint import Model, load
from emolive.networks.described import default_model
from emolive.training.dataset import Faces, read_faces
from emolive.training.evaluate import predict

TURNS = (0, 10, -10, 20, -20, 30, -30, 45, -45)

HEAD = (
    "| detector | turned | found | n | the eyes' line is off by | are turned back | straight | as emolive does "
    "| difference, points |"
)


def turned(crop: np.ndarray, degrees: float) -> np.ndarray:
    """A canvas (480, 640, 3) uint8 BGR with the RGB crop, 240 pixels wide, in its middle, turned clockwise."""
    height, width = CANVAS
    enlarge = np.diag([SIDE / crop.shape[0]] * 2)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    spin = np.array([[cos, -sin], [sin, cos]]) @ enlarge
    middle = (crop.shape[0] - 1) / 2
    shift = np.array([(width - 1) / 2, (height - 1) / 2]) - spin @ [middle, middle]
    to_canvas = np.column_stack([spin, shift])
    flags = cv2.INTER_CUBIC
    return cv2.warpAffine(crop[..., ::-1], to_canvas, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def found(faces: Faces, kind: str, degrees: float) -> list[tuple[int, np.ndarray, Face]]:
    """For each picture whose face is found: its row, the canvas, and the face whose box is nearest to its middle."""
    middle, kept = np.array([CANVAS[1] / 2, CANVAS[0] / 2]), []
    with Detector(kind) as detector:
        for row, crop in enumerate(tqdm(faces.crops, desc=f"{kind} {degrees:+g}°", leave=False)):
            canvas = turned(crop, degrees)
            near = [
                (float(np.hypot(*(np.add(face.box[:2], face.box[2:]) / 2 - middle))), i, face)
                for i, face in enumerate(detector(Frame(row, float(row), canvas)))
            ]
            if near and min(near)[0] < SIDE / 3:
                kept.append((row, canvas, min(near)[2]))
    return kept


def right(model: Model, crops: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Which of the crops are read rightly, (N,) bool."""
    rightly: np.ndarray = predict(model, crops).argmax(1) == truth
    return rightly


def compared(model: Model, faces: Faces, kind: str, degrees: float) -> str:
    """A row of the table."""
    margin, size = model.spec.crop_margin[kind], model.spec.crop_size
    seen = found(faces, kind, degrees)
    truth = faces.truth[[row for row, *_ in seen]]
    leans, turns = (np.array([how(face) for *_, face in seen]) for how in (lean, turn))
    before = right(model, np.stack([crop_face(c, square(f.box, margin), size) for _, c, f in seen]), truth)
    after, moved = before.copy(), np.flatnonzero(turns)
    if len(moved):
        crops = [crop_face(c, square(f.box, margin), size, turn=turn(f)) for _, c, f in (seen[i] for i in moved)]
        after[moved] = right(model, np.stack(crops), truth[moved])
    gain = after.astype(float) - before
    half = 1.96 * gain.std(ddof=1) / math.sqrt(len(gain))
    off, turned_part = np.percentile(np.abs(leans - degrees), 50), float((turns != 0).mean())
    return (f"| {kind} | {degrees:+g}° | {len(seen) / len(faces):.1%} | {len(seen)} | {off:.1f}° | {turned_part:.0%} "
            f"| {before.mean():.1%} | {after.mean():.1%} | {100 * gain.mean():+.1f} ± {100 * half:.1f} |")  # fmt: skip


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=default_model)
@click.option("--pictures", type=int, default=700, show_default=True, help="How many, drawn at random.")
@click.option("--detectors", default="full,short", show_default=True)
def main(folder: Path, path: Path, pictures: int, detectors: str) -> None:
    """Print the table."""
    model = load(path)
    faces = read_faces(folder, model.spec.crop_size, model.spec.labels)
    faces = faces.take(np.sort(np.random.default_rng(0).permutation(len(faces))[:pictures]))
    click.echo(HEAD)
    click.echo("| --- " * (HEAD.count("|") - 1) + "|")
    for kind in detectors.split(","):
        for degrees in TURNS:
            click.echo(compared(model, faces, kind, degrees))


if __name__ == "__main__":
    main()
