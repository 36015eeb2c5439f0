#!/usr/bin/env python
"""What the shipped network's facts say beside its weights: the scales of its maps, and when it is unsure.

    python train/calibrate.py DATA/validation

DATA is what prepare_fer2013.py writes. Writes model/emotion_resnet18.json, which is read with the weights beside it
(which map is best there says audit.py afterwards, of these weights), model/coverage.png, and the table between its
marks in model/README.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from emolive.networks.checkpoint import load
from emolive.networks.described import default_model
from emolive.training.confidence import confidence, facts
from emolive.training.dataset import read_faces
from emolive.training.evaluate import COVERAGE, measure, predict
from emolive.training.pictures import draw_coverage
from emolive.training.scales import fixed_scales

MODEL = Path(__file__).resolve().parent.parent / "model"
BEGIN, END = "<!-- confidence: written by train/calibrate.py -->", "<!-- end of confidence -->"
SHOWN = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


def percent(value: float, digits: int = 1) -> str:
    """A fraction as per cent."""
    return f"{100 * value:.{digits}f} %"


def words(report: dict[str, Any], scales: dict[str, dict[str, float]]) -> str:
    """The card's section, from what was measured and nothing else."""
    unsure, floor = report["unsure"], report["ece_floor"]
    rows = [
        f"| {percent(point['kept'], 0)} | {percent(point['threshold'])} | {percent(point['accuracy'])} |"
        for point in report["coverage"]
        if point["kept"] in SHOWN
    ]
    at = {method: scales[method]["layer4"] for method in scales if "layer4" in scales[method]}
    sure, below = percent(unsure["kept"]), percent(unsure["threshold"])
    right, others = percent(unsure["accuracy"]), percent(unsure["accuracy_unsure"])
    ece, mean, low, high = (
        percent(value, 2) for value in (report["ece"], *(floor[k] for k in ("mean", "low", "high")))
    )
    return "\n".join([
        f'An answer of less than {below} is "unsure": {sure} of {report["n"]} answers are kept, and {right} of those',
        f"are right; of the others {others}.",
        "",
        "| answers kept, the surest first | least probability | right |",
        "| --- | --- | --- |",
        *rows,
        "",
        f"Calibration error {ece}. With the same pictures and bins, a network whose probabilities are all true shows",
        f"{mean} ({low} to {high} in 95 of 100 draws): less than that is luck, here partly because the calibration was",
        "fitted on these pictures.",
        "",
        "Full heat at `layer4`: " + ", ".join(f"{method} {full:g}" for method, full in at.items()) + ".",
    ])  # fmt: skip


def write(report: dict[str, Any], scales: dict[str, dict[str, float]]) -> None:
    """The facts, the curve and the card."""
    known = {"metrics": facts(report), "scales": scales}
    (MODEL / "emotion_resnet18.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    draw_coverage(report, MODEL / COVERAGE)
    text = (MODEL / "README.md").read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    text = f"{before}{BEGIN}\n\n{words(report, scales)}\n\n{END}{after}"
    (MODEL / "README.md").write_text(text, encoding="utf-8")


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Measure, and write all of it."""
    model = load(default_model())
    faces = read_faces(folder, model.spec.crop_size, model.spec.labels)
    probabilities = predict(model, faces.crops, progress=True)
    report = measure(probabilities, faces.truth, faces.labels) | confidence(probabilities, faces.truth)
    write(report, fixed_scales(model, faces.crops, progress=True))


if __name__ == "__main__":
    main()
