"""What is said of a recording that is finished."""

from pathlib import Path
from typing import NamedTuple


class Made(NamedTuple):
    """What is in a file: how many frames, and how many seconds they last (None: it is no film)."""

    frames: int
    seconds: float | None = None


def sentence(path: Path, made: Made) -> str:
    """Where it is, how long, how many frames."""
    frames = f"{made.frames} frame{'' if made.frames == 1 else 's'}"
    return f"{path}: {frames}" if made.seconds is None else f"{path}: {frames}, {made.seconds:.1f} s"
