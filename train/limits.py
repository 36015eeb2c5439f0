#!/usr/bin/env python
"""How much of the accuracy is left for faces that are turned, small, dark or blurred: the table in the model card.

    python train/limits.py DATA/validation --pictures 1000

DATA is what prepare_fer2013.py writes. Size, light and blur are measured on a random part of the pictures, spoilt on
purpose: reduced and enlarged again as a live crop is, darkened (with noise of one grey level, as a camera's), blurred.
Nobody can turn a flat picture, so turns are measured on all pictures by how far the face mesh finds the heads turned.
Writes the table between its marks in model/README.md; the thresholds in emolive/faces/limits.py are read off it: where
the accuracy is ten points below that of the pictures as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import click
import cv2
import numpy as np

from emolive.core.scene import Face, Frame
from emolive.faces import limits
from emolive.faces.mesh import Mesher
from emolive.networks.checkpoint import Model, default_model, load
from emolive.training.dataset import Faces, read_faces
from emolive.training.evaluate import predict

CARD = Path(__file__).resolve().parent.parent / "model" / "README.md"
BEGIN, END = "<!-- limits: written by train/limits.py -->", "<!-- end of limits -->"

WIDER = 1.15
"""A picture of FER2013 is so many times as wide as the detector's box of its face (median, see the card)."""

SIZES, LIGHTS, BLURS = (32, 28, 24, 20, 16, 12, 8), (0.5, 0.25, 0.12, 0.06), (1.0, 1.5, 2.0, 2.5, 3.0)
TURNS = (0, 10, 20, 30, 35, 40, 90)

Row = tuple[str, float, int]
"""What was done, the accuracy, and the number of pictures."""


def small(crops: np.ndarray, side: int) -> np.ndarray:
    """Reduced to so many pixels a side, and enlarged again as a small face in a frame is."""
    whole = crops.shape[1]
    reduced = [cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA) for crop in crops]
    return np.stack([cv2.resize(crop, (whole, whole), interpolation=cv2.INTER_LINEAR) for crop in reduced])


def dark(crops: np.ndarray, part: float, draw: np.random.Generator) -> np.ndarray:
    """With so much of their light, in whole grey levels, with a noise of one."""
    noise = draw.normal(0, 1, (*crops.shape[:3], 1))
    return np.clip(np.round(crops * part + noise), 0, 255).astype(np.uint8)


def blurred(crops: np.ndarray, sigma: float) -> np.ndarray:
    """Blurred by a Gaussian of so many pixels."""
    return np.stack([cv2.GaussianBlur(crop, (0, 0), sigma) for crop in crops])


def turns(faces: Faces) -> np.ndarray:
    """How far the head of each picture is turned, in degrees (N,); NaN where the mesh sees no face."""
    read, found = Mesher(), []
    for crop in faces.crops:
        canvas = np.full((240, 240, 3), 128, np.uint8)
        canvas[60:180, 60:180] = cv2.resize(crop[..., ::-1], (120, 120), interpolation=cv2.INTER_CUBIC)
        half, x, y = 120 / WIDER / 2, 120, 126  # where the detector's box lies on such pictures
        level = np.array([(x - 20, y - 20), (x + 20, y - 20), *[(x, y)] * 4], float)
        face = Face((x - half, y - half, x + half, y + half), 1.0, level)
        mesh = read(Frame(0, 0.0, canvas), [face])[0]
        found.append(limits.turn(mesh) if mesh.present else np.nan)
    return np.array(found)


def rows(model: Model, faces: Faces, pictures: int) -> list[Row]:
    """The table's rows."""
    some = faces.take(np.sort(np.random.default_rng(0).permutation(len(faces))[:pictures]))
    draw = np.random.default_rng(0)

    def row(name: str, crops: np.ndarray, figure: Callable[[np.ndarray], float] | None = None, unit: str = "") -> Row:
        accuracy = float((predict(model, crops).argmax(1) == some.truth).mean())
        told = f"; {unit} {np.median([figure(crop) for crop in crops]):.3g}" if figure else ""
        click.echo(f"{name}{told}: {accuracy:.2%}")
        return f"{name}{told}", accuracy, len(crops)

    table = [row("as they are", some.crops, limits.sharpness, "sharpness")]
    table += [row(f"a face of {side / WIDER:.0f} pixels", small(some.crops, side)) for side in SIZES]
    table += [
        row(f"{part:.0%} of the light", dark(some.crops, part, draw), limits.light, "mean grey") for part in LIGHTS
    ]
    table += [
        row(f"blurred by {s:g} pixels of 48", blurred(some.crops, s), limits.sharpness, "sharpness") for s in BLURS
    ]
    right, turned = predict(model, faces.crops).argmax(1) == faces.truth, turns(faces)
    for least, most in pairwise(TURNS):
        which = (turned >= least) & (turned < most)
        name = f"turned {least}° or more" if most == TURNS[-1] else f"turned {least} to {most}°"
        table.append((name, float(right[which].mean()), int(which.sum())))
        click.echo(f"{name}: {table[-1][1]:.2%} of {table[-1][2]}")
    return table


def write(table: list[Row], card: Path) -> None:
    """Put the table between its marks in the card."""
    lines = [f"| {name} | {count} | {100 * accuracy:.1f} % |" for name, accuracy, count in table]
    text = card.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    head = "| faces | n | accuracy |\n| --- | --- | --- |\n"
    card.write_text(f"{before}{BEGIN}\n\n{head}{chr(10).join(lines)}\n\n{END}{after}", encoding="utf-8")


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=default_model)
@click.option("--pictures", type=int, default=1000, show_default=True, help="How many are spoilt, drawn at random.")
def main(folder: Path, path: Path, pictures: int) -> None:
    """Measure, and write the table into the card."""
    model = load(path)
    write(rows(model, read_faces(folder, model.spec.crop_size, model.spec.labels), pictures), CARD)


if __name__ == "__main__":
    main()
