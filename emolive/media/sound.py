"""The sound of the files that are played, carried into a recording in step with its pictures.

Times named `source_ms` count from the file's first picture, like `Frame.t_ms`; `out_ms` from the recording's start.
The difference of the two is one and the same for picture and sound.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from emolive.core.errors import SourceError
from emolive.media.clips import VideoClip
from emolive.media.film import open_film
from emolive.media.pictures import form
from emolive.media.streams import BEST, StreamChoice
from emolive.media.timeline import AnyPacket, in_seconds

log = logging.getLogger(__name__)

COPIED = {"aac", "mp3", "ac3", "eac3", "alac"}
"""Codecs that are carried along as they are. MP4 holds more (Opus, FLAC), but not every player plays those in it."""

SOON_MS = 400.0
"""Copied sound must begin this soon: an MP4 is not playable before each of its streams has begun."""

RATE = 48_000
"""Samples a second of sound that is encoded anew."""

JITTER = RATE // 100
"""Samples by which the times of two pieces may disagree before silence is put in or sound left out."""

MOST_SILENCE = 60 * RATE
"""Samples of silence that are put in; where a broken file claims hours, a hole is left, which plays as silence."""

PREROLL_MS = 200.0
"""Where decoding starts before the sound that is wanted: codecs overlap their pieces."""


@dataclass(frozen=True)
class Sound:
    """The sound of one file. `fits` says whether MP4 holds it as it is. It begins at `start_ms`, negative where it
    begins before the picture does; the picture lasts `picture_ms`, 0 where nobody knows; its first frame stands at
    `first_s` in the file's own time."""

    path: Path
    fits: bool
    start_ms: float
    picture_ms: float
    first_s: float
    choice: StreamChoice = BEST

    def packets(self, from_ms: float) -> Iterator[tuple[float, AnyPacket]]:
        """The packets from shortly before `from_ms` on, or from the beginning, with their times as `source_ms`."""
        try:
            with open_film(self.path, self.choice) as film:
                if film.audio is None:
                    return
                if from_ms > self.start_ms + PREROLL_MS:
                    film.seek(self.first_s + (from_ms - PREROLL_MS) / 1000, film.audio)
                for packet in film.sounds():
                    if packet.pts is not None:
                        yield (in_seconds(packet.pts, packet.time_base) - self.first_s) * 1000, packet
        except (av.FFmpegError, OSError, SourceError) as error:
            log.warning("The sound of %s breaks off: %s", self.path, error)


def sound_of(path: Path, choice: StreamChoice = BEST) -> Sound | None:
    """The sound of a file, None if it has none or cannot be read (its player tells of that)."""
    if form(path) is not None:
        return None
    try:
        clip = VideoClip(path, choice)
        with open_film(path, choice) as film:
            if film.audio is None:
                return None
            start_s = in_seconds(film.audio.start_time, film.audio.time_base)
            codec = film.audio.codec_context
            # AAC without a header of its own repeats it in each packet, as broadcasts do.
            name = codec.codec.canonical_name
            fits = name in COPIED and (name != "aac" or bool(codec.extradata))
    except SourceError:
        return None
    return Sound(path, fits, (start_s - clip.first_s) * 1000, clip.duration_ms, clip.first_s, choice)


class SoundTrack(Protocol):
    """The sound track of a recording that is being written."""

    def jump(self, sound: Sound | None, source_ms: float, out_ms: float) -> None:
        """From now on the sound at `source_ms` lies at `out_ms`."""
        ...

    def write_until(self, source_ms: float) -> None:
        """Write the sound up to a time, `math.inf`: to its end."""
        ...

    def finish(self) -> None:
        """Write what the encoder still holds."""
        ...


def add_track(
    container: OutputContainer, sounds: list[Sound | None], first: Sound | None, from_ms: float
) -> SoundTrack:
    """Add a sound track to a recording of these files that begins at `from_ms` of `first`: copied if that can be."""
    if len(sounds) == 1 and first and first.fits and _begins_soon(first, from_ms):
        return CopiedTrack(container, first)
    return EncodedTrack(container)


def _begins_soon(sound: Sound, from_ms: float) -> bool:
    return any(ms >= from_ms for ms, _ in _until(sound.packets(from_ms), from_ms + SOON_MS))


def _until(packets: Iterator[tuple[float, AnyPacket]], end_ms: float) -> Iterator[tuple[float, AnyPacket]]:
    for ms, packet in packets:
        if ms >= end_ms:
            return
        yield ms, packet


class CopiedTrack:
    """Carries the packets of one file along as they are."""

    def __init__(self, container: OutputContainer, sound: Sound) -> None:
        self._container = container
        with open_film(sound.path, sound.choice) as film:
            assert film.audio is not None  # a `Sound` is made of films that have one
            self._stream = container.add_stream_from_template(film.audio)
        self._last_dts = -math.inf

    def jump(self, sound: Sound | None, source_ms: float, out_ms: float) -> None:
        self._packets = sound.packets(source_ms) if sound else iter(())
        self._next: tuple[float, AnyPacket] | None = None
        # At the file's beginning its first packet may lie before time 0: it primes the decoder and is not heard.
        self._from_ms = source_ms if sound and source_ms > sound.start_ms else -math.inf
        self._shift_s = (out_ms - source_ms) / 1000 - (sound.first_s if sound else 0.0)

    def write_until(self, source_ms: float) -> None:
        while True:
            self._next = self._next or next(self._packets, None)
            if self._next is None or self._next[0] >= source_ms:
                return
            (ms, packet), self._next = self._next, None
            packet.pts = (packet.pts or 0) + round(self._shift_s / packet.time_base)
            packet.dts = packet.pts  # sound is never reordered
            if ms >= self._from_ms and packet.dts >= self._last_dts:
                self._last_dts = packet.dts + (packet.duration or 1)
                packet.stream = self._stream
                self._container.mux(packet)

    def finish(self) -> None:
        """Nothing is held back."""


class EncodedTrack:
    """Decodes the sound of any files and encodes it as stereo AAC, with silence where there is none."""

    def __init__(self, container: OutputContainer) -> None:
        self._container = container
        self._stream: AudioStream = container.add_stream("aac", rate=RATE, layout="stereo", bit_rate=160_000)
        self._written = 0  # samples

    def jump(self, sound: Sound | None, source_ms: float, out_ms: float) -> None:
        self._offset_ms = out_ms - source_ms
        self._pieces = self._decoded(sound, source_ms) if sound else iter(())
        self._ahead: tuple[int, np.ndarray] | None = None
        self._slack = 0

    def write_until(self, source_ms: float) -> None:
        end = source_ms if math.isinf(source_ms) else self._position(source_ms)
        while self._written < end:
            piece = self._ahead or next(self._pieces, None)
            self._ahead = None
            if piece is None:
                if not math.isinf(end):
                    self._silence(end)
                return
            at, pcm = piece
            if at - self._written > self._slack:
                self._silence(min(at, end))
                self._ahead = piece
                continue
            if self._written - at > self._slack:
                pcm = pcm[:, self._written - at :]
            fits = int(min(pcm.shape[1], end - self._written))
            self._write(pcm[:, :fits])
            if fits < pcm.shape[1]:
                self._ahead = (self._written, pcm[:, fits:])
            if fits:
                self._slack = JITTER

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))

    def _position(self, source_ms: float) -> int:
        return round((source_ms + self._offset_ms) * RATE / 1000)

    def _decoded(self, sound: Sound, from_ms: float) -> Iterator[tuple[int, np.ndarray]]:
        """Pieces of sound, (2, n) float32, with the sample of the recording at which each begins."""
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        for _, packet in sound.packets(from_ms):
            try:
                frames = [out for frame in packet.decode() for out in resampler.resample(cast(av.AudioFrame, frame))]
            except av.FFmpegError as error:
                log.debug("a piece of sound cannot be decoded: %s", error)
                continue
            for frame in frames:
                source_ms = (in_seconds(frame.pts, frame.time_base) - sound.first_s) * 1000
                yield self._position(source_ms), frame.to_ndarray()

    def _silence(self, end: float) -> None:
        if end - self._written > MOST_SILENCE:
            self._written = int(end)
        while self._written < end:
            self._write(np.zeros((2, int(min(end - self._written, RATE))), np.float32))

    def _write(self, pcm: np.ndarray) -> None:
        if not pcm.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._written, Fraction(1, RATE)
        self._written += pcm.shape[1]
        self._container.mux(self._stream.encode(frame))
