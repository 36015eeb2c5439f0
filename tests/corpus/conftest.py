"""A small film of a face."""

from collections.abc import Collection
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

with suppress(ImportError):  # it tells Ray to be quiet, which is heard only before any test imports Ray
    import emolive.corpus.cluster  # noqa: F401


@pytest.fixture(scope="module")
def film(tmp_path_factory, portrait) -> Path:
    """The portrait drifting, away for three of 24 pictures."""
    return drawn(tmp_path_factory.mktemp("film") / "clip.mp4", portrait, (10, 11, 12))


@pytest.fixture(scope="module")
def late_film(tmp_path_factory, portrait) -> Path:
    """The portrait comes with the picture before the second key frame."""
    return drawn(tmp_path_factory.mktemp("late") / "clip.mp4", portrait, range(5))


def drawn(path: Path, portrait: np.ndarray, away: Collection[int]) -> Path:
    """A film of 24 pictures, without the portrait in some; uneven times, a key frame every six pictures."""
    small = cv2.resize(portrait, (188, 220))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.time_base, stream.codec_context.gop_size = Fraction(1, 1000), 6
        for i in range(24):
            picture = np.full((240, 320, 3), 90, np.uint8)
            if i not in away:
                picture[10:230, 20 + 4 * i : 208 + 4 * i] = small
            frame = av.VideoFrame.from_ndarray(picture, "bgr24")
            frame.pts, frame.time_base = i * 40 + i % 3 * 7, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
