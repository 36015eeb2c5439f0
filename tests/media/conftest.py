"""Fixtures: a small film, and a network camera."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tried as tried_films
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


@pytest.fixture
def tried() -> Callable[[str, str, str], None]:
    """Notes what was tried and what became of it, for the table in docs/FILMS.md."""
    return tried_films.note
