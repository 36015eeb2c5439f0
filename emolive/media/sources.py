"""The sources: what the command line opens. Each is a `scene.Source`, a context manager with one `read(settings)`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from emolive.core.scene import Source
from emolive.media.animation import AnimationClip
from emolive.media.camera import CameraInfo, list_cameras, open_camera
from emolive.media.clips import Clip, VideoClip
from emolive.media.demo import DemoClip
from emolive.media.folders import Contents, expand, find, is_video
from emolive.media.pictures import Form, PictureClip, form, is_picture
from emolive.media.player import Player
from emolive.media.streams import BEST, StreamChoice

__all__ = [
    "CameraInfo",
    "Contents",
    "expand",
    "find",
    "is_picture",
    "is_video",
    "list_cameras",
    "open_camera",
    "open_demo",
    "open_files",
]


def open_files(
    paths: Sequence[Path],
    start_ms: float | None = None,
    end_ms: float | None = None,
    realtime: bool = True,
    choice: StreamChoice = BEST,
) -> Source:
    """Videos, GIFs and pictures, one after the other: at their own speed (`realtime`) or as fast as they are read.

    `start_ms` and `end_ms` bound what is played of each, `choice` says which pictures. Entering it raises
    `SourceError` if nothing can be read.
    """
    return Player([partial(_clip, path, choice) for path in paths], realtime, start_ms, end_ms)


def open_demo(faces: int = 4, realtime: bool = True) -> Source:
    """The moving scene of `demo.py`, without end."""
    return Player([partial(DemoClip, faces)], realtime)


def _clip(path: Path, choice: StreamChoice) -> Clip:
    if form(path) is Form.ANIMATION:
        return AnimationClip(path)
    return PictureClip(path) if is_picture(path) else VideoClip(path, choice)
