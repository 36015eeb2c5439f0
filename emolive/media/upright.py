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
from av.video.reformatter import Interpolation

from emolive.media.tonemap import ToneMap, is_hdr

NEARLY_SQUARE = 0.004
"""Pixels that are wider or higher than this by less are taken as square: nobody sees it, and scaling blurs."""

ODDEST = 8
"""A ratio beyond this is an error of whoever wrote the file."""

DISPLAY_MATRIX = struct.Struct("=9i")


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
    data = frame.side_data.get(Type.DISPLAYMATRIX)
    if data is None:
        return UPRIGHT
    a, b, _, c, d, *_ = DISPLAY_MATRIX.unpack(bytes(data)[: DISPLAY_MATRIX.size])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, mirrored=c < 0, upside_down=b < 0)
    return Orientation(False, mirrored=a < 0, upside_down=d < 0)


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
    """Makes the frames of one stream upright. `aspect` is the shape of its pixels, width through height."""

    def __init__(self, aspect: Fraction | None = None) -> None:
        self.aspect = aspect or None
        self.note = ""
        self._tone_map = ToneMap()
        if not plausible(self.aspect):
            self.note = f"its pixels claim to be {float(aspect or 0):g} times as wide as high: shown as squares"

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """A decoded frame as (H, W, 3) uint8 BGR, contiguous; transparency over white."""
        how = orientation(frame)  # now: a filter would drop it
        if is_hdr(frame):
            frame = self._tone_map(frame)
        size = true_size(frame.width, frame.height, self.aspect)
        return how.turn(_bgr(frame, size))


def _bgr(frame: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
    wanted = {}
    if size != (frame.width, frame.height):
        wanted = {"width": size[0], "height": size[1], "interpolation": Interpolation.BICUBIC}
    if not any(component.is_alpha for component in frame.format.components):
        return frame.to_ndarray(format="bgr24", **wanted)
    bgra = frame.to_ndarray(format="bgra", **wanted)
    alpha = bgra[..., 3:].astype(np.uint16)
    return ((bgra[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
