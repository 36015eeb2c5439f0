"""Recordings that are ended by force at random moments: every file plays, and at most a second is lost."""

import json
import signal
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from films import ffprobe, probed_times, write_video
from recording import QUICK, WHOLE, decoded, lines
from thinned import dear
from waits import passes, wait_for

BEGUN = 25
"""Frames after which the moments begin: a second."""


@pytest.fixture(scope="module")
def film(tmp_path_factory, portrait) -> Path:
    """A minute of the portrait drifting, with a tone."""
    folder = tmp_path_factory.mktemp("film")
    small = cv2.resize(portrait, (154, 180))

    def picture(i: int) -> np.ndarray:
        ground = np.full((200, 320, 3), 90, np.uint8)
        left = 20 + i % 100
        ground[10:190, left : left + 154] = small
        return ground

    silent = write_video(folder / "silent.mp4", [40.0 * i for i in range(1500)], picture, gop=100)
    sound = f"ffmpeg -v error -i {silent} -f lavfi -i sine=duration=60 -c:v copy -c:a aac {folder / 'film.mp4'}"
    subprocess.run(sound.split(), check=True)
    return folder / "film.mp4"


def recording(film: Path, out: Path, data: Path, whole: bool) -> subprocess.Popen:
    """Begin to record; the whole of emolive as from the command line, or its loop without the network."""
    command = [*WHOLE, film, "--headless", "--out", out, "--data", data] if whole else [*QUICK, film, out, data]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: lines(data) >= BEGUN or process.poll() is not None, 180)
    return process


@pytest.mark.parametrize("count", [*dear(1), pytest.param(30, marks=pytest.mark.endurance)])
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_ended_at_a_random_moment(tmp_path, film, tally, count, name):
    """A recording with sound is ended by a signal at a random moment, every fourth time by two of them in a row; it
    is made by all of emolive every third time, else by its loop without the network."""
    lost = []
    for i in range(count):
        rng = np.random.default_rng(i)
        out, data = tmp_path / f"{i}.mp4", tmp_path / f"{i}.jsonl"
        process = recording(film, out, data, whole=count > 1 and i % 3 == 0)
        try:
            passes(rng.uniform(0, 1.5 if count > 1 else 0.3))
            process.send_signal(getattr(signal, name))
            if i % 4 == 1:
                passes(rng.uniform(0, 0.2))
                process.send_signal(getattr(signal, name))
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
        written = [json.loads(line) for line in data.read_text().splitlines()]
        times = probed_times(out)
        assert decoded(out) == len(times)
        assert len(ffprobe(out, "stream=codec_type")["streams"]) == 2
        lost.append(max(0.0, written[-1]["t_ms"] - times[-1]))
        assert process.returncode == {"SIGKILL": -9, "SIGTERM": 143, "SIGINT": 130}[name], said
        assert "Traceback" not in said
        assert lost[-1] < (1000 if name == "SIGKILL" or i % 4 == 1 else 1)
        tally("the file plays, " + ("cut off" if name == "SIGKILL" else f"exit status {process.returncode}"))
    tally.say(f"{sum(lost) / count:.0f} ms lost on average, {max(lost):.0f} ms at most")
