"""Work on the next frame while this one is drawn: reading it and finding its faces need no picture on the screen."""

import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

LOOK_S, PATIENCE_S = 0.05, 0.7
"""Seconds between two looks at whether to stop, and how long work may go on after that."""


class Ahead(Generic[T]):
    """One piece of work at a time, done in a thread of its own. A context manager: no thread is left.

    Nothing else may touch what the work uses between `begin` and the next `take`.
    """

    def __enter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, "ahead")
        self._begun: Future[T] | None = None
        self.hangs = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leaving = kind is not None and issubclass(kind, SystemExit)
        self._thread.shutdown(wait=not (leaving or self.hangs), cancel_futures=True)

    def begin(self, work: Callable[[], T]) -> None:
        """Begin work that the next `take` will ask for."""
        self._begun = self._thread.submit(work)

    def take(self, work: Callable[[], T], stop: Callable[[], bool] = lambda: False) -> T | None:
        """What came of the work that was begun, or else, done here and now, of this one. Raises what it raised.

        None where `stop` is true and the work still does not end: it hangs, and will be left behind.
        """
        if self._begun is None:
            return work()
        stopped = math.inf
        while not self.ready():
            stopped = min(stopped, time.monotonic()) if stop() else math.inf
            if time.monotonic() - stopped > PATIENCE_S:
                self.hangs, self._begun = True, None
                return None
        return self.result()

    def ready(self) -> bool:
        """Whether the work that was begun is done; waits a little for it."""
        return self._begun is None or bool(wait([self._begun], timeout=LOOK_S).done)

    def result(self) -> T:
        """What came of the work that was begun. Raises what it raised."""
        assert self._begun is not None
        begun, self._begun = self._begun, None
        return begun.result()

    def wait(self) -> None:
        """Wait until nothing is being worked on."""
        if self._begun:
            self._begun.exception()


FETCHED, LOOKED = ("decode", "detect", "confirm"), ("prepare", "forward", "explain")
"""The stages of what is done ahead, and of the network's look; the others draw, show and write."""

SURE = 0.9
"""The part of the time that drawing took (and reading) which is counted on; what is done meanwhile may take that much
longer."""


class Slack:
    """For how many seconds the next frame of what is live may be waited for: its faces are still found while this one
    is drawn (and `read` by the network, where that is said), and it is not older than it must be when it is shown."""

    def __init__(self) -> None:
        self._before = 0.0

    def __call__(self, timings: Mapping[str, float], read: bool = False) -> float:
        """By the last frame's milliseconds (`Stopwatch.lap`) and those of the one before: what took long once, as a
        snapshot that was written, says nothing of the next."""
        found = sum(timings.get(stage, 0.0) for stage in FETCHED)
        before_it = FETCHED if read else (*FETCHED, *LOOKED)
        meanwhile = sum(ms for stage, ms in timings.items() if stage not in before_it)
        before, self._before = self._before, max(0.0, SURE * meanwhile - found / SURE) / 1e3
        return min(before, self._before)
