"""Several frames in one batch: for files that nobody watches, where the network is faster than frame by frame."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from emolive.core.scene import END, Confirm, Detect, End, Face, Frame, Progress, Settings, Source, Track

LookAhead = Callable[[Sequence[tuple[Frame, tuple[Face, ...]]], Settings], None]
"""Looks at the faces of several frames, and keeps what it finds until each frame is read."""


@dataclass(frozen=True, eq=False)
class _Read:
    """A frame, its faces, and how the source stood when it came."""

    frame: Frame | End | None
    faces: tuple[Face, ...]
    progress: Progress
    notes: tuple[str, ...]


class Batches:
    """A `Source` that reads up to `size` frames of another one at a time, finds their faces and has them looked at
    together; then it gives the frames one by one. `detect` gives each its faces, told apart and confirmed already.

    The frames, faces and their order are the same as without. Nothing is closed here.
    """

    def __init__(
        self, source: Source, detect: Detect, track: Track, confirm: Confirm, look_ahead: LookAhead, size: int
    ) -> None:
        self._source, self._detect, self._track, self._confirm = source, detect, track, confirm
        self._look_ahead, self._size = look_ahead, size
        self._waiting: deque[_Read] = deque()
        self._now = _Read(None, (), source.progress(), source.notes())

    def read(self, settings: Settings) -> Frame | End | None:
        if not self._waiting:
            self._fill(settings)
        self._now = self._waiting.popleft()
        return self._now.frame

    def take_back(self, frame: Frame) -> None:
        self._waiting.appendleft(self._now)

    def _fill(self, settings: Settings) -> None:
        while len(self._waiting) < self._size:
            frame = self._source.read(settings)
            faces = self._found(frame) if isinstance(frame, Frame) else ()
            self._waiting.append(_Read(frame, faces, self._source.progress(), self._source.notes()))
            if frame is END:
                break
        shots = [
            (each.frame, tuple(face for face in each.faces if face.confirmed))
            for each in self._waiting
            if isinstance(each.frame, Frame)
        ]
        self._look_ahead(shots, settings)

    def _found(self, frame: Frame) -> tuple[Face, ...]:
        return self._confirm(self._track(self._detect(frame), frame), frame)

    def detect(self, _: Frame) -> tuple[Face, ...]:
        """The faces of the frame that was read last."""
        return self._now.faces

    def track(self, faces: Sequence[Face], _: Frame) -> tuple[Face, ...]:
        """The faces as they are: they have their tracks."""
        return tuple(faces)

    def confirm(self, faces: Sequence[Face], _: Frame) -> tuple[Face, ...]:
        """The faces as they are: it is known which are confirmed."""
        return tuple(faces)

    def progress(self) -> Progress:
        return self._now.progress

    def notes(self) -> tuple[str, ...]:
        return self._now.notes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""
