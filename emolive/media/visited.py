"""What lies at an `http(s)://` address, opened by FFmpeg, whose every request is made and judged by emolive."""

from collections.abc import Iterator
from contextlib import contextmanager

import av
from av.container import InputContainer

from emolive.core.errors import SourceError
from emolive.media import http
from emolive.media.address import without_password
from emolive.media.opening import FORMATS, STILLS
from emolive.media.refusals import why_no_stream

OPTIONS = {
    "format_whitelist": ",".join((*FORMATS, *STILLS, "hls")),
    "protocol_whitelist": "none",  # whatever is opened goes through `http.nested`
    "analyzeduration": "2000000",
    "http_persistent": "0",  # of HLS: it would reuse connections that it did not open
    "http_multiple": "0",
}

ARRIVES = ("rtsp", "mpjpeg", "mjpeg")
"""Streams whose pictures come when they are taken; all others are shown at the pace of their own clock."""

LIMIT_S = 5.0
"""How long opening a film at an address, and each wait for more of it, may take."""


@contextmanager
def open_visited(visitor: http.Visitor, limit_s: float) -> Iterator[tuple[InputContainer, bool]]:
    """Open the visitor's own address; give the container, and whether what is there has an end.

    Raises `http.RefusedError`, `OSError`, `ValueError` and `av.FFmpegError`.
    """
    first = visitor.first()
    try:
        with av.open(
            first.url,
            options=dict(OPTIONS),
            timeout=(limit_s, limit_s),
            io_open=http.nested(visitor, first),
            metadata_errors="replace",
        ) as container:
            # A playlist that goes on has no duration; a file has a length, and a camera's stream has none.
            whole = container.duration if container.format.name == "hls" else first.length
            yield container, bool(whole) and container.format.name not in ARRIVES
    finally:
        first.close()


class Patience(http.Deadline):
    """A film is read as slowly as it is watched: each wait by itself has the whole time."""

    def left(self) -> float:
        """All of it."""
        self.start()
        return super().left()


@contextmanager
def open_film_at(url: str, other_hosts: bool = False) -> Iterator[InputContainer]:
    """Open a film that lies at an address. Raises `SourceError` where there is none, and for a camera's stream."""
    shown = without_password(url)
    if not url.lower().startswith("http"):
        raise SourceError(f"{shown} is the address of a camera, which has no end. See it: emolive cam --camera ADDRESS")
    visitor = None
    try:
        visitor = http.Visitor(url, Patience(LIMIT_S), other_hosts)
        opened = open_visited(visitor, LIMIT_S)
        container, finite = opened.__enter__()
    except (av.FFmpegError, OSError, ValueError) as error:
        if visitor and visitor.refused:
            raise visitor.refused from None
        raise SourceError(why_no_stream(url, error, visitor.status if visitor else None)) from error
    try:
        if not finite:
            raise SourceError(f"{shown} has no end, as a camera's stream. See it: emolive cam --camera ADDRESS")
        yield container
    finally:
        opened.__exit__(None, None, None)
