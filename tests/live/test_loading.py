"""What is shown while the network is loaded, with real sources; loading itself takes as long as the test wants."""

import threading

import numpy as np
import pytest

from emolive.core.errors import EmoliveError
from emolive.core.scene import Frame, Settings
from emolive.live.loading import meanwhile
from emolive.media.newest import LiveSource
from emolive.media.sources import open_demo


class Shown:
    """A screen that keeps what it was asked to show, and sets `enough` after so many pictures."""

    def __init__(self, count: int) -> None:
        self.said: list[tuple[str, np.ndarray]] = []
        self.count, self.enough = count, threading.Event()

    def say(self, text: str, picture: np.ndarray) -> None:
        self.said.append((text, picture))
        if len(self.said) >= self.count:
            self.enough.set()


class Camera:
    """Every picture is a little lighter than the one before."""

    def __init__(self) -> None:
        self.level = 0

    def read(self) -> tuple[bool, np.ndarray]:
        self.level = (self.level + 1) % 256
        return True, np.full((24, 32, 3), self.level, np.uint8)

    def release(self) -> None:
        """Nothing to let go."""


def loading(screen: Shown):
    """Loading that takes until enough was shown."""

    def load(say) -> str:
        say("Loading the network …")
        assert screen.enough.wait(60)
        return "loaded"

    return load


def test_a_film_stands_at_its_first_picture_and_begins_with_it():
    screen, settings = Shown(3), Settings()
    with open_demo(1, realtime=True) as source:
        assert meanwhile(loading(screen), source, screen, settings) == "loaded"
        first = source.read(settings)
        second = None
        while not isinstance(second, Frame):
            second = source.read(settings)
    assert isinstance(first, Frame)
    assert (first.index, second.index) == (0, 1)
    assert all(np.array_equal(picture, first.bgr) for _, picture in screen.said)
    assert screen.said[-1][0] == "Loading the network …"


def test_the_picture_is_there_before_anything_is_loaded():
    screen = Shown(1)

    def load(say) -> list[str]:
        return [text for text, _ in screen.said]

    with open_demo(1, realtime=True) as source:
        assert len(meanwhile(load, source, screen, Settings())) == 1


def test_a_camera_goes_on():
    screen = Shown(4)
    with LiveSource("test", Camera, "The camera is gone.") as source:
        meanwhile(loading(screen), source, screen, Settings())
    assert len({int(picture[0, 0, 0]) for _, picture in screen.said}) > 1


@pytest.mark.parametrize("error", [EmoliveError("There is no such network."), SystemExit(130)])
def test_what_loading_raises_is_raised(error):
    screen = Shown(1)

    def load(say) -> None:
        raise error

    with open_demo(1, realtime=True) as source, pytest.raises(type(error)):
        meanwhile(load, source, screen, Settings())
