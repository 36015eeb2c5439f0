"""Sinks that record what is seen, encoding in a thread of their own."""

import logging
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from emolive.core.errors import OutputError
from emolive.core.files import check_output, why
from emolive.core.scene import Picture, Scene
from emolive.media.encode import Mp4, drop_torn_end
from emolive.media.made import Made
from emolive.media.sound import sound_of
from emolive.media.still import PictureWriter
from emolive.media.streams import BEST, StreamChoice

__all__ = ["PictureWriter", "Recorder", "check_output"]

log = logging.getLogger(__name__)

MOST_WAITING, MOST_BYTES = 12, 256 * 2**20
"""Pictures that may wait for the encoder: few, because a crash loses them; fewer where they are large."""


@dataclass(frozen=True, eq=False)
class _Job:
    """A picture to encode."""

    bgr: np.ndarray
    t_ms: float
    cut: bool
    file: int


class Recorder:
    """Records one view as an MP4 with each frame's own time. A `scene.Sink`.

    `source_audio` are the files that are played, in order: their sound (`choice` says which) is carried along in step.
    With `lossless_queue` the caller waits for the encoder, as files should; without, as live cameras should, frames are
    dropped, counted and told in `notes`. A frame that is drawn anew (frozen) is not recorded a second time.
    Entering raises `OutputError` where the file may not be written; a call, or leaving, raises it after the encoder
    failed (a full disk). What was recorded until then plays.
    """

    stage = "encode"

    def __init__(
        self,
        path: Path,
        view: str = "camera",
        source_audio: Path | Sequence[Path] | None = None,
        lossless_queue: bool = False,
        overwrite: bool = False,
        choice: StreamChoice = BEST,
    ) -> None:
        self.path = path
        self.dropped = 0
        self._taken = 0
        self._lasts_ms: float | None = None
        self._size: tuple[int, ...] = ()
        self._boxed = False
        self._view = view
        self._inputs = [source_audio] if isinstance(source_audio, Path) else list(source_audio or ())
        self._lossless = lossless_queue
        self._overwrite = overwrite
        self._choice = choice
        self._index: int | None = None
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    @property
    def made(self) -> dict[Path, Made]:
        """The file, how many frames were handed to it, and how long it is once it is closed."""
        return {self.path: Made(self._taken, None if self._lasts_ms is None else self._lasts_ms / 1e3)}

    @property
    def recording(self) -> bool:
        """Whether frames are being taken."""
        return self._error is None

    def __enter__(self) -> Self:
        if self.path.suffix.lower() not in (".mp4", ".m4v"):
            raise OutputError(f"Recordings are MP4 files, not '{self.path.suffix}'. Name it {self.path.stem}.mp4.")
        check_output(self.path, self._inputs, self._overwrite)
        try:
            self.path.open("ab").close()  # so that a folder without permission is found out now
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written ({why(error)}). Choose another folder.") from error
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if scene.frame.index == self._index:
            return
        self._index = scene.frame.index
        bgr = pictures[self._view].bgr
        if self._thread is None:
            self._queue: queue.Queue[_Job] = queue.Queue(max(2, min(MOST_WAITING, MOST_BYTES // bgr.nbytes)))
            self._thread = threading.Thread(target=self._encode, name=f"encode {self.path.name}", daemon=True)
            self._thread.start()
        self._size = self._size or bgr.shape
        self._boxed |= bgr.shape != self._size
        # A live source's clock runs on through a cut: a lost stream leaves a gap of its true length.
        job = _Job(bgr, scene.frame.t_ms, scene.frame.cut and not scene.progress.live, scene.progress.file)
        if self._lossless:
            self._put(job)
            self._taken += 1
            return
        self._raise_error()
        try:
            self._queue.put_nowait(job)
            self._taken += 1
        except queue.Full:
            self.dropped += 1

    def notes(self) -> tuple[str, ...]:
        dropped = (f"{self.dropped} frames dropped",) if self.dropped else ()
        boxed = (f"the picture's size changed: in {self.path.name} it stands between bars",) if self._boxed else ()
        return dropped + boxed

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is None:
            self._remove_if_empty()
            return
        self._closing.set()
        self._thread.join()
        try:
            self._raise_error()
        except OutputError as failure:
            if error is None:
                raise
            log.debug("while closing after another error: %s", failure)

    def _put(self, job: _Job) -> None:
        """Hand a job to the encoder, waiting for room; an encoder that has failed makes none, so look at it too."""
        while True:
            self._raise_error()
            try:
                self._queue.put(job, timeout=0.1)
            except queue.Full:
                continue
            return

    def _raise_error(self) -> None:
        if self._error is not None:
            raise OutputError(
                f"The recording {self.path} stopped: {why(self._error)}. "
                "What was recorded until then plays. Make room or choose another folder."
            ) from self._error

    def _encode(self) -> None:
        try:
            with Mp4(self.path, [sound_of(path, self._choice) for path in self._inputs]) as mp4:
                for job in self._jobs():
                    mp4.write(job.bgr, job.t_ms, job.cut, job.file)
            self._lasts_ms = mp4.lasts_ms
        except Exception as error:  # whatever it is, the main thread must hear of it
            self._error = error
            drop_torn_end(self.path)
            self._remove_if_empty()

    def _jobs(self) -> Iterator[_Job]:
        """What is to be encoded, until it is closed. A last job that says so could be lost to a second Ctrl-C."""
        while True:
            last = self._closing.is_set()
            try:
                yield self._queue.get(timeout=0.02)
            except queue.Empty:
                if last:
                    return

    def _remove_if_empty(self) -> None:
        if self.path.exists() and not self.path.stat().st_size:
            self.path.unlink()
