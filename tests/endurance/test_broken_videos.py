"""Video files that were cut or damaged: each plays, or is refused with a sentence; nothing crashes or hangs."""

import subprocess
from pathlib import Path

import av
import pytest
from children import Child, refused
from films import pictures_of, scene_of
from mutate import cut, damaged
from thinned import dear

from emolive.core.errors import SourceError
from emolive.core.scene import END, Settings
from emolive.media.record import Recorder
from emolive.media.sources import open_files

FORMATS = {
    "mp4": "-c:v libx264 -c:a aac -movflags +faststart",
    "mkv": "-c:v libx264 -c:a flac",
    "avi": "-c:v mpeg4 -c:a pcm_s16le",
    "ts": "-c:v mpeg2video -c:a mp2",
    "webm": "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus",
    "mov": "-c:v mjpeg -c:a pcm_s16le",
    "gif": "-an",
}

HEADER = 1500
"""How many bytes at a file's beginning count as its header; in these MP4s it ends a little later."""


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> list[bytes]:
    """Two seconds of picture and sound in each format."""
    folder, made = tmp_path_factory.mktemp("films"), []
    for ending, codecs in FORMATS.items():
        path = folder / f"film.{ending}"
        source = "-f lavfi -i testsrc=size=96x64:rate=12:duration=2 -f lavfi -i sine=duration=2"
        subprocess.run(["ffmpeg", "-v", "error", *source.split(), *codecs.split(), path], check=True)
        made.append(path.read_bytes())
    return made


@pytest.fixture(scope="module")
def child():
    with Child(played_and_recorded) as child:
        yield child


def played_and_recorded(path: Path) -> str:
    """Play a file as `emolive file --headless` does and record it with its sound; the recording must be whole."""
    out, count = path.with_name("out.mp4"), 0
    try:
        with (
            open_files([path], realtime=False) as source,
            Recorder(out, source_audio=path, lossless_queue=True, overwrite=True) as recorder,
        ):
            while (frame := source.read(Settings())) is not END:
                recorder(scene_of(frame, progress=source.progress()), pictures_of(frame))
                count += 1
            noted = any("damaged" in note for note in source.notes())
    except SourceError as error:
        return refused(error)
    with av.open(str(out)) as container:
        recorded = sum(1 for _ in container.decode(video=0))
    if recorded != count:
        raise ValueError(f"{count} frames were played, {recorded} recorded")
    return "played and recorded as far as it goes, with a note" if noted else "played and recorded"


def attempt(child: Child, path: Path, data: bytes, what: str, tally) -> list[str]:
    """Let the child have a file; say what is wrong with the outcome, if anything is."""
    path.write_bytes(data)
    outcome = child(path)
    tally(outcome.said)
    return [] if outcome.fine else [f"{what}: {outcome.said}"]


@pytest.mark.parametrize("count", [*dear(7), pytest.param(200, marks=pytest.mark.endurance)])
def test_a_video_cut_at_a_random_byte(tmp_path, films, child, tally, count):
    """A video cut at a random byte: MP4, MKV, AVI, TS, WebM, MOV and GIF, played and recorded with its sound."""
    wrong = []
    for i in range(count):
        film, ending = films[i % len(films)], list(FORMATS)[i % len(films)]
        wrong += attempt(child, tmp_path / f"film.{ending}", cut(film, i), f"{ending} {i}", tally)
    assert not wrong


@pytest.mark.parametrize("count", [*dear(7), pytest.param(500, marks=pytest.mark.endurance)])
def test_a_video_with_a_fuzzed_header(tmp_path, films, child, tally, count):
    """A video with up to eight bytes of its header changed, in the same seven formats."""
    wrong = []
    for i in range(count):
        film, ending = films[i % len(films)], list(FORMATS)[i % len(films)]
        wrong += attempt(child, tmp_path / f"film.{ending}", damaged(film, i, 0, HEADER), f"{ending} {i}", tally)
    assert not wrong
