"""A batch that loses a worker, is stopped with Ctrl-C, and is run again: nothing lost, nothing twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waits import wait_for

from emolive.corpus.layout import BEGUN, MAKING, results
from emolive.corpus.result import VideoResult

FILMS = 6


def workers_of(pid: int) -> list[int]:
    """The worker processes of a batch, by Linux's own account."""
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.endurance
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are listed on Linux only")
def test_a_killed_worker_and_ctrl_c_lose_nothing_and_nothing_is_done_twice(film, tmp_path):
    study, out = tmp_path / "study", tmp_path / "out"
    study.mkdir()
    for i in range(FILMS):
        os.link(film, study / f"{i}.mp4")
    command = [sys.executable, "-m", "emolive", "batch", str(study), "--out", str(out), "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: results(out), 120)
        (killed,) = workers_of(process.pid)
        os.kill(killed, signal.SIGKILL)
        first = len(results(out))
        wait_for(lambda: len(results(out)) > first or process.poll() is not None, 120)
        (left,) = workers_of(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "Stopped" in said
    assert "Traceback" not in said
    assert not Path(f"/proc/{left}").exists()
    left = [path.name for path in (out / MAKING).rglob("*") if path.is_file()]
    assert set(left) <= {BEGUN}
    before = {folder: (folder / "report.json").stat().st_mtime_ns for folder in results(out)}
    assert 2 <= len(before) < FILMS
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert f"{FILMS} videos done, {len(before)} of them before" in done.stdout
    assert {folder: (folder / "report.json").stat().st_mtime_ns for folder in before} == before
    assert [VideoResult.read(folder).frames for folder in results(out)] == [24] * FILMS
