"""The native libraries behind the face detector: what they need from the system, and what they say at their start.

Imports nothing heavy, so that it can run before OpenCV and MediaPipe do.
"""

import ctypes
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from emolive.core.errors import EmoliveError
from emolive.core.imports import later

log = logging.getLogger(__name__)

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb.so.1": "libxcb1",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
}
"""The system libraries that the wheels of MediaPipe and OpenCV expect, and the Debian packages they are in."""

CHATTER = re.compile(rb"(INFO|WARNING): (\[\S+\.cc:\d+\]|Created |Logging before |All log messages before )|[IW]\d{4} ")
"""What MediaPipe's native code writes when all is well."""


def load_mediapipe() -> ModuleType:
    """Import OpenCV and MediaPipe with its native library, and give the package `mediapipe` back.

    Raises `EmoliveError` naming the Debian packages to install where a system library is missing.
    """
    with explain_missing_libraries():
        import cv2  # noqa: F401

        with later("matplotlib.pyplot"):  # some of its functions draw with it
            import mediapipe
            from mediapipe.tasks.python.core import mediapipe_c_bindings

        mediapipe_c_bindings.load_raw_library()
        loaded: ModuleType = mediapipe
        return loaded


@contextmanager
def explain_missing_libraries() -> Iterator[None]:
    """Turn the loader's ImportError or OSError into an `EmoliveError` that names the packages to install."""
    try:
        yield
    except (ImportError, OSError) as error:
        packages = dict.fromkeys(package for library, package in PACKAGES.items() if not _loads(library))
        if sys.platform == "linux" and packages:
            todo = f"On Debian or Ubuntu: apt-get install {' '.join(packages)}"
        else:
            todo = "Install emolive again with pip, into a fresh environment."
        raise EmoliveError(f"OpenCV or MediaPipe cannot be loaded ({error}). {todo}") from error


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep native chatter off the terminal; it goes to the debug log. All else is written once the block is left."""
    try:
        terminal = os.dup(2)
    except OSError:  # a process without stderr: nothing to keep quiet
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            caught.seek(0)
            for line in caught:
                if CHATTER.match(line):
                    log.debug("%s", line.decode(errors="replace").rstrip())
                else:
                    os.write(2, line)
