"""What an engine of a batch promises: worker processes of this machine, a cluster, or whatever runs tasks.

An engine knows nothing of videos: it is given one function, `work`, and picklable tasks.
"""

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from emolive.core.errors import EmoliveError, ModelError, OutputError

log = logging.getLogger(__name__)

FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM))
"""Reasons of a failed write that hold for every video."""

ATTEMPTS = 3
"""How often a task is tried whose worker dies."""

Work = Callable[[Any], Any]
"""What is done with each task, in a worker: a function at the top of a module. Gives the task's result."""


@dataclass(frozen=True)
class Resources:
    """What the user allows: how many `workers` at once (None: as many as there are cores), `address` of a cluster,
    `gpus` for each worker (a fraction shares one)."""

    workers: int | None = None
    address: str = ""
    gpus: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A task that could not be done; `error` is a sentence. `fatal`: no other task can do better (a full disk, a model
    file that is gone), so the batch should end."""

    error: str
    fatal: bool = False


@dataclass(frozen=True)
class Done:
    """A task that is finished, its result or `Failure`, and how many times it was tried."""

    task: Any
    result: Any
    attempts: int = 1


class BatchEngine(Protocol):
    """Runs tasks, each in a worker that is kept for the next one. A context manager.

    `submit` gives a task into the queue; `wait` gives the tasks that are finished, in any order, as soon as there are
    some, or none when so many seconds have passed. A task whose worker dies is tried again in another one, at most
    `ATTEMPTS` times in all, and is then a `Failure`; a task that raises is a `Failure` at once (`attempt`). `end` ends
    the worker that is busy with a task, which then counts as dead; `why` says in the `Failure` what was wrong,
    `pid` which process that is said of: where another one has the task by now, nothing happens. Leaving
    ends all workers, whatever they are doing, and so does the driver's death. `workers` is how many tasks run at once.
    `wait` raises `EmoliveError` where nothing can be done any more.
    """

    workers: int

    def submit(self, task: Any) -> None: ...
    def wait(self, seconds: float) -> list[Done]: ...
    def end(self, task: Any, why: str, pid: int | None = None) -> None: ...
    def __enter__(self) -> "BatchEngine": ...
    def __exit__(self, *error: object) -> None: ...


def attempt(work: Work, task: Any) -> Any:
    """In a worker: the result of `work(task)`, or the `Failure` that it ended in."""
    try:
        return work(task)
    except EmoliveError as error:
        return Failure(str(error), fatal=_hopeless(error))
    except Exception as error:  # whatever it is, it must not end the other ten thousand videos
        log.exception("%s failed", task)
        return Failure(f"{type(error).__name__}: {error}. This is a bug in emolive; -v shows more.")


def _hopeless(error: EmoliveError) -> bool:
    """Whether all other tasks would end in this, too. A single recording that cannot be encoded is not of that kind."""
    if isinstance(error, OutputError):
        return getattr(error.__cause__, "errno", None) in FULL
    return isinstance(error, ModelError)


def died(attempts: int, why: str = "") -> Failure:
    """What becomes of a task whose worker died `ATTEMPTS` times, or was ended for the reason `why`."""
    if why:
        return Failure(
            f"{why} ({attempts}). The file may be damaged, or its drive hang: look at it with another player."
        )
    return Failure(f"The worker died {attempts} times over it (killed, or out of memory). Try fewer --workers.")


def threads_for(workers: int, cores: int) -> int:
    """How many threads each worker may use so that all together do not use more than there are cores."""
    return max(1, cores // workers)


def thread_settings(threads: int) -> dict[str, str]:
    """The environment of a worker; it must be set before torch, OpenCV and MediaPipe are imported."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
    return {name: str(threads) for name in names}
