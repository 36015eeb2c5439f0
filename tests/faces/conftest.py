"""Real pictures and videos as frames, and one detector per kind."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from emolive.core.scene import Frame
from emolive.faces.detect import Detector


@pytest.fixture(scope="session")
def detectors() -> Iterator[Callable[[str], Detector]]:
    """Gives the open detector of a kind, opened once and closed at the end."""
    with ExitStack() as stack:
        opened: dict[str, Detector] = {}

        def get(kind: str) -> Detector:
            if kind not in opened:
                opened[kind] = stack.enter_context(Detector(kind))
            return opened[kind]

        yield get


@pytest.fixture
def photo(shared: Path) -> Callable[[str], np.ndarray]:
    """Reads a shared photo by its name, BGR."""
    return lambda name: cv2.imread(str(shared / "photos" / f"{name}.jpg"))


@pytest.fixture
def video(shared: Path) -> Callable[[str], Iterator[Frame]]:
    """Decodes a shared video by its file's name."""

    def frames(name: str) -> Iterator[Frame]:
        with av.open(str(shared / "videos" / name)) as container:
            for i, picture in enumerate(container.decode(video=0)):
                yield Frame(i, picture.time * 1000, picture.to_ndarray(format="bgr24"), name=name)

    return frames
