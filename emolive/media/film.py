"""A film file that is open: its chosen streams, its packets on one timeline, and the way to any time in it."""

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer
from av.format import Flags as Abilities
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from emolive.core.errors import SourceError
from emolive.media.address import address_in, without_password
from emolive.media.opening import open_alone
from emolive.media.streams import BEST, StreamChoice, audio_stream, video_stream
from emolive.media.timeline import AnyPacket, Timeline, in_seconds
from emolive.media.visited import open_film_at

log = logging.getLogger(__name__)

MOST_PIXELS = 150_000_000
"""Larger pictures are refused: a small file can claim to be large enough to fill all memory."""

WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that see transparency, by the codec."""

RESTARTING = {"flv"}
"""Containers whose clock may jump though FFmpeg does not say so."""


@dataclass(frozen=True)
class Survey:
    """What a walk through all packets of a film tells: where its clock began anew or jumped, in seconds of the one
    timeline, and the end there; how many packets of pictures it has; its key frames as (second, byte, shift)."""

    breaks: tuple[float, ...]
    end_s: float
    pictures: int
    keys: tuple[tuple[float, int, float], ...]


@dataclass(eq=False)
class Film:
    """An open film. `video` is decoded; `audio` is its sound, None if it has none; `is_far` says that it comes over
    the network, where nobody walks through all of it."""

    path: Path
    choice: StreamChoice
    container: InputContainer
    video: VideoStream
    audio: AudioStream | None
    timeline: Timeline
    is_far: bool = False

    @property
    def jumps(self) -> bool:
        """Whether the container's clock may jump."""
        return self.timeline.jumps

    def packets(self) -> Iterator[AnyPacket]:
        """The packets of both streams from here on, with times that go on. Raises as PyAV does."""
        streams = [self.video] if self.audio is None else [self.video, self.audio]
        return self.timeline.placed(self.container.demux(streams))

    def pictures(self) -> Iterator[AnyPacket]:
        """Those of the picture only. Raises `SourceError` for what is encrypted: it would be decoded into noise."""
        for packet in self.packets():
            if packet.stream.index == self.video.index:
                if packet.has_sidedata("encryption_info"):
                    raise SourceError(f"{self.path} is encrypted. Name a film that is not.")
                yield packet

    def sounds(self) -> Iterator[AnyPacket]:
        """Those of the sound only."""
        number = None if self.audio is None else self.audio.index
        return (packet for packet in self.packets() if packet.stream.index == number)

    def seek(self, at_s: float, stream: VideoStream | AudioStream | None = None) -> bool:
        """Go to the key frame at or before a time, in seconds of the timeline, or to the sound there; say whether that
        could be done."""
        known = survey(self.path, self.choice) if self.jumps and not self.is_far else None
        to = stream or self.video
        try:
            if known and known.breaks:
                return self._seek_byte(known, at_s)
            self.container.seek(int(at_s / (to.time_base or 1)), stream=to)
        except av.FFmpegError as error:
            log.debug("no seeking in %s: %s", self.path, error)
            return False
        return True

    def _seek_byte(self, known: Survey, at_s: float) -> bool:
        """Where one time stands for several places, only the byte tells which."""
        at = bisect_right(known.keys, at_s, key=lambda key: key[0]) - 1
        if at < 0:
            return False
        _, byte, shift = known.keys[at]
        self.container.seek(byte, unsupported_byte_offset=True)
        self.timeline = Timeline(self.video.index, self.jumps, shift)
        return True


def prepare(video: VideoStream, threads: Literal["AUTO", "SLICE"]) -> None:
    """Say how a stream's pictures are to be decoded; before the first is."""
    codec = video.codec_context
    codec.options = {"max_pixels": str(MOST_PIXELS)}  # its pictures may be larger than it says
    codec.flags |= Flags.unaligned.value  # else what is to be cut off at the left is shown in part
    video.thread_type = threads


def decoder(video: VideoStream) -> Callable[[AnyPacket | None], Sequence[av.VideoFrame]]:
    """What makes frames of a stream's packets, and gives the last ones for None. VP8 and VP9 keep transparency where
    FFmpeg's own decoders do not look."""
    other = WITH_ALPHA.get(video.codec_context.name) if video.metadata.get("alpha_mode") == "1" else None
    if other is None or other not in av.codecs_available:
        return video.decode
    codec = av.CodecContext.create(other, "r")
    assert isinstance(codec, VideoCodecContext)
    codec.options = {"max_pixels": str(MOST_PIXELS)}
    return codec.decode


@contextmanager
def open_film(path: Path, choice: StreamChoice = BEST) -> Iterator[Film]:
    """Open a video file, or one at an address, for decoding: `with open_film(path) as film`.

    Raises `SourceError` for what is no video (text, sound only, a broken or empty file, a folder) and for streams that
    are asked for and not there.
    """
    url = address_in(path)
    name = str(path) if url is None else without_password(url)
    with open_alone(path) if url is None else open_film_at(url, choice.other_hosts) as container:
        video = video_stream(container, name, choice)
        audio = audio_stream(container, name, choice)
        if video.width * video.height > MOST_PIXELS:
            raise SourceError(f"{name} has {video.width}×{video.height} pixels, more than fit. Make it smaller first.")
        prepare(video, "AUTO")
        flags: Any = container.format.flags
        jumps = bool(flags & Abilities.ts_discont.value) or container.format.name in RESTARTING
        yield Film(path, choice, container, video, audio, Timeline(video.index, jumps), url is not None)


def survey(path: Path, choice: StreamChoice = BEST) -> Survey:
    """Walk through all packets of a film; nothing is decoded. Remembered as long as the file stays as it is."""
    facts = path.stat()
    return _survey(path.absolute(), choice, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=16)
def _survey(path: Path, choice: StreamChoice, _size: int, _changed: int) -> Survey:
    breaks: list[float] = []
    keys: list[tuple[float, int, float]] = []
    end, count = 0.0, 0
    with open_film(path, choice) as film:
        try:
            for packet in film.pictures():
                if packet.pts is None:
                    count += packet.size > 0
                    continue
                count += 1
                begins = in_seconds(packet.pts, packet.time_base)
                if len(breaks) < film.timeline.breaks:
                    breaks += [begins] * (film.timeline.breaks - len(breaks))
                end = max(end, begins + in_seconds(packet.duration, packet.time_base))
                if packet.is_keyframe and packet.pos is not None and packet.pos >= 0:
                    keys.append((begins, packet.pos, film.timeline.shift_of(film.video.index)))
        except (av.FFmpegError, OSError) as error:
            log.debug("%s breaks off: %s", path, error)
    return Survey(tuple(breaks), end, count, tuple(sorted(keys)))


def last_second(path: Path) -> float:
    """When the last packet of any stream ends, in seconds of the file's own clock."""
    last = 0.0
    with open_alone(path) as container:
        try:
            for packet in container.demux():
                if packet.pts is not None:
                    last = max(last, in_seconds(packet.pts + (packet.duration or 0), packet.time_base))
        except (av.FFmpegError, OSError) as error:
            log.debug("%s breaks off: %s", path, error)
    return last
