"""The result of a video, which `report.json` holds, and the counting of what it says of the people in it."""

import dataclasses
import json
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self, get_origin, get_type_hints

from emolive.core.files import write_whole
from emolive.core.foreign import printable, read_json, refuse
from emolive.core.scene import KEEP_MS, Picture, Scene
from emolive.corpus.asked import FileFacts
from emolive.corpus.layout import REPORT


@dataclass(frozen=True)
class Appearance:
    """One track of a video: when it was seen first and last, in how many frames, and in what share of them each emotion
    was the likeliest (smoothed, as on the screen); for how long it was in sight (None: an earlier emolive wrote it)."""

    track: int
    first_ms: float
    last_ms: float
    frames: int
    shares: dict[str, float]
    seen_ms: float | None = None


FORMAT = 2
"""Of reports. Those of 1 say neither all that they depend on nor what their files were; they have no `format`."""


@dataclass(frozen=True)
class VideoResult:
    """A finished result, and the record of what it was made of. `source` is the video's absolute path when it was seen
    last, `size` and `mtime_ns` what it was then, `content` its sha256; `settings` is the hash of all that the result
    depends on besides (`manifest.py`), `options` the same in words; `model` is the sha256 of the weights; `versions` of
    emolive and of what it computes with; `faces` counts faces over all frames; `seconds` is the time that the worker
    took, without what other workers did before for a split video; `files` are those of the result by name, without the
    report itself; `attempts` how many times it was begun."""

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
    people: tuple[Appearance, ...] = ()
    notes: tuple[str, ...] = field(default=())
    size: int = -1
    mtime_ns: int = 0
    files: dict[str, FileFacts] = field(default_factory=dict)
    attempts: int = 1
    format: int = 1

    @property
    def video_facts(self) -> FileFacts:
        """What is known of the video."""
        return FileFacts(self.size, self.mtime_ns, self.content)

    def write(self, folder: Path) -> None:
        """Write `report.json` into a folder. Raises `OSError`."""
        text = json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=2)
        write_whole(folder / REPORT, text + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The report of a result's folder. Raises `SourceError` where there is none that can be read."""
        path = folder / REPORT
        values = read_json(path, instead="Run the batch again.")
        try:
            values["people"] = tuple(_built(Appearance, person) for person in values["people"])
            values["files"] = {name: _built(FileFacts, facts) for name, facts in values.get("files", {}).items()}
            for name in ("labels", "notes"):
                values[name] = tuple(values[name])
            found: Self = _built(cls, values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            reason = printable(str(error))[:200]
            refuse(path, "", f"it is no report of `emolive batch` ({reason})", "Run the batch again.")
        return found


@cache
def _allowed(kind: Hashable) -> dict[str, type | tuple[type, ...]]:
    """What the fields of a dataclass may be, as far as they are plain."""
    plain = {name: get_origin(hint) or hint for name, hint in get_type_hints(kind).items()}
    kinds = {name: one if one in (str, int, dict, tuple) else object for name, one in plain.items()}
    return {name: (int, float) if plain[name] is float else one for name, one in kinds.items()}


def _built(kind: Any, values: Mapping[str, Any]) -> Any:
    """A dataclass of values as JSON holds them, plain ones checked. Raises `TypeError`, or `ValueError`."""
    made = kind(**values)
    for name, allowed in _allowed(kind).items():
        value = getattr(made, name)
        if not isinstance(value, allowed) or isinstance(value, bool):
            raise TypeError(f"{name} is of another type")
    return made


@dataclass
class _Sighting:
    first_ms: float
    last_ms: float = 0.0
    seen_ms: float = 0.0
    labels: Counter[int] = field(default_factory=Counter)


class Census:
    """A `scene.Sink` that only counts: frames, faces, and per track what was the likeliest emotion."""

    stage = "write"

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._tracks: dict[int, _Sighting] = {}
        self.last_ms = 0.0
        self.faces = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        t_ms, before = scene.frame.t_ms, self.last_ms
        self.last_ms = t_ms
        self.faces += len(scene.faces)
        for face, reading in zip(scene.faces, scene.readings, strict=True):
            seen = self._tracks.setdefault(face.track, _Sighting(t_ms))
            if seen.last_ms == before and seen.labels:  # in the frame before, too: that one lasted until now
                seen.seen_ms += min(max(t_ms - before, 0.0), KEEP_MS)
            seen.last_ms = t_ms
            seen.labels[reading.top] += 1

    def notes(self) -> tuple[str, ...]:
        return ()

    @property
    def people(self) -> tuple[Appearance, ...]:
        """Everybody who was seen, in the order of their tracks."""
        return tuple(self._appearance(track, seen) for track, seen in sorted(self._tracks.items()))

    def _appearance(self, track: int, seen: _Sighting) -> Appearance:
        frames = seen.labels.total()
        shares = {label: round(seen.labels[i] / frames, 4) for i, label in enumerate(self._labels)}
        return Appearance(track, seen.first_ms, seen.last_ms, frames, shares, seen.seen_ms)
