"""What `report.json` says of a video's result."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from emolive.core.errors import SourceError
from emolive.corpus.layout import REPORT


@dataclass(frozen=True)
class Person:
    """One track of a video: when it was seen, in how many frames, and in what share of them each emotion was the
    likeliest (smoothed, as on the screen)."""

    track: int
    first_ms: float
    last_ms: float
    frames: int
    shares: dict[str, float]


@dataclass(frozen=True)
class Report:
    """A finished result. `source` is the video's absolute path, `content` its sha256; `settings` is the hash of all
    that the result depends on besides (`plan.py`), `options` those settings in words; `model` is the sha256 of the
    weights; `versions` of emolive and of what it computes with; `faces` counts faces over all frames; `seconds` is
    the time that the worker took, without what other workers did before for a split video."""

    name: str
    source: str
    content: str
    settings: str
    options: dict[str, Any]
    model: str
    labels: tuple[str, ...]
    versions: dict[str, str]
    data: str
    video: str | None
    frames: int
    faces: int
    duration_ms: float
    seconds: float
    segments: int = 1
    people: tuple[Person, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def write(self, folder: Path) -> None:
        """Write `report.json` into a folder. Raises `OSError`."""
        text = json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=2)
        # Bytes of a file's name that are no text are written as JSON's escapes, which reading turns back.
        (folder / REPORT).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The report of a result's folder. Raises `SourceError` where there is none that can be read."""
        path = folder / REPORT
        try:
            if not path.is_file():
                raise FileNotFoundError("there is none")
            values = json.loads(path.read_text(encoding="utf-8"))
            values["people"] = tuple(Person(**person) for person in values["people"])
            for name in ("labels", "notes"):
                values[name] = tuple(values[name])
            return cls(**values)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise SourceError(
                f"{path} is no report of `emolive batch` that can be read ({error}). Run the batch again."
            ) from error
