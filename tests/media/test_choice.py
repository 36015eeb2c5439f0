"""Which picture and which sound of a file are taken."""

from pathlib import Path

import odd
import pytest
from films import ffprobe, number_of, numbered, write_video

from emolive.core.errors import SourceError
from emolive.media.clips import VideoClip
from emolive.media.film import open_film
from emolive.media.streams import StreamChoice


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> Path:
    """0: a still cover, 1: a small film, 2: a large film, 3: silence, 4: a tone, which is the default, 5: a tone of 5.1
    channels."""
    folder = tmp_path_factory.mktemp("several")
    cover = write_video(folder / "cover.mp4", [0], lambda i: numbered(200, 320, 240))
    small = write_video(folder / "small.mp4", [40.0 * i for i in range(25)], lambda i: numbered(i + 100))
    large = write_video(folder / "large.mp4", [40.0 * i for i in range(25)], lambda i: numbered(i, 160, 96))
    odd.ffmpeg(
        "-i", cover, "-i", small, "-i", large, "-f lavfi -i anullsrc=r=44100 -f lavfi -i sine=1000:r=48000",
        "-f lavfi -i anullsrc=r=48000:cl=5.1 -map 0 -map 1 -map 2 -map 3 -map 4 -map 5 -c:v copy -c:a aac",
        "-disposition:v 0 -disposition:a 0 -disposition:a:1 default -t 1", folder / "several.mkv",
    )  # fmt: skip
    return folder / "several.mkv"


def chosen(path: Path, choice: StreamChoice = StreamChoice()) -> tuple[int, int | None]:
    with open_film(path, choice) as film:
        return film.video.index, film.audio.index if film.audio else None


def test_what_ffmpeg_would_choose(several, tried):
    assert chosen(several) == (2, 4)
    assert [number_of(bgr) for _, bgr in VideoClip(several).play()] == list(range(25))
    tried("streams", "a still cover, a small and a large film, three sounds", "the large film, the default sound")


def test_what_is_asked_for(several):
    assert chosen(several, StreamChoice(1, 5)) == (1, 5)
    assert number_of(next(VideoClip(several, StreamChoice(video=1)).play())[1]) == 100
    assert len(list(VideoClip(several, StreamChoice(video=0)).play())) == 1


@pytest.mark.parametrize("choice", [StreamChoice(video=3), StreamChoice(video=9), StreamChoice(audio=1)])
def test_what_is_not_there_is_named(several, choice):
    number, kind = (choice.video, "video") if choice.video is not None else (choice.audio, "audio")
    there = "0 .h264 320×240" if kind == "video" else "3 .aac"
    with pytest.raises(SourceError, match=f"no {kind} stream {number}.*{there}"):
        chosen(several, choice)


def test_the_default_flag_counts_more_than_the_size(tmp_path, several, tried):
    odd.ffmpeg("-i", several, "-map 0:1 -map 0:2 -c copy -disposition:v:0 default", tmp_path / "a.mkv")
    assert chosen(tmp_path / "a.mkv") == (0, None)
    tried("streams", "the small film is marked as the default", "the small one")


def test_a_cover_is_never_the_film(tmp_path, tried):
    film = write_video(tmp_path / "film.mp4", [40.0 * i for i in range(25)])
    odd.ffmpeg("-i", film, "-frames:v", "1", "-vf", "scale=640:480", tmp_path / "cover.jpg")
    covers = "-map 1 -map 0 -c:v:0 mjpeg -c:v:1 copy -disposition:v:0 attached_pic"
    odd.ffmpeg("-i", film, "-i", tmp_path / "cover.jpg", *covers.split(), tmp_path / "covered.mp4")
    assert any(
        s["disposition"]["attached_pic"] for s in ffprobe(tmp_path / "covered.mp4", "stream_disposition")["streams"]
    )
    assert len(list(VideoClip(tmp_path / "covered.mp4").play())) == 25
    odd.ffmpeg("-i", film, "-i", tmp_path / "cover.jpg", "-map 1 -map 0 -c:v:0 png -c:v:1 copy", tmp_path / "a.mkv")
    assert len(list(VideoClip(tmp_path / "a.mkv").play())) == 25
    tried("streams", "a cover, attached (MP4) or as a first track of one frame (MKV)", "the film")
