"""Sinks that open and close another one while the loop runs: when the key `r` says so, or for each file."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from emolive.core.errors import OutputError
from emolive.core.files import reserved, why
from emolive.core.scene import Picture, Scene, Sink
from emolive.media.bundle import Bundle, Run
from emolive.media.made import Made, sentence
from emolive.media.record import Recorder
from emolive.media.streams import BEST, StreamChoice

log = logging.getLogger(__name__)

TOLD_S = 4.0
"""Seconds that a note about a finished recording stays."""


class RecordingSwitch:
    """Records while `settings.record` is on, each time into a new file in `folder`, named after the time of day; with
    `bundle` into a new folder there (`Bundle`). `made` are those that are finished.

    A `scene.Sink`. In windows (`forgiving`) a recording that fails becomes a note until the user switches it off;
    otherwise the error is raised.
    """

    stage = "encode"

    def __init__(
        self,
        folder: Path,
        view: str = "camera",
        source_audio: Sequence[Path] = (),
        lossless_queue: bool = False,
        forgiving: bool = True,
        bundle: Run | None = None,
        choice: StreamChoice = BEST,
    ) -> None:
        self._folder, self._view, self._audio, self._lossless = folder, view, source_audio, lossless_queue
        self._forgiving, self._bundle, self._choice = forgiving, bundle, choice
        self._recorder: Recorder | Bundle | None = None
        self.made: dict[Path, Made] = {}
        self._wanted = False
        self._note, self._until = "", 0.0

    @property
    def saved(self) -> tuple[Path, ...]:
        """The recordings that are finished."""
        return tuple(self.made)

    @property
    def recording(self) -> bool:
        """Whether a recording is running."""
        return self._recorder is not None

    def __enter__(self) -> Self:
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        wanted, before, self._wanted = scene.settings.record, self._wanted, scene.settings.record
        try:
            if wanted and not before:
                self._note = ""
                self._recorder = self._new().__enter__()
            elif not wanted and before:
                self._note = ""
                self._finish()
            if self._recorder:
                self._recorder(scene, pictures)
        except OutputError as error:
            self._abandon(error)
            if not self._forgiving:
                raise
            self._note, self._until = str(error), float("inf")

    def notes(self) -> tuple[str, ...]:
        note = (self._note,) if self._note and time.monotonic() < self._until else ()
        return (*note, *(self._recorder.notes() if self._recorder else ()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish(kind, error, trace)

    def _finish(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder:
            recorder.__exit__(kind, error, trace)
            self.made |= recorder.made
            self._note = f"saved {sentence(recorder.path, recorder.made[recorder.path])}"
            self._until = time.monotonic() + TOLD_S
            log.info("%s", self._note)

    def _abandon(self, error: OutputError) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder:
            recorder.__exit__(type(error), error, error.__traceback__)

    def _new(self) -> Recorder | Bundle:
        if self._bundle:
            return Bundle(self._free_path(""), self._bundle, self._view, self._audio, self._lossless, self._choice)
        return Recorder(self._free_path(".mp4"), self._view, self._audio, self._lossless, True, self._choice)

    def _free_path(self, ending: str) -> Path:
        """A file, or without an ending a folder, that is there and empty, and nobody else's. Raises `OutputError`."""
        try:
            return reserved(self._folder / f"{time.strftime('%Y-%m-%d_%H-%M-%S')}{ending}")
        except OSError as error:
            raise OutputError(f"{self._folder} cannot be written to ({why(error)}). Choose --recordings.") from error


class PerFile:
    """Opens `makers[i]()` when the first frame of file i comes, and closes it before the next one's. A `scene.Sink`."""

    stage = "encode"

    def __init__(self, makers: Sequence[Callable[[], Sink]]) -> None:
        self._makers = makers
        self._file: int | None = None
        self._sink: Sink | None = None
        self._made: dict[Path, Made] = {}
        self._open = ExitStack()

    @property
    def made(self) -> dict[Path, Made]:
        """The files so far."""
        return self._made | getattr(self._sink, "made", {})

    def __enter__(self) -> Self:
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if self._sink is None or scene.progress.file != self._file:
            self._open.close()
            self._made = self.made
            self._file = file = scene.progress.file
            self._sink = self._open.enter_context(self._makers[file]())
        self._sink(scene, pictures)

    def notes(self) -> tuple[str, ...]:
        return self._sink.notes() if self._sink else ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._open.__exit__(kind, error, trace)
