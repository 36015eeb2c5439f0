"""What was seen in a part of a long video, kept in a file until the parts are joined.

Looking (faces, network, maps) is nearly all of the work and needs no memory of earlier frames; who is who, smoothing
and drawing do. So the parts only look, and the loop then goes through the whole video with the kept answers. A frame
without an answer, or of which the answer is about another picture, is simply looked at.
"""

import logging
import os
import pickle
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from emolive.core.scene import Detect, Face, Frame, Memory, Picture, Read, Reading, Scene, Settings
from emolive.corpus.layout import as_output_error

log = logging.getLogger(__name__)

NEAR_MS = 1e-6


@dataclass(frozen=True, eq=False)
class Answer:
    """The faces of the frame at `t_ms` and what the network made of each. `print` tells the frame from others."""

    t_ms: float
    print: int
    faces: tuple[Face, ...]
    readings: tuple[Reading, ...]


class Keeper:
    """Writes answers to `path`, which appears when all of them are in it. A `scene.Sink`.

    Of the feature maps only each channel's mean is kept: it is all that memory and data ask for. Crops are not kept:
    the camera view shows none.
    """

    stage = "write"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_suffix(f".{os.getpid()}.part")

    def __enter__(self) -> Self:
        with as_output_error(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        readings = tuple(_light(reading) for reading in scene.readings)
        answer = Answer(scene.frame.t_ms, _print(scene.frame), scene.faces, readings)
        with as_output_error(self._path):
            pickle.dump(answer, self._file, protocol=5)

    def notes(self) -> tuple[str, ...]:
        return ()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            with as_output_error(self._path):
                self._file.close()
                if kind is None:
                    self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)


class Recall:
    """Answers for the frames of a video in order: `detect` and `read` of the loop, out of files, or from the real ones
    where nothing is kept. `missed` counts those frames."""

    def __init__(self, paths: Sequence[Path], detect: Detect, read: Read) -> None:
        self._kept, self._detect, self._read = _kept(paths), detect, read
        self._ahead = next(self._kept, None)
        self._now: Answer | None = None
        self.missed = 0

    def detect(self, frame: Frame) -> Sequence[Face]:
        """The faces of a frame; frames come in order."""
        while self._ahead and self._ahead.t_ms < frame.t_ms - NEAR_MS:
            self._ahead = next(self._kept, None)
        fits = self._ahead and self._ahead.t_ms <= frame.t_ms + NEAR_MS and self._ahead.print == _print(frame)
        self._now = self._ahead if fits else None
        self.missed += not fits
        return self._now.faces if self._now else self._detect(frame)

    def read(self, frame: Frame, faces: Sequence[Face], settings: Settings, memory: Memory) -> tuple[Reading, ...]:
        """What the network made of the faces that `detect` gave, in their order."""
        return self._now.readings if self._now else self._read(frame, faces, settings, memory)


def _light(reading: Reading) -> Reading:
    return replace(reading, crop=reading.crop[:1, :1].copy(), maps=reading.maps.mean(axis=(1, 2))[:, None, None])


def _print(frame: Frame) -> int:
    """A checksum of some of a frame's pixels."""
    return zlib.crc32(np.ascontiguousarray(frame.bgr[::8, ::8]))


def _kept(paths: Sequence[Path]) -> Iterator[Answer]:
    for path in paths:
        try:
            with path.open("rb") as file:
                while True:
                    yield _Unpickler(file).load()
        except EOFError:
            continue
        except (OSError, pickle.UnpicklingError) as error:
            log.warning("%s cannot be read (%s): its frames are looked at again", path, error)


class _Unpickler(pickle.Unpickler):
    """Builds our own values and arrays, and nothing else: a pickle from elsewhere cannot run a program."""

    def find_class(self, module: str, name: str) -> Any:
        values = ("emolive.core.scene", "emolive.core.reading", "emolive.core.settings", __name__)
        arrays = {"_reconstruct", "_frombuffer", "ndarray", "dtype", "scalar"}
        if (module in values and "." not in name) or (module.split(".")[0] == "numpy" and name in arrays):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} does not belong there")
