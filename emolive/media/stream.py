"""Streams of the network: what lies at an address that the user named, decoded by PyAV."""

import contextlib
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from emolive.core.errors import SourceError
from emolive.media import http, rtsp
from emolive.media.address import without_password
from emolive.media.deinterlace import deinterlaced
from emolive.media.film import decoder, prepare
from emolive.media.refusals import why_no_stream
from emolive.media.streams import video_stream
from emolive.media.timeline import Timeline, in_seconds
from emolive.media.upright import Upright
from emolive.media.visited import ARRIVES, open_visited

log = logging.getLogger(__name__)

RTSP = {
    "format_whitelist": "rtsp",
    "protocol_whitelist": "tcp",  # to the relay, for cameras that speak UDP too: FFmpeg would hear anybody
    "rtsp_transport": "tcp",
    "fflags": "nobuffer",
}


LATE_S = 1.0
"""Seconds that a picture may be late before the clock is set back: a stream that stood still does not race after."""

LONGEST_WAIT_S, HELD_BACK_S = 1.0, 10.0
"""Seconds that `read` waits for a picture's time at most; and by which a picture may be early without its clock being
taken for another."""


class StreamCapture:
    """An open stream; a `newest.Capture`. `limit_s` is how long opening, and the wait for the next picture, may take.

    Pictures that come in bursts (HLS) or all at once (a film on a web server) are given at their own pace. `ended` says
    that such a film was there to its end.
    Making one raises `SourceError` where no pictures come from there, `http.RefusedError` (also later, from `read`)
    where the stream leads to an address that the user did not ask for and `other_hosts` is not given.
    """

    def __init__(self, url: str, limit_s: float, other_hosts: bool = False) -> None:
        try:
            scheme = urlsplit(url).scheme.lower()
        except ValueError as error:
            raise SourceError(why_no_stream(url, error)) from error
        if scheme not in (*http.PORTS, *rtsp.PORTS):
            raise SourceError(
                f"emolive reads http, https, rtsp and rtsps, not {without_password(url)}. Give another address."
            )
        self._deadline, self._limit = http.Deadline(limit_s), limit_s
        self._visitor: http.Visitor | None = None
        self._refusals: list[int] = []
        self._pace = Pace()
        self.ended = self._finite = False
        with ExitStack() as stack:
            try:
                if scheme in http.PORTS:
                    container = self._over_http(url, other_hosts, stack)
                else:
                    container = self._over_rtsp(url, stack)
                if not container.streams.video:
                    raise SourceError(why_no_stream(url))
                stream = video_stream(container, without_password(url))
                self._upright = Upright(stream)
                self._frames = deinterlaced(self._decoded(container, stream))
            except (av.FFmpegError, OSError, ValueError) as error:
                self._check_refused()
                log.debug("no stream: %s", type(error).__name__)
                raise SourceError(why_no_stream(url, error, self._status())) from error
            self._paced = container.format.name not in ARRIVES
            self._open = stack.pop_all()

    def read(self) -> tuple[bool, np.ndarray | None]:
        """Whether a picture came, and its (H, W, 3) uint8 BGR."""
        self._deadline.start()
        try:
            frame = next(self._frames, None)
            self.ended = frame is None and self._finite
        except (av.FFmpegError, OSError, ValueError) as error:
            log.debug("the stream breaks off: %s", type(error).__name__)
            frame = None
        self._check_refused()
        if frame is None:
            return False, None
        bgr = self._upright(frame)
        if self._paced and frame.pts is not None:
            self._pace.wait(in_seconds(frame.pts, frame.time_base))
        return True, bgr

    def release(self) -> None:
        self._open.close()

    def _status(self) -> int | None:
        """The last error that the camera or the server answered with."""
        if self._visitor:
            return self._visitor.status
        return self._refusals[-1] if self._refusals else None

    def _over_http(self, url: str, other_hosts: bool, stack: ExitStack) -> InputContainer:
        self._visitor = http.Visitor(url, self._deadline, other_hosts)
        container, self._finite = stack.enter_context(open_visited(self._visitor, self._limit))
        return container

    def _over_rtsp(self, url: str, stack: ExitStack) -> InputContainer:
        here = stack.enter_context(rtsp.relayed(url, self._deadline, self._refusals))
        limits = (self._limit, self._limit)
        return stack.enter_context(av.open(here, options=dict(RTSP), timeout=limits, metadata_errors="replace"))

    def _decoded(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        """The pictures as they come, on one timeline; packets that are broken are stepped over."""
        prepare(stream, "SLICE")  # threads for whole frames would hold pictures back
        decode = decoder(stream)
        for packet in Timeline(stream.index, jumps=True).placed(container.demux(stream)):
            self._deadline.left()
            with contextlib.suppress(av.error.InvalidDataError):
                yield from decode(packet)

    def _check_refused(self) -> None:
        if self._visitor and self._visitor.refused:
            raise self._visitor.refused


class Pace:
    """Holds pictures back until their time. The first one's is now."""

    def __init__(self) -> None:
        self._start: float | None = None

    def wait(self, at_s: float) -> None:
        """Wait for the moment of a picture at this second of its own clock."""
        now = time.monotonic()
        if self._start is None or not -LATE_S < self._start + at_s - now < HELD_BACK_S:
            self._start = now - at_s
        time.sleep(min(max(0.0, self._start + at_s - now), LONGEST_WAIT_S))
