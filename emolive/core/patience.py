"""Waiting for what cannot be interrupted: a file system that hangs, a cluster that does not answer."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_mine = threading.local()


class NoAnswer(Exception):
    """A call has not come back in time; it goes on in `thread`."""

    def __init__(self, thread: threading.Thread) -> None:
        super().__init__()
        self.thread = thread


def within(seconds: float, call: Callable[[], T], name: str = "") -> T:
    """Give what `call` gives, in a thread of that name, which is left behind where it takes longer.

    In a call that is itself waited for the time of the outer one counts: one thread will do. Raises what the call
    raises, and `NoAnswer`.
    """
    if getattr(_mine, "is_waited_for", False):
        return call()
    given: list[T] = []
    failed: list[BaseException] = []

    def ask() -> None:
        _mine.is_waited_for = True
        try:
            given.append(call())
        except BaseException as error:  # it is raised where it was asked for
            failed.append(error)

    thread = threading.Thread(target=ask, name=name or None, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not given:
        raise NoAnswer(thread)
    return given[0]
