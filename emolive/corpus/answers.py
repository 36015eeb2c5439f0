"""What was seen in a part of a long video, kept in a file until the parts are joined.

Looking (faces, network, maps) is nearly all of the work and needs no memory of earlier frames; who is who, smoothing
and drawing do. So the parts only look, and the loop then goes through the whole video with the kept answers. A frame
without an answer, or of which the answer is about another picture, is simply looked at.

The file is a row of answers, each as its length in bytes (8, little-endian) and a safetensors file of its arrays: "0",
"1", … and "json", the bytes of a text in which they stand by these numbers (`plain.py`). Nothing in it can be run.
"""

import json
import logging
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from safetensors.numpy import load, save

from emolive.core.foreign import parsed
from emolive.core.scene import TOP, Detect, Face, Frame, Memory, Picture, Read, Reading, Scene, Settings
from emolive.corpus.layout import as_output_error, make_folder
from emolive.corpus.leases import Lease, check
from emolive.corpus.plain import built, flat
from emolive.live.smooth import answers, given

log = logging.getLogger(__name__)

NEAR_MS = 1e-6

FORMAT = 4
"""Grows when the format does: it is part of the files' names, so that those of other versions are not looked at."""

TEXT = "json"


@dataclass(frozen=True, eq=False)
class Answer:
    """The faces of the frame at `t_ms` and what the network made of each. `print` tells the frame from others."""

    t_ms: float
    print: int
    faces: tuple[Face, ...]
    readings: tuple[Reading, ...]


class Keeper:
    """Writes answers to `path`, which appears when all of them are in it. A `scene.Sink`. Leaving raises `LeaseLost`
    where the lease was taken over.

    Of the feature maps only each channel's mean is kept: it is all that memory and data ask for. Crops are not kept:
    the camera view shows none.
    """

    stage = "write"

    def __init__(self, path: Path, lease: Lease | None = None) -> None:
        self._path, self._lease = path, lease
        self._part = path.with_suffix(f".{uuid.uuid4().hex}.part")

    def __enter__(self) -> Self:
        make_folder(self._path.parent.parent)
        make_folder(self._path.parent)
        with as_output_error(self._path):
            self._file = self._part.open("xb")
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        readings = tuple(_light(reading) for reading in scene.readings)
        answer = Answer(scene.frame.t_ms, _print(scene.frame), scene.faces, readings)
        with as_output_error(self._path):
            _write(self._file, answer)

    def notes(self) -> tuple[str, ...]:
        return ()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            with as_output_error(self._path):
                self._file.close()
                if kind is None:
                    if self._lease:
                        check(self._lease)
                    self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)


class Recall:
    """Answers for the frames of a video in order: `detect` and `read` of the loop, out of files, or from the real ones
    where nothing is kept (`missed` counts those frames), and where a kept map explains another emotion than the answer:
    what was smoothed in a segment knew nothing of the time before it (`aimed` counts those)."""

    def __init__(self, paths: Sequence[Path], detect: Detect, read: Read) -> None:
        self._kept, self._detect, self._read = _kept(paths), detect, read
        self._ahead = next(self._kept, None)
        self._now: Answer | None = None
        self.missed = self.aimed = 0

    def detect(self, frame: Frame) -> Sequence[Face]:
        """The faces of a frame; frames come in order."""
        while self._ahead and self._ahead.t_ms < frame.t_ms - NEAR_MS:
            self._ahead = next(self._kept, None)
        fits = self._ahead and self._ahead.t_ms <= frame.t_ms + NEAR_MS and self._ahead.print == _print(frame)
        self._now = self._ahead if fits else None
        self.missed += not fits
        return self._now.faces if self._now else self._detect(frame)

    def read(self, frame: Frame, faces: Sequence[Face], settings: Settings, memory: Memory) -> tuple[Reading, ...]:
        """What the network made of some of the faces that `detect` gave; they are known by their boxes."""
        if self._now is None:
            return self._read(frame, faces, settings, memory)
        kept = {face.box: reading for face, reading in zip(self._now.faces, self._now.readings, strict=True)}
        alone = [kept[face.box] for face in faces]
        probs = [reading.result.probs for reading in alone]
        smoothed, _ = answers(given(memory), [(frame, faces)], probs, settings.smooth_ms)
        readings = tuple(replace(reading, smoothed=one) for reading, one in zip(alone, smoothed, strict=True))
        if settings.target is TOP and any(reading.top != reading.result.target for reading in readings):
            self.aimed += 1
            return self._read(frame, faces, settings, memory)
        return readings


def _light(reading: Reading) -> Reading:
    maps = reading.maps.mean(axis=(1, 2))[:, None, None]
    return replace(reading, crop=reading.crop[:1, :1].copy(), maps=maps, smoothed=None)


def _print(frame: Frame) -> int:
    """A checksum of some of a frame's pixels."""
    return zlib.crc32(np.ascontiguousarray(frame.bgr[::8, ::8]).tobytes())


def _write(file: BinaryIO, answer: Answer) -> None:
    arrays: list[np.ndarray] = []
    text = json.dumps(flat(answer, arrays)).encode()
    named = {str(i): np.ascontiguousarray(array) for i, array in enumerate(arrays)}
    data = save({**named, TEXT: np.frombuffer(text, np.uint8)})
    file.write(len(data).to_bytes(8, "little") + data)


def _kept(paths: Sequence[Path]) -> Iterator[Answer]:
    for path in paths:
        if not path.is_file():  # it was never made; or it is a pipe, which would never end
            continue
        try:
            with path.open("rb") as file:
                left = path.stat().st_size
                while left:
                    length = int.from_bytes(file.read(8), "little")
                    left -= 8 + length
                    if left < 0:
                        raise ValueError("it is cut off")
                    yield _read(file.read(length))
        except Exception as error:  # whatever stands in it, the frames can be looked at again
            log.warning("%s cannot be read (%s): its frames are looked at again", path, error)


def _read(data: bytes) -> Answer:
    """An answer that was written. Raises many kinds of exceptions where it is none."""
    arrays = load(data)
    text = arrays.pop(TEXT).tobytes()
    answer: Answer = built(Answer, parsed(text), [arrays[str(i)] for i in range(len(arrays))])
    if len(answer.faces) != len(answer.readings):
        raise ValueError("faces and readings are not as many")
    return answer
