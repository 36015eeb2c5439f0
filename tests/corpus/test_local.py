"""The engine of one machine, with real processes: what they do, and what becomes of it when they are killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from chores import Chore, do
from waits import wait_for

from emolive.corpus import local
from emolive.corpus.contract import ATTEMPTS, Failure, Resources, threads_for
from emolive.corpus.local import LocalEngine

PATIENCE = 300
"""Seconds that anything may take; a busy machine starts processes slowly."""


def finished(folder: Path, *names: str) -> dict:
    with LocalEngine(do, Resources(workers=2)) as engine:
        for name in names:
            engine.submit(Chore(name, folder))
        return {done.task.what: done for done in all_done(engine, len(names))}


def all_done(engine: LocalEngine, count: int) -> list:
    """So many tasks, as they finish."""
    found: list = []
    wait_for(lambda: found.extend(engine.wait(1.0)) or len(found) >= count, PATIENCE)
    return found


def begun(folder: Path, name: str) -> int:
    return len((folder / name).read_text().split())


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_every_task_has_one_end_whatever_happens_to_its_worker(tmp_path):
    done = finished(tmp_path, "a", "stumble", "die", "sulk", "full", "break", "b")
    assert len(done) == 7
    cores = len(os.sched_getaffinity(0))
    assert done["a"].result == done["b"].result == str(threads_for(2, cores))
    assert (done["stumble"].attempts, begun(tmp_path, "stumble")) == (2, 2)
    assert not isinstance(done["stumble"].result, Failure)
    assert (done["die"].attempts, begun(tmp_path, "die")) == (ATTEMPTS, ATTEMPTS)
    assert "died 3 times" in done["die"].result.error
    assert done["sulk"].result == Failure("This one will not play.")
    assert done["full"].result.fatal
    assert "ZeroDivisionError" in done["break"].result.error
    assert begun(tmp_path, "a") == begun(tmp_path, "sulk") == begun(tmp_path, "break") == 1


def test_more_may_be_submitted_while_results_come(tmp_path):
    with LocalEngine(do, Resources(workers=1)) as engine:
        engine.submit(Chore("0", tmp_path))
        names = []
        while len(names) < 4:
            for done in engine.wait(20):
                names.append(done.task.what)
                engine.submit(Chore(str(len(names)), tmp_path))
    assert names == ["0", "1", "2", "3"]


def test_leaving_ends_workers_in_the_middle_of_their_task(tmp_path):
    def interrupted() -> None:
        with LocalEngine(do, Resources(workers=2)) as engine:
            engine.submit(Chore("sleep", tmp_path))
            engine.submit(Chore("a", tmp_path))
            all_done(engine, 1)
            wait_for(lambda: (tmp_path / "sleep").exists() and begun(tmp_path, "sleep") == 1, PATIENCE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not alive(int((tmp_path / "sleep").read_text()))


def test_workers_end_with_a_driver_that_is_killed(tmp_path):
    driver = subprocess.Popen([sys.executable, str(Path(__file__).with_name("chores.py")), str(tmp_path)])
    try:
        wait_for(lambda: (tmp_path / "sleep").exists() and begun(tmp_path, "sleep") == 1, PATIENCE)
        worker = int((tmp_path / "sleep").read_text())
        assert alive(worker)
    finally:
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    wait_for(lambda: not alive(worker), 10)


def test_cores_are_shared_out():
    assert [threads_for(workers, 8) for workers in (1, 2, 3, 8, 20)] == [8, 4, 2, 1, 1]


@pytest.mark.parametrize(
    ("given", "there", "seen"),
    [
        (None, 2, ["0", "1"]),
        ("3,7", 2, ["3", "7"]),
        ("GPU-8f1, MIG-77", 2, ["GPU-8f1", "MIG-77"]),
        ("", 0, []),
        ("2,-1,3", 1, ["2"]),  # CUDA reads no further than what it does not know
    ],
)  # fmt: skip
def test_workers_are_spread_over_the_gpus_that_may_be_seen(monkeypatch, tmp_path, given, there, seen):
    """A scheduler says which: two workers never sit on one while another is idle, nor on somebody else's."""
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if given is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert local.visible_gpus() == seen
    if there < 2:
        return
    with LocalEngine(do, Resources(workers=2)) as engine:
        engine.submit(Chore("gpu 1", tmp_path))
        engine.submit(Chore("gpu 2", tmp_path))
        assert sorted(done.result for done in all_done(engine, 2)) == seen


def test_a_task_that_is_ended_is_tried_again_and_then_fails_with_the_reason(tmp_path):
    with LocalEngine(do, Resources(workers=1)) as engine:
        chore = Chore("sleep", tmp_path)
        engine.submit(chore)
        for times in range(1, ATTEMPTS + 1):
            wait_for(lambda: engine.wait(0.1) or begun_if(tmp_path, "sleep") == times, PATIENCE)  # noqa: B023
            engine.end(chore, "Nothing came for 60 s")
        (done,) = all_done(engine, 1)
    assert done.attempts == ATTEMPTS
    assert "Nothing came for 60 s (3)" in done.result.error


def begun_if(folder: Path, name: str) -> int:
    return begun(folder, name) if (folder / name).exists() else 0
