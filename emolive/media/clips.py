"""What a file is to its player: pictures at times, which can be read from any time on.

`VideoClip` (clips.py), `PictureClip` (pictures.py) and `DemoClip` (demo.py) are clips; `player.py` plays them.
"""

import logging
import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from emolive.core.errors import SourceError
from emolive.media.address import address_in, file_name
from emolive.media.deinterlace import deinterlaced
from emolive.media.film import MOST_PIXELS as MOST_PIXELS
from emolive.media.film import Film, decoder, last_second, open_film, survey
from emolive.media.streams import BEST, StreamChoice
from emolive.media.timeline import AnyPacket, in_seconds
from emolive.media.upright import Upright

log = logging.getLogger(__name__)

Shot = tuple[float, np.ndarray]
"""A picture's time in ms, counted from the clip's first picture, and its (H, W, 3) uint8 BGR pixels."""

EPSILON_MS = 0.001
"""The least step of time between two pictures."""

LATE_S = 0.5
"""Seconds at which a clock begins late: what a container says of its length is then looked at."""

FROM_ZERO = ("matroska,webm", "nut", "asf")
"""Containers of which some say when they end, counted from zero, as their length."""

SOON_WALKED = 200 << 20
"""Bytes up to which a film whose clock may jump is walked through when it is opened, so that its length is known."""


class Clip(Protocol):
    """Pictures at times. `duration_ms` and `frames` are 0 where nobody knows; `note` is for the user, "" if none.

    A clip that has `loops` and says True is played again and again where somebody watches.
    """

    name: str
    duration_ms: float
    frames: int

    @property
    def note(self) -> str: ...

    def play(self, from_ms: float = 0.0) -> Generator[Shot, None, None]:
        """All pictures at `from_ms` or later, in order, with strictly growing times."""
        ...

    def last_before(self, t_ms: float) -> Shot | None:
        """The last picture earlier than `t_ms` (`math.inf`: the very last), None if there is none."""
        ...


class VideoClip:
    """A video file, or a GIF: every frame in order at its own time, upright and in true proportion.

    Nothing is held open between calls. Making one raises `SourceError` if nothing in the file can be decoded.
    """

    def __init__(self, path: Path, choice: StreamChoice = BEST) -> None:
        self._path, self._choice = path, choice
        url = address_in(path)
        self.name = path.name if url is None else file_name(url)
        self._notes: dict[str, None] = {}
        with open_film(path, choice) as film:
            first = next(decoded(film.pictures(), film.video), None)
            if first is None:
                raise SourceError(f"{path} holds no frame that can be decoded. Is it whole? Try another file.")
            self.first_s = _time(first) or 0.0
            self.frames = film.video.frames
            self.duration_ms = _duration_ms(film.container, film.video)
            # A GIF's frames build on all before; without timestamps a seek lands nobody knows where; FFmpeg loses a
            # palette that comes with the first packet.
            self.loops = film.container.format.name == "gif"
            self._seekable = not self.loops and first.pts is not None and first.format.name != "pal8"
            self._step_ms = 1000 / float(film.video.guessed_rate or 25)
            walks = film.jumps and not film.is_far
            late = self.first_s > LATE_S and film.container.format.name in FROM_ZERO
        if late:
            self._mend_duration(url is not None or path.stat().st_size > SOON_WALKED)
        if walks and path.stat().st_size <= SOON_WALKED:
            self._walk()

    @property
    def note(self) -> str:
        """What the user should know of it, "" if nothing."""
        return "; ".join(self._notes)

    def play(self, from_ms: float = 0.0) -> Generator[Shot, None, None]:
        with open_film(self._path, self._choice) as film:
            upright = Upright(film.video)
            for t_ms, frame in self._frames(film, from_ms):
                if t_ms >= from_ms:
                    yield t_ms, upright(frame)
            self._tell(upright.note)

    def last_before(self, t_ms: float) -> Shot | None:
        with open_film(self._path, self._choice) as film:
            upright = Upright(film.video)
            last = self._last_frame(film, t_ms)
            return (last[0], upright(last[1])) if last else None

    def _last_frame(self, film: Film, t_ms: float) -> tuple[float, av.VideoFrame] | None:
        start = min(t_ms, self.duration_ms) - EPSILON_MS
        last = None
        with closing(self._frames(film, start)) as frames:
            for time, frame in frames:
                if time >= t_ms:
                    break
                last = (time, frame)
        if last is None and start > 0 and t_ms == math.inf:  # the duration promised more than there is
            with open_film(self._path, self._choice) as again:
                for last in self._frames(again, 0.0):  # noqa: B007
                    pass
        return last

    def _frames(self, film: Film, from_ms: float) -> Generator[tuple[float, av.VideoFrame], None, None]:
        """Decode from the key frame at or before `from_ms` on, or from the beginning. `film` is newly opened."""
        sought = self._seekable and from_ms > 0 and film.seek(self.first_s + from_ms / 1000)
        frames = self._timed(film, -math.inf if sought else 0.0)
        first = next(frames, None)
        if not sought or (first and first[0] <= from_ms):
            if first:
                yield first
                yield from frames
            return
        with open_film(self._path, self._choice) as again:
            yield from self._timed(again, 0.0)

    def _timed(self, film: Film, earliest: float) -> Iterator[tuple[float, av.VideoFrame]]:
        """The decoded frames with their times, which grow strictly whatever the file says."""
        last = None
        for frame in deinterlaced(decoded(film.pictures(), film.video, self._damaged)):
            time = _time(frame)
            after = earliest if last is None else last + EPSILON_MS
            if time is None:
                t_ms = 0.0 if last is None else last + self._step_ms
            else:
                t_ms = max(round((time - self.first_s) * 1000, 6), after)  # 400, not 399.9999999
            if film.timeline.breaks:
                self._tell(f"the clock of {self.name} begins anew or jumps; it is played as one film")
            yield t_ms, frame
            last = t_ms
        if last is not None and not (film.jumps or film.is_far) and self.duration_ms - last > 1000 + 2 * self._step_ms:
            self._check_end()

    def _walk(self) -> None:
        """Learn from all packets how long a film is whose clock may jump."""
        known = survey(self._path, self._choice)
        self.frames = self.frames or known.pictures
        self.duration_ms = max((known.end_s - self.first_s) * 1000, 0.0)

    def _mend_duration(self, guess: bool) -> None:
        """Of a clock that does not begin at zero some programs write the length, others the end: look, or guess."""
        end = self.duration_ms / 1000 if guess else last_second(self._path)
        self.duration_ms = max((end - self.first_s) * 1000, 0.0)

    def _check_end(self) -> None:
        """Whether all of it was there: its sound may last longer, or its last frame stand for long."""
        promised = self.duration_ms / 1000 + self.first_s
        if last_second(self._path) < promised - 1 - 2 * self._step_ms / 1000:
            self._damaged()

    def _damaged(self) -> None:
        self._tell(f"{self.name} is damaged or cut off; what can be read of it is shown")

    def _tell(self, note: str) -> None:
        if note:
            self._notes[note] = None


def decoded(
    packets: Iterator[AnyPacket], stream: VideoStream, damaged: Callable[[], None] = lambda: None
) -> Iterator[av.VideoFrame]:
    """Every frame that can be decoded, in order; packets and ends that are broken are stepped over."""
    decode = decoder(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError) as error:
            log.debug("the file breaks off: %s", error)
            packet = None
            damaged()
        try:
            yield from decode(packet)
        except av.error.EOFError:
            return  # it was flushed before, by the empty packet at the end of the file
        except av.FFmpegError as error:
            log.debug("a packet cannot be decoded: %s", error)
            damaged()
        if packet is None:
            return


def _time(frame: av.VideoFrame) -> float | None:
    return None if frame.pts is None else in_seconds(frame.pts, frame.time_base)


def _duration_ms(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration:
        return in_seconds(stream.duration, stream.time_base) * 1000
    return container.duration / 1000 if container.duration else 0.0
