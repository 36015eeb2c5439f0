"""Streams of the network: what lies at an address that the user named, decoded by PyAV."""

import contextlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import av
import numpy as np
from av.container import InputContainer

from emolive.core.errors import SourceError
from emolive.media import http, rtsp
from emolive.media.address import without_password
from emolive.media.clips import MOST_PIXELS, upright
from emolive.media.opening import FORMATS, STILLS

log = logging.getLogger(__name__)

OPTIONS = {
    "format_whitelist": ",".join((*FORMATS, *STILLS, "hls")),
    "protocol_whitelist": "none",  # whatever is opened goes through `http.nested`
    "analyzeduration": "2000000",
    "http_persistent": "0",  # of HLS: it would reuse connections that it did not open
    "http_multiple": "0",
}

RTSP = {
    "format_whitelist": "rtsp",
    "protocol_whitelist": "tcp",  # to the relay; a camera that answers with UDP could name any address
    "rtsp_transport": "tcp",
    "fflags": "nobuffer",
}


class StreamCapture:
    """An open stream; a `newest.Capture`. `limit_s` is how long opening, and the wait for the next picture, may take.

    Making one raises `SourceError` where no pictures come from there, `http.RefusedError` (also later, from `read`)
    where the stream leads to an address that the user did not ask for and `other_hosts` is not given.
    """

    def __init__(self, url: str, limit_s: float, other_hosts: bool = False) -> None:
        scheme = urlsplit(url).scheme.lower()
        if scheme not in (*http.PORTS, *rtsp.PORTS):
            raise SourceError(
                f"emolive reads http, https, rtsp and rtsps, not {without_password(url)}. Give another address."
            )
        self._deadline, self._limit = http.Deadline(limit_s), limit_s
        self._visitor: http.Visitor | None = None
        gone = f"There is no stream at {without_password(url)}. Check the address, and that the camera is on."
        with ExitStack() as stack:
            try:
                if scheme in http.PORTS:
                    container = self._over_http(url, other_hosts, stack)
                else:
                    container = self._over_rtsp(url, stack)
                self._frames = self._decoded(container)
            except (av.FFmpegError, OSError, ValueError) as error:
                self._check_refused()
                log.debug("no stream: %s", type(error).__name__)
                raise SourceError(gone) from error
            if not container.streams.video:
                raise SourceError(gone)
            self._open = stack.pop_all()

    def read(self) -> tuple[bool, np.ndarray | None]:
        """Whether a picture came, and its (H, W, 3) uint8 BGR."""
        self._deadline.start()
        try:
            frame = next(self._frames, None)
        except (av.FFmpegError, OSError, ValueError) as error:
            log.debug("the stream breaks off: %s", type(error).__name__)
            frame = None
        self._check_refused()
        return (False, None) if frame is None else (True, upright(frame))

    def release(self) -> None:
        self._open.close()

    def _over_http(self, url: str, other_hosts: bool, stack: ExitStack) -> InputContainer:
        self._visitor = http.Visitor(url, self._deadline, other_hosts)
        first = self._visitor.first()
        stack.callback(first.close)
        io_open = http.nested(self._visitor, first)
        limits = (self._limit, self._limit)
        return stack.enter_context(
            av.open(first.url, options=dict(OPTIONS), timeout=limits, io_open=io_open, metadata_errors="replace")
        )

    def _over_rtsp(self, url: str, stack: ExitStack) -> InputContainer:
        here = stack.enter_context(rtsp.relayed(url, self._deadline))
        limits = (self._limit, self._limit)
        return stack.enter_context(av.open(here, options=dict(RTSP), timeout=limits, metadata_errors="replace"))

    def _decoded(self, container: InputContainer) -> Iterator[av.VideoFrame]:
        """The pictures as they come; packets that are broken are stepped over."""
        if not container.streams.video:
            return
        stream = container.streams.video[0]
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        stream.thread_type = "SLICE"  # threads for whole frames would hold pictures back
        for packet in container.demux(stream):
            self._deadline.left()
            with contextlib.suppress(av.error.InvalidDataError):
                yield from stream.decode(packet)

    def _check_refused(self) -> None:
        if self._visitor and self._visitor.refused:
            raise self._visitor.refused
