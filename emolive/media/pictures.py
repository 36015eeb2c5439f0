"""Pictures as sources: any mode and depth, upright, in BGR."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from emolive.core.errors import SourceError
from emolive.media.clips import MOST_PIXELS, Shot
from emolive.media.opening import open_regular

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
"""What Pillow may open; a GIF is a film. Nothing else, so that odd files meet few decoders."""

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".jp2", ".avif"}


class PictureClip:
    """A clip of one picture, read when it is played. Making one raises `SourceError` if the file is no picture."""

    frames = 1
    duration_ms = 0.0
    note = ""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._bgr = read_picture(path)

    def play(self, from_ms: float = 0.0) -> Iterator[Shot]:
        if from_ms <= 0:
            yield 0.0, self._bgr

    def last_before(self, t_ms: float) -> Shot | None:
        return (0.0, self._bgr) if t_ms > 0 else None


def is_picture(path: Path) -> bool:
    """Whether a file is to be read as a picture: by its ending, else by its first bytes. A GIF is not."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return True
    if suffix == ".gif" or not path.is_file():
        return False
    try:
        with _opened(path):
            return True
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def read_picture(path: Path) -> np.ndarray:
    """A picture file as (H, W, 3) uint8 BGR: turned as its EXIF says, transparency over white, 16 bits scaled to 8.

    Raises `SourceError` for a file that is missing, empty, broken, too large, or no picture.
    """
    with open_regular(path) as file:
        return decode_picture(file, str(path), MOST_PIXELS)


def decode_picture(file: BinaryIO, name: str, most_pixels: int) -> np.ndarray:
    """An open file, such as an upload, as `read_picture` reads it. `name` is what errors call it.

    Raises `SourceError` if it is broken, no picture, or has more than `most_pixels`.
    """
    try:
        with _opened(file) as picture:
            width, height = picture.size
            if width * height > most_pixels:
                raise SourceError(f"{name} has {width}×{height} pixels, more than fit. Make it smaller first.")
            upright = ImageOps.exif_transpose(picture)
            return np.ascontiguousarray(_rgb(upright)[..., ::-1])
    except UnidentifiedImageError as error:  # what it says of an open file helps nobody
        raise SourceError(f"{name} is not a picture that can be read. Is it whole?") from error
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        raise SourceError(f"{name} is not a picture that can be read ({error}). Is it whole?") from error


def _opened(file: Path | BinaryIO) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MOST_PIXELS decides
        return Image.open(file, formats=FORMATS)


def _rgb(picture: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a Pillow image in any mode."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        gray = np.nan_to_num(np.asarray(picture.convert("F")))
        # Floats count as 0..1 if they fit there; Pillow's integer modes come from 16-bit files.
        top = 65535.0 if picture.mode != "F" else 1.0 if gray.max() <= 1 else 255.0
        return np.repeat((gray.clip(0, top) * (255 / top)).round().astype(np.uint8)[..., None], 3, axis=2)
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        # Nobody keeps a picture that cannot be seen at all; Pillow reads 16-bit transparency in JPEG 2000 as that.
        if rgba.getextrema()[3][1] > 0:
            white = Image.new("RGBA", rgba.size, "white")
            rgba = Image.alpha_composite(white, rgba)
        picture = rgba
    return np.asarray(picture.convert("RGB"))
