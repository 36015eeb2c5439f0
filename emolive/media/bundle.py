"""A recording that can be looked at again: the clean video beside the annotated one, the numbers, and the settings."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from emolive.core.errors import OutputError, SourceError
from emolive.core.files import why
from emolive.core.scene import Picture, Scene, Settings, Sink, Variant
from emolive.core.versions import versions
from emolive.media.data import DataWriter
from emolive.media.record import Recorder
from emolive.media.streams import BEST, Choice

if TYPE_CHECKING:
    from emolive.networks.checkpoint import Model

CLEAN, ANNOTATED, DATA, SETTINGS = "clean.mp4", "annotated.mp4", "data.jsonl", "settings.json"


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
    """A bundle that was read: its clean video, the options of its run, the settings when it began, the model's sha256,
    and the name of what was recorded ("" for a camera)."""

    folder: Path
    options: Mapping[str, Any]
    settings: Settings
    sha256: str
    source: str

    @property
    def clean(self) -> Path:
        """The video without any marks."""
        return self.folder / CLEAN


def run_of(options: Mapping[str, Any], model: "Model", second: Path | None) -> Run:
    """What a bundle says of a run with these options (as JSON holds them), this model and the file of a second one."""
    other = hashlib.sha256(second.read_bytes()).hexdigest() if second else ""
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
        choice: Choice = BEST,
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
    def written(self) -> dict[Path, int]:
        """The folder, and how many frames were recorded into it."""
        return {self.path: sum(self._clean.written.values())}

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
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            os.replace(part, path)
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({why(error)}). Choose another folder.") from error


def read_bundle(folder: Path) -> Recorded:
    """A bundle's folder. Raises `SourceError` where it is none, or its settings cannot be read."""
    path = folder / SETTINGS
    for needed in (path, folder / CLEAN):
        if not needed.is_file():
            raise SourceError(f"{folder} is no recording made with --bundle: there is no {needed.name} in it.")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        options, settings, source = dict(facts["options"]), facts["settings"], str(facts["source"])
        return Recorded(folder, options, _settings(settings), str(facts["model"]["sha256"]), source)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{path} cannot be read ({error}). Play the video alone: emolive file {folder / CLEAN}"
        ) from error


def _settings(values: Mapping[str, Any]) -> Settings:
    """Settings as JSON holds them; those of another version of emolive that are unknown here are left out."""
    names = {field.name for field in dataclasses.fields(Settings)}
    known = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items() if name in names}
    other = known.pop("compare", None)
    fields = {name: tuple(v) if isinstance(v, list) else v for name, v in (other or {}).items()}
    return Settings(**known, compare=Variant(**fields) if other else None)
