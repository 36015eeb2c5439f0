#!/usr/bin/env python
"""Make model/emotion_resnet18.controls.safetensors: maps of other faces, which a map has to beat.

python train/controls.py DATA

DATA holds a folder of pictures per emotion; take faces that nothing is measured on. Of each emotion eight faces are
taken, by a fixed seed, that the network names rightly; every method draws its map of each for that emotion, at the ends
of all stages. Maps only are kept, on grids of 28 cells a side at most, and no pictures.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from emolive.attribution.methods import METHODS, UNPINNED
from emolive.audit.controls import FACES, Way, beside, keep, scaled
from emolive.networks.checkpoint import load
from emolive.reports.maps import maps
from emolive.training.dataset import read_faces
from emolive.training.evaluate import predict


@click.command(help=__doc__)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), help="The network; without it, the one that is shipped.")
@click.option("--slow", is_flag=True, help="Score-CAM at the last stage, too: hundreds of passes a face.")
@click.option("--pool", default=1000, help="Among how many pictures faces are looked for.")
def main(data: Path, model: Path | None, slow: bool, pool: int) -> None:
    network = load(model)
    faces = read_faces(data, network.spec.crop_size, network.spec.labels)
    order = np.random.default_rng(0).permutation(len(faces))
    order = np.concatenate(
        [order[faces.truth[order] == k][: pool // len(faces.labels)] for k in range(len(faces.labels))]
    )
    faces = faces.take(order)
    right = predict(network, faces.crops).argmax(1) == faces.truth
    layers = tuple(layer for layer in network.layers if "." not in layer)
    methods = [name for name in UNPINNED if not METHODS[name].slow]
    found: dict[Way, list[np.ndarray]] = {}
    for k, label in enumerate(faces.labels):
        rows = np.flatnonzero(right & (faces.truth == k))[:FACES]
        if len(rows) < FACES:
            raise click.ClickException(f"Only {len(rows)} faces of {pool} are {label} and named so. Raise --pool.")
        x = network.prepare(faces.crops[rows])
        cams = dict(maps(network, x, methods, layers).cams)
        if slow:
            cams["scorecam", layers[-1]] = maps(network, x, ["scorecam"], layers[-1:]).cams["scorecam", layers[-1]]
        for (method, layer), each in cams.items():
            if all(cam is not None for cam in each):
                way = method, "" if METHODS[method].of_input else layer
                found.setdefault(way, []).append(np.stack([scaled(cam) for cam in each if cam is not None]))
        click.echo(f"{label}: {', '.join(faces.files[row] for row in rows)}")
    kept = {}
    for way, each in found.items():
        every = np.stack(each)
        # A method that knows no emotion: the first face of each, and one more.
        kept[way] = every if METHODS[way[0]].knows_class else np.concatenate([every[:, 0], every[:1, 1]])[None]
    path = beside(network.path)
    keep(path, network.sha256, kept)
    click.echo(f"{path}: {len(kept)} ways to look, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
