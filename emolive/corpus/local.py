"""The engine of one machine: worker processes, each with its own pipe to the driver."""

import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Self

from emolive.core.errors import EmoliveError
from emolive.corpus.contract import (
    ATTEMPTS,
    Done,
    Resources,
    Work,
    attempt,
    died,
    thread_settings,
    threads_for,
)

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a worker gets to end."""


@dataclass
class _Worker:
    """A process, the driver's end of its pipe, the task that it is busy with, and why it was ended."""

    process: SpawnProcess
    pipe: Connection
    task: Any = None
    attempts: int = 0
    why: str = ""


class LocalEngine:
    """Runs tasks in worker processes of this machine; a `contract.BatchEngine`.

    Workers are spawned when they are needed and share the cores evenly: each uses `threads` threads. They are spread
    over the GPUs that this process may see, one each; with `gpus` there are only as many workers as their shares allow.

    Why not a process pool: one ends all workers with one (`concurrent.futures`) or leaves a busy one behind when the
    driver is killed, does not try a dead worker's task again, and gives all workers one environment (pebble, tried).
    """

    def __init__(self, work: Work, resources: Resources) -> None:
        cores = _cores()
        self._work, self._gpus = work, visible_gpus()
        if resources.gpus and not self._gpus:
            raise EmoliveError("--gpus-per-worker is given, but no CUDA device can be seen here. Leave it out.")
        self.workers = resources.workers or cores
        if resources.gpus:
            self.workers = min(self.workers, max(1, int(len(self._gpus) / resources.gpus)))
        self.threads = threads_for(self.workers, cores)
        self._queue: deque[tuple[Any, int]] = deque()  # tasks, and how often each was tried
        self._workers: dict[int, _Worker] = {}

    def __enter__(self) -> Self:
        return self

    def submit(self, task: Any) -> None:
        self._queue.append((task, 0))

    def wait(self, seconds: float) -> list[Done]:
        self._hand_out()
        busy = {id(worker.pipe): place for place, worker in self._workers.items() if worker.attempts}
        if not busy:
            return []
        ready = wait([self._workers[place].pipe for place in busy.values()], seconds)
        return [done for pipe in ready if (done := self._heard(busy[id(pipe)]))]

    def end(self, task: Any, why: str, pid: int | None = None) -> None:
        for worker in self._workers.values():
            if worker.attempts and worker.task is task and pid in (None, worker.process.pid):
                worker.why = why
                worker.process.kill()

    def __exit__(self, *error: object) -> None:
        for worker in self._workers.values():
            worker.pipe.close()
            worker.process.terminate()  # an idle one, too: it has nothing to lose, and torch takes its time to end
        for worker in self._workers.values():
            worker.process.join(PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()

    def _hand_out(self) -> None:
        """Give each idle worker a task; spawn workers where there are not enough."""
        for place in range(self.workers):
            if not self._queue:
                return
            worker = self._workers.get(place)
            if worker is None:
                worker = self._workers[place] = self._spawn(place)
            if not worker.attempts:
                worker.task, tried = self._queue.popleft()
                worker.attempts = tried + 1
                try:
                    worker.pipe.send(worker.task)
                except OSError:  # it died while it was idle; its end of the pipe says so in `_heard`
                    log.debug("worker %d is gone", worker.process.pid)

    def _heard(self, place: int) -> Done | None:
        """What became of a worker's task; None where its worker died and it is tried again."""
        worker = self._workers[place]
        task, attempts = worker.task, worker.attempts
        try:
            result = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            worker.pipe.close()
            del self._workers[place]
            log.warning("a worker died (exit code %s) at its task", worker.process.exitcode)
            if attempts < ATTEMPTS:
                self._queue.appendleft((task, attempts))
                return None
            return Done(task, died(attempts, worker.why), attempts)
        worker.task, worker.attempts = None, 0
        return Done(task, result, attempts)

    def _spawn(self, place: int) -> _Worker:
        context = get_context("spawn")  # a fork would copy threads and locks in any state
        ours, theirs = context.Pipe()
        level = logging.getLogger().level
        process = context.Process(target=_serve, args=(theirs, self._work, level), name=f"emolive worker {place}")
        settings = thread_settings(self.threads)
        if self._gpus:
            settings["CUDA_VISIBLE_DEVICES"] = self._gpus[place % len(self._gpus)]
        with _environment(settings), _without_terminal():
            process.start()
        theirs.close()  # so that our end says when the worker is gone
        return _Worker(process, ours)


def _serve(pipe: Connection, work: Work, level: int) -> None:
    """A worker: do task after task until the driver hangs up."""
    threading.Thread(target=_end_with_the_driver, daemon=True).start()
    logging.basicConfig(level=level, format="%(levelname)s:%(processName)s:%(name)s:%(message)s")
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(attempt(work, task))


def _end_with_the_driver() -> None:
    """End this process at once when the driver is gone, whatever it is doing: nobody would take what it makes."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them: those that it was given by a scheduler,
    whatever they are called there, or all."""
    import torch

    count = torch.cuda.device_count()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is None:
        return [str(number) for number in range(count)]
    return [name.strip() for name in given.split(",")][:count]


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """What a process that is started here finds in its environment, from its first import on."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_terminal() -> Iterator[None]:
    """A process that is started here never hears of Ctrl-C, nor that its terminal is closed, which a terminal sends to
    all: the driver decides."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
