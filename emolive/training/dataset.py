"""Pictures in one folder per emotion, read into memory once: what is learnt from and what is judged on.

They are read by the reader of `emolive file` and `emolive explain`, so that a picture is the same everywhere.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from io import TextIOWrapper
from pathlib import Path

import numpy as np

from emolive.core.errors import EmoliveError, SourceError
from emolive.core.files import fingerprint
from emolive.core.foreign import open_regular
from emolive.core.tables import read_csv
from emolive.faces.crop import crop_face, square
from emolive.media.pictures import read_picture
from emolive.training.folders import find_pictures
from emolive.training.names import meanings

log = logging.getLogger(__name__)

VOTES = "ferplus.csv"


@dataclass(frozen=True, eq=False)
class Faces:
    """Pictures of one split, each a face crop: crops (N, S, S, 3) uint8 RGB, truth (N,) int64 into `labels`.

    targets (N, classes) float32 are what is learnt: rows sum to 1, one-hot unless soft targets were joined.
    files are their paths in the folder, hashes the sha256 of each. unreadable lists the files that were skipped;
    read_as is {folder: label} where a folder's name is another one of the same emotion.
    """

    crops: np.ndarray
    truth: np.ndarray
    targets: np.ndarray
    labels: tuple[str, ...]
    files: tuple[str, ...]
    hashes: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    read_as: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: np.ndarray) -> Faces:
        """The pictures in `rows`, in that order."""
        return replace(
            self,
            crops=self.crops[rows],
            truth=self.truth[rows],
            targets=self.targets[rows],
            files=tuple(self.files[i] for i in rows),
            hashes=tuple(self.hashes[i] for i in rows) if self.hashes else (),
            unreadable=(),
        )


def whole_crop(bgr: np.ndarray, size: int) -> np.ndarray:
    """The whole picture as a face crop, (size, size, 3) uint8 RGB; a picture of that size comes out unchanged."""
    height, width = bgr.shape[:2]
    return crop_face(bgr, square((0.0, 0.0, float(width), float(height)), 1.0), size)


def read_faces(folder: Path, size: int, labels: tuple[str, ...] | None = None) -> Faces:
    """Read FOLDER/<emotion>/* as face crops of `size` pixels; `labels` gives the order (default: sorted folders).

    Pictures that cannot be read are left out, counted in a warning and listed in the result; other files and what
    systems leave behind are counted in one too. Raises EmoliveError for a folder without classes, with splits instead,
    or with an empty class.
    """
    folder = Path(folder)
    found = find_pictures(folder)
    labels = labels or found.labels
    meant = meanings(found.labels, labels)
    with ThreadPoolExecutor() as pool:
        crops = list(pool.map(lambda item: _crop(item[0], size), found.pictures))
    good = [i for i, crop in enumerate(crops) if isinstance(crop, tuple)]
    unreadable = tuple(str(path) for i, (path, _) in enumerate(found.pictures) if isinstance(crops[i], str))
    _say_what_is_left_out(folder, len(found.pictures), unreadable, found.skipped)
    truth = np.array([labels.index(meant[found.pictures[i][1]]) for i in good], dtype=np.int64)
    empty = [name for name in found.labels if labels.index(meant[name]) not in truth]
    if empty:
        raise EmoliveError(f"No readable picture in {folder}/{', '.join(empty)}. Add pictures or remove the folder.")
    return Faces(
        crops=np.stack([crops[i][0] for i in good]),
        truth=truth,
        targets=np.eye(len(labels), dtype=np.float32)[truth],
        labels=labels,
        files=tuple(found.pictures[i][0].relative_to(folder).as_posix() for i in good),
        hashes=tuple(crops[i][1] for i in good),
        unreadable=unreadable,
        read_as={folder: label for folder, label in meant.items() if folder != label},
    )


def _crop(path: Path, size: int) -> tuple[np.ndarray, str] | str:
    """The whole picture as a crop and the file's sha256, or why it cannot be read."""
    try:
        return whole_crop(read_picture(path), size), fingerprint(path)
    except (SourceError, OSError) as error:
        return str(error)


def _say_what_is_left_out(folder: Path, pictures: int, unreadable: tuple[str, ...], skipped: dict[str, int]) -> None:
    if unreadable:
        shown = ", ".join(unreadable[:5]) + (", …" if len(unreadable) > 5 else "")
        log.warning("%d of %d pictures in %s are unreadable, skipped: %s", len(unreadable), pictures, folder, shown)
    if skipped:
        count, kinds = sum(skipped.values()), ", ".join(f"{name} ({n})" for name, n in skipped.items())
        log.warning("%d file%s in %s left out, no pictures of a class: %s", count, "s" * (count > 1), folder, kinds)


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
        with TextIOWrapper(open_regular(table), encoding="utf-8", newline="") as stream:
            rows = list(read_csv(stream))
        votes = {
            str(row["file"]): np.array([float(row[name] or "none") for name in labels], np.float32) for row in rows
        }
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise EmoliveError(
            f"{table} is not a table of votes ({error!r}): it needs the columns file, {', '.join(labels)}. "
            "train/prepare_fer2013.py writes one."
        ) from error
    return {name: vote / vote.sum() for name, vote in votes.items() if vote.sum() > 0}
