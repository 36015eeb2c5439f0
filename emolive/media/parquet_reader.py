"""Reading Parquet files that may be anybody's: within bounds, each column of its kind, every number finite.

It is imported where such a file is read: without pyarrow (extra `emolive[parquet]`) that raises `EmoliveError`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from emolive.core.errors import EmoliveError, from_extra
from emolive.core.foreign import MOST_COLUMNS, MOST_ROWS, open_regular, printable, refuse, words
from emolive.media.figures import SHARE, WHOLE, WORDS, YES_OR_NO, kind_of

with from_extra("parquet", "Parquet files need pyarrow"):
    import pyarrow as pa
    from pyarrow import parquet as pq

MOST_CELLS = 50_000_000
"""Numbers that are held at once: 400 MB."""

MOST_UNPACKED = 1 << 30
"""Bytes of all columns that are read, as the file says itself."""

BATCH = 1 << 16
"""Rows that are read at once."""

INSTEAD = "Give a table that --data wrote."


def columns_of(path: Path) -> list[str]:
    """The names of a Parquet file's columns. Raises `EmoliveError` as `read_table` does."""
    with _opened(path) as file:
        return list(file.schema_arrow.names)


def read_table(path: Path, columns: Sequence[str]) -> "pa.Table":
    """Some columns of a Parquet file, each of its kind (`figures.kind_of`) and finite; null only in shares and words.

    Raises `EmoliveError` for a file that is broken or was never finished, too large, or of other columns.
    """
    with _opened(path) as file:
        meta, schema = file.metadata, file.schema_arrow
        for name in columns:
            if schema.names.count(name) != 1 or not _fits(schema.field(name).type, name):
                refuse(path, f"Column {printable(name)}", "it is of another type than --data writes", INSTEAD)
        if meta.num_rows > MOST_ROWS or meta.num_rows * len(columns) > MOST_CELLS:
            refuse(path, "", f"{meta.num_rows:,} rows of {len(columns)} columns are too many", "Split it up.")
        groups = [meta.row_group(i) for i in range(meta.num_row_groups)]
        chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
        if sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in columns) > MOST_UNPACKED:
            refuse(path, "", f"it unpacks to more than {MOST_UNPACKED >> 20} MB", INSTEAD)
        batches, count = [], 0
        for batch in file.iter_batches(BATCH, columns=list(columns), use_threads=False):
            count += batch.num_rows
            if count > meta.num_rows:
                refuse(path, "", "it has more rows than it says", INSTEAD)
            batches.append(batch)
        return pa.Table.from_batches(batches, batches[0].schema if batches else _of(schema, columns))


def numbers(table: "pa.Table", name: str, path: Path) -> np.ndarray:
    """A column of numbers (N,) float64 that were checked against their kind; NaN for null, which only shares may be."""
    kind, column = kind_of(name), table[name]
    if name in YES_OR_NO:
        truth: np.ndarray = column.cast("float64").to_numpy()  # NaN, which is not 0, for null
        return truth
    values: np.ndarray = column.cast("float64", safe=False).to_numpy()
    known = ~column.is_null().to_numpy()
    least, most = getattr(kind, "low", None), getattr(kind, "high", None)  # words have neither
    low, high = (-np.inf if least is None else least), (np.inf if most is None else most)
    wrong = known & ~((values >= low) & (values <= high)) if kind == SHARE else ~((values >= low) & (values <= high))
    if wrong.any():
        refuse(path, f"Row {int(np.argmax(wrong)) + 1}", f"{printable(name)} is not {kind.limits}", INSTEAD)
    return values


def texts(table: "pa.Table", name: str, path: Path) -> list[str]:
    """A column of words, "" for null."""
    column = table[name].combine_chunks()
    known = {i: _words(one, name, path) for i, one in enumerate(column.dictionary.to_pylist())}
    return ["" if i is None else known[i] for i in column.indices.to_pylist()]


def _words(value: object, name: str, path: Path) -> str:
    try:
        return words(value)
    except ValueError as error:
        refuse(path, f"Column {name}", f"a word in it {error}", INSTEAD)


@contextmanager
def _opened(path: Path) -> Iterator["pq.ParquetFile"]:
    """A Parquet file whose words stand in a dictionary, so that none is unpacked a million times."""
    try:
        with open_regular(path, INSTEAD) as file:
            meta = pq.read_metadata(file)
            if meta.num_columns > MOST_COLUMNS:
                refuse(path, "", f"more than {MOST_COLUMNS:,} columns", INSTEAD)
            file.seek(0)
            yield pq.ParquetFile(file, metadata=meta, read_dictionary=sorted(WORDS & set(meta.schema.names)))
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, KeyError, IndexError) as error:
        raise EmoliveError(
            f"{path} is no whole Parquet file ({printable(str(error))[:200]}). Write it again."
        ) from error


def _of(schema: "pa.Schema", columns: Sequence[str]) -> "pa.Schema":
    return pa.schema([schema.field(name) for name in columns])


def _fits(type_: "pa.DataType", column: str) -> bool:
    if column in WORDS:
        return bool(pa.types.is_dictionary(type_) and pa.types.is_string(type_.value_type))
    if column in YES_OR_NO:
        return bool(pa.types.is_boolean(type_))
    if column in WHOLE:
        return bool(pa.types.is_integer(type_))
    return bool(pa.types.is_floating(type_) or pa.types.is_integer(type_))
