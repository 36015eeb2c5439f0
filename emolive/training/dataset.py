"""Pictures in one folder per emotion, read into memory once: what is learnt from and what is judged on."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from emolive.core.errors import EmoliveError
from emolive.core.tables import read_csv
from emolive.faces.crop import crop_face, square

log = logging.getLogger(__name__)

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
VOTES = "ferplus.csv"


@dataclass(frozen=True, eq=False)
class Faces:
    """Pictures of one split, each a face crop: crops (N, S, S, 3) uint8 RGB, truth (N,) int64 into `labels`.

    targets (N, classes) float32 are what is learnt: rows sum to 1, one-hot unless soft targets were joined.
    unreadable lists the files that were skipped.
    """

    crops: np.ndarray
    truth: np.ndarray
    targets: np.ndarray
    labels: tuple[str, ...]
    files: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: np.ndarray) -> Faces:
        """The pictures in `rows`, in that order."""
        files = tuple(self.files[i] for i in rows)
        return replace(
            self, crops=self.crops[rows], truth=self.truth[rows], targets=self.targets[rows], files=files, unreadable=()
        )


def read_picture(path: Path) -> np.ndarray | None:
    """The picture (H, W, 3) uint8 BGR, or None where the file is no readable picture."""
    try:
        data = np.fromfile(path, np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        return None


def whole_crop(bgr: np.ndarray, size: int) -> np.ndarray:
    """The whole picture as a face crop, (size, size, 3) uint8 RGB; a picture of that size comes out unchanged."""
    height, width = bgr.shape[:2]
    return crop_face(bgr, square((0.0, 0.0, float(width), float(height)), 1.0), size)


def class_folders(folder: Path) -> tuple[str, ...]:
    """The names of the class folders in `folder`, sorted: the labels."""
    if not folder.is_dir():
        raise EmoliveError(f"There is no folder {folder}. Give a folder that holds one folder of pictures per emotion.")
    return tuple(sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")))


def pictures(folder: Path) -> list[Path]:
    """The picture files in one class folder, at any depth, sorted."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())


def read_faces(folder: Path, size: int, labels: tuple[str, ...] | None = None) -> Faces:
    """Read FOLDER/<emotion>/* as face crops of `size` pixels; `labels` gives the order (default: sorted folders).

    Unreadable files are skipped, counted in a warning and listed in the result. Raises EmoliveError for a folder
    without classes or with an empty class.
    """
    folder = Path(folder)
    names = class_folders(folder)
    labels = labels or names
    if not names:
        raise EmoliveError(f"{folder} holds no class folders. Put the pictures into one folder per emotion.")
    strange = [name for name in names if name not in labels]
    if strange:
        raise EmoliveError(
            f"{folder} has the folder{'s' * (len(strange) > 1)} {', '.join(strange)}, "
            f"but the classes are {', '.join(labels)}. Rename or remove what is too much."
        )
    found = [(path, labels.index(name)) for name in names for path in pictures(folder / name)]
    with ThreadPoolExecutor() as pool:
        decoded = list(pool.map(lambda item: read_picture(item[0]), found))
    good = [(path, k, bgr) for (path, k), bgr in zip(found, decoded, strict=True) if bgr is not None]
    unreadable = tuple(str(path) for (path, _), bgr in zip(found, decoded, strict=True) if bgr is None)
    if unreadable:
        shown = ", ".join(unreadable[:5]) + (", …" if len(unreadable) > 5 else "")
        log.warning("%d of %d pictures in %s are unreadable, skipped: %s", len(unreadable), len(found), folder, shown)
    truth = np.array([k for _, k, _ in good], dtype=np.int64)
    empty = [name for name in names if labels.index(name) not in truth]
    if empty:
        raise EmoliveError(f"No readable picture in {folder}/{', '.join(empty)}. Add pictures or remove the folder.")
    return Faces(
        crops=np.stack([whole_crop(bgr, size) for _, _, bgr in good]),
        truth=truth,
        targets=np.eye(len(labels), dtype=np.float32)[truth],
        labels=labels,
        files=tuple(path.relative_to(folder).as_posix() for path, _, _ in good),
        unreadable=unreadable,
    )


def split(faces: Faces, fraction: float, seed: int) -> tuple[Faces, Faces]:
    """Part `faces` into training and validation; each class gives `fraction` (at least one picture) to the latter."""
    draw = np.random.default_rng(seed)
    held: list[int] = []
    for k, name in enumerate(faces.labels):
        rows = draw.permutation(np.flatnonzero(faces.truth == k))
        if len(rows) < 2:
            raise EmoliveError(f"The class {name} has {len(rows)} picture; two are needed: to learn and to check.")
        held += list(rows[: min(len(rows) - 1, max(1, round(fraction * len(rows))))])
    rest = np.setdiff1d(np.arange(len(faces)), held)
    return faces.take(rest), faces.take(np.sort(np.array(held)))


def load_data(data: Path, size: int, fraction: float = 0.1, seed: int = 0) -> tuple[Faces, Faces]:
    """Training and validation faces of DATA/{train,validation}/<emotion>/*, or of DATA/<emotion>/* split."""
    data = Path(data)
    names = class_folders(data)
    if "train" in names and "validation" not in names:
        raise EmoliveError(f"{data} has a folder train but no validation. Add it, or give {data / 'train'} itself.")
    if "train" not in names:
        train, validation = split(_several(read_faces(data, size), data), fraction, seed)
    else:
        labels, other = class_folders(data / "train"), class_folders(data / "validation")
        if labels != other:
            odd = ", ".join(sorted(set(labels) ^ set(other)))
            raise EmoliveError(f"train and validation in {data} differ in their classes: {odd}. Make them agree.")
        train = _several(read_faces(data / "train", size), data)
        validation = read_faces(data / "validation", size)
    return train, validation


def _several(faces: Faces, data: Path) -> Faces:
    if len(faces.labels) < 2:
        raise EmoliveError(f"{data} holds one class only ({faces.labels[0]}). At least two are needed to tell apart.")
    return faces


def join_votes(faces: Faces, table: Path, share: float = 1.0) -> Faces:
    """Give `faces` soft targets: `share` of the annotators' votes in `table`, the rest their own label.

    `table` is a csv with the column `file` (as in `faces.files`, <emotion>/<name>) and one column per class with the
    part of the votes it got. Pictures that it lacks keep their label. Soft labels: Barsoum et al., "Training Deep
    Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution", ICMI 2016, arXiv 1608.01041.
    """
    votes = read_votes(table, faces.labels)
    targets = faces.targets.copy()
    for row, name in enumerate(faces.files):
        if name in votes:
            targets[row] = share * votes[name] + (1 - share) * targets[row]
    return replace(faces, targets=targets)


def read_votes(table: Path, labels: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The vote distribution (classes,) float32, summing to 1, of each file named in `table`."""
    try:
        with open(table, newline="", encoding="utf-8") as stream:
            rows = list(read_csv(stream))
        votes = {row["file"]: np.array([float(row[name]) for name in labels], np.float32) for row in rows}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise EmoliveError(
            f"{table} is not a table of votes ({error!r}): it needs the columns file, {', '.join(labels)}. "
            "train/prepare_fer2013.py writes one."
        ) from error
    return {name: vote / vote.sum() for name, vote in votes.items() if vote.sum() > 0}
