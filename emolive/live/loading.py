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
    frame = _shown(None, words[-1], source, screen, settings)  # before loading begins, which would take its time
    with Ahead[T]() as ahead:
        ahead.begin(lambda: load(words.append))
        while not ahead.ready():
            frame = _shown(frame, words[-1], source, screen, settings)
        if frame and not source.progress().live:
            source.take_back(frame)
        return ahead.result()


def _shown(before: Frame | None, words: str, source: Source, screen: FirstWords, settings: Settings) -> Frame | None:
    """Show what there is now: the picture of before, unless there was none, or what is live has another."""
    fresh = source.read(settings) if before is None or source.progress().live else None
    frame = fresh if isinstance(fresh, Frame) else before
    if frame:
        screen.say(words, frame.bgr)
        if before is None:
            log.info(PICTURE)
    return frame
