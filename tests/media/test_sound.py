"""Sound stays in step with the picture: a flash and a beep at the same moment still coincide after recording."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from films import (
    feed,
    ffprobe,
    frames_of,
    numbered,
    numbered_frames,
    pictures_of,
    probed_times,
    scene_of,
    until_frame,
    write_video,
)
from thinned import dear

from emolive.core.scene import END, Settings
from emolive.media.record import Recorder
from emolive.media.sources import open_files

BEEPS = (1.5, 3.0)
"""Seconds in the file's own time at which there is a white flash and a beep, each 0.2 s long."""


def flash_and_beep(path: Path, codec: str, picture_at: float, sound_at: float, picture_end: float = 4.0) -> Path:
    """A file of four seconds whose picture and sound begin at these times; both flash and beep at `BEEPS`."""
    times = np.arange(picture_at, picture_end - 1e-6, 0.02)
    shades = [255 if any(b - 1e-6 <= t < b + 0.2 for b in BEEPS) else 0 for t in times]
    silent = path.with_suffix(".picture.mkv")
    write_video(silent, [20.0 * i for i in range(len(times))], lambda i: np.full((64, 96, 3), shades[i], np.uint8))
    moments = "+".join(f"between(t,{beep - sound_at - 1e-6:.6f},{beep - sound_at + 0.2:.6f})" for beep in BEEPS)
    command = f"ffmpeg -y -v error -itsoffset {picture_at} -i {silent} -itsoffset {sound_at} -f lavfi -i".split()
    command.append(f"aevalsrc='sin(2*PI*880*t)*({moments})':s=44100:d={4.0 - sound_at}")
    command += f"-map 0:v -map 1:a -c:v copy -c:a {codec} -copyts {path}".split()
    subprocess.run(command, check=True)
    return path


def beeps(path: Path) -> list[float]:
    """When beeps begin, in seconds, as FFmpeg plays the file; good to a millisecond or two."""
    with av.open(str(path)) as container:
        pieces = [
            (f.time, f.sample_rate, np.abs(f.to_ndarray().astype(float)).max(0)) for f in container.decode(audio=0)
        ]
    times = np.concatenate([t + np.arange(len(pcm)) / rate for t, rate, pcm in pieces])
    level = np.concatenate([pcm for _, _, pcm in pieces])
    loud = times[level > level.max() / 2]
    return [float(loud[0]), *(float(b) for a, b in pairwise(loud) if b - a > 0.1)]


def flashes(path: Path) -> list[float]:
    """When the picture turns white, in seconds."""
    with av.open(str(path)) as container:
        shades = [(f.time, f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]
    return [t for (_, a), (t, b) in pairwise(shades) if a < 128 <= b]


def offsets(path: Path) -> list[float]:
    """By how many seconds each beep comes after its flash."""
    return [b - f for b, f in zip(beeps(path), flashes(path), strict=True)]


def record(path: Path, inputs: Sequence[Path], start_ms: float | None = None, end_ms: float | None = None) -> Path:
    """Record files as `emolive file --headless --out` does."""
    with (
        open_files(inputs, start_ms, end_ms, realtime=False) as source,
        Recorder(path, source_audio=inputs, lossless_queue=True) as recorder,
    ):
        while (frame := source.read(Settings())) is not END:
            recorder(scene_of(frame, progress=source.progress()), pictures_of(frame))
    return path


def starts(path: Path) -> dict[str, float]:
    streams = ffprobe(path, "stream=codec_type,start_time")["streams"]
    return {stream["codec_type"]: float(stream["start_time"]) for stream in streams}


def codec(path: Path) -> str:
    return ffprobe(path, "stream=codec_name", "-select_streams", "a")["streams"][0]["codec_name"]


@pytest.mark.parametrize(
    ("name", "sound", "picture_at", "sound_at", "kept"),
    [
        ("a.mp4", "aac", 0.86, 0, "aac"),
        *dear(
            ("a.mp4", "aac", 0, 0, "aac"),
            ("a.mp4", "aac", 0, 0.86, "aac"),
            ("a.mkv", "aac", 0.86, 0, "aac"),
            ("a.mkv", "libmp3lame", 0.86, 0, "mp3"),
            ("a.mkv", "libopus", 0.86, 0, "aac"),
            ("a.ts", "aac", 0.86, 0, "aac"),
            ("a.mov", "pcm_s16le", 0, 0.86, "aac"),
        ),
        ("a.mkv", "flac", 0.3, 0.9, "aac"),
    ],
)
def test_flash_and_beep_still_coincide(tmp_path, name, sound, picture_at, sound_at, kept):
    path = flash_and_beep(tmp_path / name, sound, picture_at, sound_at)
    out = record(tmp_path / "out.mp4", [path])
    assert codec(out) == kept
    assert len(offsets(path)) == 2
    assert offsets(out) == pytest.approx(offsets(path), abs=0.004)
    assert len(flashes(out)) == 2


def test_sound_before_the_first_picture_is_kept(tmp_path):
    path = flash_and_beep(tmp_path / "a.mp4", "aac", 0.86, 0)
    out = record(tmp_path / "out.mp4", [path])
    assert starts(path) == pytest.approx({"video": 0.86, "audio": 0}, abs=0.03)
    assert starts(out) == pytest.approx({"video": 0.86, "audio": 0}, abs=0.03)
    assert probed_times(out) == pytest.approx(probed_times(path), abs=1)


@pytest.mark.parametrize("sound", ["aac", "flac"])
@pytest.mark.parametrize("start_ms", [*dear(400, 1480), 1100])
def test_with_a_start_and_an_end_the_sound_is_cut_likewise(tmp_path, sound, start_ms):
    path = flash_and_beep(tmp_path / "a.mkv", sound, 0, 0)
    out = record(tmp_path / "out.mp4", [path], start_ms, 3500)
    assert offsets(out) == pytest.approx(offsets(path), abs=0.004)
    assert flashes(out) == pytest.approx(
        [f - starts(path)["video"] - start_ms / 1000 for f in flashes(path)], abs=0.002
    )
    with av.open(str(out)) as container:
        last = [f.time + f.samples / f.sample_rate for f in container.decode(audio=0)][-1]
    assert last == pytest.approx((3500 - start_ms) / 1000, abs=0.06)


def test_copied_sound_is_the_same_bit_for_bit(tmp_path, shared):
    path = shared / "videos" / "single_face.mp4"
    out = record(tmp_path / "out.mp4", [path])

    def sound_hash(file: Path) -> bytes:
        command = ["ffmpeg", "-v", "error", "-i", file, "-map", "0:a", "-c", "copy", "-f", "hash", "-"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    assert sound_hash(out) == sound_hash(path)


def test_sound_that_outlasts_the_picture_is_kept_to_its_end(tmp_path):
    path = flash_and_beep(tmp_path / "a.mp4", "aac", 0, 0, picture_end=2.0)
    out = record(tmp_path / "out.mp4", [path])
    assert beeps(out) == pytest.approx(beeps(path), abs=0.03)
    assert len(beeps(out)) == 2
    early = record(tmp_path / "early.mp4", [path], end_ms=1000)
    duration = float(ffprobe(early, "format=duration")["format"]["duration"])
    assert duration < 1.1


def test_several_files_each_with_its_own_sound(tmp_path):
    inputs = [
        flash_and_beep(tmp_path / "a.mp4", "aac", 0, 0),
        write_video(tmp_path / "b.mp4", [40.0 * i for i in range(20)], lambda _: numbered(0)),
        flash_and_beep(tmp_path / "c.mkv", "libmp3lame", 0.86, 0),
    ]
    out = record(tmp_path / "out.mp4", inputs)
    assert len(flashes(out)) == len(beeps(out)) == 4
    assert offsets(out) == pytest.approx([0] * 4, abs=0.03)


@pytest.mark.parametrize("sound", ["aac", "flac"])
def test_after_a_seek_the_sound_belongs_to_the_picture(tmp_path, sound):
    path = flash_and_beep(tmp_path / "a.mkv", sound, 0, 0)
    with (
        open_files([path], realtime=False) as source,
        Recorder(tmp_path / "out.mp4", source_audio=path, lossless_queue=True) as recorder,
    ):
        settings = Settings()
        for i in range(70):
            settings = replace(settings, seek_ms=2000 if i >= 40 else 0)
            frame = until_frame(source, settings)
            recorder(scene_of(frame), pictures_of(frame))
    assert offsets(tmp_path / "out.mp4") == pytest.approx(offsets(path)[1:], abs=0.03)
    assert flashes(tmp_path / "out.mp4") == pytest.approx([0.8 + 3.0 - 0.78 - 2.0], abs=0.045)


def test_no_sound_no_sound_track(tmp_path, film):
    out = record(tmp_path / "out.mp4", [film])
    assert list(starts(out)) == ["video"]


@pytest.mark.ci
def test_a_real_video_whose_sound_begins_late(tmp_path, shared):
    path = shared / "videos" / "face_noface.mov"
    out = record(tmp_path / "out.mp4", [path], end_ms=3000)
    assert probed_times(out) == pytest.approx([t for t in probed_times(path) if t < 2999], abs=0.02)
    assert starts(out).keys() == starts(path).keys()


def test_sound_that_breaks_off_does_not_hurt_the_picture(tmp_path):
    path = flash_and_beep(tmp_path / "a.mkv", "aac", 0, 0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with open_files([path], realtime=False) as source:
        expected = len(frames_of(source))
    assert len(probed_times(record(tmp_path / "out.mp4", [path]))) == expected > 50


def test_hours_of_silence_that_a_file_claims_are_not_written(tmp_path):
    """Its sound says that it begins five hours before the picture: a hole is left, and both stay in step."""
    path = tmp_path / "in.mkv"
    lead = "-itsoffset 18000 -f lavfi -i testsrc=size=96x64:rate=10:duration=1 -f lavfi -i sine=duration=1"
    subprocess.run(f"ffmpeg -v error {lead} -c:v libx264 -c:a flac {path}".split(), check=True)
    began = time.process_time()
    with Recorder(tmp_path / "out.mp4", source_audio=path, lossless_queue=True) as recorder:
        feed(recorder, numbered_frames([100.0 * i for i in range(10)]))
    assert time.process_time() - began < 2
    assert probed_times(tmp_path / "out.mp4")[0] == pytest.approx(18_000_000, abs=100)
