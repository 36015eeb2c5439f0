"""One timeline: clocks that begin anew or jump, and films that are called damaged only if they are."""

import math
from pathlib import Path

import numpy as np
import odd
import pytest
from films import ffprobe, frames_of, number_of, probed_times, write_video
from test_sound import flash_and_beep, offsets, record
from thinned import dear, thinned

from emolive.media import clips
from emolive.media.clips import VideoClip
from emolive.media.sources import open_files

NOTE = "begins anew or jumps"


def parts(folder: Path, suffix: str, late: int = 0, codec: str = "libx264") -> list[Path]:
    """Two halves of a numbered film of 96 frames with a tone, each with a clock of its own."""
    whole = odd.film(folder / "whole.mkv", 96)
    made = []
    for i, start in enumerate((0, 1.92)):
        out = folder / f"part{i}.{suffix}"
        odd.ffmpeg(
            "-ss", start, "-i", whole, "-f lavfi -i sine=440:r=48000 -shortest -t 1.92 -c:v", codec,
            "-g 12 -c:a", "mp2" if suffix in ("mpg", "vob") else "aac", "-b:v", "2M",
            *(["-output_ts_offset", late] if i and late else []), out,
        )  # fmt: skip
        made.append(out)
    return made


JOINED = {
    "two TS, each with its own clock": ("ts", 0, "libx264"),
    "two TS, the second ten hours later": ("ts", 36_000, "libx264"),
    "two MPEG-2 program streams": ("mpg", 0, "mpeg2video"),
    "two VOBs": ("vob", 0, "mpeg2video"),
    "two AVCHD files (M2TS)": ("m2ts", 0, "libx264"),
}


@pytest.fixture(params=thinned(JOINED, 3))
def joined(request, tmp_path):
    suffix, late, codec = JOINED[request.param]
    return request.param, odd.joined(parts(tmp_path, suffix, late, codec), tmp_path / f"joined.{suffix}")


def test_joined_films_are_one(joined, tmp_path, tried):
    name, path = joined
    clip = VideoClip(path)
    shots = list(clip.play())
    times = [t for t, _ in shots]
    assert [number_of(bgr) for _, bgr in shots] == list(range(96))
    assert np.diff(times) == pytest.approx(40, abs=0.1)
    assert clip.duration_ms == pytest.approx(3840, abs=45)
    assert NOTE in clip.note
    for k in (1, 30, 47, 48, 49, 70, 95):  # a seek into each part, and a step back over the border
        assert number_of(next(clip.play(times[k]))[1]) == k
        assert number_of(clip.last_before(times[k])[1]) == k - 1
    assert number_of(clip.last_before(math.inf)[1]) == 95
    recorded = record(tmp_path / "out.mp4", [path])
    streams = ffprobe(recorded, "stream=codec_type,duration")["streams"]
    lengths = {stream["codec_type"]: float(stream["duration"]) for stream in streams}
    assert lengths["video"] == pytest.approx(3.84, abs=0.05)
    assert lengths["audio"] == pytest.approx(3.84, abs=0.15)
    tried("clocks", f"{name}, joined end to end", "one film: every frame at its time, all of the sound, a note")


@pytest.mark.parametrize("suffix", ["ts", *dear("mpg")])
def test_sound_stays_in_step_through_a_new_clock(tmp_path, suffix):
    codec = "mp2" if suffix == "mpg" else "aac"
    one = flash_and_beep(tmp_path / "one.mkv", "pcm_s16le", 0, 0)
    halves = []
    for i in range(2):
        out = tmp_path / f"{i}.{suffix}"
        video = "mpeg2video -b:v 2M" if suffix == "mpg" else "libx264 -preset ultrafast"
        odd.ffmpeg("-i", one, "-c:v", *video.split(), "-r", "50", "-c:a", codec, "-b:a", "192k", out)
        halves.append(out)
    recorded = record(tmp_path / "out.mp4", [odd.joined(halves, tmp_path / f"joined.{suffix}")])
    found = offsets(recorded)
    assert len(found) == 4
    assert found == pytest.approx([0] * 4, abs=0.045)


def test_a_true_gap_stays_a_gap(tmp_path):
    """Nothing came for a minute, and the clock ran on: an MP4 says so, and it is true."""
    times = [0, 40, 80, 60_000, 60_040]
    clip = VideoClip(write_video(tmp_path / "gap.mp4", times))
    assert [t for t, _ in clip.play()] == pytest.approx(times, abs=0.1)
    assert clip.note == ""


def test_a_gap_in_the_picture_alone_is_true(tmp_path):
    """The sound goes on for a quarter of a minute while no picture comes."""
    write_video(tmp_path / "gap.mkv", [0, 40, 80, 15_000, 15_040])
    odd.ffmpeg("-i", tmp_path / "gap.mkv", "-f lavfi -i sine=r=48000 -t 15.08 -c:v copy -c:a aac", tmp_path / "a.ts")
    clip = VideoClip(tmp_path / "a.ts")
    assert [t for t, _ in clip.play()] == pytest.approx([0, 40, 80, 15_000, 15_040], abs=1)
    assert clip.note == ""


def test_a_jump_in_any_container(tmp_path, tried):
    """What is remuxed keeps its jump of ten hours, which nobody wants to wait for."""
    joined = odd.joined(parts(tmp_path, "ts", 36_000), tmp_path / "joined.ts")
    odd.ffmpeg("-i", joined, "-c", "copy", "-copyts", tmp_path / "jump.mkv")
    gap = max(np.diff(probed_times(tmp_path / "jump.mkv")))
    assert gap > 3.5e7
    clip = VideoClip(tmp_path / "jump.mkv")
    shots = list(clip.play())
    assert [number_of(bgr) for _, bgr in shots] == list(range(96))
    assert max(np.diff([t for t, _ in shots])) < 100
    assert NOTE in clip.note
    assert number_of(next(clip.play(shots[70][0]))[1]) == 70
    tried("clocks", "MKV whose clock jumps ten hours", "one film, with a note; gaps below six hours are true and stay")


def test_a_film_that_is_large_is_walked_through_when_it_must(tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "SOON_WALKED", 0)
    path = odd.joined(parts(tmp_path, "ts"), tmp_path / "joined.ts")
    clip = VideoClip(path)
    assert number_of(next(clip.play(2800.0))[1]) == 70


def test_a_player_does_not_wait(tmp_path):
    path = odd.joined(parts(tmp_path, "ts", 36_000), tmp_path / "joined.ts")
    with open_files([path], realtime=False) as source:
        frames = frames_of(source)
        assert any(NOTE in note for note in source.notes())
    assert len(frames) == 96
    assert frames[-1].t_ms == pytest.approx(95 * 40, abs=1)


HEALTHY = ("mkv", "mp4", "mov", "avi", "ts", "webm")


@pytest.mark.parametrize("suffix", HEALTHY)
def test_sound_that_is_longer_is_no_damage(tmp_path, suffix, tried):
    path = tmp_path / f"film.{suffix}"
    codecs = "-c:v libvpx -deadline realtime -c:a libopus" if suffix == "webm" else "-c:v libx264 -c:a aac"
    source = odd.film(tmp_path / "source.mp4", 25)
    odd.ffmpeg("-i", source, "-f lavfi -i sine=r=48000:d=6 -map 0 -map 1", *codecs.split(), path)
    clip = VideoClip(path)
    assert len(list(clip.play())) == 25
    assert clip.note == ""
    tried("healthy", f"{suffix.upper()}, sound five seconds longer than the picture", "healthy")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_last_frame_that_stands_is_no_damage(tmp_path, suffix, tried):
    import av

    source = write_video(tmp_path / "a.mp4", [40.0 * i for i in range(25)])
    with av.open(str(source)) as read, av.open(str(tmp_path / f"b.{suffix}"), "w") as write:
        stream = write.add_stream_from_template(read.streams.video[0])
        packets = [packet for packet in read.demux(video=0) if packet.dts is not None]
        last = max(packets, key=lambda packet: packet.pts)
        for packet in packets:
            if packet is last:
                packet.duration = int(5 / packet.time_base)
            packet.stream = stream
            write.mux(packet)
    clip = VideoClip(tmp_path / f"b.{suffix}")
    assert len(list(clip.play())) == 25
    assert clip.note == ""
    tried("healthy", f"{suffix.upper()}, last frame stands for five seconds", "healthy")


def test_a_cut_film_with_sound_is_damaged(tmp_path):
    """Cut off, its sound ends too."""
    film = odd.film(tmp_path / "a.mp4", 150)
    whole = odd.with_sound(film, tmp_path / "b.mkv", "-c:a", "aac")
    (tmp_path / "c.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    clip = VideoClip(tmp_path / "c.mkv")
    assert 20 < len(list(clip.play())) < 140
    assert "damaged or cut off" in clip.note
