"""Measure a network on labelled pictures: through the very preprocessing of live use."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
from torchmetrics.functional.classification import (
    multiclass_calibration_error,
    multiclass_confusion_matrix,
    multiclass_f1_score,
)
from torchvision.transforms.v2 import functional as F

from emolive.core.errors import EmoliveError
from emolive.core.files import check_output, make_folders, write_whole
from emolive.core.foreign import is_file, open_regular
from emolive.core.scene import Frame, area
from emolive.core.tables import read_csv
from emolive.faces.crop import crop_face, square
from emolive.faces.lean import turn
from emolive.networks.checkpoint import Model
from emolive.training.confidence import confidence
from emolive.training.confidence import facts as confidence_facts
from emolive.training.dataset import VOTES, Faces, read_faces
from emolive.training.groups import by_group, read_groups
from emolive.training.scales import fixed_scales
from emolive.training.sweep import swept

log = logging.getLogger(__name__)

REPORT, CONFUSION, COVERAGE, FACTS = "report.json", "confusion.png", "coverage.png", "facts.json"

BATCH = 64
BINS = 15
TEN_CROP = 44 / 48
"""Side of each of the ten crops, as part of the picture: what is customary on FER2013."""


def logits_of(model: Model, crops: np.ndarray, bar: tqdm | None = None) -> torch.Tensor:
    """The logits (N, classes) float32 of crops (N, S, S, 3) uint8 RGB, on the CPU; `bar` goes on by each picture."""
    parts = []
    for i in range(0, len(crops), BATCH):
        batch = crops[i : i + BATCH]
        with torch.no_grad():
            parts.append(model.logits(model.prepare(batch)).cpu())
        if bar is not None:
            bar.update(len(batch))
    return torch.cat(parts)


def views(crops: np.ndarray, tta: str) -> list[np.ndarray]:
    """What is averaged: crops as they are ("none"), mirrored too ("flip"), corners and centre of both ("tencrop")."""
    if tta == "none":
        return [crops]
    if tta == "flip":
        return [crops, crops[:, :, ::-1]]
    side = round(crops.shape[1] * TEN_CROP)
    tens = F.ten_crop(torch.from_numpy(crops).permute(0, 3, 1, 2), [side, side])
    return [ten.permute(0, 2, 3, 1).numpy() for ten in tens]


def predict(model: Model, crops: np.ndarray, tta: str = "none", progress: bool = False) -> np.ndarray:
    """The probabilities (N, classes) of crops, after temperature, averaged over the views of `tta`."""
    looks = views(crops, tta)
    with tqdm(total=len(looks) * len(crops), disable=not progress, unit="picture") as bar:
        return torch.stack([model.probabilities(logits_of(model, look, bar)) for look in looks]).mean(0).numpy()


def measure(probabilities: np.ndarray, truth: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """The report of probabilities (N, K) against truth (N,): figures are fractions of 1.

    n, accuracy, macro_f1 (mean over the classes that occur), ece (expected calibration error, 15 equal bins of the
    highest probability: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, arXiv 1706.04599), recall
    of each class that occurs, confusion (rows: truth, columns: prediction), labels.
    """
    k = len(labels)
    p, t = torch.from_numpy(np.asarray(probabilities)), torch.from_numpy(np.asarray(truth))
    confusion = multiclass_confusion_matrix(p, t, k)
    present = confusion.sum(1) > 0
    f1 = multiclass_f1_score(p, t, k, average="none")
    return {
        "n": len(t),
        "accuracy": float(confusion.diag().sum() / len(t)),
        "macro_f1": float(f1[present].mean()),
        "ece": float(multiclass_calibration_error(p, t, k, n_bins=BINS)),
        "recall": {labels[i]: float(confusion[i, i] / confusion[i].sum()) for i in range(k) if present[i]},
        "confusion": confusion.tolist(),
        "labels": list(labels),
    }


def agreement(probabilities: np.ndarray, faces: Faces, table: Path) -> dict[str, float]:
    """Accuracy against the majority of FER+'s annotators, where one emotion that the model knows has most votes."""
    try:
        with TextIOWrapper(open_regular(table), encoding="utf-8", newline="") as stream:
            named = {row.pop("file"): row for row in read_csv(stream)}
        rows = {file: {name: float(votes or 0) for name, votes in row.items()} for file, row in named.items()}
    except (OSError, KeyError, ValueError) as error:
        raise EmoliveError(f"{table} is no table of votes ({error}). train/prepare_fer2013.py writes one.") from error
    hits = []
    for name, guess in zip(faces.files, probabilities.argmax(1), strict=True):
        votes = rows.get(name, {})
        first = [emotion for emotion, count in votes.items() if count == max(votes.values())]
        if len(first) == 1 and first[0] in faces.labels:
            hits.append(faces.labels[guess] == first[0])
    return {"ferplus_n": len(hits), "ferplus_accuracy": float(np.mean(hits)) if hits else 0.0}


def detected(folder: Path, faces: Faces, model: Model, kind: str) -> tuple[Faces, list[str]]:
    """Each picture's largest face, cut out as in live use, instead of the whole; and the files without a face."""
    from emolive.faces.detect import Detector
    from emolive.media.pictures import read_picture

    margin = model.spec.crop_margin.get(kind, 1.1)
    kept, crops, lost = [], [], []
    with Detector(kind) as detector:
        for row, name in enumerate(tqdm(faces.files, unit="picture", desc="finding faces")):
            bgr = read_picture(folder / name)
            found = detector(Frame(row, float(row), bgr))
            if found:
                face = max(found, key=lambda one: area(one.box))
                crops.append(crop_face(bgr, square(face.box, margin), model.spec.crop_size, turn=turn(face)))
                kept.append(row)
            else:
                lost.append(name)
    if not kept:
        raise EmoliveError(f"No face was found in any picture of {folder}. Face crops are judged without --detect.")
    return replace(faces.take(np.array(kept)), crops=np.stack(crops)), lost


def evaluate_folder(
    folder: Path,
    model: Model,
    out: Path,
    tta: str,
    detector: str | None,
    overwrite: bool = False,
    groups: Path | None = None,
    sweep: bool = False,
    scales: bool = False,
) -> dict[str, Any]:
    """Measure a network on FOLDER/<emotion>/*, write report.json and its pictures into `out`, give the report. With
    `scales`, all that is known of the network goes into facts.json, with the fixed scales of its maps.

    With a table of `groups` (see `read_groups`) also "groups" of the report, groups.csv, gaps.csv and groups.png; with
    `sweep` also "sweep", sweep.csv and sweep.png (see `swept`). Raises `EmoliveError`; `OutputError` where one of the
    files is there already, and `overwrite` is not given.
    """
    from emolive.training import curves
    from emolive.training.pictures import draw_confusion, draw_coverage

    written = [REPORT, CONFUSION, COVERAGE, *(curves.GROUPS if groups else ()), *(curves.SWEEP if sweep else ())]
    for name in (*written, *([FACTS] if scales else [])):
        inputs = [*folder.glob("*/*"), Path(model.path), *([groups] if groups else [])]
        check_output(out / name, inputs, overwrite)
    faces = read_faces(folder, model.spec.crop_size, model.spec.labels)
    unreadable = faces.unreadable
    lost: list[str] = []
    if detector:
        faces, lost = detected(folder, faces, model, detector)
    table = read_groups(groups, faces.files) if groups else None
    probabilities = predict(model, faces.crops, tta, progress=True)
    report = measure(probabilities, faces.truth, faces.labels) | confidence(probabilities, faces.truth)
    report |= {"model": model.name, "sha256": model.sha256, "tta": tta, "unreadable": list(unreadable)}
    report |= {"read_as": faces.read_as} if faces.read_as else {}
    if detector:
        report |= {"detector": detector, "no_face": lost}
    if is_file(folder / VOTES):
        report |= agreement(probabilities, faces, folder / VOTES)
    if table:
        report["groups"] = by_group(probabilities, faces.truth, faces.labels, table)
    if sweep:
        report["sweep"] = swept(partial(predict, model), faces, probabilities)
    write_report(report, out)
    draw_confusion(report, out / CONFUSION)
    draw_coverage(report, out / COVERAGE)
    if table:
        curves.write_groups(report["groups"], out)
    if sweep:
        curves.write_sweep(report["sweep"], out)
    if scales:
        metrics = {**model.spec.metrics, **confidence_facts(report)}
        spec = replace(model.spec, metrics=metrics, scales=fixed_scales(model, faces.crops, progress=True))
        write_whole(out / FACTS, json.dumps(asdict(spec), indent=1, ensure_ascii=False) + "\n")
    return report


def write_report(report: dict[str, Any], out: Path) -> None:
    """Write report.json into the folder `out`, which is made."""
    try:
        make_folders(out)
        write_whole(out / REPORT, json.dumps(report, indent=1) + "\n")
    except OSError as error:
        raise EmoliveError(f"{out / REPORT} cannot be written ({error}). Choose another --out.") from error
