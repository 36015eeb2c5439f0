"""The driver of a long batch stays as large as it is: of a task that is done a few bytes remain."""

import time
import tracemalloc
from pathlib import Path

from inline import InlineEngine

from emolive.core.options import Options
from emolive.corpus.contract import Done, Resources
from emolive.corpus.driver import BatchState, Driver
from emolive.corpus.job import Job, Outcome, Task
from emolive.corpus.leases import Leases

FIRST, TASKS = 100, 400
BYTES = 700
"""Of a task that is done: its video's path, and an `Outcome` of its own."""


class Counting(InlineEngine):
    """Notes what memory is in use when the first tasks are done, and at the end; `hoards` what it was given."""

    def __init__(self, hoards: bool) -> None:
        super().__init__(seen, Resources())
        self.used: dict[int, int] = {}
        self._hoard: list[object] | None = [] if hoards else None
        self._count = 0

    def wait(self, seconds: float) -> list[Done]:
        done = super().wait(seconds)
        self._count += len(done)
        if self._hoard is not None:
            self._hoard += [(one, bytearray(3 * BYTES)) for one in done]
        if self._count in (FIRST, TASKS):
            self.used[self._count] = tracemalloc.get_traced_memory()[0]
        return done


def seen(task: Task) -> Outcome:
    return Outcome(1, 1)


def jobs(out: Path) -> list[Job]:
    study = out.parent / "study"
    return [Job(study / f"{i:05}.mp4", out / f"{i:05}", Options(), "settings") for i in range(TASKS)]


def growth(out: Path, hoards: bool) -> float:
    """Bytes for each further task."""
    engine, state, listed = Counting(hoards), BatchState(), jobs(out)
    with Leases(out, 60.0) as leases:
        tracemalloc.start()
        try:
            Driver(engine, leases, state).follow(listed)
        finally:
            tracemalloc.stop()
    assert (len(state.done), state.failed) == (TASKS, {})
    return (engine.used[TASKS] - engine.used[FIRST]) / (TASKS - FIRST)


def test_little_remains_of_a_task_that_is_done(tmp_path):
    assert growth(tmp_path / "out", hoards=False) < BYTES
    assert growth(tmp_path / "more", hoards=True) > 2 * BYTES


def test_the_driver_does_not_rest_while_there_is_something_to_hand_out(tmp_path, monkeypatch):
    rests = []
    monkeypatch.setattr(time, "sleep", rests.append)
    with Leases(tmp_path / "out", 60.0) as leases:
        Driver(InlineEngine(seen, Resources()), leases, BatchState()).follow(jobs(tmp_path / "out"))
    assert not rests
