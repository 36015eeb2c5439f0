"""The sources: what the command line opens. Each is a `scene.Source`, a context manager with one `read(settings)`."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from emolive.core.errors import SourceError
from emolive.core.scene import Source
from emolive.media.camera import CameraInfo, list_cameras, open_camera
from emolive.media.clips import Clip, VideoClip
from emolive.media.demo import DemoClip
from emolive.media.pictures import SUFFIXES, PictureClip, is_picture
from emolive.media.player import Player

__all__ = ["CameraInfo", "expand", "is_picture", "list_cameras", "open_camera", "open_demo", "open_files"]

VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".3gp", ".gif"}


def open_files(
    paths: Sequence[Path], start_ms: float | None = None, end_ms: float | None = None, realtime: bool = True
) -> Source:
    """Videos, GIFs and pictures, one after the other: at their own speed (`realtime`) or as fast as they are read.

    `start_ms` and `end_ms` bound what is played of each. Entering it raises `SourceError` if nothing can be read.
    """
    return Player([partial(_clip, path) for path in paths], realtime, start_ms, end_ms)


def open_demo(faces: int = 4, realtime: bool = True) -> Source:
    """The moving scene of `demo.py`, without end."""
    return Player([partial(DemoClip, faces)], realtime)


def expand(paths: Sequence[Path]) -> list[Path]:
    """The files that these paths stand for: a folder stands for the pictures and videos in it, sorted by name.

    Raises `SourceError` for a path that is not there and for a folder without pictures and videos.
    """
    return [file for path in paths for file in (_inside(path) if path.is_dir() else [_existing(path)])]


def _clip(path: Path) -> Clip:
    kind: Callable[[Path], Clip] = PictureClip if is_picture(path) else VideoClip
    return kind(path)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise SourceError(f"There is no file {path}. Check the name.")
    return path


def _inside(folder: Path) -> list[Path]:
    try:
        files = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES | VIDEO_SUFFIXES and path.is_file() and not path.name.startswith(".")
        ]
    except PermissionError as error:
        raise SourceError(f"The folder {folder} may not be read by you. Change its permissions.") from error
    if not files:
        raise SourceError(f"There is no picture or video in the folder {folder}. Name another one, or a file.")
    return sorted(files, key=_by_number)


def _by_number(path: Path) -> list[str | int]:
    """So that face2.png comes before face10.png."""
    parts: list[str | int] = re.split(r"([0-9]+)", path.name.casefold())
    parts[1::2] = map(int, parts[1::2])
    return parts
