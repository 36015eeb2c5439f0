"""Reading the numbers that `--data` wrote, as one series per person."""

import csv
import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emolive.errors import EmoliveError
from emolive.scene import KEEP_MS

log = logging.getLogger(__name__)

PREFIX = "smooth_"


@dataclass(frozen=True)
class Sample:
    """One face in one frame: the frame's position among those of the data, its time, the person's number, the smoothed
    probability of each emotion (NaN where it is unknown), and the name of the played file, if there were several."""

    frame: int
    t_ms: float
    track: int
    probs: Mapping[str, float]
    file: str = ""


@dataclass(frozen=True, eq=False)
class Series:
    """A person over time: `t_s` (N,) seconds, `probs` (N, classes), with a row of NaN wherever the person is out of
    sight, so that lines break there."""

    track: int
    labels: tuple[str, ...]
    t_s: np.ndarray
    probs: np.ndarray
    file: str = ""

    @property
    def seconds(self) -> float:
        """From the first to the last time in sight."""
        return float(self.t_s[-1] - self.t_s[0])

    @property
    def entropy(self) -> np.ndarray:
        """The entropy of the probabilities in bits (N,): 0 is sure, log2(classes) knows nothing."""
        p = np.where(self.probs > 0, self.probs, 1.0)
        bits = -(p * np.log2(p)).sum(1)
        return np.where(np.isfinite(self.probs).all(1), np.abs(bits), np.nan)


def read_series(path: Path) -> list[Series]:
    """Every person of a data file (`.jsonl` or `.csv`), by file and number.

    A last line that a crash cut off is left out. Raises `EmoliveError` for a file that is missing, empty or no such
    data, and where nobody is in it.
    """
    if not path.is_file():
        raise EmoliveError(
            f"There is no data file {path}. Make one with: emolive file VIDEO --headless --data {path.name}"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise EmoliveError(f"{path} is not text. Give a file that --data wrote (.jsonl or .csv).") from error
    except OSError as error:
        raise EmoliveError(f"{path} cannot be read ({error.strerror}). Change its permissions.") from error
    if not text.strip():
        raise EmoliveError(f"{path} is empty: no frame was written to it.")
    samples = list(_table(text, path) if path.suffix.lower() == ".csv" else _lines(text, path))
    if not samples:
        raise EmoliveError(f"No face is in {path}, so there is nothing to draw.")
    people: dict[tuple[str, int], list[Sample]] = {}
    for sample in samples:
        people.setdefault((sample.file, sample.track), []).append(sample)
    return [_series(people[who]) for who in sorted(people)]


def _lines(text: str, path: Path) -> Iterator[Sample]:
    lines = text.splitlines()
    for n, line in enumerate(lines):
        try:
            frame = json.loads(line)
            where = n, float(frame["t_ms"])
            file = str(frame.get("file", ""))
            found = [Sample(*where, int(face["face"]), _numbers(face["probs_smooth"]), file) for face in frame["faces"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if _is_cut_off(n, lines, text):
                log.warning("The last line of %s is cut off; it is left out.", path)
                return
            raise EmoliveError(
                f"Line {n + 1} of {path} is no frame of emolive's data. Give a file that --data wrote (.jsonl or .csv)."
            ) from error
        yield from found


def _table(text: str, path: Path) -> Iterator[Sample]:
    lines = text.splitlines()
    columns, *rows = csv.reader(lines)
    labels = [name.removeprefix(PREFIX) for name in columns if name.startswith(PREFIX)]
    if not labels or not {"frame", "t_ms", "face"} <= set(columns):
        raise EmoliveError(f"{path} has no columns frame, t_ms, face and {PREFIX}…. Give a table that --data wrote.")
    frames: dict[tuple[str, str], int] = {}
    for n, values in enumerate(rows, start=1):
        row = dict(zip(columns, values, strict=False))
        try:
            if len(values) != len(columns):
                raise ValueError(f"{len(values)} values")
            probs = _numbers({label: row[PREFIX + label] or None for label in labels})
            file = row.get("file", "")
            frame = frames.setdefault((file, row["frame"]), len(frames))
            sample = Sample(frame, float(row["t_ms"]), int(row["face"]), probs, file)
        except ValueError as error:
            if _is_cut_off(n, lines, text):
                log.warning("The last line of %s is cut off; it is left out.", path)
                return
            raise EmoliveError(
                f"Line {n + 1} of {path} does not fit its columns. Give a table that --data wrote."
            ) from error
        yield sample


def _is_cut_off(n: int, lines: Sequence[str], text: str) -> bool:
    return n == len(lines) - 1 and n > 0 and not text.endswith("\n")


def _numbers(probs: Mapping[str, str | float | None]) -> dict[str, float]:
    return {label: math.nan if p is None else float(p) for label, p in probs.items()}


def _series(samples: Sequence[Sample]) -> Series:
    labels = tuple(dict.fromkeys(label for sample in samples for label in sample.probs))
    unknown = [math.nan] * len(labels)
    times: list[float] = []
    rows: list[list[float]] = []
    for before, sample in zip([None, *samples], samples, strict=False):
        if before is not None and _is_gap(before, sample):
            times.append((before.t_ms + sample.t_ms) / 2)
            rows.append(unknown)
        times.append(sample.t_ms)
        rows.append([sample.probs.get(label, math.nan) for label in labels])
    first = samples[0]
    return Series(first.track, labels, np.array(times) / 1e3, np.array(rows).reshape(-1, len(labels)), first.file)


def _is_gap(before: Sample, after: Sample) -> bool:
    """Whether a person was out of sight between two frames: frames lie between them, or much time (tables have no row
    for a frame without faces), or time went backwards (somebody sought in the video)."""
    return after.frame - before.frame > 1 or not 0 <= after.t_ms - before.t_ms <= KEEP_MS
