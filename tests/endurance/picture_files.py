"""Picture files of every kind that Pillow and FFmpeg write, and files that claim or hold far too many pixels."""

import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec import Codec
from av.video.reformatter import ColorRange
from PIL import Image, ImageCms

WIDTH, HEIGHT = 80, 60

ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "BMP": "bmp", "TIFF": "tif", "PPM": "ppm", "JPEG2000": "jp2"}
"""The formats that emolive reads, but for AVIF, which not every Pillow writes."""

ENCODERS = {"png": "png", "tiff": "tif", "bmp": "bmp", "ppm": "ppm", "pgm": "pgm", "jpeg2000": "jp2", "mjpeg": "jpg"}
"""FFmpeg's encoders of pictures."""

MODES = (
    *("1", "L", "P", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", "LA", "La", "PA", "I", "F"),
    *("I;16", "I;16L", "I;16B", "I;16N"),
)
"""Every mode in Pillow's documentation."""


def scene() -> np.ndarray:
    """A picture (60, 80, 3) uint8 RGB in which no two corners are alike."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    return (np.stack([x, y, 0.5 + (x - y) / 2], axis=-1) * 230 + 10).round().astype(np.uint8)


def by_pillow(folder: Path) -> Iterator[Path]:
    """The scene in each mode and each format that takes the mode."""
    for mode in MODES:
        picture = _in_mode(mode)
        for name, ending in ENDINGS.items():
            path = folder / f"pillow-{mode.replace(';', '')}.{ending}"
            if mode[0] in "IF" and name not in ("TIFF", "PNG", "PPM", "JPEG2000"):
                continue  # they keep eight bits, and would cut these off
            try:
                picture.save(path, name)
            except (OSError, KeyError, ValueError):
                path.unlink(missing_ok=True)  # this format has no such mode
            else:
                yield path


def _in_mode(mode: str) -> Image.Image:
    rgb = Image.fromarray(scene())
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(rgb, *profiles, outputMode="LAB")
    gray = np.asarray(rgb.convert("L"))
    if mode == "F":
        return Image.fromarray(gray.astype(np.float32) / 255)
    if mode == "I":
        return Image.fromarray(gray.astype(np.int32) * 257)
    if mode.startswith("I;16"):
        order = {"B": ">u2"}.get(mode[-1], "<u2")
        return Image.frombytes(mode, rgb.size, (gray.astype(np.uint16) * 257).astype(order).tobytes())
    return rgb.convert({"La": "LA"}.get(mode, mode)).convert(mode)


def by_ffmpeg(folder: Path) -> Iterator[Path]:
    """The scene in each pixel format of each of FFmpeg's encoders."""
    frame = av.VideoFrame.from_ndarray(scene(), format="rgb24")
    for name, ending in ENCODERS.items():
        tones = ColorRange.MPEG if name == "tiff" else ColorRange.JPEG  # as each format has them
        for pixels in Codec(name, "w").video_formats or []:
            context = av.CodecContext.create(name, "w")
            context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, pixels.name
            context.time_base, context.options = Fraction(1, 25), {"strict": "unofficial"}
            try:
                shown = frame.reformat(format=pixels.name, dst_color_range=tones)
                packets = [*context.encode(shown), *context.encode(None)]
            except (av.FFmpegError, ValueError):
                continue  # listed, but not written by this build
            path = folder / f"ffmpeg-{name}-{pixels.name}.{ending}"
            path.write_bytes(b"".join(map(bytes, packets)))
            yield path


def bombs(folder: Path) -> Iterator[Path]:
    """Small files that are, or say that they are, far too large."""
    side = 40_000
    yield _written(folder / "zeros.png", png(side, side, bytes(side // 8 + 1) * side))
    megabytes = b"a\0\0" + zlib.compress(bytes(200_000_000))
    yield _written(folder / "text.png", png(8, 8, bytes(2 * 8), b"zTXt", megabytes))
    yield _written(
        folder / "profile.png", png(8, 8, bytes(2 * 8), b"iCCP", b"a\0\0" + zlib.compress(bytes(200_000_000)))
    )
    yield _written(folder / "claim.ppm", b"P6 99999 99999 255\n" + bytes(1000))
    small = Image.new("RGB", (64, 64))
    for ending, at, size in (
        ("bmp", 18, struct.pack("<ii", 90_000, 90_000)),
        ("jpg", None, struct.pack(">HH", 65_000, 65_000)),
        ("jp2", None, struct.pack(">II", 90_000, 90_000)),
        ("gif", 6, struct.pack("<HH", 65_000, 65_000)),
    ):
        small.save(path := folder / f"claim.{ending}")
        data = path.read_bytes()
        mark = {"jpg": b"\xff\xc0", "jp2": b"ihdr"}.get(ending)
        at = at or data.index(mark) + {"jpg": 5, "jp2": 4}[ending]
        yield _written(path, data[:at] + size + data[at + len(size) :])
    large = png(16_000, 16_000, bytes(2_001) * 16_000)
    yield _film_of(folder / "film.mov", large, 16_000)
    yield _film_of(folder / "claim.mov", large, 64)


def png(width: int, height: int, rows: bytes, kind: bytes = b"", more: bytes = b"") -> bytes:
    """A PNG with one bit a pixel: `rows` each begin with a byte for the filter. `more` is a chunk before the pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), *([(kind, more)] if kind else []), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _film_of(path: Path, picture: bytes, side: int) -> Path:
    """A film whose only frame is that picture; it says that it is so many pixels wide and high."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=25)
        stream.width = stream.height = side
        stream.pix_fmt = "monob"
        packet = av.Packet(picture)
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 25)
        container.mux(packet)
    return path


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
