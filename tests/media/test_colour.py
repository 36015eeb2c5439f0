"""Colours of films: every matrix, range and form, against the formulas as the standards print them."""

import subprocess
from pathlib import Path

import numpy as np
import odd
import pytest

from emolive.media.clips import VideoClip

PRINTED = {
    "bt709": ((0, 1.8556), (-0.187324, -0.468124), (1.5748, 0)),
    "smpte170m": ((0, 1.772), (-0.344136, -0.714136), (1.402, 0)),
    "bt2020nc": ((0, 1.8814), (-0.164553, -0.571353), (1.4746, 0)),
}
"""What Cb and Cr add to luma in B, G and R; of B and R as the standards have it (Cr, Cb), of G (Cb, Cr)."""

BLOCK = 32

CASES = {
    "BT.601, 4:2:0": ("smpte170m", "tv", "yuv420p", 8),
    "BT.709, 4:2:0": ("bt709", "tv", "yuv420p", 8),
    "BT.2020, 4:2:0": ("bt2020nc", "tv", "yuv420p", 8),
    "BT.709, full range, 4:2:0": ("bt709", "pc", "yuv420p", 8),
    "BT.601, full range, 4:2:0": ("smpte170m", "pc", "yuv420p", 8),
    "BT.709, 4:2:2": ("bt709", "tv", "yuv422p", 8),
    "BT.709, 4:4:4": ("bt709", "tv", "yuv444p", 8),
    "BT.709, 10 bits, 4:2:0": ("bt709", "tv", "yuv420p10le", 10),
    "BT.709, full range, 10 bits, 4:2:2": ("bt709", "pc", "yuv422p10le", 10),
    "BT.601, 10 bits, 4:4:4": ("smpte170m", "tv", "yuv444p10le", 10),
    "nothing said, 640×480: BT.601": ("smpte170m", "", "yuv420p", 8),
    "nothing said, 1280×720: BT.709, as players take it": ("bt709", "", "yuv420p", 8),
    "nothing said, 1280×720, 10 bits: BT.709, as players take it": ("bt709", "", "yuv420p10le", 10),
}


def colours(width: int, height: int, depth: int) -> np.ndarray:
    """Y, Cb and Cr of blocks of one colour each, (3, H, W), most of them colours that a screen has."""
    rng = np.random.default_rng(0)
    rows, columns = height // BLOCK, width // BLOCK
    small = np.stack([rng.uniform(16, 235, (rows, columns)), *rng.uniform(98, 158, (2, rows, columns))])
    whole = np.rint(small * 2 ** (depth - 8)).astype(np.uint16)
    return whole.repeat(BLOCK, 1).repeat(BLOCK, 2)


def exact(yuv: np.ndarray, matrix: str, is_full: bool, depth: int) -> np.ndarray:
    """Their B, G and R, not rounded, (H, W, 3)."""
    most, scale = 2**depth - 1, 2 ** (depth - 8)
    y, cb, cr = yuv.astype(float)
    if is_full:
        y, cb, cr = y / most, (cb - 128 * scale) / most, (cr - 128 * scale) / most
    else:
        y, cb, cr = (
            (y - 16 * scale) / (219 * scale),
            (cb - 128 * scale) / (224 * scale),
            (cr - 128 * scale) / (224 * scale),
        )
    (_, b), (g_cb, g_cr), (r, _) = PRINTED[matrix]
    return np.clip(255 * np.stack([y + b * cb, y + g_cb * cb + g_cr * cr, y + r * cr], axis=-1), 0, 255)


def planes(yuv: np.ndarray, form: str) -> bytes:
    """As FFmpeg takes them raw."""
    across, down = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}[form[3:6]]
    kind = "<u2" if "10" in form else np.uint8
    return b"".join(p.astype(kind).tobytes() for p in (yuv[0], *yuv[1:, ::down, ::across]))


def stored(path: Path, yuv: np.ndarray, form: str, marks: str, vf: str = "null") -> Path:
    """A film of three frames without loss, marked so."""
    size = f"{yuv.shape[2]}x{yuv.shape[1]}"
    raw = path.with_suffix(".raw")
    raw.write_bytes(planes(yuv, form) * 3)
    given = f"-f rawvideo -pix_fmt {form} -s {size} -r 25 {marks} -i"
    odd.ffmpeg(given, raw, "-vf", vf, "-c:v libx264 -preset ultrafast -qp 0", "-" + marks[1:] if marks else "-an", path)
    return path


@pytest.mark.parametrize("name", CASES)
def test_colours_are_exact(tmp_path, name, tried):
    matrix, scope, form, depth = CASES[name]
    yuv = colours(*((1280, 720) if "1280" in name else (640, 480)), depth)
    marks = f"-colorspace {matrix} -color_range {scope}" if scope else ""
    [(_, bgr), *_] = VideoClip(stored(tmp_path / "a.mkv", yuv, form, marks)).play()
    off = bgr.astype(float) - exact(yuv, matrix, scope == "pc", depth)
    off = off[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]  # between blocks colours run into each other
    assert np.abs(off).max() < 1.6
    assert np.abs(off).mean() < 0.5
    assert np.abs(off.mean((0, 1))).max() < 0.1  # no channel is darker or lighter than it is
    tried("colours", name, "the standard's formula, rounded")


def test_deinterlacing_keeps_the_colours(tmp_path, tried):
    yuv = colours(640, 480, 8)
    fields = stored(tmp_path / "a.mkv", yuv, "yuv420p", "-colorspace bt709 -color_range pc", "setfield=tff")
    out = tmp_path / "b.mkv"
    odd.ffmpeg("-i", fields, "-vf setfield=tff -c:v libx264 -preset ultrafast -qp 0 -x264opts tff=1", out)
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "frame=interlaced_frame,color_space", "-of", "csv", str(out)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "1" in shown.split(",")[1]
    assert "bt709" in shown
    [(_, bgr), *_] = VideoClip(out).play()
    off = (bgr.astype(float) - exact(yuv, "bt709", True, 8))[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
    assert np.abs(off).mean() < 0.5
    tried("colours", "BT.709, full range, interlaced", "the standard's formula, rounded")
