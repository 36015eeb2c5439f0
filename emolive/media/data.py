"""The numbers per frame as a file: JSON lines, or a table (CSV, Parquet) with one row per face and frame."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from emolive.core.errors import OutputError
from emolive.core.files import as_bytes, check_output, why
from emolive.core.scene import Picture, Scene, Sink
from emolive.core.tables import CsvCell, csv_line
from emolive.media.figures import Labels
from emolive.media.rows import json_line, table_header, table_rows


def data_writer(path: Path, labels: Labels, overwrite: bool = False, inputs: Sequence[Path] = ()) -> Sink:
    """What writes the numbers of each frame into a file, as its ending says: `.jsonl`, `.csv` or `.parquet`."""
    if path.suffix.lower() == ".parquet":
        from emolive.media.parquet import ParquetWriter

        return ParquetWriter(path, labels, overwrite, inputs)
    return DataWriter(path, labels, overwrite, inputs)


class DataWriter:
    """Writes what is known of each frame, as the file's ending says: `.jsonl` or `.csv`. A `scene.Sink`.

    JSON lines hold one object per frame, frames without a face too. `frame` counts the source's frames, `t_ms` from the
    file's first one; where several files are played `file` names the frame's. Faces that are not confirmed come last.
    Each line is with the system when its frame is done, whole or not at all. A frame that is drawn anew (frozen) is not
    written a second time. Entering raises `OutputError` where the file may not be written; so does a call when the disk
    is full.
    """

    stage = "write"

    def __init__(self, path: Path, labels: Labels, overwrite: bool = False, inputs: Sequence[Path] = ()) -> None:
        self.path = path
        self._labels, self._overwrite, self._inputs = tuple(labels), overwrite, inputs
        self._is_table = path.suffix.lower() == ".csv"
        self._index: int | None = None

    def __enter__(self) -> Self:
        if self.path.suffix.lower() not in (".jsonl", ".csv"):
            raise OutputError(f"Data files end in .jsonl, .csv or .parquet, not '{self.path.suffix}'. Name it so.")
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
        if self._is_table:
            header: list[Sequence[CsvCell]] = [table_header(scene, self._labels)] if begins else []
            text = "".join(csv_line(row) for row in [*header, *table_rows(scene, self._labels)])
        else:
            text = json_line(scene, self._labels)
        self._write(as_bytes(text))

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
