"""Cameras of this computer, through OpenCV, and of the network."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from emolive.core.errors import SourceError
from emolive.media.address import is_address, short_name, without_password
from emolive.media.newest import Capture, LiveSource
from emolive.media.stream import StreamCapture

log = logging.getLogger(__name__)

TIMEOUT_MS = 5000
"""How long opening a stream, and waiting for its next frame, may take."""

Open = Callable[[int | str, int], cv2.VideoCapture]


@dataclass(frozen=True)
class CameraInfo:
    """A camera of this computer. `which` is what `--camera` takes; the size is its default in pixels; `fps` is what
    it claims, 0 if it claims nothing."""

    which: str
    name: str
    width: int
    height: int
    fps: float


def open_camera(
    which: str,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    give_up_s: float | None = None,
    other_hosts: bool = False,
    device: Open | None = None,
) -> LiveSource:
    """A live source for "0", "/dev/video2", "rtsp://…" or "http://…/stream.mjpg".

    `size` (width, height) and `fps` are asked of a camera of this computer, which may choose others. `give_up_s` ends
    the attempts to reconnect to a lost stream. `other_hosts`: a stream may lead to other hosts than its own. `device`
    opens cameras; tests without hardware give another.
    """
    _quiet()
    if is_address(which):
        gone = f"There is no stream at {without_password(which)}. Check the address, and that the camera is on."
        limit_s = TIMEOUT_MS / 1000
        connect = partial(StreamCapture, which, limit_s, other_hosts)
        return LiveSource(short_name(which), connect, gone, limit_s + 4, reconnects=True, give_up_s=give_up_s)
    if Path(which).is_file() or Path(which).is_fifo():
        raise SourceError(f"{which} is a file, not a camera. Play it: emolive file {which}")
    number: int | str = int(which) if which.isdecimal() else which
    name = f"camera {which}"
    gone = f"{name} gives no pictures. Is it plugged in, and used by no other program? See: emolive cameras"
    return LiveSource(name, lambda: _usb(number, size, fps, device or _opened), gone, patience_s=20.0)


def list_cameras() -> list[CameraInfo]:
    """The cameras of this computer that give pictures, found by trying; takes up to some seconds."""
    _quiet()
    return [info for number, name in _candidates() if (info := _tried(number, name))]


def _opened(number: int | str, backend: int) -> cv2.VideoCapture:
    return cv2.VideoCapture(number, backend)


def _usb(number: int | str, size: tuple[int, int] | None, fps: float | None, device: Open) -> Capture:
    capture = device(number, _backend())
    if not capture.isOpened():
        capture.release()
        raise SourceError(_why(number))
    if size:
        # Many cameras give large pictures at full speed as JPEG only.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    if fps:
        capture.set(cv2.CAP_PROP_FPS, fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture


def _why(number: int | str) -> str:
    """The likely reason why a camera does not open, and what to do."""
    path = Path(f"/dev/video{number}" if isinstance(number, int) else number)
    if sys.platform == "linux":
        if not path.exists():
            return f"There is no camera {number}. See which there are: emolive cameras"
        if not os.access(path, os.R_OK | os.W_OK):
            return f"You may not use the camera {path}. Join its group (sudo usermod -aG video $USER) and log in again."
    return f"Camera {number} does not open. Is another program using it? Close that one, or see: emolive cameras"


def _candidates() -> Iterator[tuple[int, str]]:
    if sys.platform == "linux":
        for device in sorted(Path("/dev").glob("video[0-9]*"), key=lambda path: int(path.name.removeprefix("video"))):
            name = Path("/sys/class/video4linux", device.name, "name")
            yield int(device.name.removeprefix("video")), name.read_text().strip() if name.exists() else device.name
    else:
        yield from ((number, f"camera {number}") for number in range(6))


def _tried(number: int, name: str) -> CameraInfo | None:
    capture = cv2.VideoCapture(number, _backend())
    try:
        came, bgr = capture.read() if capture.isOpened() else (False, None)
        if not came or bgr is None:
            return None  # the second device of many cameras carries no pictures
        return CameraInfo(str(number), name, bgr.shape[1], bgr.shape[0], capture.get(cv2.CAP_PROP_FPS))
    finally:
        capture.release()


def _backend() -> int:
    return {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION}.get(sys.platform, cv2.CAP_ANY)


def _quiet() -> None:
    """Keep OpenCV from writing to the terminal what its drivers say."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
