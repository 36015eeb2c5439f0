"""The one door through which a file of the user's is read: as that file alone, whatever it says of itself.

A playlist, a script of the concat demuxer or a film that refers to others can name any file of this computer and any
address. So emolive opens the file itself, hands FFmpeg its bytes only, and lets it use no demuxer that opens others and
no protocol at all.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

import av
from av.container import InputContainer

from emolive.core import foreign
from emolive.core.errors import SourceError, Unanswered

FORMATS = (
    "mov", "mp4", "matroska", "webm", "avi", "mpeg", "mpegts", "mpegvideo", "asf", "flv", "gif", "ogg", "mxf", "gxf",
    "nut", "wtv", "rm", "dv", "ivf", "obu", "av1", "h261", "h263", "h264", "hevc", "vvc", "m4v", "vc1", "mjpeg",
    "mpjpeg", "yuv4mpegpipe", "apng", "webp", "swf",
)  # fmt: skip
"""FFmpeg's demuxers of films: each reads the one file that it is given."""

STILLS = (
    "bmp_pipe", "dds_pipe", "dpx_pipe", "exr_pipe", "gif_pipe", "hdr_pipe", "j2k_pipe", "jpeg_pipe", "jpegls_pipe",
    "jpegxl_pipe", "jpegxl_anim", "pam_pipe", "pbm_pipe", "pcx_pipe", "pfm_pipe", "pgm_pipe", "pgmyuv_pipe", "phm_pipe",
    "png_pipe", "ppm_pipe", "psd_pipe", "qoi_pipe", "sgi_pipe", "sunrast_pipe", "tiff_pipe", "webp_pipe", "xbm_pipe",
    "xwd_pipe",
)  # fmt: skip
"""Those of pictures that Pillow may not open here. Not `svg_pipe`: an SVG can refer to other files."""

SOUNDS = ("aac", "ac3", "aiff", "amr", "flac", "mp3", "wav")
"""Those of sound, so that it can be said what is wrong with such a file."""

ALONE: Mapping[str, str] = {
    "format_whitelist": ",".join((*FORMATS, *STILLS, *SOUNDS)),
    "protocol_whitelist": "none",
}
"""FFmpeg's options for a file that is to be read alone."""

BUFFER = 1 << 17
"""Bytes that are read at once."""

HEAD = 512
"""Bytes by which it is said what a file is instead of a film."""

PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<MPD", b"v=0")


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading (`core.foreign.open_regular`). Raises `SourceError`, which says what to name instead."""
    instead = "Name a video, a picture or a folder of them."
    return foreign.open_regular(path, instead)


@contextmanager
def open_alone(path: Path) -> Iterator[InputContainer]:
    """Open a media file: `with open_alone(path) as container`.

    Raises `SourceError` for what FFmpeg does not know, and for playlists; and `Unanswered`, at the latest when it is
    left, for a file that stops to answer.
    """
    with open_regular(path) as file:
        named = _Named(file, str(path.absolute()))
        try:
            container = av.open(
                named, "r", options=dict(ALONE), metadata_errors="replace", buffer_size=BUFFER, io_open=_refuse_others
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise named.gone or SourceError(_what_it_is(path, file)) from error
        with container:
            try:
                yield container
            except Exception as error:
                if named.gone:
                    raise named.gone from error
                raise
        if named.gone:
            raise named.gone


class _Named:
    """An open file with the name by which FFmpeg guesses what it is; nothing can be written to it.

    For FFmpeg it ends where it stops to answer; `gone` says so then: PyAV would tell of an error in its own way.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name.encode("utf-8", "replace").decode()
        self._file, self.seek, self.tell = file, file.seek, file.tell
        self.gone: Unanswered | None = None

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except Unanswered as error:
            self.gone = error
            return b""


def _refuse_others(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("a file that refers to others is read alone")


def _what_it_is(path: Path, file: BinaryIO) -> str:
    """Why a file cannot be opened."""
    file.seek(0)
    head = file.read(HEAD)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(PLAYLISTS) or b"<MPD" in head:
        return f"{path} is a playlist, a list of other files or addresses. Name the video itself."
    if b"\0" not in head and is_text(head):
        return f"{path} is a text file, not a video. Name a video or a picture."
    return f"{path} is not a video or picture that can be read. Is it whole? Try another file."


def is_text(head: bytes) -> bool:
    """Whether these first bytes of a file are text, though the last character may be cut."""
    try:
        words = head.decode("utf-8", "ignore" if len(head) == HEAD else "strict")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\t\r\n\f\x1b" for c in words)
