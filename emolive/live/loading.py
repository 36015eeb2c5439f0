"""What is seen while the network is loaded: the picture that the film begins with, or what a camera sees right now."""

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np

from emolive.core.scene import Frame, Settings, Source
from emolive.live.ahead import Ahead

log = logging.getLogger(__name__)

WINDOW, PICTURE = "the window is up", "a picture is there while the network is loaded"
"""What is said of how far a start is."""

T = TypeVar("T")

Say = Callable[[str], None]


class FirstWords(Protocol):
    """What shows first words below a picture: see `Windows.say`."""

    def say(self, text: str, picture: np.ndarray) -> None: ...


def meanwhile(load: Callable[[Say], T], source: Source, screen: FirstWords, settings: Settings) -> T:
    """Give what `load` gives, which runs in a thread of its own and says what it waits for. Raises what it raises.

    No frame is lost: the first one of a film is shown and taken back, so that the loop begins with it. What is live
    goes on meanwhile, and those frames are gone.
    """
    words = ["Loading …"]
    frame = _picture(source, settings)
    if frame:  # before anything is loaded, which would take its time
        screen.say(words[-1], frame.bgr)
        log.info(PICTURE)
    with Ahead[T]() as ahead:
        ahead.begin(lambda: load(words.append))
        while not ahead.ready():
            live = source.progress().live
            fresh = _picture(source, settings) if frame is None or live else None
            if fresh and not frame:
                log.info(PICTURE)
            frame = fresh or frame
            if frame:
                screen.say(words[-1], frame.bgr)
        if frame and not source.progress().live:
            source.take_back(frame)
        return ahead.result()


def _picture(source: Source, settings: Settings) -> Frame | None:
    """The next picture of a source, if it has one now."""
    frame = source.read(settings)
    return frame if isinstance(frame, Frame) else None
