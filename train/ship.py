#!/usr/bin/env python
"""Put a trained checkpoint into model/, with the crop margins that paste_experiment.py measured.

python train/ship.py runs/shipped/model.safetensors --full 1.1 --short 1.2 --tiled 1.1
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from emolive.networks.checkpoint import load, save
from emolive.networks.described import default_model


@click.command(help=__doc__)
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--full", type=float, required=True, help="Margin of the full-range detector.")
@click.option("--short", type=float, required=True, help="Margin of the short-range detector.")
@click.option("--tiled", type=float, required=True, help="Margin of the full-range detector on tiles.")
def main(checkpoint: Path, **margins: float) -> None:
    """Write model/emotion_resnet18.safetensors."""
    model = load(checkpoint)
    save(default_model(), model.net, dataclasses.replace(model.spec, crop_margin=margins))


if __name__ == "__main__":
    main()
