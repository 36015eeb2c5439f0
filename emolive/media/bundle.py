"""A recording that can be looked at again: the clean video beside the annotated one, the numbers, and the settings."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from emolive.core.errors import SourceError
from emolive.core.files import fingerprint, write_output
from emolive.core.foreign import is_file, read_json, refuse
from emolive.core.installed import versions
from emolive.core.kinds import Number, Text, Words, like
from emolive.core.options import FIELDS, Option
from emolive.core.scene import VIEW_NAMES, Picture, Scene, Settings, Sink, Variant
from emolive.media.data import DataWriter
from emolive.media.made import Made
from emolive.media.record import Recorder
from emolive.media.streams import BEST, StreamChoice

if TYPE_CHECKING:
    from emolive.networks.checkpoint import Model

CLEAN, ANNOTATED, DATA, SETTINGS = "clean.mp4", "annotated.mp4", "data.jsonl", "settings.json"

LARGEST = 1_000_000
"""Bytes of a settings.json."""

LOOKS = {name: row for name, row in FIELDS.items() if row.looks}
"""The options that are read from a bundle; it stores the others for people."""


@dataclass(frozen=True)
class Run:
    """What a bundle says of the run beside its settings: all `options` as JSON holds them, the model's sha256, that of
    the second model ("" for none), its labels, and where it runs."""

    options: Mapping[str, Any]
    sha256: str
    labels: tuple[str, ...]
    sha256_b: str = ""
    device: str = "cpu"


@dataclass(frozen=True)
class Recorded:
    """A bundle that was read: its clean video, the options of its run that say how to look (as `Options` hold them),
    the settings when it began, the model's sha256, the name of what was recorded ("" for a camera), and the names in
    its settings that this emolive does not know."""

    folder: Path
    options: Mapping[str, Any]
    settings: Settings
    sha256: str
    source: str
    unknown: tuple[str, ...] = ()

    @property
    def clean(self) -> Path:
        """The video without any marks."""
        return self.folder / CLEAN


def run_of(options: Mapping[str, Any], model: "Model", second: Path | None) -> Run:
    """What a bundle says of a run with these options (as JSON holds them), this model and the file of a second one."""
    other = fingerprint(second) if second else ""
    return Run(options, model.sha256, model.spec.labels, other, model.device)


class Bundle:
    """Records into a new folder: clean.mp4, annotated.mp4, data.jsonl and settings.json. A `scene.Sink`.

    `annotated.mp4` is the view. The videos take their times, sound and rules from `Recorder`, the data from
    `DataWriter`: everything plays after a crash, up to the last second. `settings.json` is written with the first
    frame, whole, and says the settings of that moment; keys may change them later. Data count frames and times as the
    source does; `settings.json` says with which the videos begin. Raises `OutputError` as those two do.
    """

    stage = "encode"

    def __init__(
        self,
        path: Path,
        run: Run,
        view: str = "camera",
        source_audio: Sequence[Path] = (),
        lossless_queue: bool = False,
        choice: StreamChoice = BEST,
    ) -> None:
        self.path = path
        self._run = run
        self._clean = Recorder(path / CLEAN, "clean", source_audio, lossless_queue, choice=choice)
        self._sinks: tuple[Sink, ...] = (
            self._clean,
            Recorder(path / ANNOTATED, view, source_audio, lossless_queue, choice=choice),
            DataWriter(path / DATA, run.labels),
        )
        self._open = ExitStack()
        self._begun = False

    @property
    def made(self) -> dict[Path, Made]:
        """The folder, how many frames were recorded into it, and how long they last."""
        return dict.fromkeys([self.path], next(iter(self._clean.made.values())))

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.enter_context(sink)
            self._open = stack.pop_all()
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if not self._begun:
            self._write_settings(scene)
            self._begun = True
        for sink in self._sinks:
            sink(scene, {**pictures, "clean": Picture(scene.frame.bgr)})

    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(note for sink in self._sinks for note in sink.notes()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def _write_settings(self, scene: Scene) -> None:
        run, path = self._run, self.path / SETTINGS
        facts = {
            "time": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            "source": scene.frame.name or scene.progress.name,
            "begins": {"frame": scene.frame.index, "t_ms": scene.frame.t_ms},
            "options": run.options,
            "settings": dataclasses.asdict(scene.settings),
            "model": {"sha256": run.sha256, "device": run.device},
            "model_b": {"sha256": run.sha256_b} if run.sha256_b else None,
            "labels": run.labels,
            "versions": versions(),
        }
        write_output(path, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def read_bundle(folder: Path) -> Recorded:
    """A bundle's folder, every value in its settings checked against the table of options.

    Raises `SourceError`, which names the file and the key, where it is no bundle or a value is none of its kind.
    """
    path, then = folder / SETTINGS, f"`emolive file` plays the video alone: {folder / CLEAN} is there."
    for needed in (path, folder / CLEAN):
        if not is_file(needed):
            raise SourceError(f"{folder} is no recording made with --bundle: there is no {needed.name} in it.")
    try:
        facts = _mapping(read_json(path, LARGEST, then, False), "it")
        options = _mapping(facts.get("options"), "options")
        settings, other = _settings(_mapping(facts.get("settings"), "settings"))
        return Recorded(
            folder,
            {
                name: _value(row.check, options[name], f"options.{name}")
                for name, row in LOOKS.items()
                if name in options
            },
            settings,
            _value(Text().check, _mapping(facts.get("model"), "model").get("sha256"), "model.sha256"),
            _value(Text().check, facts.get("source"), "source"),
            tuple(f"options.{name}" for name in options if name not in FIELDS) + other,
        )
    except ValueError as error:
        refuse(path, "", str(error), then)


def _settings(values: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """Settings as JSON holds them, and the names of those that are unknown here (of another version of emolive)."""
    rows = {row.setting: row for row in FIELDS.values() if row.setting}
    found: dict[str, Any] = {}
    for one in dataclasses.fields(Settings):
        if one.name not in values or one.name == "compare":
            continue
        row, value, key = rows.get(one.name), values[one.name], f"settings.{one.name}"
        if one.name == "views":  # none, where there were no windows
            found[one.name] = _value(Words(VIEW_NAMES).check, value, key)
        elif row is None or (value is None and one.default is not None):  # an option may be left open, a setting not
            found[one.name] = _value(like(one.default).check, value, key)
        else:
            found[one.name] = _value(partial(_checked, row), value, key)
    other = _variant(values.get("compare"))
    unknown = _unknown(values, Settings, "settings") + _unknown(
        values.get("compare") or {}, Variant, "settings.compare"
    )
    return Settings(**found, compare=other), unknown


def _unknown(values: Mapping[str, Any], kind: type[Settings | Variant], where: str) -> tuple[str, ...]:
    known = {one.name for one in dataclasses.fields(kind)}
    return tuple(f"{where}.{name}" for name in values if name not in known)


def _checked(row: Option, value: object) -> Any:
    """The value of a field of `Settings` that an option sets, in its own unit. Raises `ValueError`."""
    if row.times == 1:
        return row.as_setting(row.check(row.of_setting(value)))
    return row.as_setting(row.check(row.of_setting(Number().check(value))))


def _variant(values: Any) -> Variant | None:
    """The other way to look, as JSON holds it; its target is that of what it is compared with."""
    if values is None:
        return None
    kinds = {one.name: like(one.default) for one in dataclasses.fields(Variant) if one.name != "target"}
    given = _mapping(values, "settings.compare")
    return Variant(**{n: _value(k.check, given[n], f"settings.compare.{n}") for n, k in kinds.items() if n in given})


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} should be an object, with names and values")
    return value


def _value(check: Callable[[object], Any], value: Any, key: str) -> Any:
    """A checked value. Raises `ValueError` with a sentence that names the key."""
    try:
        return check(value)
    except ValueError as error:
        words = json.dumps(value)
        raise ValueError(f"{key} {words} {error}" if len(words) < 40 else f"{key} {error}") from None
