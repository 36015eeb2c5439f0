"""Films that are odd and healthy: turned, squeezed, joined, interlaced … made with ffmpeg, each a second or two."""

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from films import numbered, write_video

WIDTH, HEIGHT = 160, 96

ONE, TWO = 1 << 16, 1 << 30

MATRICES: dict[str, tuple[int, int, int, int]] = {
    "as it is": (1, 0, 0, 1),
    "mirrored": (-1, 0, 0, 1),
    "upside down and mirrored": (1, 0, 0, -1),
    "half a turn": (-1, 0, 0, -1),
    "quarter turn right": (0, 1, -1, 0),
    "quarter turn left": (0, -1, 1, 0),
    "transposed": (0, 1, 1, 0),
    "transposed the other way": (0, -1, -1, 0),
}
"""a, b, c, d of the eight display matrices."""


def run(*words: object) -> None:
    """A command that must succeed."""
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def ffmpeg(*words: object) -> None:
    """ffmpeg, which must succeed. A string that begins with a minus sign is several words; paths are not strings."""
    split = (word.split() if isinstance(word, str) and word.startswith("-") else [word] for word in words)
    run("ffmpeg", "-v", "error", "-y", *(one for many in split for one in many))


def wide(i: int) -> np.ndarray:
    """A numbered picture."""
    return numbered(i, WIDTH, HEIGHT)


def film(path: Path, frames: int = 50, step_ms: float = 40.0) -> Path:
    """Numbered frames, 25 a second."""
    return write_video(path, [step_ms * i for i in range(frames)], wide)


def cornered(_: int = 0) -> np.ndarray:
    """A picture that tells all eight orientations apart: a white corner, a grey one beside it, black ones below."""
    bgr = np.zeros((48, 64, 3), np.uint8)
    bgr[:24, :32] = 255
    bgr[:24, 32:] = 128
    return bgr


def moved(bgr: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """The picture that a display matrix asks for, point by point: (x, y) goes to (a·x + c·y, b·x + d·y)."""
    a, b, c, d = matrix
    height, width = bgr.shape[:2]
    y, x = np.mgrid[:height, :width]
    to_x, to_y = a * x + c * y, b * x + d * y
    to_x, to_y = to_x - to_x.min(), to_y - to_y.min()
    out = np.zeros((int(to_y.max()) + 1, int(to_x.max()) + 1, 3), np.uint8)
    out[to_y, to_x] = bgr
    return out


def with_matrix(path: Path, out: Path, matrix: tuple[int, int, int, int]) -> Path:
    """The same MP4 with another display matrix in its track's header."""
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd") + 4
    at += 4 + (32 if data[at] else 20) + 16
    width, height = struct.unpack(">II", data[at + 36 : at + 44])
    a, b, c, d = matrix
    x = width if a < 0 else height if c < 0 else 0
    y = width if b < 0 else height if d < 0 else 0
    data[at : at + 36] = struct.pack(">9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, x, y, TWO)
    out.write_bytes(data)
    return out


def with_sound(path: Path, out: Path, *words: object, hertz: int = 440) -> Path:
    """The same film with a tone as long as it is."""
    ffmpeg("-i", path, "-f", "lavfi", "-i", f"sine={hertz}:r=48000", "-shortest", "-c:v", "copy", *words, out)
    return out


def joined(parts: Sequence[Path], out: Path) -> Path:
    """Files one behind the other, as `cat` joins them."""
    out.write_bytes(b"".join(part.read_bytes() for part in parts))
    return out
