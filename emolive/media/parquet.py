"""The numbers per frame as a Parquet file: the columns of the CSV table, with their types.

It is imported where such a file is written or read: without pyarrow (extra `emolive[parquet]`) that raises
`EmoliveError`.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from emolive.core.errors import OutputError, from_extra
from emolive.core.files import check_output, why
from emolive.core.foreign import printable
from emolive.core.scene import Picture, Scene
from emolive.media.figures import FIGURES, WHOLE, WORDS, YES_OR_NO, Labels
from emolive.media.rows import TableCell, table_header, table_rows

with from_extra("parquet", "Parquet files need pyarrow"):
    import pyarrow as pa
    from pyarrow import parquet as pq

log = logging.getLogger(__name__)

MAGIC = b"PAR1"
"""What a Parquet file begins and ends with."""

ROWS = 4096
"""Rows of a row group: what waits in memory."""


class ParquetWriter:
    """Writes one row per face and frame, with the columns of the CSV table. A `scene.Sink`.

    Frame and track numbers are int64, names and labels strings, `confirmed` and `knows_class` bool, all else
    float64; what is not known is null.
    A Parquet file can only be read once its footer, the last thing that is written, is there. So the rows go, in row
    groups, into `.NAME.part` beside `path`, which is renamed when it is whole: a file named `path` is complete. If an
    error ends the run, the rows until then are kept, readable, under the `.part` name; after a crash or `kill -9` or
    on a full disk they are lost (JSON lines survive those). A frame that is drawn anew is not written a second time.
    Entering raises `OutputError` where the file may not be written; so does a call, or leaving, on a full disk.
    """

    stage = "write"

    def __init__(self, path: Path, labels: Labels, overwrite: bool = False, inputs: Sequence[Path] = ()) -> None:
        self.path = path
        self.part = path.with_name(f".{path.name}.part")
        self._labels, self._overwrite, self._inputs = tuple(labels), overwrite, inputs
        self._index: int | None = None
        self._rows: list[list[TableCell]] = []
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        check_output(self.path, self._inputs, self._overwrite)
        # An error leaves rows there that can be read; a crash, what cannot be.
        check_output(self.part, self._inputs, self._overwrite or _is_torn(self.part))
        try:
            self._file = self.part.open("wb")
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written ({why(error)}). Choose another folder.") from error
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if scene.frame.index == self._index:
            return
        if self._index is None:
            self._begin(list(map(printable, table_header(scene, self._labels))))
        self._index = scene.frame.index
        self._rows += [[_text(cell) for cell in row] for row in table_rows(scene, self._labels)]
        if len(self._rows) >= ROWS:
            self._write_group()

    def notes(self) -> tuple[str, ...]:
        return ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file.closed:  # it failed before, and said so
            return
        if self._writer is None:
            self._begin(["frame", "t_ms", *(name for figure in FIGURES for name in figure.columns(self._labels))])
        try:
            self._write_group()
            self._finish()
            if error is None:
                os.replace(self.part, self.path)
        except OutputError as failure:
            if error is None:
                raise
            log.debug("while closing after another error: %s", failure)
        except OSError as failure:
            raise self._failed(failure) from failure
        if error is not None and self.part.exists():
            log.warning("The rows until the error are kept in %s; rename it to read it.", self.part)

    def _begin(self, columns: Sequence[str]) -> None:
        self._schema = pa.schema([(name, _type(name)) for name in columns])
        try:
            self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        except OSError as error:
            raise self._failed(error) from error

    def _write_group(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        columns = zip(self._schema, zip(*rows, strict=True), strict=True)
        table = pa.table([pa.array(values, field.type) for field, values in columns], self._schema)
        try:
            assert self._writer is not None  # `_begin` comes first
            self._writer.write_table(table)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def _finish(self) -> None:
        """Write the footer, and see it on the disk: a rename must not come before what it names."""
        try:
            if self._writer is not None:
                self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OutputError:
        """What to say; what cannot be read any more is removed, which makes room."""
        try:
            self._file.close()
        except OSError as again:
            log.debug("while closing after a failed write: %s", again)  # the same reason once more
        self.part.unlink(missing_ok=True)
        return OutputError(
            f"The data file {self.path} stopped ({why(error)}), and a Parquet file without its end cannot be read. "
            "Make room, choose another folder, or write .jsonl, which stays readable."
        )


KINDS = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}


def table_bytes(columns: Sequence[tuple[str, str, Sequence[TableCell], Mapping[str, str]]]) -> bytes:
    """A whole Parquet file of a few columns, each with its name, the kind of its values (`KINDS`), these, and what its
    metadata say."""
    fields = [pa.field(name, KINDS[kind], metadata=dict(said)) for name, kind, _, said in columns]
    arrays = [
        pa.array([_text(str(v)) if kind == "text" and v is not None else v for v in values], KINDS[kind])
        for _, kind, values, _ in columns
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, pa.schema(fields)), sink, compression="zstd")
    made: bytes = sink.getvalue().to_pybytes()
    return made


def _is_torn(path: Path) -> bool:
    """Whether this is the beginning of a Parquet file without its end."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        begin, size = file.read(len(MAGIC)), file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(MAGIC)))
        is_whole = size > 2 * len(MAGIC) and file.read() == MAGIC
    return MAGIC.startswith(begin) and not is_whole


def _type(column: str) -> "pa.DataType":
    kinds = ((WHOLE, pa.int64()), (WORDS, pa.string()), (YES_OR_NO, pa.bool_()))
    return next((kind for names, kind in kinds if column in names), pa.float64())


def _text(cell: TableCell) -> TableCell:
    """A cell with words that are text: the bytes of a file's name need not be."""
    return printable(cell) if isinstance(cell, str) else cell
