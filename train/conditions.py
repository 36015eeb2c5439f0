#!/usr/bin/env python
"""Whether strangers are read badly because of how their pictures were taken and cut: the same network, other crops.

    python train/conditions.py LONDON DATA/validation

LONDON has the folders happy and neutral. Each way to cut, to light or to spoil is done to all faces of London and where
it can be to those of validation. Prints the table for train/README.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import cv2
import numpy as np
from between import people_of
from smiles import line, share

from emolive.networks.checkpoint import Model, load
from emolive.networks.described import default_model
from emolive.training.dataset import Faces, read_faces
from emolive.training.evaluate import detected, logits_of

Change = Callable[[np.ndarray], np.ndarray]
"""What is done to a crop (S, S, 3), uint8."""


def stretched(crop: np.ndarray) -> np.ndarray:
    """From the darkest to the lightest hundredth of the pixels: all of the range."""
    low, high = np.percentile(crop, (1, 99))
    return np.clip(255 * (crop - low) / max(high - low, 1), 0, 255).astype(np.uint8)


def alike(mean: float, deviation: float) -> Change:
    """All crops with one mean and one deviation of their pixels."""
    return lambda crop: np.clip(mean + deviation * (crop - crop.mean()) / max(crop.std(), 1), 0, 255).astype(np.uint8)


def local(crop: np.ndarray) -> np.ndarray:
    """Contrast evened out in parts of the grey picture (CLAHE; Zuiderveld 1994)."""
    grey = cv2.createCLAHE(2.0, (4, 4)).apply(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
    return np.repeat(grey[..., None], 3, -1)


def blurred(crop: np.ndarray) -> np.ndarray:
    """By a Gaussian of one pixel of the crop."""
    return cv2.GaussianBlur(crop, (0, 0), 1.0)


def compressed(crop: np.ndarray) -> np.ndarray:
    """As JPEG of quality 40."""
    return cv2.imdecode(cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)


def changed(faces: Faces, change: Change | None) -> np.ndarray:
    """The crops, each changed."""
    return faces.crops if change is None else np.stack([change(crop) for crop in faces.crops])


@click.command(help=__doc__)
@click.argument("london", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("validation", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", type=click.Path(exists=True, path_type=Path), default=default_model())
def main(london: Path, validation: Path, model: Path) -> None:
    """Print the table."""
    network = load(model)
    known = read_faces(validation, network.spec.crop_size, network.spec.labels)
    (people, _), women = people_of(london, network)
    mean, deviation = known.crops.mean(), known.crops.std((1, 2, 3)).mean()
    print(line("what is done to the crops", "AUC", "smiles", "women's", "men's", "neutral kept", "validation"))
    print(line(*["---"] * 7))
    ways: dict[str, Change | None] = {
        "nothing": None, "contrast: stretched": stretched, "contrast: mean and deviation of FER2013":
        alike(mean, deviation), "contrast: half of that": alike(mean, deviation / 2), "contrast: CLAHE": local,
        "blurred": blurred, "compressed": compressed,
    }  # fmt: skip
    for name, change in ways.items():
        row = figures(network, changed(people, change), people.truth, women)
        right = logits_of(network, changed(known, change)).argmax(1).numpy() == known.truth
        print(line(name, *row, f"{100 * right.mean():.1f} %"))
    every = read_faces(london, network.spec.crop_size, network.spec.labels)
    for margin in (0.9, 1.0, 1.2, 1.3, 1.4):
        print(
            line(
                f"cut {margin:.1f} times as wide as the box", *figures(*cut(network, london, every, margin), women), ""
            )
        )


def cut(network: Model, london: Path, every: Faces, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """The people's faces cut so wide, and the truth."""
    network.spec.crop_margin["full"] = margin
    faces, _ = detected(london, every, network, "full")
    return faces.crops, faces.truth


def figures(network: Model, crops: np.ndarray, truth: np.ndarray, women: np.ndarray) -> list[str]:
    """How well smiles are told from neutral faces, and called what they are."""
    logits, labels = logits_of(network, crops).numpy(), network.spec.labels
    happy, neutral = labels.index("happy"), labels.index("neutral")
    lead, right, smile = logits[:, happy] - logits[:, neutral], logits.argmax(1) == truth, truth == happy
    auc = (lead[smile][:, None] > lead[~smile][None]).mean()
    return [f"{auc:.3f}", *(share(right[part]) for part in (smile, smile & women, smile & ~women, ~smile))]


if __name__ == "__main__":
    main()
