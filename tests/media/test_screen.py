"""What is shown is recorded in real time: frozen, paused, resized, killed; and the last half minute as a clip."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from films import scene_of
from waits import passes, wait_for

from emolive.core.scene import Frame, Settings
from emolive.media import screen
from emolive.media.screen import CLIP_S, STILL_S, Recent, ScreenRecorder

FRAME = Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8))


class Window:
    """A window that shows one colour after the other."""

    def __init__(self, size: tuple[int, int] = (320, 180)) -> None:
        self.shown: dict[str, np.ndarray] = {}
        self.looks = 0
        self.show(40, size)

    def show(self, grey: int, size: tuple[int, int] = (320, 180)) -> None:
        self.shown = {"camera": np.full((size[1], size[0], 3), grey, np.uint8)}

    def look(self) -> dict[str, np.ndarray]:
        self.looks += 1
        return self.shown

    def seen(self) -> None:
        """Wait until what is shown was looked at, and done with: the next look but one has begun."""
        before = self.looks
        wait_for(lambda: self.looks >= before + 3)


def first(shown) -> np.ndarray:
    return shown["camera"]


def told(recorder: ScreenRecorder, **settings) -> None:
    recorder(scene_of(FRAME, Settings(**settings)), {})


def probed(path: Path) -> dict:
    words = ["ffprobe", "-v", "error", "-of", "json", "-select_streams", "v:0",
             "-show_entries", "format=duration:stream=width,height,nb_read_frames:frame=pts_time,width,height",
             "-count_frames", str(path)]  # fmt: skip
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def times(path: Path) -> list[float]:
    return [float(frame["pts_time"]) for frame in probed(path)["frames"]]


def middles(path: Path) -> list[int]:
    """The grey of the middle of each frame."""
    (stream,) = probed(path)["streams"]
    words = ["ffmpeg", "-v", "error", "-i", str(path), "-fps_mode", "passthrough", "-f", "rawvideo"]
    words += ["-pix_fmt", "gray", "-"]
    raw = np.frombuffer(subprocess.run(words, check=True, capture_output=True).stdout, np.uint8)
    frames = raw.reshape(-1, stream["height"], stream["width"])
    return [int(frame[frame.shape[0] // 2, frame.shape[1] // 2]) for frame in frames]


@pytest.mark.ci
def test_a_picture_that_stands_lasts_as_long_as_it_stood(tmp_path):
    """Nothing changes and the loop hands nothing over, as when a frame is frozen: it is recorded all the same."""
    window = Window()
    with ScreenRecorder(tmp_path, window.look, first) as recorder:
        began = time.monotonic()
        told(recorder, record=True)
        assert recorder.recording
        passes(2.0)
        told(recorder, record=False)
        stood = time.monotonic() - began
        assert not recorder.recording
        wait_for(lambda: recorder.made)
        (path,) = recorder.made
        made = recorder.made[path]
        assert recorder.notes() == (f"saved {path}: {made.frames} frames, {made.seconds:.1f} s",)
    found = probed(path)
    assert float(found["format"]["duration"]) == pytest.approx(stood, abs=0.1)
    assert made.seconds == pytest.approx(float(found["format"]["duration"]), abs=0.02)
    assert made.frames == len(found["frames"]) >= 2
    assert max(np.diff(times(path)), default=0) < STILL_S + 1.0  # some more where the machine is busy
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.ci
def test_a_pause_is_left_out(tmp_path):
    window = Window()
    with ScreenRecorder(tmp_path, window.look, first) as recorder:
        began = time.monotonic()
        told(recorder, record=True)
        passes(0.8)
        told(recorder, record=True, paused=True)
        stood = time.monotonic() - began
        assert recorder.recording
        assert "paused" in recorder.notes()[0]
        window.show(200)
        passes(1.5)
        window.show(120)
        began = time.monotonic()
        told(recorder, record=True, paused=False)
        assert not recorder.notes()
        passes(0.7)
        window.seen()
        told(recorder, record=False)
        stood += time.monotonic() - began
    (path,) = recorder.made
    assert float(probed(path)["format"]["duration"]) == pytest.approx(stood, abs=0.1)
    shades = middles(path)
    assert min(abs(shade - 200) for shade in shades) > 40  # what was shown in the pause is not there
    assert abs(shades[0] - 40) < 6
    assert abs(shades[-1] - 120) < 6


def test_a_window_that_is_resized_goes_on_between_bars(tmp_path):
    window = Window()
    with ScreenRecorder(tmp_path, window.look, first) as recorder:
        told(recorder, record=True)
        window.seen()
        window.show(150, (200, 400))
        window.seen()
        window.show(90, (1280, 720))
        window.seen()
        told(recorder, record=False)
    (path,) = recorder.made
    found = probed(path)
    assert {(frame["width"], frame["height"]) for frame in found["frames"]} == {(320, 180)}
    seen = middles(path)
    for grey in (40, 150, 90):
        assert min(abs(shade - grey) for shade in seen) < 6
    assert np.all(np.diff(times(path)) > 0)


def test_recordings_of_one_second_have_names_of_their_own(tmp_path):
    window = Window()
    with ScreenRecorder(tmp_path, window.look, first) as one, ScreenRecorder(tmp_path, window.look, first) as two:
        for recorder in (one, two):
            told(recorder, record=True)
        wait_for(lambda: [path.stat().st_size > 0 for path in tmp_path.iterdir()] == [True, True])
    assert len({*one.made, *two.made}) == 2 == len(list(tmp_path.iterdir()))


@pytest.mark.ci
def test_the_last_seconds_become_a_clip_and_the_recording_goes_on(tmp_path):
    window = Window()
    with ScreenRecorder(tmp_path, window.look, first) as recorder:
        began = time.monotonic()
        for grey in (60, 120, 180):
            window.show(grey)
            passes(0.4)
            window.seen()
        told(recorder, record=True)
        stood = time.monotonic() - began
        told(recorder, record=True, clips=1)
        window.show(240)
        window.seen()
        wait_for(lambda: recorder.made)
        (clip,) = recorder.made
    assert clip.stem.endswith("_clip")
    assert float(probed(clip)["format"]["duration"]) == pytest.approx(stood, abs=0.4)
    seen = middles(clip)
    for grey in (60, 120, 180):
        assert min(abs(shade - grey) for shade in seen) < 6
    assert max(seen) < 230  # what came later is not in it
    assert len(recorder.made) == 2


def test_what_is_remembered_is_bounded_in_time_and_in_memory():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    recent = Recent(most=400_000)
    for i in range(2000):
        recent.add(0.1 * i, noise)
    assert recent.size <= 400_000
    long = Recent()
    for i in range(2000):
        long.add(0.1 * i, noise)
    shots = long.since(199.9 - CLIP_S)
    assert shots[0][0] == pytest.approx(199.9 - CLIP_S)
    assert 300 <= len(shots) <= 302
    kept = long.since(0.0)
    assert long.size == sum(len(data) for _, data in kept)
    assert len(kept) <= 302


def test_a_picture_that_has_stood_for_long_is_in_the_clip_from_its_beginning_on():
    recent = Recent()
    recent.add(0.0, FRAME.bgr)
    recent.add(95.0, FRAME.bgr)
    assert [t for t, _ in recent.since(100.0 - CLIP_S)] == [70.0, 95.0]


def test_a_folder_that_cannot_be_written_to_is_a_note(tmp_path):
    (tmp_path / "file").write_text("")
    with ScreenRecorder(tmp_path / "file", Window().look, first) as recorder:
        told(recorder, record=True)
        wait_for(recorder.notes)
        assert "--recordings" in recorder.notes()[0]
    assert not recorder.made


def test_a_view_that_cannot_be_made_is_a_note_and_not_the_end(tmp_path):
    window, broken = Window(), True

    def picture(shown) -> np.ndarray:
        if broken:
            raise ValueError("no picture")
        return first(shown)

    with ScreenRecorder(tmp_path, window.look, picture) as recorder:
        told(recorder, record=True)
        wait_for(recorder.notes)
        assert "no picture" in recorder.notes()[0]
        broken = False
        window.show(77)
        window.seen()
        told(recorder, record=False)
    assert recorder.made


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from films import scene_of
from waits import passes
from emolive.core.scene import Frame, Settings
from emolive.media.screen import ScreenRecorder
shown = {"camera": np.full((180, 320, 3), 90, np.uint8)}
with ScreenRecorder(Path(sys.argv[1]), lambda: shown, lambda shown: shown["camera"]) as recorder:
    recorder(scene_of(Frame(0, 0.0, shown["camera"]), Settings(record=True)), {})
    while True:
        shown = {"camera": np.full((180, 320, 3), int(time.monotonic() * 50) % 200, np.uint8)}
        print("on", flush=True)
        passes(0.05)
"""


@pytest.mark.ci
def test_what_was_recorded_until_it_was_killed_plays(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = [sys.executable, "-c", KILLED, str(tmp_path)]
    process = subprocess.Popen(run, env=environment, stdout=subprocess.PIPE)
    try:
        wait_for(lambda: [path for path in tmp_path.iterdir() if path.stat().st_size > 4_000], 60)
        process.stdout.readline()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (path,) = tmp_path.iterdir()
    shown = times(path)
    assert len(shown) > 3
    assert np.all(np.diff(shown) > 0)
    assert len(middles(path)) == len(shown)


def test_an_encoder_that_fails_leaves_what_plays_and_says_why(tmp_path, monkeypatch):
    class Failing(screen.Mp4):
        count = 0

        def write(self, bgr, t_ms, cut=False, file=0):
            self.count += 1
            if self.count > 6:
                raise OSError(28, "No space left on device")
            super().write(bgr, t_ms, cut, file)

    monkeypatch.setattr(screen, "Mp4", Failing)
    window = Window()
    with ScreenRecorder(tmp_path, window.look, first) as recorder:
        told(recorder, record=True)
        wait_for(lambda: window.show(int(time.monotonic() * 50) % 200) or recorder.notes())
        assert "No space left on device" in recorder.notes()[0]
    (path,) = tmp_path.iterdir()
    assert times(path)
