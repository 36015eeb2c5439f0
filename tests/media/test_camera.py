"""Cameras: a made-up device stands in for the hardware; everything behind it is real."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from films import for_ever, until_frame
from waits import passes, wait_for

from emolive.core.errors import SourceError
from emolive.core.scene import Settings
from emolive.media import newest
from emolive.media.camera import list_cameras, open_camera
from emolive.media.newest import LiveSource

S = Settings()
FROZEN = Settings(frozen=True)


class Device:
    """A camera that gives numbered pictures, `fps` a second; `wrong` may give something else for a number."""

    def __init__(self, fps: float = 100.0, wrong: Callable[[int], object] | None = None) -> None:
        self.fps, self.wrong = fps, wrong
        self.count, self.released, self.asked = 0, 0, {}

    def __call__(self, which: int | str, backend: int) -> "Device":
        self.which = which
        return self

    def isOpened(self) -> bool:
        return True

    def set(self, prop: int, value: float) -> bool:
        self.asked[prop] = value
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        passes(1 / self.fps)
        self.count += 1
        other = self.wrong(self.count) if self.wrong else None
        if isinstance(other, Exception):
            raise other
        return other or (True, np.full((48, 64, 3), self.count % 256, np.uint8))

    def release(self) -> None:
        self.released += 1


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_newest_frame_only():
    device = Device()
    with open_camera("0", device=device) as source:
        first = until_frame(source)
        wait_for(lambda: device.count > first.index + 20)  # nobody looks meanwhile
        newest = until_frame(source)
        assert abs(int(newest.bgr[0, 0, 0]) - device.count) <= 1
        assert newest.index - first.index > 15
        frames = [newest, *(until_frame(source) for _ in range(10))]
    assert all(np.diff([f.index for f in frames]) >= 1)
    assert all(np.diff([f.t_ms for f in frames]) > 0)
    assert not any(f.cut for f in frames)


def is_the_next(source: LiveSource, device: Device) -> bool:
    """Whether what is read shortly before the next picture comes is the next one."""
    before = device.count
    wait_for(lambda: device.count > before)
    passes(0.85 / device.fps)
    at_hand = device.count
    return source.read(S).bgr[0, 0, 0] > at_hand


def test_a_picture_that_is_due_is_waited_for(monkeypatch):
    """What is at hand would be as old as it can be. A busy machine may miss the moment: it is tried some times."""
    device = Device(fps=8)
    with open_camera("0", device=device) as source:
        wait_for(lambda: device.count > 3)
        assert any(is_the_next(source, device) for _ in range(20))
        monkeypatch.setattr(newest, "DUE_SOON", 0.0)
        assert not all(is_the_next(source, device) for _ in range(4))  # the control


def test_times_are_those_of_the_clock():
    with open_camera("0", device=Device(fps=50)) as source:
        first, began = until_frame(source), time.monotonic()
        passes(0.5)
        later = until_frame(source)
    assert first.t_ms == 0
    assert later.t_ms == pytest.approx((time.monotonic() - began) * 1000, abs=200)  # 1000 if frames were counted


def test_closes_twice_releases_once_and_leaves_no_thread():
    device, before = Device(), threads()
    source = open_camera("0", device=device)
    with source:
        until_frame(source)
        assert threads() != before
    source.__exit__(None, None, None)
    assert threads() == before
    assert device.released == 1


def test_frozen_gives_nothing_and_then_the_newest():
    device = Device()
    with open_camera("0", device=device) as source:
        until_frame(source)
        began = time.monotonic()
        assert [source.read(FROZEN) for _ in range(4)] == [None] * 4
        assert 0.15 < time.monotonic() - began < 0.4
        assert abs(int(until_frame(source).bgr[0, 0, 0]) - device.count) <= 1


def test_size_and_rate_are_asked_for():
    device = Device()
    with open_camera("/dev/video2", (1280, 720), 30, device=device) as source:
        until_frame(source)
    assert device.which == "/dev/video2"
    assert device.asked[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    assert device.asked[cv2.CAP_PROP_FRAME_HEIGHT] == 720
    assert device.asked[cv2.CAP_PROP_FPS] == 30


@pytest.mark.parametrize(
    "wrong",
    [
        (True, None),
        (False, None),
        (True, np.empty((0, 0, 3), np.uint8)),
        (True, np.zeros((4, 4, 3), np.float32)),
        (True, np.zeros(7, np.uint8)),
        cv2.error("corrupt JPEG"),
    ],
    ids=["none", "failed", "empty", "floats", "flat", "raises"],
)
def test_corrupt_frames_are_stepped_over(wrong):
    with open_camera("0", device=Device(wrong=lambda i: wrong if i % 3 == 0 else None)) as source:
        frames = [until_frame(source) for _ in range(12)]
    assert {f.bgr.shape for f in frames} == {(48, 64, 3)}
    assert {f.bgr.dtype for f in frames} == {np.dtype(np.uint8)}


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1), (48, 64, 4)])
def test_grey_and_four_channels_become_bgr(shape):
    odd = (True, np.full(shape, 9, np.uint8))
    with open_camera("0", device=Device(wrong=lambda _: odd)) as source:
        frame = until_frame(source)
    assert frame.bgr.shape == (48, 64, 3)
    assert frame.bgr.flags.c_contiguous
    assert (frame.bgr == 9).all()


def test_another_size_is_a_cut():
    large = (True, np.zeros((96, 128, 3), np.uint8))
    with open_camera("0", device=Device(fps=20, wrong=lambda i: large if i > 3 else None)) as source:
        frames = [until_frame(source) for _ in range(8)]
    cuts = [f.cut for f in frames]
    assert sum(cuts) == 1
    assert frames[cuts.index(True)].bgr.shape == (96, 128, 3)


@pytest.mark.ci
def test_unplugged_is_an_error_that_says_what_to_do():
    device = Device(wrong=lambda i: (False, None) if i > 10 else None)
    with pytest.raises(SourceError, match="emolive cameras"), open_camera("0", device=device) as source:
        for_ever(source)
    assert device.released == 1


def test_in_use_or_absent():
    class Closed(Device):
        def isOpened(self) -> bool:
            return False

    for which in ("0", "/dev/video7"):
        with pytest.raises(SourceError, match="emolive cameras"), open_camera(which, device=Closed()) as source:
            until_frame(source)


def test_a_frozen_camera_is_told_and_keys_stay_alive():
    hang = threading.Event()

    class Hanging(Device):
        def read(self) -> tuple[bool, np.ndarray | None]:
            if self.count > 5:
                hang.wait(10)
            return super().read()

    with open_camera("0", device=Hanging()) as source:
        until_frame(source)
        end = time.monotonic() + 2.4
        while time.monotonic() < end:
            before = time.monotonic()
            source.read(S)
            assert time.monotonic() - before < 0.2
        assert "no picture" in source.notes()[0]
        hang.set()
        assert until_frame(source)


def test_a_camera_that_never_delivers_is_an_error_in_time():
    hang = threading.Event()

    def connect() -> Device:
        hang.wait(10)
        raise SourceError("too late")

    timer = threading.Timer(0.7, hang.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(SourceError, match="gone"), LiveSource("x", connect, "gone", patience_s=0.3) as source:
        until_frame(source)
    assert time.monotonic() - began < 1.5
    timer.join()


def test_a_camera_that_is_not_there_is_told_when_it_is_entered():
    def connect() -> Device:
        raise SourceError("There is none.")

    with pytest.raises(SourceError, match="There is none"):
        LiveSource("nowhere", connect, "gone").__enter__()
    assert "read nowhere" not in threads()


def test_an_unforeseen_error_of_the_thread_reaches_the_caller():
    with (
        pytest.raises(ZeroDivisionError),
        open_camera("0", device=Device(wrong=lambda _: ZeroDivisionError())) as source,
    ):
        until_frame(source)


def test_no_cameras_here_is_an_empty_list_and_quiet(capfd):
    assert all(camera.width > 0 for camera in list_cameras())
    assert capfd.readouterr().err == ""


def test_progress_is_short_and_live():
    with open_camera("0", device=Device()) as source:
        assert source.progress().live
        assert source.progress().name == "camera 0"
        assert source.notes() in (("connecting to camera 0…",), ())


def test_settings_for_files_do_not_matter():
    with open_camera("0", device=Device()) as source:
        assert until_frame(source, replace(S, seek_ms=5000, steps=3, file=1))


def test_logs_stay_quiet(caplog):
    with caplog.at_level(logging.INFO), open_camera("0", device=Device()) as source:
        until_frame(source)
    assert not caplog.records
