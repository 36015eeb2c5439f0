"""The clock is set back, and forth, while emolive works: times and files are as if nothing had happened."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from films import numbered, probed_times, write_video
from recording import QUICK, lines
from thinned import dear
from waits import passes


@pytest.mark.ci
@pytest.mark.skipif(sys.platform != "linux", reason="the clock can be faked on Linux only")
@pytest.mark.parametrize("count", [*dear(3), pytest.param(60, marks=pytest.mark.endurance)])
def test_the_clock_is_set(tmp_path, tally, count):
    """The system's clock is set back or forth, by up to a year, every quarter of a second while a film is played in
    real time and recorded (a library between the process and the system gives the times)."""
    libfaketime = pytest.importorskip("libfaketime")
    (library,) = Path(libfaketime.__file__).parent.rglob("libfaketime.so.1")
    clock = tmp_path / "clock"
    clock.write_text("-1h")
    fake = {"FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    times = [40.0 * i for i in range(25 + 7 * count)]
    film, out = write_video(tmp_path / "film.mp4", times, numbered), tmp_path / "out.mp4"
    environment = {**os.environ, "LD_PRELOAD": str(library), **{name: str(value) for name, value in fake.items()}}
    command = [*QUICK, film, out, tmp_path / "out.jsonl"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            _while_it_records(process, tmp_path / "out.jsonl", len(times), clock, count, tally)
            process.terminate()
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 143, said
    assert probed_times(out) == pytest.approx(times, abs=0.02)
    tally.say("each frame stands at its own time")


def _while_it_records(process: subprocess.Popen, data: Path, frames: int, clock: Path, count: int, tally) -> None:
    """Set the clock so many times, until all frames were recorded."""
    rng, end = np.random.default_rng(0), time.monotonic() + 60 + frames
    while lines(data) < frames:
        assert time.monotonic() < end, "it stands still"
        assert process.poll() is None, process.stderr.read()
        if tally.outcomes.total() < count:
            other = clock.with_name("other")
            other.write_text(f"{rng.integers(-(365 * 86400), 86400):+d}")
            other.replace(clock)
            tally("nothing happened")
        passes(0.25)
