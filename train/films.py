#!/usr/bin/env python
"""Whether maps beat their controls over the first 10 s of each face in some films, and whether wrong maps would.

python train/films.py FILMS --method hirescam --layer layer3

Two frames of each second are asked everything, and tallied as the windows do. In the map's place, each map of another
face and each average is judged beside the other controls, too. Without --method, every method is.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

from emolive.attribution.methods import METHODS, UNPINNED
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
from emolive.reports.examine import Probe
from emolive.reports.maps import Maps, Way, maps, ways

QUICK = tuple(name for name in UNPINNED if not METHODS[name].slow)
"""Methods that a film can be asked about."""

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


def word(proofs: list[Proof], shots: list[Shot], label: str, blind: bool = False) -> tuple[str, str]:
    """What is said over these frames, and the lead."""
    tally = Trials()
    for proof, (t_ms, crop, _, _) in zip(proofs, shots, strict=True):
        tally = taken(tally, proof, crop, t_ms)
    found = of_film(tally)
    half = found.pooled.high - found.pooled.mean
    lead = f"{100 * found.pooled.mean:+.0f}" + (f" ± {100 * half:.0f}" if np.isfinite(half) else "")
    return verdict(found, label, blind).word, lead


def _counts(proof: Proof) -> list[tuple[str, int]]:
    """How many maps of other faces and centres there are."""
    return [(of, len({ask.which for ask in proof.asks if ask.of == of})) for of in ("other_face", "centre")]


def judged_films(folder: Path, methods: list[str], layers: list[str]) -> list[dict[str, str]]:
    """A row for each face in the films, method and layer."""
    model, found = load(), []
    for film in tqdm(expand([folder]), desc="films", disable=None):
        for track, shots in faces_of(film, model).items():
            shots = thinned(shots)
            if len(shots) < FEWEST:
                continue
            aim = torch.tensor([target for _, _, target, _ in shots])
            seen = maps(model, model.prepare(np.stack([crop for _, crop, _, _ in shots])), methods, layers, aim)
            probes = [Probe(model, crop, target, before) for _, crop, target, before in shots]
            label = model.spec.labels[Counter(target for _, _, target, _ in shots).most_common(1)[0][0]]
            seconds = (shots[-1][0] - shots[0][0]) / 1e3
            said = {"film": film.name, "face": f"{track}, {label}", "seconds": f"{seconds:.1f}"}
            for way in ways(methods, layers):
                if all(cam is not None for cam in seen.cams[way]):
                    found.append({**said, "method": way[0], "layer": way[1], **judged(seen, probes, shots, way, label)})
    return found


def judged(seen: Maps, probes: list[Probe], shots: list[Shot], way: Way, label: str) -> dict[str, str]:
    """What is said of one method's maps of a face, and how many wrong ones in their place would win."""
    blind, proofs = not METHODS[way[0]].knows_class, []
    caught = seen.caught[way[1] if way[1] in seen.caught else list(seen.caught)[-1]]
    for n, probe in enumerate(probes):
        cam = seen.cams[way][n]
        assert cam is not None
        proofs.append(replace(probe.proof(cam, way, caught[n].mean(0).numpy(), n), whole=False))
    said, lead = word(proofs, shots, label, blind)
    wrong = [word([as_if(proof, of, n) for proof in proofs], shots, label)[0]
             for of, count in _counts(proofs[0]) for n in range(count)]  # fmt: skip
    return {"lead": lead, "word": said, "wrong": f"{wrong.count('beats its controls')} of {len(wrong)}"}


@click.command(help=__doc__)
@click.argument("films", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--method")
@click.option("--layer", default="layer4", show_default=True)
def main(films: Path, method: str | None, layer: str) -> None:
    """Say what came of it."""
    for row in judged_films(films, [method] if method else list(QUICK), [layer]):
        click.echo("  ".join(row.values()))


if __name__ == "__main__":
    main()
