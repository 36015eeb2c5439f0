"""How many cores other programs leave to this one, seen while it runs, and so how many threads the network gets."""

import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import psutil
import torch

EVERY_S = 0.5
"""Seconds between two looks at what other programs take."""

CLEARLY = 0.6
"""By so many cores there must be more or fewer for the number of threads to change: it does not flicker."""


class Cores:
    """Called once a frame, gives the network as many threads as other programs leave cores, and says whether that is
    fewer than it has otherwise.

    The threads of a layer wait for each other, so with a busy program on one of two cores two threads take as long as
    one; what could use the other core meanwhile, as finding the next frame's faces, then has to wait. What is computed
    is the same, bit for bit. `taken` says how many cores other programs have taken since it was asked last. A context
    manager: all threads are given back.
    """

    def __init__(self, taken: Callable[[], float] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._taken, self._clock = taken or TakenByOthers(), clock
        self._threads = self._now = torch.get_num_threads()
        self._asked = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        torch.set_num_threads(self._threads)

    def __call__(self) -> bool:
        """Whether other programs need some of the cores that the network's threads would use."""
        if self._threads > 1 and self._clock() - self._asked >= EVERY_S:
            free = min(max(1.0, len(own_cores()) - self._taken()), self._threads)
            self._asked = self._clock()
            if abs(free - self._now) > CLEARLY:
                self._now = round(free)
                torch.set_num_threads(self._now)
        return self._now < self._threads


class TakenByOthers:
    """How many of the cores that this process may use other programs have taken since it was asked last."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self()

    def __call__(self) -> float:
        """Cores, as an average; 0 or more, and 0 where the system does not say."""
        try:
            all_of, own = psutil.cpu_percent(percpu=True), self._own.cpu_percent()
        except (OSError, psutil.Error):  # a sandbox hides them
            return 0.0
        busy = sum(all_of[core] for core in own_cores() if core < len(all_of))
        return max(0.0, float(busy - own)) / 100


def own_cores() -> tuple[int, ...]:
    """The numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(os.sched_getaffinity(0))
    return tuple(range(psutil.cpu_count() or 1))
