"""Films that are odd and healthy: turned, squeezed, joined, interlaced … made with ffmpeg, each a second or two."""

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from films import numbered, write_video

WIDTH, HEIGHT = 160, 96

SLACK = 3.0
"""By how much a machine that does other things at the same time may be slower than what is promised."""

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


def plays(path: Path) -> bool:
    """Whether all of a file can be decoded."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"], capture_output=True, check=True)
    return not done.stderr


def joined(parts: Sequence[Path], out: Path) -> Path:
    """Files one behind the other, as `cat` joins them."""
    out.write_bytes(b"".join(part.read_bytes() for part in parts))
    return out


def _boxes(data: bytes, at: int, end: int) -> dict[bytes, tuple[int, int]]:
    """The boxes of a part of an ISO file: kind, and where its content begins and ends (the first of each kind)."""
    found: dict[bytes, tuple[int, int]] = {}
    while at + 8 <= end:
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        found.setdefault(kind, (at + 8, at + size))
        at += size
    return found


def _box(kind: bytes, *parts: bytes, version: int | None = None, flags: int = 0) -> bytes:
    body = b"".join(parts) if version is None else struct.pack(">I", version << 24 | flags) + b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def heic_of_tiles(
    path: Path, tiles: Sequence[Path], columns: int, rows: int, width: int, height: int, quarters: int = 0
) -> Path:
    """A HEIC whose picture is a grid of others (ISO/IEC 23008-12, 6.6.2.3), as phones write it; to be turned by so many
    quarters of a turn to the left."""
    coded: list[bytes] = []
    config = size = b""
    for tile in tiles:
        data = tile.read_bytes()
        top = _boxes(data, 0, len(data))
        meta = _boxes(data, top[b"meta"][0] + 4, top[b"meta"][1])
        kinds = _boxes(data, *_boxes(data, *meta[b"iprp"])[b"ipco"])
        config, size = (data[kinds[kind][0] - 8 : kinds[kind][1]] for kind in (b"hvcC", b"ispe"))
        begin, end = top[b"mdat"]
        coded.append(data[begin:end])
    count, grid = len(coded), len(coded) + 1
    layout = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    items = [
        _box(b"infe", struct.pack(">HH4s", i + 1, 0, b"hvc1"), b"\0", version=2, flags=1) for i in range(count)
    ] + [_box(b"infe", struct.pack(">HH4s", grid, 0, b"grid"), b"\0", version=2)]
    parts = _box(b"dimg", struct.pack(f">HH{count}H", grid, count, *range(1, grid)))
    whole = _box(b"ispe", struct.pack(">II", width, height), version=0)
    turn = _box(b"irot", bytes([quarters]))
    owned = b"".join(struct.pack(">HBBB", i + 1, 2, 0x81, 2) for i in range(count))
    owned += struct.pack(">HBBB", grid, 2, 3, 0x84)

    def meta_box(first: int) -> bytes:
        places, at = [], first
        for i, piece in enumerate(coded):
            places.append(struct.pack(">HHHHII", i + 1, 0, 0, 1, at, len(piece)))
            at += len(piece)
        places.append(struct.pack(">HHHHII", grid, 1, 0, 1, 0, len(layout)))
        return _box(
            b"meta",
            _box(b"hdlr", struct.pack(">I4s12s", 0, b"pict", b""), b"\0", version=0),
            _box(b"pitm", struct.pack(">H", grid), version=0),
            _box(b"iloc", b"\x44\0", struct.pack(">H", count + 1), *places, version=1),
            _box(b"iinf", struct.pack(">H", count + 1), *items, version=0),
            _box(b"iref", parts, version=0),
            _box(
                b"iprp",
                _box(b"ipco", config, size, whole, turn),
                _box(b"ipma", struct.pack(">I", grid), owned, version=0),
            ),
            _box(b"idat", layout),
            version=0,
        )

    kind = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    path.write_bytes(kind + meta_box(len(kind) + len(meta_box(0)) + 8) + _box(b"mdat", *coded))
    return path
