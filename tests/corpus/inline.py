"""An engine that does each task at once, in the process of the test: for what does not ask for processes."""

from collections import deque
from typing import Any

from emolive.corpus.contract import Done, Resources, Work, attempt


class InlineEngine:
    """A `contract.BatchEngine` of one worker."""

    workers = 1

    def __init__(self, work: Work, resources: Resources) -> None:
        self._work = work
        self._queue: deque[Any] = deque()
        self.did: list[Any] = []

    def __enter__(self) -> "InlineEngine":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, task: Any) -> None:
        self._queue.append(task)

    def wait(self, seconds: float) -> list[Done]:
        if not self._queue:
            return []
        task = self._queue.popleft()
        return [Done(task, attempt(self._work, task))]

    def end(self, task: Any, why: str, pid: int | None = None) -> None:
        raise AssertionError
