"""The pictures of a report: training curves, confusion matrix, worst mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from emolive.training.dataset import Faces

matplotlib.rcParams["svg.hashsalt"] = "emolive"

PLAIN: Any = {"text.parse_math": False}
"""A $ in the name of a class, a group or a file is a $."""


def draw_history(rows: list[dict[str, float]], path: Path) -> None:
    """Loss and accuracy of training and validation over the epochs."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    epochs = [row["epoch"] for row in rows]
    for axes, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for split, name in (("train", "training (augmented)"), ("val", "validation")):
            axes.plot(epochs, [row[f"{split}_{what}"] for row in rows], marker=".", label=name)
        axes.set_xlabel("epoch")
        axes.set_ylabel(what)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=100)


@rc_context(PLAIN)
def draw_confusion(report: Mapping[str, Any], path: Path) -> None:
    """The confusion matrix, rows = truth, as parts of each row."""
    counts = np.array(report["confusion"], float)
    parts = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    labels = report["labels"]
    side = 2 + 0.6 * len(labels)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.8)
    for row, column in np.ndindex(*parts.shape):
        axes.text(column, row, f"{parts[row, column]:.2f}", ha="center", va="center", fontsize=8,
                  color="white" if parts[row, column] > 0.5 else "black")  # fmt: skip
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("predicted")
    axes.set_ylabel("truth")
    axes.set_title(f"accuracy {100 * report['accuracy']:.1f} % of {report['n']}")
    figure.savefig(path, dpi=80)


def draw_coverage(report: Mapping[str, Any], path: Path) -> None:
    """How many answers are right if only the surest part of them is kept; and where "unsure" begins."""
    curve, unsure = report["coverage"], report["unsure"]
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([100 * point["kept"] for point in curve], [100 * point["accuracy"] for point in curve], marker=".")
    axes.axvline(100 * unsure["kept"], linestyle=":", color="black")
    axes.set_xlabel("answers kept, the surest first, %")
    axes.set_ylabel("of those, right, %")
    axes.set_title(f'"unsure" below {unsure["threshold"]:.0%}')
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=80)


@rc_context(PLAIN)
def draw_pairs(pairs: Sequence[tuple[np.ndarray, str, np.ndarray, str]], path: Path) -> None:
    """Pairs of pictures (S, S, 3) uint8 RGB side by side, each over the name of its file, three pairs a row."""
    rows = -(-len(pairs) // 3)
    figure = Figure(figsize=(12, 0.2 + 2.2 * rows), layout="constrained")
    grid = figure.subplots(rows, 6, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for number, (one, name, other, second) in enumerate(pairs):
        for axes, picture, title in ((grid[2 * number], one, name), (grid[2 * number + 1], other, second)):
            axes.imshow(picture)
            axes.set_title(title if len(title) < 29 else f"…{title[-28:]}", fontsize=7)
    figure.savefig(path, dpi=80)


@rc_context(PLAIN)
def draw_mistakes(faces: Faces, probabilities: np.ndarray, path: Path) -> None:
    """The 30 mistakes whose true class got the least probability, worst first."""
    labels = faces.labels
    given = probabilities[np.arange(len(faces)), faces.truth]
    wrong = np.flatnonzero(probabilities.argmax(1) != faces.truth)
    worst = wrong[np.argsort(given[wrong], kind="stable")][:30]
    figure = Figure(figsize=(10, 11), layout="constrained")
    grid = figure.subplots(5, 6).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, row in zip(grid, worst, strict=False):
        guess = int(probabilities[row].argmax())
        axes.imshow(faces.crops[row])
        seen = f"seen as {labels[guess]} {probabilities[row, guess]:.0%}"
        axes.set_title(f"{labels[faces.truth[row]]} {given[row]:.0%}\n{seen}", fontsize=8)
    figure.savefig(path, dpi=80)
