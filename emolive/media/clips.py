"""What a file is to its player: pictures at times, which can be read from any time on.

`VideoClip` (clips.py), `PictureClip` (pictures.py) and `DemoClip` (demo.py) are clips; `player.py` plays them.
"""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from emolive.core.errors import SourceError
from emolive.media.opening import open_alone

log = logging.getLogger(__name__)

Shot = tuple[float, np.ndarray]
"""A picture's time in ms, counted from the clip's first picture, and its (H, W, 3) uint8 BGR pixels."""

EPSILON_MS = 0.001
"""The least step of time between two pictures."""

MOST_PIXELS = 150_000_000
"""Larger pictures are refused: a small file can claim to be large enough to fill all memory."""


class Clip(Protocol):
    """Pictures at times. `duration_ms` and `frames` are 0 where nobody knows; `note` is for the user, "" if none."""

    name: str
    duration_ms: float
    frames: int
    note: str

    def play(self, from_ms: float = 0.0) -> Iterator[Shot]:
        """All pictures at `from_ms` or later, in order, with strictly growing times."""
        ...

    def last_before(self, t_ms: float) -> Shot | None:
        """The last picture earlier than `t_ms` (`math.inf`: the very last), None if there is none."""
        ...


class VideoClip:
    """A video file, or a GIF: every frame in order at its own time, upright as its rotation mark says.

    Nothing is held open between calls. Making one raises `SourceError` if nothing in the file can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        self.note = ""
        with open_video(path) as (container, stream):
            first = next(_decoded(container, stream), None)
            if first is None:
                raise SourceError(f"{path} holds no frame that can be decoded. Is it whole? Try another file.")
            self.first_s = _time(first) or 0.0
            self.frames = stream.frames
            self.duration_ms = _duration_ms(container, stream)
            # A GIF's frames build on all before; without timestamps a seek lands nobody knows where.
            self._seekable = container.format.name != "gif" and first.pts is not None

    def play(self, from_ms: float = 0.0) -> Iterator[Shot]:
        for t_ms, frame in self._frames(from_ms):
            if t_ms >= from_ms:
                yield t_ms, upright(frame)

    def last_before(self, t_ms: float) -> Shot | None:
        start = min(t_ms, self.duration_ms) - EPSILON_MS
        last = None
        with closing(self._frames(start)) as frames:
            for time, frame in frames:
                if time >= t_ms:
                    break
                last = (time, frame)
        if last is None and start > 0 and t_ms == math.inf:  # the duration promised more than there is
            for last in self._frames(0.0):  # noqa: B007
                pass
        return (last[0], upright(last[1])) if last else None

    def _frames(self, from_ms: float) -> Iterator[tuple[float, av.VideoFrame]]:
        """Decode from the key frame at or before `from_ms` on, or from the beginning."""
        with open_video(self._path) as (container, stream):
            sought = self._seekable and from_ms > 0 and self._seek(container, stream, from_ms)
            frames = self._timed(container, stream, -math.inf if sought else 0.0)
            first = next(frames, None)
            if not sought or (first and first[0] <= from_ms):
                if first:
                    yield first
                    yield from frames
                return
        yield from self._from_beginning()

    def _from_beginning(self) -> Iterator[tuple[float, av.VideoFrame]]:
        with open_video(self._path) as (container, stream):
            yield from self._timed(container, stream, 0.0)

    def _seek(self, container: InputContainer, stream: VideoStream, from_ms: float) -> bool:
        try:
            container.seek(int((self.first_s + from_ms / 1000) / stream.time_base), stream=stream)
        except av.FFmpegError as error:
            log.debug("no seeking in %s: %s", self._path, error)
            return False
        return True

    def _timed(
        self, container: InputContainer, stream: VideoStream, earliest: float
    ) -> Iterator[tuple[float, av.VideoFrame]]:
        """The decoded frames with their times, which grow strictly whatever the file says."""
        step = 1000 / float(stream.guessed_rate or 25)
        last = None
        for frame in _decoded(container, stream, self._damaged):
            time = _time(frame)
            after = earliest if last is None else last + EPSILON_MS
            if time is None:
                t_ms = 0.0 if last is None else last + step
            else:
                t_ms = max(round((time - self.first_s) * 1000, 6), after)  # 400, not 399.9999999
            yield t_ms, frame
            last = t_ms
        if last is not None and self.duration_ms - last > 1000 + 2 * step:
            self._damaged()

    def _damaged(self) -> None:
        self.note = f"{self.name} is damaged or cut off; what can be read of it is shown"


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video file for decoding: `with open_video(path) as (container, stream)`.

    Raises `SourceError` for what is no video: text, sound only, a broken or empty file, a folder.
    """
    with open_alone(path) as container:
        stream = _picture_stream(container, path)
        if stream.width * stream.height > MOST_PIXELS:
            raise SourceError(
                f"{path} has {stream.width}×{stream.height} pixels, more than fit. Make it smaller first."
            )
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}  # its pictures may be larger than it says
        stream.thread_type = "AUTO"
        yield container, stream


def _picture_stream(container: InputContainer, path: Path) -> VideoStream:
    cover = av.stream.Disposition.attached_pic
    films = [s for s in container.streams.video if not s.disposition & cover]
    if films and films[0].codec_context is None:
        raise SourceError(f"{path} has pictures in a form that nothing here can decode. Convert it to MP4.")
    if films:
        return films[0]
    if container.streams.audio:
        raise SourceError(f"{path} has sound but no picture. Name a video with pictures in it.")
    raise SourceError(f"{path} has no pictures in it. Name a video or a picture.")


def _decoded(
    container: InputContainer, stream: VideoStream, damaged: Callable[[], None] = lambda: None
) -> Iterator[av.VideoFrame]:
    """Every frame that can be decoded, in order; packets and ends that are broken are stepped over."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError) as error:
            log.debug("the file breaks off: %s", error)
            packet = None
            damaged()
        try:
            yield from stream.decode(packet)
        except av.error.EOFError:
            return  # it was flushed before, by the empty packet at the end of the file
        except av.FFmpegError as error:
            log.debug("a packet cannot be decoded: %s", error)
            damaged()
        if packet is None:
            return


def _time(frame: av.VideoFrame) -> float | None:
    return None if frame.pts is None else float(frame.pts * frame.time_base)


def _duration_ms(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration:
        return float(stream.duration * stream.time_base) * 1000
    return container.duration / 1000 if container.duration else 0.0


def upright(frame: av.VideoFrame) -> np.ndarray:
    """A decoded frame as (H, W, 3) uint8 BGR, turned as its rotation mark says, transparency over white."""
    if any(component.is_alpha for component in frame.format.components):
        bgra = frame.to_ndarray(format="bgra")
        alpha = bgra[..., 3:].astype(np.uint16)
        bgr = ((bgra[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    else:
        bgr = frame.to_ndarray(format="bgr24")
    return np.ascontiguousarray(np.rot90(bgr, round(frame.rotation / 90) % 4))
