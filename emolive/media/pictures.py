"""Pictures as sources: any mode and depth, upright, in BGR."""

import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from emolive.core.errors import SourceError
from emolive.media.clips import MOST_PIXELS, Shot
from emolive.media.opening import open_regular

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF", "HEIF")
"""What Pillow may open; a GIF is a film. Nothing else, so that odd files meet few decoders."""

MOVING = ("PNG", "WEBP", "AVIF")
"""Formats whose pictures may move. (A TIFF's pages and a phone's second JPEG are no film.)"""

SUFFIXES = {
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".jp2", ".avif", ".heic", ".heif",
    ".hif",
}  # fmt: skip
"""Endings by which a file that cannot be opened is still taken for a picture, so that it is said what is wrong."""

PICTURE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif", b"avis", b"jpeg"}
"""What an ISO file calls itself that holds a picture and no film."""

FILM_STARTS = (b"GIF8", b"\x1a\x45\xdf\xa3", b"FLV\1", b"OggS", b"\0\0\1\xba")
"""First bytes of films: GIF, Matroska and WebM, Flash, Ogg, MPEG."""

pillow_heif.register_heif_opener(thumbnails=False)


class PictureClip:
    """A clip of one picture, read when it is played. Making one raises `SourceError` if the file is no picture."""

    frames = 1
    duration_ms = 0.0
    note = ""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._bgr = read_picture(path)

    def play(self, from_ms: float = 0.0) -> Generator[Shot, None, None]:
        if from_ms <= 0:
            yield 0.0, self._bgr

    def last_before(self, t_ms: float) -> Shot | None:
        return (0.0, self._bgr) if t_ms > 0 else None


class Form(Enum):
    """What a file of pictures is: a still, or an animation, which is played as a film."""

    STILL = "still"
    ANIMATION = "animation"


def form(path: Path) -> Form | None:
    """What Pillow makes of a file, by its content; None: it is no picture. A GIF is a film."""
    try:
        with open_regular(path) as file, opened(file) as picture:
            several = picture.format in MOVING and getattr(picture, "n_frames", 1) > 1
            return Form.ANIMATION if several else Form.STILL
    except (OSError, ValueError, SyntaxError, SourceError, Image.DecompressionBombError):
        return None


def is_picture(path: Path) -> bool:
    """Whether a file is to be read as one picture: by its content, or, where that is broken, by its ending."""
    found = form(path)
    return found is Form.STILL or (found is None and path.suffix.lower() in SUFFIXES and not _begins_as_film(path))


def moves(path: Path) -> bool:
    """Whether a file is a film by its first bytes, as a GIF is, or a picture that moves."""
    found = form(path)
    return found is Form.ANIMATION or (found is None and _begins_as_film(path))


def _begins_as_film(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            head = file.read(16)
    except (SourceError, OSError):
        return False
    if head[4:8] == b"ftyp":
        return head[8:12] not in PICTURE_BRANDS
    return head.startswith(FILM_STARTS) or (head[:4] == b"RIFF" and head[8:11] == b"AVI")


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
        with opened(file) as picture:
            width, height = picture.size
            if width * height > most_pixels:
                raise SourceError(f"{name} has {width}×{height} pixels, more than fit. Make it smaller first.")
            with _unwarned():
                upright = ImageOps.exif_transpose(picture)
            return bgr_of(upright)
    except Image.DecompressionBombError as error:
        raise SourceError(f"{name} has more pixels than fit. Make it smaller first.") from error
    except UnidentifiedImageError as error:  # what it says of an open file helps nobody
        raise SourceError(f"{name} is not a picture that can be read. Is it whole?") from error
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        raise SourceError(f"{name} is not a picture that can be read ({error}). Is it whole?") from error


def opened(file: BinaryIO) -> Image.Image:
    """The picture in an open file, not decoded yet. Raises as `Image.open` does for formats that are not `FORMATS`."""
    with _unwarned():
        return Image.open(file, formats=FORMATS)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Without Pillow's warnings of many pixels, of which `MOST_PIXELS` decides, and of odd facts beside the pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield


def bgr_of(picture: Image.Image) -> np.ndarray:
    """A Pillow image in any mode as (H, W, 3) uint8 BGR, contiguous; transparency over white, 16 bits scaled to 8."""
    return np.ascontiguousarray(_rgb(picture)[..., ::-1])


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
        if np.asarray(rgba.getchannel("A")).any():
            white = Image.new("RGBA", rgba.size, "white")
            rgba = Image.alpha_composite(white, rgba)
        picture = rgba
    return np.asarray(picture.convert("RGB"))
