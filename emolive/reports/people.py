"""Reading the numbers that `--data` wrote: each person of a data file, as arrays with one row per frame in sight."""

import csv
import json
import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from emolive.core.errors import EmoliveError
from emolive.core.scene import KEEP_MS
from emolive.core.tables import plain_text

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

PREFIX, OFF, CONFIRMED = "smooth_", "heat_off", "confirmed"
NEEDED = {"frame", "t_ms", "face"}

SUFFIXES = (".jsonl", ".csv", ".parquet")
"""The endings of data files."""


@dataclass(frozen=True, eq=False)
class Person:
    """One person of a data file, a row for each frame in sight, in the file's order.

    `frame` (N,) is the frame's position among those of the data, `t_ms` (N,) its time, `probs` (N, classes) what was
    smoothed, NaN where unknown; `off` (N,) the share of the heat that lies off the face, NaN where nobody knows. `file`
    names the played file, if there were several.
    """

    track: int
    labels: tuple[str, ...]
    frame: np.ndarray
    t_ms: np.ndarray
    probs: np.ndarray
    off: np.ndarray
    file: str = ""

    @property
    def gaps(self) -> np.ndarray:
        """Whether the person was out of sight before each row but the first (N - 1,): frames lie between them, or much
        time (tables have no row for a frame without faces), or time went backwards (somebody sought in the video)."""
        step = np.diff(self.t_ms)
        return (np.diff(self.frame) > 1) | (step < 0) | (step > KEEP_MS)


def read_people(path: Path) -> list[Person]:
    """Every person of a data file (`.jsonl`, `.csv` or `.parquet`), by file and number; none where nobody is in it.

    Rows of what is not confirmed to be a face are left out (older files say nothing of that: there all count), and so
    is a last line that a crash cut off. Raises `EmoliveError` for a file that is missing, empty or no such data.
    """
    if not path.is_file():
        raise EmoliveError(
            f"There is no data file {path}. Make one with: emolive file VIDEO --headless --data {path.name}"
        )
    try:
        if not path.stat().st_size:
            raise EmoliveError(f"{path} is empty: no frame was written to it.")
        if path.suffix.lower() == ".parquet":
            return _parquet(path)
        with path.open(encoding="utf-8", newline="") as file:
            return _gathered(_table(file, path) if path.suffix.lower() == ".csv" else _lines(file, path))
    except UnicodeDecodeError as error:
        raise EmoliveError(f"{path} is not text. Give a file that --data wrote ({', '.join(SUFFIXES)}).") from error
    except OSError as error:
        raise EmoliveError(f"{path} cannot be read ({error.strerror or error}). Change its permissions.") from error


@dataclass(frozen=True)
class _Row:
    """One face in one frame of a text file."""

    frame: int
    t_ms: float
    track: int
    probs: Mapping[str, float]
    off: float
    file: str


def _lines(file: TextIO, path: Path) -> Iterator[_Row]:
    for n, line in enumerate(file):
        try:
            frame = json.loads(line)
            where, name = (n, float(frame["t_ms"])), str(frame.get("file", ""))
            found = [
                _Row(
                    *where,
                    int(face["face"]),
                    {label: _number(p) for label, p in face["probs_smooth"].items()},
                    _number(face.get("heat", {}).get("off")),
                    name,
                )
                for face in frame["faces"]
                if face.get(CONFIRMED, True)
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if n > 0 and _is_cut_off(file, path):
                return
            raise EmoliveError(
                f"Line {n + 1} of {path} is no frame of emolive's data. Give a file that --data wrote "
                f"({', '.join(SUFFIXES)})."
            ) from error
        yield from found


def _table(file: TextIO, path: Path) -> Iterator[_Row]:
    lines = csv.reader(file)
    columns = list(map(plain_text, next(lines, [])))
    labels = _labels(columns, path)
    frames: dict[tuple[str, str], int] = {}
    for n, values in enumerate(lines, start=1):
        row = dict(zip(columns, map(plain_text, values), strict=False))
        try:
            if len(values) != len(columns):
                raise ValueError(f"{len(values)} values")
            name = row.get("file", "")
            frame = frames.setdefault((name, row["frame"]), len(frames))
            if row.get(CONFIRMED) == "false":
                continue
            probs = {label: _number(row[PREFIX + label]) for label in labels}
            found = _Row(frame, float(row["t_ms"]), int(row["face"]), probs, _number(row.get(OFF)), name)
        except ValueError as error:
            if _is_cut_off(lines, path):
                return
            raise EmoliveError(
                f"Line {n + 1} of {path} does not fit its columns. Give a table that --data wrote."
            ) from error
        yield found


def _labels(columns: Iterable[str], path: Path) -> list[str]:
    """The emotions that a table has columns of."""
    columns = list(columns)
    labels = [name.removeprefix(PREFIX) for name in columns if name.startswith(PREFIX)]
    if not labels or not set(columns) >= NEEDED:
        raise EmoliveError(f"{path} has no columns frame, t_ms, face and {PREFIX}…. Give a table that --data wrote.")
    return labels


def _is_cut_off(after: Iterator[object], path: Path) -> bool:
    """Whether what makes no sense is the last line, and a crash's doing: nothing comes after it, not even its end."""
    if next(after, None) is not None or path.read_bytes().endswith(b"\n"):
        return False
    log.warning("The last line of %s is cut off; it is left out.", path)
    return True


def _number(value: str | float | None) -> float:
    return math.nan if value in (None, "") else float(value)


def _gathered(rows: Iterable[_Row]) -> list[Person]:
    people: dict[tuple[str, int], list[_Row]] = {}
    for row in rows:
        people.setdefault((row.file, row.track), []).append(row)
    return [_person(people[who]) for who in sorted(people)]


def _person(rows: list[_Row]) -> Person:
    labels = tuple(dict.fromkeys(label for row in rows for label in row.probs))
    probs = np.array([[row.probs.get(label, math.nan) for label in labels] for row in rows])
    return Person(
        track=rows[0].track,
        labels=labels,
        frame=np.array([row.frame for row in rows]),
        t_ms=np.array([row.t_ms for row in rows]),
        probs=probs.reshape(-1, len(labels)),
        off=np.array([row.off for row in rows]),
        file=rows[0].file,
    )


def _parquet(path: Path) -> list[Person]:
    from emolive.media.parquet import read_table

    table = read_table(path)
    labels = _labels(table.column_names, path)
    frame, t_ms, track = (_floats(table, name) for name in ("frame", "t_ms", "face"))
    probs = np.stack([_floats(table, PREFIX + label) for label in labels], axis=1)
    off = _floats(table, OFF) if OFF in table.column_names else np.full(len(frame), math.nan)
    file = np.array(table["file"].to_pylist() if "file" in table.column_names else [""] * len(frame), object)
    position = np.cumsum(np.diff(frame, prepend=frame[:1]) != 0)
    order = np.lexsort((track, file))  # stable: each person's rows stay in the file's order
    if CONFIRMED in table.column_names:
        order = order[_floats(table, CONFIRMED)[order] != 0]
    borders = np.flatnonzero((np.diff(track[order]) != 0) | (file[order][1:] != file[order][:-1])) + 1
    return [
        Person(
            int(track[rows[0]]), tuple(labels), position[rows], t_ms[rows], probs[rows], off[rows], str(file[rows[0]])
        )
        for rows in np.split(order, borders)
        if len(rows)
    ]


def _floats(table: "pa.Table", name: str) -> np.ndarray:
    """A column of numbers (N,) float64, with NaN for null."""
    values: np.ndarray = table[name].cast("float64").to_numpy()
    return values
