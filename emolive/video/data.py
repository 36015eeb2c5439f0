"""The numbers per frame as a file: JSON lines, or a table (CSV) with one row per face and frame."""

import csv
import io
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from emolive.errors import OutputError
from emolive.scene import Picture, Scene
from emolive.video.output import check_output, why

Labels = Sequence[str]
Value = int | float | str | None | list[float | None] | dict[str, float | None]


@dataclass(frozen=True)
class Figure:
    """One thing that is written about a face: its key in JSON, its columns in a table, and where it comes from."""

    key: str
    columns: Callable[[Labels], list[str]]
    value: Callable[[Scene, int, Labels], Value]


def _probs(scene: Scene, face: int) -> np.ndarray:
    return scene.readings[face].result.probs


def _smoothed(scene: Scene, face: int) -> np.ndarray:
    """What the screen shows; the raw probabilities of a face of which nothing is remembered."""
    remembered = scene.memory.tracks.get(scene.faces[face].track)
    return remembered.probs if remembered else _probs(scene, face)


def _by_label(probs: np.ndarray, labels: Labels) -> dict[str, float | None]:
    return {label: _rounded(p, 5) for label, p in zip(labels, probs, strict=True)}


def _rounded(number: float, digits: int) -> float | None:
    """None for what is no number: JSON has no NaN."""
    return round(float(number), digits) if math.isfinite(number) else None


FIGURES = (
    Figure("face", lambda _: ["face"], lambda scene, i, _: scene.faces[i].track),
    Figure("box", lambda _: ["x0", "y0", "x1", "y1"], lambda scene, i, _: [_rounded(v, 2) for v in scene.faces[i].box]),
    Figure("score", lambda _: ["score"], lambda scene, i, _: _rounded(scene.faces[i].score, 4)),
    Figure("label", lambda _: ["label"], lambda scene, i, labels: labels[int(np.argmax(_smoothed(scene, i)))]),
    Figure(
        "probs",
        lambda labels: [f"prob_{label}" for label in labels],
        lambda scene, i, labels: _by_label(_probs(scene, i), labels),
    ),
    Figure(
        "probs_smooth",
        lambda labels: [f"smooth_{label}" for label in labels],
        lambda scene, i, labels: _by_label(_smoothed(scene, i), labels),
    ),
)
"""All that is written about a face, in order. A row here is a new key in JSON and new columns in tables."""


class DataWriter:
    """Writes what is known of each frame, as the file's ending says: `.jsonl` or `.csv`. A `scene.Sink`.

    JSON lines hold one object per frame, frames without a face too. `frame` counts the source's frames, `t_ms` from the
    file's first one; where several files are played `file` names the frame's. Each line is with the system when its
    frame is done, whole or not at all. A frame that is drawn anew (frozen) is not written a second time. Entering
    raises `OutputError` where the file may not be written; so does a call when the disk is full.
    """

    stage = "write"

    def __init__(self, path: Path, labels: Labels, overwrite: bool = False, inputs: Sequence[Path] = ()) -> None:
        self.path = path
        self._labels, self._overwrite, self._inputs = tuple(labels), overwrite, inputs
        self._is_table = path.suffix.lower() == ".csv"
        self._index: int | None = None

    def __enter__(self) -> Self:
        if self.path.suffix.lower() not in (".jsonl", ".csv"):
            raise OutputError(f"Data files end in .jsonl or .csv, not '{self.path.suffix}'. Name it so.")
        check_output(self.path, self._inputs, self._overwrite)
        try:
            self._file = self.path.open("wb", buffering=0)
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written ({why(error)}). Choose another folder.") from error
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if scene.frame.index == self._index:
            return
        begins, self._index = self._index is None, scene.frame.index
        lines = table_rows(scene, self._labels) if self._is_table else [json_line(scene, self._labels)]
        if self._is_table and begins:
            lines = [_csv(table_header(scene, self._labels)), *lines]
        self._write("".join(lines).encode())

    def notes(self) -> tuple[str, ...]:
        return ()

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def _write(self, data: bytes) -> None:
        whole = self._file.tell()
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            os.ftruncate(self._file.fileno(), whole)  # half a line would spoil the file for its readers
            raise OutputError(
                f"The data file {self.path} stopped ({why(error)}). What was written until then is whole. "
                "Make room or choose another folder."
            ) from error


def json_line(scene: Scene, labels: Labels) -> str:
    """One frame as a line of JSON."""
    faces = [{figure.key: figure.value(scene, i, labels) for figure in FIGURES} for i in range(len(scene.faces))]
    return json.dumps({**_frame(scene), "faces": faces}, ensure_ascii=False, allow_nan=False) + "\n"


def table_header(scene: Scene, labels: Labels) -> list[str]:
    """The names of a table's columns."""
    return [*_frame(scene), *(name for figure in FIGURES for name in figure.columns(labels))]


def table_rows(scene: Scene, labels: Labels) -> list[str]:
    """One line of CSV for each face of a frame."""
    return [
        _csv([*_frame(scene).values(), *(v for f in FIGURES for v in _flat(f.value(scene, i, labels)))])
        for i in range(len(scene.faces))
    ]


def _frame(scene: Scene) -> dict[str, int | float | str]:
    frame = scene.frame
    facts: dict[str, int | float | str] = {"frame": frame.index, "t_ms": round(frame.t_ms, 3)}
    return {**facts, "file": frame.name} if scene.progress.files > 1 else facts


def _flat(value: Value) -> list[int | float | str | None]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else [value]


def _csv(row: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()
