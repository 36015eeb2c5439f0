"""Several real drivers in one results folder: they share the work, and one goes on with what another leaves."""

import glob
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from waits import wait_for

from emolive.corpus.layout import MAKING, results
from emolive.corpus.result import VideoResult

pytestmark = [pytest.mark.ci, pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no POSIX signals")]

PATIENCE = 300
"""Seconds that anything may take on a busy machine."""

LEASE_S = 3
"""`--lease` in these tests: how long a heart may stand still."""


@pytest.fixture
def study(film, tmp_path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    for i in range(6):
        path = folder / f"{i}.mp4"
        path.write_bytes(film.read_bytes() + bytes(i))  # each another video
    return folder


def start(study: Path, out: Path, *more: str, lease_s: float = LEASE_S) -> subprocess.Popen:
    command = [sys.executable, "-m", "emolive", "batch", str(study), "--out", str(out), "--workers", "1", "--json"]
    given = [*command, "--lease", str(lease_s), *more]
    return subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(driver: subprocess.Popen) -> dict:
    told, said = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 0, said
    assert "Traceback" not in said
    return json.loads(told)


def records(out: Path) -> dict[str, VideoResult]:
    return {folder.name: VideoResult.read(folder) for folder in results(out)}


def test_two_drivers_share_the_work(study, tmp_path):
    out = tmp_path / "out"
    drivers = [start(study, out), start(study, out)]
    one, two = map(ended, drivers)
    assert len(one["done"]) == len(two["done"]) == 6
    made = [{d["video"] for d in facts["done"] if not d["kept"]} for facts in (one, two)]
    assert not made[0] & made[1]  # nothing was done twice
    assert len(made[0] | made[1]) == 6
    assert min(map(len, made)) >= 1
    assert {name: (r.frames, r.attempts) for name, r in records(out).items()} == {str(i): (24, 1) for i in range(6)}
    assert not (out / MAKING).exists()


@pytest.mark.parametrize(
    ("lease_s", "asleep_s"), [(LEASE_S, 0.0), pytest.param(60, 90, marks=pytest.mark.endurance)]
)  # 60 is what a user has who gives no --lease
def test_a_driver_that_is_stopped_loses_its_tasks_and_writes_nothing_when_it_wakes(study, tmp_path, lease_s, asleep_s):
    out = tmp_path / "out"
    sleeper = start(study, out, lease_s=lease_s)
    workers: list[psutil.Process] = []
    try:
        wait_for(lambda: results(out) and making(out, "*/draft-*"), PATIENCE)
        workers = psutil.Process(sleeper.pid).children(recursive=True)
        for process in (sleeper, *workers):
            os.kill(process.pid, signal.SIGSTOP)
        stopped = time.monotonic()
        (task,) = (path.parent.name for path in making(out, "*/lease-result-*"))
        before = {name: r.attempts for name, r in records(out).items()}
        assert task not in before
        other = ended(start(study, out, lease_s=lease_s))
        assert len(other["done"]) == 6
        assert sum(d["kept"] for d in other["done"]) == len(before)
        made = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in out.glob("[0-9]/*")}
        wait_for(lambda: time.monotonic() - stopped >= asleep_s, PATIENCE)
    finally:
        for process in (sleeper, *workers):
            os.kill(process.pid, signal.SIGCONT)
    told = ended(sleeper)
    assert len(told["done"]) == 6
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in out.glob("[0-9]/*")} == made
    assert {name: r.frames for name, r in records(out).items()} == {str(i): 24 for i in range(6)}
    assert not (out / MAKING).exists()


def test_the_parts_of_one_long_video_are_shared(study, film, tmp_path):
    out, long = tmp_path / "out", tmp_path / "long"
    long.mkdir()
    (long / "clip.mp4").write_bytes(film.read_bytes())
    drivers = [start(long, out, "--segment", "0.2"), start(long, out, "--segment", "0.2")]
    one, two = map(ended, drivers)
    assert [facts["done"][0]["frames"] for facts in (one, two)] == [24, 24]
    (record,) = records(out).values()
    assert (record.segments, record.frames, record.faces) == (4, 24, 19)
    assert not (out / MAKING).exists()


def family(driver: subprocess.Popen) -> list[psutil.Process]:
    return psutil.Process(driver.pid).children(recursive=True)


def making(out: Path, pattern: str) -> list[Path]:
    """What there is of a result in the making; `Path.glob` raises where a folder goes while it looks."""
    return [Path(path) for path in glob.glob(str(out / MAKING / pattern))]


def at_work(out: Path, but_not: Collection[str] = ()) -> bool:
    """Whether a frame was looked at of what is in hand, by another process than those."""
    texts = []
    for path in making(out, "*/progress-*"):
        with suppress(FileNotFoundError):
            texts.append(path.read_text().split())
    return any(len(text) == 4 and text[0] != "0" and text[3] not in but_not for text in texts)


def hearing() -> None:
    """The child hears of SIGHUP, which it inherits as ignored where the tests run under `nohup`."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def deaf() -> None:
    """What `nohup` does."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def closed_terminal(command: list[str]) -> tuple[subprocess.Popen, int]:
    """A process that leads a session of its own in a terminal, and the terminal's other end."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()

    def lead() -> None:
        hearing()
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    driver = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=lead)
    os.close(theirs)
    return driver, ours


@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM", "SIGKILL", "terminal"])
def test_however_a_driver_ends_nothing_is_left_and_the_same_command_goes_on(study, tmp_path, how):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "emolive", "batch", str(study), "--out", str(out), "--workers", "1"]
    if how == "terminal":
        driver, terminal = closed_terminal(command)
    else:
        driver = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=hearing)
    wait_for(lambda: results(out) and at_work(out), PATIENCE)
    workers = family(driver)
    assert workers
    if how == "terminal":
        os.close(terminal)
    else:
        driver.send_signal(getattr(signal, how))
    driver.wait(PATIENCE)
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert not alive
    assert driver.returncode == {"SIGHUP": 129, "SIGTERM": 143, "SIGKILL": -9, "terminal": 129}[how]
    before = {name: r.attempts for name, r in records(out).items()}
    assert 1 <= len(before) < 6
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=PATIENCE)
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert sum(d["kept"] for d in told["done"]) == len(before)
    assert len(records(out)) == 6
    assert not (out / MAKING).exists()


def test_under_nohup_it_goes_on_when_the_terminal_is_closed(study, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "emolive", "batch", str(study), "--out", str(out), "--workers", "1", "--json"]
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=deaf)
    wait_for(lambda: at_work(out), PATIENCE)
    for process in (driver, *family(driver)):
        process.send_signal(signal.SIGHUP)
    told = ended(driver)
    assert [one["frames"] for one in told["done"]] == [24] * 6


def test_a_worker_that_hangs_is_ended_its_video_fails_after_three_tries_and_the_rest_is_done(study, tmp_path):
    out = tmp_path / "out"
    for path in study.glob("[2-5].mp4"):
        path.unlink()
    driver = start(study, out, "--limit", "8")  # so many seconds that a busy machine does not count as hanging
    said_by: set[str] = set()
    while True:
        wait_for(lambda: at_work(out, said_by) or driver.poll() is not None, PATIENCE)
        if driver.poll() is not None or {path.parent.name for path in making(out, "*/progress-*")} != {"0"}:
            break
        (worker,) = (one for one in family(driver) if "spawn_main" in " ".join(one.cmdline()))
        os.kill(worker.pid, signal.SIGSTOP)
        pid = str(worker.pid)
        worker.wait(PATIENCE)  # SIGKILL ends what is stopped
        said_by.add(pid)
    assert len(said_by) == 3
    told, said = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 1
    facts = json.loads(told)
    assert [Path(one["video"]).name for one in facts["failed"]] == ["0.mp4"]
    assert "Nothing came for" in facts["failed"][0]["error"]
    assert [Path(one["video"]).name for one in facts["done"]] == ["1.mp4"]
    assert "Traceback" not in said


@pytest.mark.endurance
def test_the_drivers_memory_stays_level(film, tmp_path):
    """From a quarter of the videos on the driver, which keeps only what became of each, does not grow."""
    study, out = tmp_path / "many", tmp_path / "out"
    study.mkdir()
    for i in range(40):
        (study / f"{i:02}.mp4").write_bytes(film.read_bytes() + i.to_bytes(4, "big"))
    driver = start(study, out)
    process, sizes = psutil.Process(driver.pid), []
    for quarter in (10, 20, 30, 38):
        wait_for(lambda least=quarter: len(results(out)) >= least, 4 * PATIENCE)
        sizes.append(process.memory_info().rss / 1e6)
    ended(driver)
    assert max(sizes) - sizes[0] < 15, sizes
