"""What other programs cost: the loop with so many busy ones beside it, and without, in turn."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from emolive.bench.meter import Observer
from emolive.bench.result import Neighbours
from emolive.core.scene import Scene, Settings, Source
from emolive.live.loop import Parts, run

TURNS = 3
"""Pairs of runs: one alone, one with the neighbours."""

FRAMES = 60
"""Of each run."""

WARM = 5
"""Frames of each run that are not counted."""


class _Arrivals(Observer):
    """A sink that remembers when each frame was there."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, scene: Scene, pictures: object) -> None:
        self.times.append(time.perf_counter())


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
                run(replace(parts, sinks=[clock], max_frames=FRAMES + WARM), settings)
            if len(clock.times) <= WARM:
                return None
            times.append(1e3 * (clock.times[-1] - clock.times[WARM - 1]) / (len(clock.times) - WARM))
    return Neighbours(programs, statistics.median(alone), statistics.median(with_them))
