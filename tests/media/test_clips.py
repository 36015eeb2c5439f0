"""Videos: every frame at its own time, upright, from any time on; and what bad files get."""

import math
import shutil
import subprocess

import numpy as np
import pytest
from films import number_of, numbered, probed_times, write_video
from PIL import Image, ImageSequence

from emolive.core.errors import SourceError
from emolive.media import film as film_module
from emolive.media.clips import VideoClip

UNEVEN = [0, 20, 110, 150, 1000, 1040, 1100, 1900, 1950, 2500, 3600, 3700]


def times(clip: VideoClip, from_ms: float = 0.0) -> list[float]:
    return [t_ms for t_ms, _ in clip.play(from_ms)]


def test_every_frame_in_order(film):
    numbers = [number_of(bgr) for _, bgr in VideoClip(film).play()]
    assert numbers == list(range(50))


def test_uneven_times_are_those_of_ffprobe(tmp_path):
    path = write_video(tmp_path / "uneven.mp4", UNEVEN)
    assert times(VideoClip(path)) == pytest.approx(probed_times(path), abs=0.02)
    assert times(VideoClip(path)) == pytest.approx(UNEVEN, abs=0.02)


def test_time_counts_from_the_first_frame(tmp_path):
    path = write_video(tmp_path / "late.mkv", [850 + 40 * i for i in range(10)])
    assert probed_times(path)[0] == pytest.approx(850, abs=1)
    assert times(VideoClip(path)) == pytest.approx([40 * i for i in range(10)], abs=1)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
def test_from_any_time_on(tmp_path, suffix):
    path = write_video(tmp_path / f"film{suffix}", [40 * i for i in range(50)])
    clip = VideoClip(path)
    every = times(clip)
    for k in (1, 11, 12, 13, 30, 49):
        shots = list(clip.play(every[k]))
        assert [number_of(bgr) for _, bgr in shots] == list(range(k, 50))
        assert [t for t, _ in shots] == pytest.approx(every[k:], abs=0.01)
        assert number_of(clip.last_before(every[k])[1]) == k - 1
    assert number_of(clip.last_before(math.inf)[1]) == 49
    assert clip.last_before(0.0) is None
    assert list(clip.play(every[-1] + 1)) == []


@pytest.mark.ci
def test_real_videos_have_as_many_frames_as_ffprobe_says(shared):
    for name in ("face_noface.mov", "no_face.mp4", "single_face.mp4", "head-pose-face-detection-female.gif"):
        path = shared / "videos" / name
        expected = probed_times(path)
        assert times(VideoClip(path)) == pytest.approx([t - expected[0] for t in expected], abs=0.02), path.name


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_is_honoured(tmp_path, rotation):
    def marked(_: int) -> np.ndarray:
        bgr = np.zeros((48, 64, 3), np.uint8)
        bgr[:24, :32] = 255
        return bgr

    path = write_video(tmp_path / "turned.mp4", [0, 40], marked, rotation)
    subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", tmp_path / "turned.png"], check=True)
    expected = np.asarray(Image.open(tmp_path / "turned.png").convert("RGB"))
    _, bgr = next(VideoClip(path).play())
    assert bgr.shape == expected.shape
    assert np.abs(bgr[..., ::-1].astype(int) - expected).mean() < 2
    assert bgr.flags.c_contiguous
    assert bgr.dtype == np.uint8


def test_gif_delays_are_those_of_pillow(tmp_path):
    delays = [40, 500, 90, 20, 1000, 300]
    frames = [Image.fromarray(numbered(i)) for i in range(6)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=delays)
    with Image.open(tmp_path / "a.gif") as gif:
        expected = [frame.info["duration"] for frame in ImageSequence.Iterator(gif)]
    assert expected == delays
    clip = VideoClip(tmp_path / "a.gif")
    shots = list(clip.play())
    assert [number_of(bgr) for _, bgr in shots] == list(range(6))
    assert np.diff([t for t, _ in shots]) == pytest.approx(delays[:-1])
    assert number_of(next(clip.play(600.0))[1]) == 2 + 1
    assert number_of(clip.last_before(600.0)[1]) == 2


def test_transparent_gif_lies_on_white(tmp_path):
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[:20] = (255, 0, 0, 255)
    Image.fromarray(rgba).save(tmp_path / "a.gif")
    _, bgr = next(VideoClip(tmp_path / "a.gif").play())
    assert bgr[5, 5].tolist() == [0, 0, 255]
    assert bgr[35, 35].tolist() == [255, 255, 255]


def test_truncated_file_keeps_its_frames_so_far(tmp_path):
    whole = write_video(tmp_path / "whole.mp4", [40 * i for i in range(100)], options={"movflags": "faststart"})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    clip = VideoClip(cut)
    numbers = [number_of(bgr) for _, bgr in clip.play()]
    assert 30 < len(numbers) < 90
    assert numbers[:-1] == list(range(len(numbers) - 1))  # the last one may be torn
    assert "damaged or cut off" in clip.note
    assert VideoClip(whole).note == ""


def test_broken_middle_is_stepped_over(tmp_path):
    whole = write_video(tmp_path / "whole.mp4", [40 * i for i in range(100)], options={"movflags": "faststart"})
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 10] = np.random.default_rng(0).bytes(len(data) // 10)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    shots = list(VideoClip(broken).play())
    assert len(shots) > 60
    assert all(np.diff([t for t, _ in shots]) > 0)
    assert number_of(shots[-1][1]) == 99


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"this is a text\n" * 90, "not a video|text"), (bytes(range(256)) * 40, "not a video")],
)
@pytest.mark.parametrize("name", ["film.mp4", "film.txt", "film"])
def test_what_is_no_video(tmp_path, content, says, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=says):
        VideoClip(tmp_path / name)


def test_sound_only(tmp_path):
    path = tmp_path / "sound.mp4"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", path]
    subprocess.run(command, check=True)
    with pytest.raises(SourceError, match="sound but no picture"):
        VideoClip(path)


def test_a_film_that_is_too_large_is_refused_whatever_it_says(film, monkeypatch):
    monkeypatch.setattr(film_module, "MOST_PIXELS", 128 * 64)  # in memory rows are longer
    assert VideoClip(film).frames == 50
    monkeypatch.setattr(film_module, "MOST_PIXELS", 96 * 64 - 1)
    with pytest.raises(SourceError, match="96×64 pixels, more than fit"):
        VideoClip(film)


def test_missing_and_folder(tmp_path):
    with pytest.raises(SourceError, match="no file"):
        VideoClip(tmp_path / "none.mp4")
    with pytest.raises(SourceError, match="folder"):
        VideoClip(tmp_path)


def test_a_playlist_reaches_no_other_file(tmp_path, film):
    shutil.copy(film, tmp_path / "secret.mp4")
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile http://127.0.0.1:9/a.mp4\n")
    with pytest.raises(SourceError):
        VideoClip(tmp_path / "list.ffconcat")


def test_name_with_odd_characters(tmp_path, film):
    odd = tmp_path / "a: b%03d ü.mp4"
    shutil.copy(film, odd)
    assert len(times(VideoClip(odd))) == 50
