"""What people upload: pictures and networks. Nothing of it is kept on disk."""

import hashlib
import re
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from emolive.core.errors import ModelError, SourceError
from emolive.core.scene import Frame
from emolive.media.pictures import SUFFIXES, decode_picture
from emolive.networks.checkpoint import Model, load
from emolive.networks.described import begins_as_safetensors

PICTURE_MB, MODEL_MB = 25, 120
"""Larger uploads are refused."""

MOST_PIXELS = 64_000_000
"""Larger pictures are refused before they are unpacked."""

LONGEST = 3000
"""Pictures with a longer side are reduced to it: several people share one machine's memory and patience."""

ENDINGS = sorted(suffix.removeprefix(".") for suffix in SUFFIXES)


def picture(data: bytes, name: str) -> Frame:
    """An uploaded picture, upright, as a frame of its own. Raises `SourceError` with a sentence for people."""
    if not data:
        raise SourceError(f"{name} is empty (0 bytes). Choose another file.")
    if len(data) > PICTURE_MB << 20:
        raise SourceError(f"{name} has more than {PICTURE_MB} MB. Make it smaller first.")
    return Frame(0, 0.0, _fitting(decode_picture(BytesIO(data), name, MOST_PIXELS)), name=name)


def _fitting(bgr: np.ndarray) -> np.ndarray:
    factor = LONGEST / max(bgr.shape[:2])
    if factor >= 1:
        return bgr
    size = max(1, round(bgr.shape[1] * factor)), max(1, round(bgr.shape[0] * factor))
    return cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)


def network(data: bytes, name: str, device: str) -> Model:
    """An uploaded checkpoint, read as safetensors whatever it calls itself; nothing of it reaches torch's reader of
    pickles. Raises `ModelError`."""
    takes = "This page takes the .safetensors files that emolive writes."
    if data and not begins_as_safetensors(data):
        raise ModelError(f"{name} is not a readable .safetensors file. {takes}")
    with TemporaryDirectory(prefix="emolive-") as folder:
        path = Path(folder, f"{re.sub(r'[^A-Za-z0-9_.-]', '_', Path(name).stem)[:60] or 'network'}.safetensors")
        path.write_bytes(data)
        try:
            return load(path, device=device)
        except ModelError as error:
            words = str(error).replace(str(path), name)
            raise ModelError(f"{words} {takes}") from error


def digest(data: bytes) -> str:
    """What an upload is recognised by."""
    return hashlib.sha256(data).hexdigest()
