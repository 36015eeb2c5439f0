"""What other programs cost: the loop with so many busy ones beside it, and without, in turn."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from emolive.bench.meter import Observer
from emolive.bench.result import Neighbours
from emolive.core.scene import Scene, Settings, Source
from emolive.live.loop import Parts, run

TURNS = 3
"""Pairs of runs: one alone, one with the neighbours."""

FRAMES = 60
"""Of each run."""

WARM_S = 1.5
"""Seconds of each run that are not counted: in so many it has seen what other programs take, and made room for them."""


class _Arrivals(Observer):
    """A sink that remembers when each frame was there, but for those of the first seconds."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._began: float | None = None

    def __call__(self, scene: Scene, pictures: object) -> None:
        now = time.perf_counter()
        self._began = now if self._began is None else self._began
        if now - self._began >= WARM_S:
            self.times.append(now)

    @property
    def done(self) -> bool:
        """Whether there are enough."""
        return len(self.times) > FRAMES


@contextmanager
def busy(programs: int) -> Iterator[None]:
    """So many programs beside this one that do nothing but count, each able to fill a core."""
    with ExitStack() as stack:
        for _ in range(programs):
            child = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(child.kill)
        yield


def beside(
    opened: Callable[[], Source], fresh: Callable[[Source], tuple[Parts, Settings]], programs: int
) -> Neighbours | None:
    """Run the loop in turn alone and with `programs` busy ones beside it, each time with what `fresh` makes of a newly
    opened source; None where that has too few frames."""
    alone: list[float] = []
    with_them: list[float] = []
    for _ in range(TURNS):
        for times, others in ((alone, 0), (with_them, programs)):
            clock = _Arrivals()
            with busy(others), opened() as source:
                parts, settings = fresh(source)
                run(replace(parts, sinks=[clock], stop=partial(_over, clock, parts.stop)), settings)
            if len(clock.times) < 2:
                return None
            times.append(1e3 * (clock.times[-1] - clock.times[0]) / (len(clock.times) - 1))
    return Neighbours(programs, statistics.median(alone), statistics.median(with_them))


def _over(clock: _Arrivals, stop: Callable[[], bool]) -> bool:
    return clock.done or stop()
