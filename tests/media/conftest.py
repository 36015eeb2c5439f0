"""Fixtures: a small film, and a network camera."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from films import MjpegCamera, write_video


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Path:
    """Fifty numbered frames, 25 a second."""
    return write_video(tmp_path_factory.mktemp("film") / "film.mp4", [40 * i for i in range(50)])


@pytest.fixture
def mjpeg() -> Iterator[MjpegCamera]:
    camera = MjpegCamera()
    camera.start()
    yield camera
    camera.cut()
