"""Pictures of every kind, and pictures that are traps: read rightly, or refused with a sentence."""

from pathlib import Path

import cv2
import numpy as np
import picture_files
import pytest
from children import Child, refused
from thinned import dear

from emolive.core.errors import SourceError
from emolive.core.scene import END, Settings
from emolive.media.pictures import read_picture
from emolive.media.sources import open_files

NEAR = 14
"""How far the mean of a piece of the picture may be from what it was, of 255: one bit a pixel is coarse."""

GRAY = 12
"""How far the colours of a grey picture may be apart."""

MOST_MB = 700
"""The memory that the process may take for what is refused; its libraries alone take about 150."""


def read_rightly(path: Path) -> str:
    try:
        bgr = read_picture(path)
    except SourceError as error:
        return refused(error)
    rgb = picture_files.scene()
    if bgr.shape != rgb.shape or bgr.dtype != np.uint8 or not bgr.flags.c_contiguous:
        raise ValueError(f"{bgr.shape} {bgr.dtype}")
    seen = bgr[..., ::-1]
    gray = np.ptp(seen, axis=-1).max() < GRAY
    meant = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) if gray else rgb
    off = np.abs(_pieces(seen) - _pieces(meant)).max()
    if off > NEAR:
        raise ValueError(f"looks wrong: {off:.0f} of 255 off")
    return "read, and looks as it should"


def _pieces(rgb: np.ndarray) -> np.ndarray:
    return cv2.resize(rgb.astype(np.float32), (8, 6), interpolation=cv2.INTER_AREA)


def opened(path: Path) -> str:
    """What `emolive file` makes of a file."""
    try:
        with open_files([path], realtime=False) as source:
            while (frame := source.read(Settings())) is not END:
                raise ValueError(f"a picture of {frame.bgr.shape} came")
    except SourceError as error:
        return refused(error)
    return "nothing"


@pytest.mark.parametrize("count", [*dear(40), pytest.param(1000, marks=pytest.mark.endurance)])
def test_pictures_of_every_mode_and_depth(tmp_path, tally, count):
    """Every mode of Pillow in every format that takes it, and every pixel format of FFmpeg's picture encoders (1 to 16
    bits, floats, grey, colour, transparent, CMYK, Lab): each must look as it did before it was written."""
    paths = [*picture_files.by_pillow(tmp_path), *picture_files.by_ffmpeg(tmp_path)]
    paths = paths[:: max(1, len(paths) // count)]
    wrong = []
    with Child(read_rightly) as child:
        for path in paths:
            outcome = child(path)
            tally(outcome.said)
            wrong += [] if outcome.fine else [f"{path.name}: {outcome.said}"]
    assert not wrong


@pytest.mark.parametrize("count", [*dear(4), pytest.param(100, marks=pytest.mark.endurance)])
def test_a_decompression_bomb(tmp_path, tally, count):
    """Small files that unpack to, or claim, gigabytes: a PNG of 40,000² pixels, text and colour profile of 200 MB in
    one; BMP, JPEG, JPEG 2000, PPM, GIF of 65,000² and more; a film of 16,000², and one that says it is smaller."""
    with Child(opened) as child:
        outcomes = {
            path.name: child(path) for _, path in zip(range(count), picture_files.bombs(tmp_path), strict=False)
        }
    for outcome in outcomes.values():
        tally(outcome.said)
    tally.say(f"{max(outcome.seconds for outcome in outcomes.values()):.1f} s at most")
    tally.say(f"{max(outcome.peak_mb for outcome in outcomes.values()):.0f} MB of memory at most")
    assert not {name: outcome for name, outcome in outcomes.items() if not outcome.fine}
    assert not {name: outcome for name, outcome in outcomes.items() if outcome.peak_mb > MOST_MB}
