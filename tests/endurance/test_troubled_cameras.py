"""Network cameras in trouble: the loop goes on, keys stay alive, and the recording plays."""

import threading
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import waits
from films import MjpegCamera, numbered
from mutate import damaged
from recording import record
from thinned import dear

from emolive.core.scene import Frame, Picture, Scene
from emolive.media import camera as cameras
from emolive.media import newest
from emolive.media.record import Recorder
from emolive.media.sources import open_camera

SIZES = ((320, 240), (640, 360), (160, 120), (321, 241))


class Spy:
    """A sink that keeps what it is told of each frame, and when."""

    stage = "write"

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if not self.frames or self.frames[-1].index != scene.frame.index:
            self.frames.append(scene.frame)

    def notes(self) -> tuple[str, ...]:
        return ()


class Trouble(MjpegCamera):
    """A network camera whose pictures can be spoilt on their way."""

    spoil: Callable[[bytes, int], bytes] | None = None
    size = SIZES[0]

    def jpeg(self) -> bytes:
        picture = cv2.imencode(".jpg", numbered(self.sent % 256, *self.size))[1].tobytes()
        return self.spoil(picture, self.sent) if self.spoil else picture


@pytest.fixture
def camera(monkeypatch):
    monkeypatch.setattr(cameras, "TIMEOUT_MS", 700)
    monkeypatch.setattr(newest, "BACK_OFF", (0.1, 0.2))  # so that many troubles fit into a test
    camera = Trouble(fps=40)
    camera.start()
    yield camera
    camera.cut()


def through(camera: Trouble, out: Path, trouble: Callable[[Spy], None]) -> Spy:
    """Record the camera while trouble is made in another thread; see that all is well again, and closed, at the end."""
    spy, before = Spy(), set(threading.enumerate())
    maker = threading.Thread(target=trouble, args=(spy,))

    def over() -> bool:
        turns.append(time.monotonic())
        return not maker.is_alive() and not source.notes() and len(spy.frames) > 5

    with open_camera(camera.url) as source, Recorder(out) as recorder:
        turns = [time.monotonic()]
        maker.start()
        record(source, (recorder, spy), over)
    assert max(b - a for a, b in pairwise(turns)) < 1, "keys had to wait"
    assert all(b.index > a.index and b.t_ms > a.t_ms for a, b in pairwise(spy.frames))
    assert not [t for t in set(threading.enumerate()) - before if t.name.startswith(("read ", "encode "))]
    with av.open(str(out)) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(spy.frames) - recorder.dropped
    return spy


def wait_for(spy: Spy, more: int) -> None:
    """Wait until so many more frames came."""
    target = len(spy.frames) + more
    waits.wait_for(lambda: len(spy.frames) >= target)


@pytest.mark.parametrize("count", [*dear(2), pytest.param(50, marks=pytest.mark.endurance)])
def test_a_stream_cut_and_restored(tmp_path, camera, tally, count):
    """A network camera's stream is cut for a random time, and comes back."""
    rng = np.random.default_rng(0)

    def trouble(spy: Spy) -> None:
        for _ in range(count):
            wait_for(spy, int(rng.integers(3, 20)))
            camera.cut()
            waits.passes(rng.uniform(0, 0.5))
            camera.start()

    spy = through(camera, tmp_path / "out.mp4", trouble)
    cuts = sum(frame.cut for frame in spy.frames)
    tally("came back, the recording goes on", cuts)
    assert cuts == count


@pytest.mark.parametrize("count", [*dear(20), pytest.param(500, marks=pytest.mark.endurance)])
def test_corrupt_jpegs(tmp_path, camera, tally, count):
    """A network camera sends JPEGs with changed bytes, cut short, empty, or no JPEGs at all."""
    sent = []

    def spoilt(picture: bytes, seed: int) -> bytes:
        if seed % 3 or len(sent) >= count:
            return picture
        sent.append(seed)
        return (damaged(picture, seed), picture[: len(picture) // 2], b"", bytes(500))[len(sent) % 4]

    def trouble(spy: Spy) -> None:
        camera.spoil = spoilt
        end = time.monotonic() + 600
        while len(sent) < count and time.monotonic() < end:
            wait_for(spy, 1)

    spy = through(camera, tmp_path / "out.mp4", trouble)
    tally("stepped over", len(sent))
    tally.say(f"{len(spy.frames)} frames came all the same")
    assert len(sent) == count


@pytest.mark.parametrize("count", [*dear(4), pytest.param(100, marks=pytest.mark.endurance)])
def test_the_resolution_changes(tmp_path, camera, tally, count):
    """A network camera changes its resolution while it runs."""

    def trouble(spy: Spy) -> None:
        for i in range(count):
            wait_for(spy, 4)
            camera.size = SIZES[(i + 1) % len(SIZES)]
        wait_for(spy, 4)

    spy = through(camera, tmp_path / "out.mp4", trouble)
    changes = sum(b.bgr.shape != a.bgr.shape for a, b in pairwise(spy.frames))
    tally("shown in its own shape and recorded on", changes)
    assert changes == count
    with av.open(tmp_path / "out.mp4") as film:
        assert len({(frame.width, frame.height) for frame in film.decode(video=0)}) == 1
    assert all(b.cut for a, b in pairwise(spy.frames) if b.bgr.shape != a.bgr.shape)


@pytest.mark.parametrize("count", [*dear(1), pytest.param(20, marks=pytest.mark.endurance)])
def test_a_camera_that_freezes(tmp_path, camera, tally, count):
    """A network camera stays connected but sends nothing for longer than one waits for it."""

    def trouble(spy: Spy) -> None:
        for _ in range(count):
            wait_for(spy, 5)
            camera.silent = True
            waits.passes(1.2)
            camera.silent = False
        wait_for(spy, 5)

    spy = through(camera, tmp_path / "out.mp4", trouble)
    tally("connected anew, the recording goes on", count)
    assert 1 <= sum(frame.cut for frame in spy.frames) <= count
