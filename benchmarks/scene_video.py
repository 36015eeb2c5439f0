"""Writes emolive's demo scene to a video, without anything drawn on it."""

from itertools import islice
from pathlib import Path

from emolive.media.demo import DemoClip
from emolive.media.encode import Mp4


def write_scene(path: Path, faces: int, frames: int, from_ms: float = 0.0) -> None:
    """Write so many frames (1280×720, 25 a second) of the scene with so many portraits; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_suffix(".part")
    with Mp4(making) as film:
        for t_ms, bgr in islice(DemoClip(faces).play(from_ms), frames):
            film.write(bgr, t_ms)
    making.replace(path)
