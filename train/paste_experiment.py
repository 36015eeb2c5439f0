#!/usr/bin/env python
"""How a face detector's boxes sit on the faces of a labelled folder, and what going through it costs.

    python train/paste_experiment.py DATA/validation --pictures 600 --margins 1.0,1.1,1.2

Each picture is enlarged and pasted into a larger canvas; the detector finds it again. The margin at which the
square around the box is as wide as the picture is where a live face looks like a training face. Accuracy on the crops
cut that way is compared with accuracy on the same pictures themselves.
"""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np
from tqdm import tqdm

from emolive.core.scene import Box, Frame
from emolive.faces.crop import crop_face, square
from emolive.faces.detect import MODELS, Detector
from emolive.networks.checkpoint import Model, load
from emolive.networks.described import default_model
from emolive.training.dataset import Faces, read_faces
from emolive.training.evaluate import predict

CANVAS = (480, 640)
SIDE = 240


def paste(crop: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, Box]:
    """A grey canvas (480, 640, 3) uint8 with the crop, enlarged to 240 pixels, somewhere on it; and where it lies."""
    canvas = np.full((*CANVAS, 3), 128, np.uint8)
    y, x = (int(draw.integers(20, length - SIDE - 20)) for length in CANVAS)
    canvas[y : y + SIDE, x : x + SIDE] = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return canvas, (x, y, x + SIDE, y + SIDE)


def find(faces: Faces, kind: str, seed: int) -> list[tuple[int, np.ndarray, Box, Box]]:
    """For each picture whose face is found: its row, the canvas, where it was pasted, the box that overlaps it most."""
    draw = np.random.default_rng(seed)
    found = []
    with Detector(kind) as detector:
        for row, crop in enumerate(tqdm(faces.crops, desc=kind, leave=False)):
            canvas, place = paste(crop, draw)
            boxes = [face.box for face in detector(Frame(row, float(row), canvas))]
            boxes = [b for b in boxes if all(place[i] < (b[i] + b[i + 2]) / 2 < place[i + 2] for i in (0, 1))]
            if boxes:
                found.append((row, canvas, place, max(boxes, key=lambda b: b[2] - b[0])))
    return found


def geometry(found: list[tuple[int, np.ndarray, Box, Box]]) -> dict[str, float]:
    """Median of picture width / box width, its quartiles, and of the box centre's offset, in picture widths."""
    boxes = np.array([box for *_, box in found])
    places = np.array([place for *_, place, _ in found], float)
    ratio = SIDE / (boxes[:, 2] - boxes[:, 0])
    offset = ((boxes[:, :2] + boxes[:, 2:]) / 2 - (places[:, :2] + places[:, 2:]) / 2) / SIDE
    low, middle, high = np.percentile(ratio, [25, 50, 75])
    return {"margin": middle, "margin_q1": low, "margin_q3": high,
            "dx": float(np.median(offset[:, 0])), "dy": float(np.median(offset[:, 1]))}  # fmt: skip


def pasted(model: Model, faces: Faces, margins: dict[str, list[float]], seed: int = 0) -> dict[str, dict[str, float]]:
    """For each detector: part found, geometry, accuracy on the pictures found and on their crops of each margin."""
    own = predict(model, faces.crops).argmax(1) == faces.truth
    figures = {}
    for kind in MODELS:
        found = find(faces, kind, seed)
        rows = np.array([row for row, *_ in found])
        figure = {"n": len(faces), "found": len(found) / len(faces), **geometry(found)}
        figure["accuracy_crops"] = float(own[rows].mean())
        for margin in margins[kind]:
            crops = [crop_face(canvas, square(box, margin), model.spec.crop_size) for _, canvas, _, box in found]
            right = predict(model, np.stack(crops)).argmax(1) == faces.truth[rows]
            figure[f"accuracy_at_{margin:g}"] = float(right.mean())
        figures[kind] = figure
    return figures


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=default_model)
@click.option("--pictures", type=int, default=0, help="How many, drawn at random; 0 is all.")
@click.option("--margins", default="", help="Try these margins, like 1.0,1.1,1.2, instead of the checkpoint's.")
@click.option("--seed", type=int, default=0)
def main(folder: Path, path: Path, pictures: int, margins: str, seed: int) -> None:
    """Print one line per detector."""
    model = load(path)
    faces = read_faces(folder, model.spec.crop_size, model.spec.labels)
    if pictures:
        faces = faces.take(np.sort(np.random.default_rng(seed).permutation(len(faces))[:pictures]))
    tried = {k: [float(m) for m in margins.split(",")] if margins else [model.spec.crop_margin[k]] for k in MODELS}
    for kind, figure in pasted(model, faces, tried, seed).items():
        click.echo(f"{kind}: " + ", ".join(f"{name} {value:.4g}" for name, value in figure.items()))


if __name__ == "__main__":
    main()
