"""A training of seconds: what it is made with, and the epochs it went through."""

import csv
from pathlib import Path

from emolive.training.recipe import Recipe

SMALL = Recipe(
    stages="32x3@0.3", init="none", batch=8, lr=1e-3, workers=0, precision="32-true", crop_size=32, average=0.5, seed=3
)


def rows(out: Path) -> list[dict[str, str]]:
    """The rows of a run's history."""
    with open(out / "history.csv", newline="") as stream:
        return list(csv.DictReader(stream))
