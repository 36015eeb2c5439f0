"""Recordings: true times, every frame of a file, playable after anything; ffprobe is the judge."""

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import (
    feed,
    ffprobe,
    frames_of,
    number_of,
    numbered,
    numbered_frames,
    numbers,
    pictures_of,
    probed_times,
    scene_of,
    until_frame,
    write_video,
)
from waits import passes

from emolive.core.errors import OutputError
from emolive.core.scene import END, Frame, Picture, Progress, Settings
from emolive.media import record
from emolive.media.clips import VideoClip
from emolive.media.record import Recorder
from emolive.media.sources import open_files
from emolive.media.switch import PerFile, RecordingSwitch

UNEVEN = [0, 20, 110, 150, 1000, 1040, 1100, 1900, 1950, 2500, 3600, 3700, 3720]
LIVE = Progress("camera", live=True)


def test_true_times_and_the_codec(tmp_path):
    path = tmp_path / "new" / "out.mp4"
    with Recorder(path, lossless_queue=True) as recorder:
        assert recorder.recording
        feed(recorder, numbered_frames(UNEVEN))
    assert probed_times(path) == pytest.approx(UNEVEN, abs=0.02)
    assert numbers(path) == list(range(len(UNEVEN)))
    stream = ffprobe(path, "stream=codec_name,pix_fmt,width,height,has_b_frames,color_space")["streams"]
    assert stream == [
        {
            "codec_name": "h264",
            "width": 96,
            "height": 64,
            "has_b_frames": 0,
            "pix_fmt": "yuv420p",
            "color_space": "bt709",
        }
    ]


def test_a_key_frame_every_second(tmp_path):
    path = tmp_path / "out.mp4"
    with Recorder(path, lossless_queue=True) as recorder:
        feed(recorder, numbered_frames([33.4 * i for i in range(150)]))
    frames = ffprobe(path, "frame=pts_time,key_frame", "-select_streams", "v:0")["frames"]
    keys = [float(f["pts_time"]) for f in frames if f["key_frame"]]
    assert len(frames) == 150
    assert max(np.diff(keys)) <= 1.0


def test_a_file_keeps_its_frames_and_times(tmp_path, film):
    path = tmp_path / "out.mp4"
    with open_files([film], realtime=False) as source, Recorder(path, source_audio=film, lossless_queue=True) as rec:
        feed(rec, frames_of(source))
    assert probed_times(path) == pytest.approx(probed_times(film), abs=0.02)
    assert numbers(path) == list(range(50))


def test_colours_survive(tmp_path):
    bgr = np.zeros((64, 96, 3), np.uint8)
    bgr[:, :32], bgr[:, 32:64], bgr[:, 64:] = (0, 0, 220), (20, 200, 20), (210, 40, 30)
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, [Frame(0, 0, bgr)])
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "out.mp4", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"]
    raw = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.uint8).reshape(64, 96, 3)
    for x in (16, 48, 80):
        assert np.abs(raw[32, x].astype(int) - bgr[32, x]).max() <= 6


@pytest.mark.parametrize(("width", "height"), [(33, 17), (16, 16), (97, 64), (640, 361)])
def test_sizes_become_even(tmp_path, width, height):
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, [Frame(i, 40.0 * i, np.full((height, width, 3), 90, np.uint8)) for i in range(3)])
    (stream,) = ffprobe(tmp_path / "out.mp4", "stream=width,height")["streams"]
    assert (stream["width"], stream["height"]) == (width + width % 2, height + height % 2)
    shots = list(VideoClip(tmp_path / "out.mp4").play())
    assert len(shots) == 3
    assert np.abs(shots[2][1].astype(int) - 90).max() <= 3  # no black rim


def test_a_frozen_frame_is_recorded_once(tmp_path):
    frames = numbered_frames([0, 40, 80])
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, [frames[0], frames[1], frames[1], frames[1], frames[2]])
    assert numbers(tmp_path / "out.mp4") == [0, 1, 2]


def test_time_goes_on_after_a_cut(tmp_path):
    times = [1000.0, 1040, 1080, 200, 240, 5000, 5020, 5040]
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, numbered_frames(times, cuts=(3, 5)))
    expected = [0, 40, 80, 120, 160, 200, 220, 240]
    assert probed_times(tmp_path / "out.mp4") == pytest.approx(expected, abs=0.02)


def test_a_live_stream_that_came_back_leaves_its_gap(tmp_path):
    times = [0.0, 40, 80, 3000, 3040]
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, numbered_frames(times, cuts=(3,)), LIVE)
    assert probed_times(tmp_path / "out.mp4") == pytest.approx(times, abs=0.02)


def test_times_that_only_a_broken_file_has(tmp_path):
    """Nearer to each other than a tick, and hours apart: the muxer takes neither."""
    hours = 7 * 3_600_000.0
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, numbered_frames([0.0, 0.001, 0.002, 40, hours, hours + 40]))
    assert numbers(tmp_path / "out.mp4") == [0, 1, 2, 3, 4, 5]
    assert probed_times(tmp_path / "out.mp4")[3:] == pytest.approx([40, 80, 120], abs=0.1)


def test_what_is_too_wide_for_the_encoder_is_shrunk(tmp_path):
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, [Frame(0, 0, np.full((64, 20_000, 3), 200, np.uint8))])
    ((_, bgr),) = VideoClip(tmp_path / "out.mp4").play()
    assert bgr.shape == (52, 16_384, 3)
    assert bgr[:, 100:-100].min() > 190


def test_photos_stand_for_a_second(tmp_path):
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        for i in range(3):
            frame = Frame(i, 0.0, numbered(i), cut=i > 0, name=f"{i}.png")
            recorder(scene_of(frame, progress=Progress(frame.name, False, file=i, files=3)), pictures_of(frame))
    assert probed_times(tmp_path / "out.mp4") == pytest.approx([0, 1000, 2000], abs=0.02)


def test_another_size_is_fitted_in(tmp_path):
    tall = np.full((400, 100, 3), 200, np.uint8)
    frames = [Frame(0, 0, np.full((64, 96, 3), 200, np.uint8)), Frame(1, 40, tall, cut=True)]
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, frames)
    _, bgr = list(VideoClip(tmp_path / "out.mp4").play())[1]
    assert bgr.shape == (64, 96, 3)
    assert bgr[32, 48].min() > 190
    assert bgr[32, 5].max() < 20


def test_gif_to_mp4(tmp_path, shared):
    gif = shared / "videos" / "head-pose-face-detection-female.gif"
    with (
        open_files([gif], realtime=False) as source,
        Recorder(tmp_path / "out.mp4", source_audio=gif, lossless_queue=True) as recorder,
    ):
        feed(recorder, frames_of(source))
    assert probed_times(tmp_path / "out.mp4") == pytest.approx(probed_times(gif), abs=0.02)


@pytest.fixture
def slow_encoder(monkeypatch):
    write = record.Mp4.write

    def slow(self, *args) -> None:
        passes(0.05)
        write(self, *args)

    monkeypatch.setattr(record.Mp4, "write", slow)


def test_live_drops_and_says_so(tmp_path, slow_encoder):
    with Recorder(tmp_path / "out.mp4") as recorder:
        began = time.monotonic()
        feed(recorder, numbered_frames([10.0 * i for i in range(60)]), LIVE)
        assert time.monotonic() - began < 1.5  # the camera is not held up; it would be for 3 s
        dropped = recorder.dropped
        assert recorder.notes() == (f"{dropped} frames dropped",)
    kept = numbers(tmp_path / "out.mp4")
    assert 0 < dropped == 60 - len(kept)
    assert probed_times(tmp_path / "out.mp4") == pytest.approx([10.0 * i for i in kept], abs=0.02)


def test_files_never_drop(tmp_path, slow_encoder):
    with Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, numbered_frames([10.0 * i for i in range(25)]))
        assert recorder.notes() == ()
    assert numbers(tmp_path / "out.mp4") == list(range(25))


def test_nothing_recorded_leaves_no_file(tmp_path):
    with Recorder(tmp_path / "out.mp4"):
        assert (tmp_path / "out.mp4").exists()
    assert list(tmp_path.iterdir()) == []


def test_overwrite(tmp_path):
    path = write_video(tmp_path / "out.mp4", [0, 40])
    before = path.read_bytes()
    with pytest.raises(OutputError, match="--overwrite"), Recorder(path):
        pass
    with Recorder(path, overwrite=True):
        pass
    assert path.read_bytes() == before
    with Recorder(path, overwrite=True, lossless_queue=True) as recorder:
        feed(recorder, numbered_frames([0, 40, 80]))
    assert numbers(path) == [0, 1, 2]


def test_never_the_input(film):
    before = film.read_bytes()
    with pytest.raises(OutputError, match="the input itself"), Recorder(film, source_audio=film, overwrite=True):
        pass
    assert film.read_bytes() == before


def test_wrong_ending(tmp_path):
    with pytest.raises(OutputError, match=r"out\.mp4"), Recorder(tmp_path / "out.avi"):
        pass


def switched(on: bool) -> Settings:
    return Settings(record=on)


def test_switch_makes_a_new_file_each_time(tmp_path):
    folder = tmp_path / "recordings"
    frames = numbered_frames([40.0 * i for i in range(20)])
    with RecordingSwitch(folder) as switch:
        for i, frame in enumerate(frames):
            switch(scene_of(frame, switched(5 <= i < 10 or i >= 15), LIVE), pictures_of(frame))
            assert switch.recording == (5 <= i < 10 or i >= 15)
            if i == 10:
                assert switch.notes()[0].startswith("saved")
    files = sorted(folder.iterdir())
    assert [numbers(f) for f in files] == [[5, 6, 7, 8, 9], [15, 16, 17, 18, 19]]
    assert probed_times(files[1]) == pytest.approx([0, 40, 80, 120, 160], abs=0.02)


def test_a_switch_that_fails_becomes_a_note(tmp_path):
    (tmp_path / "recordings").write_text("a file is in the way")
    frames = numbered_frames([0, 40, 80, 120])
    with RecordingSwitch(tmp_path / "recordings") as switch:
        for frame in frames[:2]:
            switch(scene_of(frame, switched(True)), pictures_of(frame))
        assert not switch.recording
        assert "cannot be written to" in switch.notes()[0]
        (tmp_path / "recordings").unlink()
        switch(scene_of(frames[2], switched(False)), pictures_of(frames[2]))
        assert switch.notes() == ()
        switch(scene_of(frames[3], switched(True)), pictures_of(frames[3]))
        assert switch.recording
    with pytest.raises(OutputError), RecordingSwitch(Path("/proc/x"), forgiving=False) as switch:
        switch(scene_of(frames[0], switched(True)), pictures_of(frames[0]))


def test_only_the_view_that_was_asked_for(tmp_path):
    frame = Frame(0, 0, numbered(1))
    with Recorder(tmp_path / "out.mp4", view="filters", lossless_queue=True) as recorder:
        recorder(scene_of(frame), {"camera": Picture(numbered(1)), "filters": Picture(numbered(7))})
    assert numbers(tmp_path / "out.mp4") == [7]


def test_recording_a_file_while_it_is_played_with_seeks(tmp_path, film):
    """In windows: what was seen, in the order in which it was seen."""
    with (
        open_files([film], realtime=True) as source,
        Recorder(tmp_path / "out.mp4", source_audio=film, lossless_queue=True) as recorder,
    ):
        settings, seen = Settings(), []
        for i in range(20):
            settings = replace(settings, seek_ms=1000 if i >= 10 else 0)
            frame = until_frame(source, settings)
            seen.append(number_of(frame.bgr))
            feed(recorder, [frame])
    assert numbers(tmp_path / "out.mp4") == seen == [*range(10), *range(34, 44)]
    assert np.diff(probed_times(tmp_path / "out.mp4")) == pytest.approx([40] * 19, abs=0.02)


def test_what_was_written_is_counted_per_file(tmp_path):
    paths = [write_video(tmp_path / f"{name}.mp4", [40.0 * i for i in range(n)]) for name, n in (("a", 5), ("b", 9))]
    makers = [lambda p=p: Recorder(tmp_path / f"out-{p.name}", lossless_queue=True) for p in paths]
    with open_files(paths, realtime=False) as source, PerFile(makers) as sink:
        while (frame := source.read(Settings())) is not END:
            for _ in range(3):  # drawn anew, as by a key
                sink(scene_of(frame, progress=source.progress()), pictures_of(frame))
        counts = {path.name: made.frames for path, made in sink.made.items()}
    assert counts == {"out-a.mp4": 5, "out-b.mp4": 9}
    for name, count in counts.items():
        assert len(probed_times(tmp_path / name)) == count
