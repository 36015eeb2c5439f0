"""What a run was begun with: its recipe, its pictures with their hashes. A run that goes on must be the same run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolive.core.errors import EmoliveError
from emolive.core.files import write_whole
from emolive.core.foreign import is_file, read_json
from emolive.training.dataset import Faces
from emolive.training.recipe import Recipe

RECIPE, DATA = "settings.json", "data.json"

MOST_DATA = 1 << 30
"""Bytes of the list of pictures: a hundred for each of ten million."""

FREE = frozenset(("stages", "patience", "workers", "precision", "calibration_balance"))
"""What may be another when a run goes on: how long it goes, by what machine, and what is done when it has ended."""


@dataclass(frozen=True)
class Material:
    """What is learnt from and judged on: the labels in order, {file: sha256} of each side, sha256 of the targets."""

    labels: tuple[str, ...]
    train: Mapping[str, str]
    validation: Mapping[str, str]
    targets: str

    @classmethod
    def of(cls, learnt: Faces, held: Faces) -> Material:
        """The material of a run."""
        targets = hashlib.sha256(learnt.targets.tobytes()).hexdigest()
        train, validation = (dict(zip(faces.files, faces.hashes, strict=True)) for faces in (learnt, held))
        return cls(learnt.labels, train, validation, targets)


def begin(out: Path, recipe: Recipe, material: Material) -> None:
    """Write down in `out` what its run is made with."""
    recipe.write(out / RECIPE)
    write_whole(out / DATA, (json.dumps(dataclasses.asdict(material), indent=0) + "\n").encode())


def check_same(out: Path, recipe: Recipe, material: Material, done: int) -> None:
    """Raise `EmoliveError`, which names what differs, unless the run in `out`, of which `done` epochs are over, may go
    on by this recipe and with this material."""
    before, facts = Recipe.read(out / RECIPE), _facts(out / DATA)
    differences = [
        f"--{name.replace('_', '-')} was {was!r} and is {getattr(recipe, name)!r}"
        for name, was in dataclasses.asdict(before).items()
        if name not in FREE and was != getattr(recipe, name)
    ]
    if recipe.epochs < done:
        differences.append(f"{done} epochs are over and --stages {recipe.stages} has {recipe.epochs}")
    elif any(_kind(before, epoch) != _kind(recipe, epoch) for epoch in range(done)):
        differences.append(f"--stages was {before.stages} and is {recipe.stages}, which differs in the epochs so far")
    if facts.get("labels") != list(material.labels):
        differences.append(f"the classes were {_some(facts.get('labels') or ())} and are {_some(material.labels)}")
    for side, what in (("train", "to learn from"), ("validation", "to judge on")):
        differences += _other_files(facts.get(side), getattr(material, side), what)
    if not differences and facts.get("targets") != material.targets:
        differences.append("the votes that are learnt are others")
    if differences:
        raise EmoliveError(
            f"This is not the run in {out}: {'; '.join(differences)}. Go on as it was begun, or begin another --out."
        )


def _kind(recipe: Recipe, epoch: int) -> tuple[int, float, float]:
    """How an epoch is learnt in, whatever comes after it."""
    stage = recipe.stage(epoch)
    return stage.size, stage.strength, stage.rho


def _facts(path: Path) -> dict[str, Any]:
    then = "Begin another --out; the network so far can be given to --init."
    if not is_file(path):
        raise EmoliveError(f"There is no {path}: nobody knows what this run has learnt, so it cannot go on. {then}")
    facts = read_json(path, MOST_DATA, f"Nobody knows what this run has learnt. {then}")
    return facts if isinstance(facts, dict) else {}


def _other_files(before: object, now: Mapping[str, str], what: str) -> list[str]:
    """In words how the files differ: nothing where they are the same."""
    before = before if isinstance(before, dict) else {}
    new, gone = sorted(now.keys() - before.keys()), sorted(before.keys() - now.keys())
    changed = sorted(name for name in now.keys() & before.keys() if now[name] != before[name])
    found = [f"{len(n)} {word} ({_some(n)})" for n, word in ((new, "new"), (gone, "gone"), (changed, "changed")) if n]
    return [f"of the pictures {what} are {', '.join(found)}"] if found else []


def _some(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
