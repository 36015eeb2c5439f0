#!/usr/bin/env python
"""What a calibration is worth on pictures that it was not fitted on.

    python train/calibration_experiment.py runs/shipped/best.safetensors DATA/validation

Half of the folder's pictures, drawn at random, is fitted, the other half measured, and the other way round. Given is
the mean of all draws: accuracy, cross-entropy, calibration error, and what that error would be for probabilities that
are right (15 bins of few pictures never agree to the last).
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from emolive.networks.checkpoint import load
from emolive.training.calibrate import SPREAD, calibrate
from emolive.training.dataset import read_faces
from emolive.training.evaluate import logits_of, measure

PINNED = 1e-3
"""A spread that leaves the scales at 1."""


def figures(logits: Tensor, truth: np.ndarray, labels: tuple[str, ...]) -> list[float]:
    """Accuracy, cross-entropy and calibration error of logits (N, K), and the error if they were right."""
    probabilities = logits.softmax(1)
    drawn = torch.multinomial(probabilities, 1)[:, 0].numpy()
    report, right = (measure(probabilities.numpy(), t, labels) for t in (truth, drawn))
    return [report["accuracy"], float(cross_entropy(logits, torch.from_numpy(truth))), report["ece"], right["ece"]]


@click.command(help=__doc__)
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--draws", type=int, default=20, show_default=True)
@click.option("--balance", type=float, default=0.0, show_default=True)
def main(checkpoint: Path, folder: Path, draws: int, balance: float) -> None:
    """Print one line without scales and one with them."""
    model = load(checkpoint)
    faces = read_faces(folder, model.spec.crop_size, model.spec.labels)
    logits = logits_of(model, faces.crops)
    for name, spread in {"temperature, biases": PINNED, "temperature, biases, scales": SPREAD}.items():
        torch.manual_seed(0)
        rows = []
        for _ in range(draws):
            halves = torch.randperm(len(faces)).chunk(2)
            for mine, other in (halves, halves[::-1]):
                fitted = calibrate(logits[mine], faces.truth[mine], balance, spread)
                rows.append(figures(fitted(logits[other]), faces.truth[other], faces.labels))
        accuracy, entropy, error, right = np.mean(rows, axis=0)
        click.echo(f"{name}: accuracy {accuracy:.2%}, cross-entropy {entropy:.4f}, calibration error {error:.2%} "
                   f"({right:.2%} if the probabilities were right)")  # fmt: skip


if __name__ == "__main__":
    main()
