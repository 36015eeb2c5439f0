#!/usr/bin/env python
"""Whether a map beats its controls over the first 10 s of each face in some films, and whether wrong maps would.

python train/films.py FILMS --method gradcam --layer layer4

Two frames of each second are asked everything, and tallied as the windows do. In the map's place, each map of another
face and each average is judged beside the other controls, too.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np
import torch

from emolive.audit.controls import controls_of
from emolive.audit.probe import proven
from emolive.audit.tally import of_film, taken
from emolive.audit.verdict import verdict
from emolive.core.evidence import Trials
from emolive.core.options import Options
from emolive.core.reading import Proof
from emolive.core.scene import Picture, Scene
from emolive.live import session
from emolive.live.loop import run
from emolive.media.sources import expand, open_files
from emolive.networks.checkpoint import Model, load
from emolive.reports.audit_table import as_if
from emolive.reports.maps import maps

SECONDS, APART_MS, FEWEST = 10.0, 500.0, 4
"""How much of a film is judged, how far frames are apart, and how many frames a face must have."""

Shot = tuple[float, np.ndarray, int, float]
"""A time, a crop, what its map explains, and the probability of that."""


@dataclass
class Keeper:
    """A sink that keeps the crops of each face."""

    stage = "write"
    faces: dict[int, list[Shot]] = field(default_factory=dict)

    def __call__(self, scene: Scene, pictures: dict[str, Picture]) -> None:
        for face, reading in zip(scene.faces, scene.readings, strict=True):
            target = reading.result.target
            shot = scene.frame.t_ms, reading.crop, target, float(reading.result.probs[target])
            self.faces.setdefault(face.track, []).append(shot)

    def notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()


def faces_of(film: Path, model: Model) -> dict[int, list[Shot]]:
    """The faces of a film, by track."""
    keeper = Keeper()
    with ExitStack() as stack:
        options = Options(headless=True)
        source = stack.enter_context(open_files([film], None, None, False))
        detect, track = session.detector(options, stack)
        parts, settings = session.parts(options, model, source, detect, track)
        run(replace(parts, sinks=[keeper]), settings)
    return keeper.faces


def thinned(shots: list[Shot]) -> list[Shot]:
    """The first 10 s, two frames a second."""
    found: list[Shot] = []
    for shot in shots:
        if shot[0] - shots[0][0] <= 1e3 * SECONDS and (not found or shot[0] - found[-1][0] >= APART_MS):
            found.append(shot)
    return found


def word(proofs: list[Proof], shots: list[Shot], label: str) -> tuple[str, str]:
    """What is said over these frames, and the lead."""
    tally = Trials()
    for proof, (t_ms, crop, _, _) in zip(proofs, shots, strict=True):
        tally = taken(tally, proof, crop, t_ms)
    found = of_film(tally)
    half = found.pooled.high - found.pooled.mean
    lead = f"{100 * found.pooled.mean:+.0f}" + (f" ± {100 * half:.0f}" if np.isfinite(half) else "")
    return verdict(found, label).word, lead


def _counts(proof: Proof) -> list[tuple[str, int]]:
    """How many maps of other faces and centres there are."""
    return [(of, len({ask.which for ask in proof.asks if ask.of == of})) for of in ("other_face", "centre")]


def judged_films(folder: Path, method: str, layer: str) -> list[dict[str, str]]:
    """A row for each face in the films."""
    model, found = load(), []
    controls = controls_of(model)
    for film in expand([folder]):
        for track, shots in faces_of(film, model).items():
            shots = thinned(shots)
            if len(shots) < FEWEST:
                continue
            aim = torch.tensor([target for _, _, target, _ in shots])
            seen = maps(model, model.prepare(np.stack([crop for _, crop, _, _ in shots])), [method], [layer], aim)
            proofs = []
            for n, (_, crop, target, before) in enumerate(shots):
                cam, blind = seen.cams[method, layer][n], seen.caught[layer][n].mean(0).numpy()
                assert cam is not None
                proof = proven(model, controls, crop, cam, target, before, (method, layer), blind, n)
                proofs.append(replace(proof, whole=False))
            label = model.spec.labels[Counter(target for _, _, target, _ in shots).most_common(1)[0][0]]
            said, lead = word(proofs, shots, label)
            wrong = [word([as_if(proof, of, n) for proof in proofs], shots, label)[0]
                     for of, count in _counts(proofs[0]) for n in range(count)]  # fmt: skip
            seconds = (shots[-1][0] - shots[0][0]) / 1e3
            won = f"{wrong.count('beats its controls')} of {len(wrong)}"
            found.append({"film": film.name, "face": f"{track}, {label}", "seconds": f"{seconds:.1f}", "lead": lead,
                          "word": said, "wrong": won})  # fmt: skip
    return found


@click.command(help=__doc__)
@click.argument("films", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--method", default="gradcam", show_default=True)
@click.option("--layer", default="layer4", show_default=True)
def main(films: Path, method: str, layer: str) -> None:
    """Say what came of it."""
    for row in judged_films(films, method, layer):
        click.echo("  ".join(row.values()))


if __name__ == "__main__":
    main()
