"""What is recorded survives: a full disk, errors of any kind, SIGKILL."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from films import feed, ffprobe, noise, noisy, numbered_frames, numbers, pictures_of, probed_times, scene_of

from emolive.core.errors import OutputError
from emolive.core.scene import Settings
from emolive.media import record
from emolive.media.clips import VideoClip
from emolive.media.record import Recorder
from emolive.media.switch import RecordingSwitch

SUPPORT = Path(__file__).resolve().parents[1] / "support"


def test_an_error_in_the_loop_closes_the_file(tmp_path):
    frames = [*numbered_frames([40.0 * i for i in range(30)]), None]
    with pytest.raises(AttributeError), Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, frames)
    assert numbers(tmp_path / "out.mp4") == list(range(30))
    assert not [t for t in threading.enumerate() if t.name.startswith("encode")]


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of half a megabyte; only root may make one, and `test_file_size_limit` shows the same to others."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("lossless", [True, False])
def test_disk_full(small_disk, lossless):
    path = small_disk / "out.mp4"
    with pytest.raises(OutputError, match="No space left"), Recorder(path, lossless_queue=lossless) as recorder:
        feed(recorder, noisy(pause=0 if lossless else 0.005))
    times = [t for t, _ in VideoClip(path).play()]
    assert len(times) > 3
    assert times[:4] == pytest.approx([0, 40, 80, 120], abs=0.02)
    assert not [t for t in threading.enumerate() if t.name.startswith("encode")]


def test_file_size_limit(tmp_path):
    """The same with the system's limit on a file's size, which needs no rights."""
    script = f"""
import resource, signal, sys
sys.path[:0] = [{str(SUPPORT)!r}, {str(Path(__file__).parent)!r}]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
from films import feed, noisy
from pathlib import Path
from emolive.media.record import Recorder
from emolive.core.errors import OutputError
try:
    with Recorder(Path({str(tmp_path / "out.mp4")!r}), lossless_queue=True) as recorder:
        feed(recorder, noisy())
except OutputError as error:
    print(error)
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "File too large" in out
    assert len(list(VideoClip(tmp_path / "out.mp4").play())) > 3


def test_a_folder_that_may_not_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError), Recorder(tmp_path / "file" / "out.mp4"):
        pass
    with pytest.raises(OutputError), Recorder(Path("/proc/out.mp4")):
        pass


def test_the_encoder_failing_at_once_is_heard_and_leaves_nothing(tmp_path, monkeypatch):
    def broken(self, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record.Mp4, "write", broken)
    with pytest.raises(OutputError, match="No space"), Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, numbered_frames([40.0 * i for i in range(100)]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("with_sound", [pytest.param(False, marks=pytest.mark.endurance), True])
def test_kill_costs_a_second_at_most(tmp_path, with_sound):
    """SIGKILL in the middle of a recording: the file plays cleanly, up to a second before."""
    sound = tmp_path / "in.mp4"
    subprocess.run(
        "ffmpeg -v error -f lavfi -i testsrc=size=320x240:rate=25:duration=5 -f lavfi -i sine=duration=5 "
        f"-preset ultrafast -c:a aac -shortest {sound}".split(),
        check=True,
    )
    script = f"""
import sys, time
sys.path[:0] = [{str(SUPPORT)!r}, {str(Path(__file__).parent)!r}]
from films import feed, numbered
from waits import passes
from pathlib import Path
from emolive.core.scene import Frame
from emolive.media.record import Recorder
began = time.monotonic()
audio = Path({str(sound)!r}) if {with_sound} else None
with Recorder(Path({str(tmp_path / "out.mp4")!r}), source_audio=audio, lossless_queue=True) as recorder:
    for i in range(10_000):
        passes(max(0, began + i / 25 - time.monotonic()))  # as a camera would
        feed(recorder, [Frame(i, 40.0 * i, numbered(i % 256, 320, 240))])
        print(i, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    last = 0
    for line in process.stdout:
        last = int(line)
        if last == 50:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    played = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", tmp_path / "out.mp4", "-map", "0", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "error" not in played.stderr.lower()
    times = probed_times(tmp_path / "out.mp4")
    assert times[-1] > 40.0 * last - 1000
    kept = numbers(tmp_path / "out.mp4")
    assert kept == list(range(len(kept)))
    assert len(ffprobe(tmp_path / "out.mp4", "stream=codec_type")["streams"]) == 1 + with_sound


def test_a_switch_on_a_full_disk_becomes_a_note(small_disk):
    with RecordingSwitch(small_disk, lossless_queue=True) as switch:
        for i in range(100):
            switch(scene_of(noise(i), Settings(record=True)), pictures_of(noise(i)))
        assert not switch.recording
        assert "No space left" in switch.notes()[0]
    (path,) = small_disk.iterdir()
    assert len(list(VideoClip(path).play())) > 3
