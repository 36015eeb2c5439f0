"""Who plays in the demo: averages of many people each, who can show expressions; `train/demo_faces.py` made them."""

import json
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np

from emolive.core.installed import matplotlib_data, weights
from emolive.media.colour import frame_bgr
from emolive.media.pictures import read_picture

WIDTH, HEIGHT = 320, 400
"""Of an actor's pictures: head and shoulders."""


@dataclass(frozen=True, eq=False)
class Actor:
    """A face. `frames` (K, 400, 320, 3) uint8 BGR: neutral, then for each expression so many `levels` that lead to it.

    `expressions` is how many there are, 0 for a face that does not move; `people` is how many were averaged.
    """

    frames: np.ndarray
    expressions: int = 0
    levels: int = 0
    people: int = 1

    def shows(self, expression: int, much: float) -> np.ndarray:
        """Give how the face looks with so much (0 to 1) of an expression, counted from 0. Not to be written into."""
        level = min(max(much, 0.0), 1.0) * self.levels
        below = int(level)
        one: np.ndarray = self.frames[expression * self.levels + below if below else 0]
        if level == below:
            return one
        after: np.ndarray = self.frames[expression * self.levels + below + 1]
        return cv2.addWeighted(one, 1 - (level - below), after, level - below, 0)


def cast(most: int | None = None) -> tuple[Actor, ...]:
    """Give all actors, or the first `most`: only their films are read. Where films are missing or cannot be read, a
    portrait that every installation has."""
    try:
        films = sorted(weights("demo").glob("*.mp4"))[:most]
        return tuple(map(actor, films)) or (_portrait(),)
    except (OSError, ValueError, KeyError, av.FFmpegError):
        return (_portrait(),)


@cache
def actor(film: Path) -> Actor:
    """The actor of a film, which is read once."""
    return _read(film.read_bytes())


def _read(content: bytes) -> Actor:
    """The actor of a film; its comment says what is in it."""
    with av.open(BytesIO(content), "r", format="mp4") as container:
        about = json.loads(container.metadata["comment"])
        frames = np.empty((1 + len(about["expressions"]) * about["levels"], HEIGHT, WIDTH, 3), np.uint8)
        for shown, frame in zip(frames, container.decode(video=0), strict=True):
            if (frame.height, frame.width) != (HEIGHT, WIDTH):
                raise ValueError("This film does not hold what its comment says.")
            shown[:] = frame_bgr(frame)
    frames.setflags(write=False)
    return Actor(frames, len(about["expressions"]), about["levels"], about["people"])


def _portrait() -> Actor:
    return Actor(cv2.resize(hopper()[0:412, 95:425], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)[None])


def hopper() -> np.ndarray:
    """Give Grace Hopper's portrait, (600, 512, 3) uint8 BGR: public domain; it comes with matplotlib."""
    return read_picture(matplotlib_data("sample_data/grace_hopper.jpg"))
