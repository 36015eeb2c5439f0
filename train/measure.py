#!/usr/bin/env python
"""Measure a checkpoint in every way the model card reports, and write the card: the one command behind its figures.

    python train/measure.py DATA --photos PHOTOS

DATA is what prepare_fer2013.py writes; PHOTOS holds one labelled photograph per emotion. Writes model/report.json and
model/confusion.png, and the figures between the marks in model/README.md.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

import click
import numpy as np
import torch
from card import write_card
from paste_experiment import pasted

from emolive.core.scene import Frame
from emolive.faces.crop import crop_face, square
from emolive.faces.detect import Detector
from emolive.faces.lean import turn
from emolive.media.pictures import read_picture
from emolive.networks.checkpoint import Model, load
from emolive.networks.described import default_model
from emolive.training.dataset import Faces, read_faces
from emolive.training.evaluate import agreement, measure, predict
from emolive.training.pictures import draw_confusion

MODEL = Path(__file__).resolve().parent.parent / "model"
PHOTOS = {"disgusted": "disgust", "fearful": "fear", "surprised": "surprise"}  # file name: label, where they differ


def on_split(model: Model, folder: Path, ttas: tuple[str, ...]) -> dict[str, dict]:
    """The reports of one split by test-time augmentation; each with FER+'s majority where it is known."""
    faces = read_faces(folder, model.spec.crop_size, model.spec.labels)
    reports = {}
    for tta in ttas:
        probabilities = predict(model, faces.crops, tta, progress=True)
        reports[tta] = measure(probabilities, faces.truth, faces.labels)
        if (folder / "ferplus.csv").is_file():
            reports[tta] |= agreement(probabilities, faces, folder / "ferplus.csv")
    return reports


def on_photos(model: Model, folder: Path) -> dict[str, dict[str, str]]:
    """What each detector and the network make of each labelled photograph: {detector: {label: prediction}}."""
    paths = {PHOTOS.get(path.stem, path.stem): path for path in sorted(folder.glob("*.jpg"))}
    seen: dict[str, dict[str, str]] = {}
    for kind in ("full", "short", "tiled"):
        with Detector(kind) as detector:
            for label in model.spec.labels:
                bgr = read_picture(paths[label])
                faces = detector(Frame(0, 0.0, bgr))
                if not faces:
                    seen.setdefault(kind, {})[label] = "no face"
                    continue
                box = square(faces[0].box, model.spec.crop_margin[kind])
                crop = crop_face(bgr, box, model.spec.crop_size, turn=turn(faces[0]))
                probabilities = predict(model, crop[None])
                seen.setdefault(kind, {})[label] = model.spec.labels[int(probabilities.argmax())]
    return seen


def speed(model: Model, faces: Faces, rounds: int = 60) -> dict[str, float]:
    """Median ms of one face through the network, preparation included, and the map's grid at layer4."""
    shape: list[torch.Size] = []
    hook = model.net.layer4.register_forward_hook(lambda *args: shape.append(args[2].shape))
    times = []
    with torch.inference_mode():
        for i in range(rounds):
            start = time.perf_counter()
            model.net(model.prepare(faces.crops[i : i + 1]))
            times.append(1e3 * (time.perf_counter() - start))
    hook.remove()
    return {"ms": statistics.median(times[10:]), "threads": torch.get_num_threads(), "grid": list(shape[0][2:])}


@click.command(help=__doc__)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--model", "path", type=click.Path(exists=True, path_type=Path), default=default_model)
@click.option("--pasted-pictures", type=int, default=1000, show_default=True, help="For the canvas experiment.")
def main(data: Path, photos: Path, path: Path, pasted_pictures: int) -> None:
    """Write model/report.json, model/confusion.png and the card's figures."""
    model = load(path)
    test = read_faces(data / "test", model.spec.crop_size, model.spec.labels)
    some = test.take(np.sort(np.random.default_rng(0).permutation(len(test))[:pasted_pictures]))
    report = {
        "checkpoint": {"sha256": model.sha256, "bytes": path.stat().st_size, "temperature": model.spec.temperature,
                       "input_size": model.spec.input_size, "crop_margin": model.spec.crop_margin},
        "speed": speed(model, test),
        "validation": on_split(model, data / "validation", ("none", "flip")),
        "test": on_split(model, data / "test", ("none", "flip", "tencrop")),
        "photos": on_photos(model, photos),
        "pasted": pasted(model, some, {kind: [margin] for kind, margin in model.spec.crop_margin.items()}),
    }  # fmt: skip
    (MODEL / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draw_confusion(report["test"]["none"], MODEL / "confusion.png")
    write_card(MODEL / "README.md", report)


if __name__ == "__main__":
    main()
