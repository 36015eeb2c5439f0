"""Makes a decoded frame the picture that it is meant to be: turned, mirrored, in true proportion, SDR, BGR.

All sources whose pictures FFmpeg decodes go through `picture`: files, HTTP, HLS and RTSP streams.
"""

import struct
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type
from av.video.stream import VideoStream

from emolive.media.colour import frame_bgr
from emolive.media.tonemap import ToneMap, is_hdr

NEARLY_SQUARE = 0.004
"""Pixels that are wider or higher than this by less are taken as square: nobody sees it, and scaling blurs."""

ODDEST = 8
"""A ratio beyond this is an error of whoever wrote the file."""

DISPLAY_MATRIX = struct.Struct("=9i")


def _unnamed(kinds: type[Type], value: int) -> Type:
    made = object.__new__(kinds)
    made.__dict__.update(_name_=f"UNNAMED_{value}", _value_=value)
    return made


# FFmpeg knows more kinds of side data than PyAV has names for (EXIF in Motion JPEG), which then tells none of them.
Type._missing_ = classmethod(_unnamed)  # type: ignore[method-assign, assignment]

TWO_VIEWS = "its pictures hold two views (3D): shown as they are stored"
ALL_AROUND = "its pictures show all around (360°): shown as they are stored, so faces are bent"


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways a picture may lie: first `transposed` (rows become columns), then `mirrored` (left becomes
    right), then `upside_down`."""

    transposed: bool = False
    mirrored: bool = False
    upside_down: bool = False

    def turn(self, bgr: np.ndarray) -> np.ndarray:
        """The picture, (H, W, 3), as it should stand; contiguous."""
        if self.transposed:
            bgr = cv2.transpose(bgr)
        if self.mirrored or self.upside_down:
            bgr = cv2.flip(bgr, 0 if not self.mirrored else -1 if self.upside_down else 1)
        return np.ascontiguousarray(bgr)


UPRIGHT = Orientation()


def orientation(frame: av.VideoFrame) -> Orientation:
    """How a decoded frame must be turned, by its display matrix; the nearest of the eight ways.

    The matrix moves a point (x, y) to (a·x + c·y, b·x + d·y): ISO/IEC 14496-12, 8.3.2.
    """
    data = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    if data is None:
        return UPRIGHT
    a, b, _, c, d, *_ = DISPLAY_MATRIX.unpack(bytes(data)[: DISPLAY_MATRIX.size])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, mirrored=c < 0, upside_down=b < 0)
    return Orientation(False, mirrored=a < 0, upside_down=d < 0)


def _odd_view(frame: av.VideoFrame) -> str:
    """What is odd about what a frame shows, "" if nothing."""
    views = frame.side_data.get(Type.STEREO3D)  # type: ignore[call-overload]
    if views is not None and any(bytes(views)[:4]):  # its first number: how they are packed, 0 for not at all
        return TWO_VIEWS
    return ALL_AROUND if frame.side_data.get(Type.SPHERICAL) is not None else ""  # type: ignore[call-overload]


def plausible(aspect: Fraction | None) -> bool:
    """Whether pixels may have this shape, width through height; None: nothing is said."""
    return aspect is None or Fraction(1, ODDEST) <= aspect <= ODDEST


def true_size(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """The size in square pixels of a picture whose pixels have this shape, even where it changes. None is enlarged at
    the other's cost: no pixel is lost."""
    if not aspect or not plausible(aspect) or abs(aspect - 1) < NEARLY_SQUARE:
        return width, height
    if aspect > 1:
        return _even(width * aspect), height + height % 2
    return width + width % 2, _even(height / aspect)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))


class Upright:
    """Makes the frames of one stream upright. `note` says what is wrong with the shape of its pixels, "" if nothing."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._said = stream.sample_aspect_ratio or None
        # What the container says holds for all; what the pictures themselves say may change with any of them.
        self._may_change = self._said == (stream.codec_context.sample_aspect_ratio or None)
        self._aspects: dict[tuple[int, int], Fraction | None] = {}
        self._tone_map = ToneMap()
        self.note = ""
        if self._said and not plausible(self._said):
            self.note = f"its pixels claim to be {float(self._said):g} times as wide as high: shown as squares"

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """A decoded frame as (H, W, 3) uint8 BGR, contiguous; transparency over white."""
        how = orientation(frame)  # now: a filter would drop it
        self.note = self.note or _odd_view(frame)
        if is_hdr(frame):
            frame = self._tone_map(frame)
        width, height = true_size(frame.width, frame.height, self._aspect(frame))
        bgr = frame_bgr(frame)
        if (width, height) != (frame.width, frame.height):
            bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_CUBIC)
        return how.turn(bgr)

    def _aspect(self, frame: av.VideoFrame) -> Fraction | None:
        """The shape of a frame's pixels. PyAV tells the decoder's only, which may be some frames ahead: where its size
        is another one, what it said with this size before holds."""
        if not self._may_change:
            return self._said
        codec, size = self._stream.codec_context, (frame.width, frame.height)
        if (codec.width, codec.height) == size or size not in self._aspects:
            self._aspects[size] = codec.sample_aspect_ratio or None
        return self._aspects[size]
