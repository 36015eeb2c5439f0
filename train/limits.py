#!/usr/bin/env python
"""How much of the accuracy is left for faces that are turned, small, dark, blurred or covered: the table in the card.

    python train/limits.py DATA/validation

DATA is what prepare_fer2013.py writes. This is `emolive evaluate DATA/validation --sweep`, written between its marks in
model/README.md. The thresholds in emolive/faces/limits.py are read off it: where the accuracy is ten points below that
of the pictures as they are.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from emolive.networks.checkpoint import load
from emolive.networks.described import default_model
from emolive.training.dataset import read_faces
from emolive.training.evaluate import predict
from emolive.training.sweep import swept

CARD = Path(__file__).resolve().parent.parent / "model" / "README.md"
BEGIN, END = "<!-- limits: written by train/limits.py -->", "<!-- end of limits -->"


def line(row: dict[str, Any]) -> str:
    """A row of the table; light and sharpness stand where they are what was changed."""
    told = {"light": f"; mean grey {row.get('light', 0):.3g}", "blur": f"; sharpness {row.get('sharpness', 0):.3g}"}
    told["none"] = told["light"] + told["blur"]
    interval = f"{100 * row['low']:.1f} to {100 * row['high']:.1f}"
    return f"| {row['what']}{told.get(row['kind'], '')} | {row['n']} | {100 * row['accuracy']:.1f} % | {interval} |"


def write(rows: list[dict[str, Any]], card: Path) -> None:
    """Put the table between its marks in the card."""
    text = card.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    head = "| faces | n | accuracy | interval of 95 % |\n| --- | --- | --- | --- |\n"
    card.write_text(f"{before}{BEGIN}\n\n{head}{chr(10).join(map(line, rows))}\n\n{END}{after}", encoding="utf-8")


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=default_model)
def main(folder: Path, path: Path) -> None:
    """Measure, and write the table into the card."""
    model = load(path)
    faces = read_faces(folder, model.spec.crop_size, model.spec.labels)
    write(swept(partial(predict, model), faces, predict(model, faces.crops, progress=True)), CARD)


if __name__ == "__main__":
    main()
