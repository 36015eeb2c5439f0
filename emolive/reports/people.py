"""Reading the numbers that `--data` wrote: each person of a data file, as arrays with one row per frame in sight."""

import logging
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emolive.core.errors import EmoliveError, SourceError
from emolive.core.foreign import parsed, printable, read_lines, read_rows, refuse, words
from emolive.core.kinds import Flag
from emolive.core.scene import KEEP_MS
from emolive.media.figures import COUNT, SHARE, TIME

log = logging.getLogger(__name__)

OFF, CONFIRMED = "heat_off", "confirmed"

SMOOTHED, RAW = ("probs_smooth", "smooth_"), ("probs", "prob_")
"""What is shown of a face, and what its frame alone says: the key in JSON lines, and what a table's columns begin with.
"""

NEEDED = {"frame", "t_ms", "face"}

SUFFIXES = (".jsonl", ".csv", ".parquet")
"""The endings of data files."""

INSTEAD = f"Give a file that --data wrote ({', '.join(SUFFIXES)})."

MOST_LABELS, MOST_PEOPLE = 1000, 20_000
"""Emotions and people of a file."""

MOST_CELLS = 50_000_000
"""Numbers that are held at once: 400 MB."""


@dataclass(frozen=True, eq=False)
class Person:
    """One person of a data file, a row for each frame in sight, in the file's order.

    `frame` (N,) is the frame's position among those of the data, `t_ms` (N,) its time, `probs` (N, classes) what was
    shown (smoothed), NaN where unknown; `off` (N,) the share of the heat that lies off the face, NaN where nobody
    knows. `file` names the played file, if there were several. `checked`: the data say which faces are confirmed.
    """

    track: int
    labels: tuple[str, ...]
    frame: np.ndarray
    t_ms: np.ndarray
    probs: np.ndarray
    off: np.ndarray
    file: str = ""
    checked: bool = True

    @property
    def gaps(self) -> np.ndarray:
        """Whether the person was out of sight before each row but the first (N - 1,): frames lie between them, or much
        time (tables have no row for a frame without faces), or time went backwards (somebody sought in the video)."""
        step = np.diff(self.t_ms)
        return (np.diff(self.frame) > 1) | (step < 0) | (step > KEEP_MS)


def read_people(path: Path, which: tuple[str, str] = SMOOTHED) -> list[Person]:
    """Every person of a data file (`.jsonl`, `.csv` or `.parquet`), by file and number; none where nobody is in it.

    `which` probabilities are read: those that were shown, or `RAW`. Rows of what is not confirmed to be a face are left
    out (older files say nothing of that: there all count), and so is a last line that a crash cut off. Every value is
    checked to be of its column's kind. Raises `EmoliveError`, which names the place, for a file that is missing, empty,
    too large or no such data.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return _parquet(path, which[1])
        people = _Everybody(path)
        for row in _table(path, which[1]) if path.suffix.lower() == ".csv" else _lines(path, which[0]):
            people.add(row)
        return people.persons()
    except SourceError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise EmoliveError(
                f"There is no data file {path}. Make one with: emolive file VIDEO --headless --data {path.name}"
            ) from error
        raise


@dataclass(frozen=True)
class _Row:
    """One face in one frame of a text file, in its line `number`."""

    number: int
    frame: int
    t_ms: float
    track: int
    probs: Mapping[str, float]
    off: float
    file: str
    checked: bool = True


def _lines(path: Path, key: str) -> Iterator[_Row]:
    for number, (line, is_whole) in enumerate(read_lines(path, INSTEAD), start=1):
        try:
            rows = _faces(parsed(line), number, key)
        except ValueError as error:
            if number > 1 and not is_whole:
                log.warning("The last line of %s is cut off; it is left out.", path)
                return
            refuse(path, f"Line {number}", str(error), INSTEAD)
        yield from rows


def _faces(frame: object, number: int, key: str) -> list[_Row]:
    """The faces of a line of JSON. Raises `ValueError` with what is wrong."""
    facts = _object(frame, "it")
    t_ms, name = _checked(TIME.check, facts, "t_ms"), _checked(words, facts, "file") if "file" in facts else ""
    if not isinstance(facts.get("faces"), list):
        raise ValueError("faces is no list")
    rows = []
    for one in facts["faces"]:
        face = _object(one, "a face")
        if CONFIRMED in face and not _checked(Flag().check, face, CONFIRMED):
            continue
        probs = _object(face.get(key), key)
        if not probs:
            raise ValueError(f"{key} is empty")
        heat = _object(face.get("heat", {}), "heat")
        known = {words(label): _share(probs, label) for label in probs}
        off = _share(heat, "off") if "off" in heat else math.nan
        rows.append(
            _Row(number, number - 1, t_ms, _checked(COUNT.check, face, "face"), known, off, name, CONFIRMED in face)
        )
    return rows


def _table(path: Path, prefix: str) -> Iterator[_Row]:
    columns: list[str] = []
    labels: list[str] = []
    frames: dict[tuple[str, str], int] = {}
    for number, cells, is_whole in read_rows(path, INSTEAD):
        if not columns:
            columns = [printable(name) for name in cells]
            labels = _labels(columns, path, prefix)
            continue
        try:
            if len(cells) != len(columns):
                raise ValueError(f"it does not fit its columns: {len(cells)} cells where there are {len(columns)}")
            row = dict(zip(columns, cells, strict=True))
            name = words(row.get("file", ""))
            _checked(COUNT.read, row, "frame")
            frame = frames.setdefault((name, row["frame"]), len(frames))
            if row.get(CONFIRMED) and not _checked(Flag().read, row, CONFIRMED):
                continue
            found = _Row(
                number,
                frame,
                _checked(TIME.read, row, "t_ms"),
                _checked(COUNT.read, row, "face"),
                {label: _read_share(row, prefix + label) for label in labels},
                _read_share(row, OFF) if OFF in row else math.nan,
                name,
                bool(row.get(CONFIRMED)),
            )
        except ValueError as error:
            if not is_whole:
                log.warning("The last line of %s is cut off; it is left out.", path)
                return
            refuse(path, f"Line {number}", str(error), INSTEAD)
        yield found


def _labels(columns: Iterable[str], path: Path, prefix: str) -> list[str]:
    """The emotions that a table has columns of."""
    columns = list(columns)
    labels = [name.removeprefix(prefix) for name in columns if name.startswith(prefix)]
    if not labels or not set(columns) >= NEEDED:
        refuse(path, "", f"it has no columns frame, t_ms, face and {prefix}…", INSTEAD)
    if len(labels) > MOST_LABELS or len(set(columns)) < len(columns):
        refuse(path, "", f"two columns of one name, or more than {MOST_LABELS} emotions", INSTEAD)
    return labels


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no object, with names and values")
    return value


def _checked(check: Any, values: Mapping[str, Any], key: str) -> Any:
    """A value of its kind. Raises `ValueError` that names the key."""
    if key not in values:
        raise ValueError(f"{printable(key)[:60]} is missing")
    try:
        return check(values[key])
    except ValueError as error:
        raise ValueError(f"{printable(key)[:60]} {error}") from None


def _share(values: Mapping[str, Any], key: str) -> float:
    return math.nan if values[key] is None else float(_checked(SHARE.check, values, key))


def _read_share(values: Mapping[str, str], key: str) -> float:
    return float(_checked(SHARE.read, values, key)) if values[key] else math.nan


@dataclass
class _One:
    """What was read of one person so far, in arrays of bare numbers: a long video has millions of rows."""

    frame: "array[int]" = field(default_factory=lambda: array("q"))
    t_ms: "array[float]" = field(default_factory=lambda: array("d"))
    off: "array[float]" = field(default_factory=lambda: array("d"))
    probs: dict[str, "array[float]"] = field(default_factory=dict)
    checked: bool = True


class _Everybody:
    """Gathers rows by person. `add` raises `SourceError` where there are too many to be held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._people: dict[tuple[str, int], _One] = {}
        self._labels: set[str] = set()
        self._cells = 0

    def add(self, row: _Row) -> None:
        """One more row."""
        one = self._people.setdefault((row.file, row.track), _One())
        for label in row.probs:
            if label not in one.probs:
                self._labels.add(label)
                one.probs[label] = array("d", [math.nan]) * len(one.frame)
                self._cells += len(one.frame) + 16  # an array has a weight of its own
        one.frame.append(row.frame)
        one.t_ms.append(row.t_ms)
        one.off.append(row.off)
        one.checked &= row.checked
        for label, values in one.probs.items():
            values.append(row.probs.get(label, math.nan))
        self._cells += len(one.probs) + 3
        if len(self._labels) > MOST_LABELS or len(self._people) > MOST_PEOPLE or self._cells > MOST_CELLS:
            limits = f"{MOST_LABELS:,} emotions, {MOST_PEOPLE:,} people or {MOST_CELLS:,} numbers"
            refuse(self._path, f"Line {row.number}", f"more than {limits} until here", "Split it into several files.")

    def persons(self) -> list[Person]:
        """Everybody, by file and number."""
        return [self._person(who, self._people.pop(who)) for who in sorted(self._people)]

    def _person(self, who: tuple[str, int], one: _One) -> Person:
        probs = np.stack([np.frombuffer(values) for values in one.probs.values()], axis=1)
        frame, t_ms, off = np.array(one.frame), np.array(one.t_ms), np.array(one.off)
        return Person(who[1], tuple(one.probs), frame, t_ms, probs, off, who[0], one.checked)


def _parquet(path: Path, prefix: str) -> list[Person]:
    from emolive.media.parquet_reader import columns_of, numbers, read_table, texts

    columns = columns_of(path)
    labels = _labels(columns, path, prefix)
    wanted = ["frame", "t_ms", "face", *(prefix + label for label in labels)]
    table = read_table(path, [*wanted, *(name for name in (OFF, "file", CONFIRMED) if name in columns)])
    frame, t_ms, track = (numbers(table, name, path) for name in ("frame", "t_ms", "face"))
    probs = np.stack([numbers(table, prefix + label, path) for label in labels], axis=1)
    off = numbers(table, OFF, path) if OFF in columns else np.full(len(frame), math.nan)
    file = np.array(texts(table, "file", path) if "file" in columns else [""] * len(frame), object)
    position = np.cumsum(np.diff(frame, prepend=frame[:1]) != 0)
    order = np.lexsort((track, file))  # stable: each person's rows stay in the file's order
    if CONFIRMED in columns:
        order = order[numbers(table, CONFIRMED, path)[order] != 0]
    borders = np.flatnonzero((np.diff(track[order]) != 0) | (file[order][1:] != file[order][:-1])) + 1
    if len(borders) >= MOST_PEOPLE:
        refuse(path, "", f"more than {MOST_PEOPLE:,} people", "Split it into several files.")
    names = tuple(printable(label) for label in labels)
    return [
        Person(
            int(track[rows[0]]),
            names,
            position[rows],
            t_ms[rows],
            probs[rows],
            off[rows],
            str(file[rows[0]]),
            CONFIRMED in columns,
        )
        for rows in np.split(order, borders)
        if len(rows)
    ]
