"""Which pictures are learnt from and which are judged by: two sides that must have nothing in common."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np

from emolive.core.errors import EmoliveError
from emolive.training.dataset import Faces, read_faces
from emolive.training.folders import classes, splits
from emolive.training.twins import same_group, twins

log = logging.getLogger(__name__)

MOST_SHARED = 0.5
"""More of the pictures to judge by may not be among those to learn from: then these are the same data twice."""


def load_data(data: Path, size: int, fraction: float = 0.1, seed: int = 0, group_by: str = "") -> tuple[Faces, Faces]:
    """Training and validation faces of DATA/{train,validation}/<emotion>/*, or of DATA/<emotion>/* split.

    The splits may have any of their common names: see `folders.splits`. What DATA has not split is split so that twins
    (`twins.twins`), and pictures in whose path the pattern `group_by` matches the same, stay together.

    Raises `EmoliveError` for data that are none, for splits that are the same or share what `group_by` matches, and for
    a pattern that does not match everywhere.
    """
    data = Path(data)
    found = splits(data)
    if found.train is None or found.validation is None:
        faces = _several(read_faces(data, size), data)
        return split(faces, fraction, seed, groups(faces, group_by))
    labels, other = classes(found.train), classes(found.validation)
    if labels != other:
        odd = ", ".join(sorted(set(labels) ^ set(other)))
        raise EmoliveError(
            f"{found.train.name} and {found.validation.name} in {data} differ in their classes: {odd}. Make them agree."
        )
    learnt, held = _several(read_faces(found.train, size), found.train), read_faces(found.validation, size)
    _check_apart(learnt, held, data, group_by)
    return learnt, held


def split(faces: Faces, fraction: float, seed: int, group: np.ndarray | None = None) -> tuple[Faces, Faces]:
    """Part `faces` into training and validation, to which each class gives about `fraction`, at least one picture.

    `group` (N,) are numbers; pictures of the same number are not parted. Raises `EmoliveError` where a class cannot be
    on both sides.
    """
    group = np.arange(len(faces)) if group is None else np.unique(group, return_inverse=True)[1]
    counts = np.zeros((group.max() + 1, len(faces.labels)), int)
    np.add.at(counts, (group, faces.truth), 1)
    for k, name in enumerate(faces.labels):
        if np.count_nonzero(counts[:, k]) < 2:
            several = "picture" if counts[:, k].sum() < 2 else "pictures that may not be parted"
            raise EmoliveError(
                f"The class {name} has {counts[:, k].sum()} {several}; two are needed: to learn and to check."
            )
    whole = counts.sum(0)
    wanted = np.clip(np.round(fraction * whole), 1, whole - 1)
    taken, held = np.zeros_like(whole), np.zeros(len(counts), bool)
    order = np.random.default_rng(seed).permutation(len(counts))
    for i in order:
        # A group is held out where its classes still want pictures; never all of a class.
        better = np.abs(wanted - taken - counts[i]).sum() < np.abs(wanted - taken).sum()
        if better and (taken + counts[i] < whole).all():
            held[i], taken = True, taken + counts[i]
    for i in sorted(order, key=lambda i: counts[i].sum()):  # a class of large groups gives more than it should
        if (counts[i][taken == 0] > 0).any() and (taken + counts[i] < whole).all():
            held[i], taken = True, taken + counts[i]
    short = [name for k, name in enumerate(faces.labels) if not taken[k]]
    if short:
        raise EmoliveError(
            f"No picture of {', '.join(short)} could be held out without parting what belongs together. "
            "Give folders train and validation, or another --group-by or --seed."
        )
    rows = held[group]
    return faces.take(np.flatnonzero(~rows)), faces.take(np.flatnonzero(rows))


def groups(faces: Faces, group_by: str) -> np.ndarray:
    """The number of each picture's group, (N,) int64: its twins, and those in which `group_by` matches the same."""
    pairs = twins(faces.crops).rows
    if len(pairs):
        log.info("%d pairs of pictures are the same or nearly so; they stay on one side.", len(pairs))
    if group_by:
        keys = _keys(faces, group_by)
        first: dict[str, int] = {}
        of_key = [(first.setdefault(key, row), row) for row, key in enumerate(keys)]
        pairs = np.concatenate([pairs, np.array(of_key, np.int64).reshape(-1, 2)])
        log.info("--group-by: %d groups of pictures, each on one side.", len(first))
    return same_group(len(faces), pairs)


def _keys(faces: Faces, group_by: str) -> list[str]:
    """What the pattern matches in each picture's path without its class: its groups if it has some, else all of it."""
    try:
        pattern = re.compile(group_by)
    except re.error as error:
        raise EmoliveError(f"--group-by '{group_by}' is no regular expression ({error}).") from error
    found = [pattern.search(name.partition("/")[2]) for name in faces.files]
    lost = [name for name, match in zip(faces.files, found, strict=True) if match is None]
    if lost:
        raise EmoliveError(
            f"--group-by '{group_by}' is in {len(faces) - len(lost)} of {len(faces)} names; it is not in {lost[0]}. "
            "Nobody knows what that one belongs to."
        )
    return ["/".join(part or "" for part in (m.groups() or (m[0],))) for m in found if m]


def _check_apart(learnt: Faces, held: Faces, data: Path, group_by: str) -> None:
    known = {crop.tobytes() for crop in learnt.crops}
    same = sum(crop.tobytes() in known for crop in held.crops)
    if same > MOST_SHARED * len(held):
        raise EmoliveError(
            f"{same} of the {len(held)} pictures to judge by in {data} are among those to learn from, pixel for pixel: "
            "it would look as if the network knew everything. Hold others out, or give one folder of emotions alone."
        )
    if group_by:
        both = sorted(set(_keys(learnt, group_by)) & set(_keys(held, group_by)))
        if both:
            raise EmoliveError(
                f"--group-by '{group_by}': {', '.join(both[:3])}{', …' if len(both) > 3 else ''} "
                f"({len(both)} in all) are on both sides in {data}. Move each to one side."
            )


def _several(faces: Faces, data: Path) -> Faces:
    if len(faces.labels) < 2:
        raise EmoliveError(f"{data} holds one class only ({faces.labels[0]}). At least two are needed to tell apart.")
    return faces
