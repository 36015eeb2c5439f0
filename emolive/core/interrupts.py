"""Ctrl-C, SIGTERM and a terminal that is closed: the loop ends after the frame at hand, every file is closed, and the
exit status says which."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HANGING = ("read ", "ahead")
"""How the names of threads begin that read from cameras, streams and films."""

SIGNALS = tuple(one for one in signal.Signals if one.name in ("SIGINT", "SIGTERM", "SIGHUP"))
"""What asks a program to end; Windows has no SIGHUP."""


class Interrupts:
    """Takes Ctrl-C, SIGTERM and SIGHUP (the terminal is closed) while entered; the last stays ignored where it is, as
    `nohup` has it.

    The first signal within `calm` (where the loop runs, and asks) is only remembered; any other raises SystemExit with
    130, 143 or 129, which unwinds every `with`. Once left after a signal, the process is about to end with its status:
    signals that still come are ignored, since Python's own handlers would turn them into noise.
    """

    def __init__(self) -> None:
        self._signal = 0
        self._calm = False

    def __enter__(self) -> "Interrupts":
        asked = [one for one in SIGNALS if one.name != "SIGHUP" or signal.getsignal(one) is not signal.SIG_IGN]
        self._before = {one: signal.signal(one, self._take) for one in asked}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._signal else handler)

    def __call__(self) -> bool:
        """Whether the loop should stop."""
        return bool(self._signal)

    @contextmanager
    def calm(self) -> Iterator[None]:
        """Where the first signal waits for the loop to ask."""
        self._calm = True
        try:
            yield
        finally:
            self._calm = False

    def leave(self) -> None:
        """End with the exit status of the signal that came, if one did."""
        if self._signal:
            raise SystemExit(128 + self._signal)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        waits = self._calm and not self._signal
        self._signal = number
        if not waits:
            raise SystemExit(128 + number)


def end(leaving: SystemExit) -> None:
    """End the process with the status of `leaving`, though a thread may hang in a driver or a network.

    Python would wait for such a thread, or tear it down in the middle of a library's code, which aborts the process.
    All files are closed by now. Where no thread hangs this only raises `leaving` again.
    """
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread() and thread.is_alive()]
    if not any(thread.name.startswith(HANGING) for thread in others):
        raise leaving
    status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    if isinstance(leaving.code, str):
        print(leaving.code, file=sys.stderr)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)
