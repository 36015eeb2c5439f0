"""A decoded frame's colours as BGR, rounded: FFmpeg's usual conversion cuts off, which makes films a grey level darker.

Its accurate one takes seven times as long. Nearly all films are three planes, for which one multiplication by a matrix
is as exact, and takes little more than FFmpeg's usual way.
"""

from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

ROUNDED = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP | Interpolation.FULL_CHR_H_INT
)
"""FFmpeg's conversions, between YUV and RGB either way, as exact as it can."""

UNSAID, BT709 = 2, 1
"""Matrices by their numbers in ITU-T H.273."""

WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
"""Of red and blue in luma: BT.709, FCC, SMPTE 240M, BT.2020; all others are BT.601."""

BT601 = (0.299, 0.114)

SD = (1024, 576)
"""Films that say nothing of their matrix have BT.601's up to this size, BT.709's beyond it: as players take it."""

PLANES = {
    **dict.fromkeys(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"), 8),
    **{f"yuv{form}p{bits}le": bits for form in (420, 422, 444) for bits in (10, 12)},
}
"""Forms of three planes, and how many bits they have."""


def frame_bgr(frame: av.VideoFrame) -> np.ndarray:
    """The colours of an SDR frame, (H, W, 3) uint8 BGR; transparency over white."""
    if frame.format.name in PLANES and frame.colorspace != 0:  # 0: its planes are green, blue and red
        is_full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        bits = PLANES[frame.format.name]
        return _multiplied(frame, _matrix(matrix_of(frame), is_full, bits), bits)
    wanted: dict[str, Any] = {"interpolation": ROUNDED}
    if frame.colorspace == UNSAID and matrix_of(frame) == BT709 and not frame.format.is_rgb:
        wanted["src_colorspace"] = Colorspace.ITU709
    if not any(component.is_alpha for component in frame.format.components):
        return frame.to_ndarray(format="bgr24", **wanted)
    bgra = frame.to_ndarray(format="bgra", **wanted)
    alpha = bgra[..., 3:].astype(np.uint16)
    return ((bgra[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def matrix_of(frame: av.VideoFrame) -> int:
    """The number of a frame's matrix; where it says nothing, what its size makes likely."""
    if frame.colorspace != UNSAID:
        return int(frame.colorspace)
    return BT709 if frame.width > SD[0] or frame.height > SD[1] else UNSAID


@lru_cache(maxsize=16)
def _matrix(number: int, is_full: bool, bits: int) -> np.ndarray:
    """What makes B, G, R 0..255 of Y, U, V and 1: (3, 4)."""
    red, blue = WEIGHTS.get(number, BT601)
    green = 1 - red - blue
    step, most = 2 ** (bits - 8), 2**bits - 1
    black, luma, chroma = (0, 255 / most, 255 / most) if is_full else (16 * step, 255 / 219 / step, 255 / 224 / step)
    to_bgr = np.array([
        [luma, 2 * (1 - blue) * chroma, 0],
        [luma, -2 * blue * (1 - blue) / green * chroma, -2 * red * (1 - red) / green * chroma],
        [luma, 0, 2 * (1 - red) * chroma],
    ])  # fmt: skip
    return np.column_stack([to_bgr, -to_bgr @ (black, 128 * step, 128 * step)])


def _multiplied(frame: av.VideoFrame, matrix: np.ndarray, bits: int) -> np.ndarray:
    """Each pixel by the matrix; a colour that is stored for several pixels is that of all of them."""
    kind = np.dtype(np.uint8 if bits == 8 else "<u2")
    luma, *chroma = (
        np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind.itemsize)[: plane.height, : plane.width]  # type: ignore[call-overload]
        for plane in frame.planes
    )
    height, width = luma.shape
    if chroma[0].shape[1] < width:  # interleaved with itself each row is twice as long
        chroma = [cv2.merge([plane, plane]).reshape(len(plane), -1)[:, :width] for plane in chroma]
    bgr = np.empty((height, width, 3), np.uint8)
    parts = [slice(None)] if len(chroma[0]) == height else [slice(0, None, 2), slice(1, None, 2)]
    for rows in parts:
        count = len(luma[rows])
        if not count:
            continue
        yuv = cv2.merge([luma[rows], *(plane[:count] for plane in chroma)])
        if bits == 8:
            cv2.transform(yuv, matrix, dst=bgr[rows])
        else:
            cv2.convertScaleAbs(cv2.transform(yuv, matrix), dst=bgr[rows])  # cut off at 255
    return bgr
