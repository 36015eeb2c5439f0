"""Work on the next frame while this one is drawn: reading it and finding its faces need no picture on the screen."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """One piece of work at a time, done in a thread of its own. A context manager: no thread is left.

    Nothing else may touch what the work uses between `begin` and the next `take`.
    """

    def __enter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, "ahead")
        self._begun: Future[T] | None = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def begin(self, work: Callable[[], T]) -> None:
        """Begin work that the next `take` will ask for."""
        self._begun = self._thread.submit(work)

    def take(self, work: Callable[[], T]) -> T:
        """What came of the work that was begun, or else, done here and now, of this one. Raises what it raised."""
        begun, self._begun = self._begun, None
        return begun.result() if begun else work()

    def wait(self) -> None:
        """Wait until nothing is being worked on."""
        if self._begun:
            self._begun.exception()
