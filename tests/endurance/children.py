"""Work in a process of its own, where a decoder may crash, hang, or ask for all memory, and the tests go on."""

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from emolive.bench.start import peak_memory_mb

LIMIT_S = 10.0
"""How long one case may take, on a machine that does nothing else."""

START_S = 120.0
"""How long the process may take to begin, on a very busy machine."""

MOST_BYTES = 8 * 2**30
"""Address space; what asks for more gets a MemoryError."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case: `said` by the function, or how it failed; `fine` says which of the two."""

    said: str
    fine: bool
    seconds: float
    peak_mb: float = 0.0


class Child:
    """Calls `function` with one case after another, in a process that is started anew when it crashed or hung.

    `function` is one of a module's own, and gives a few words about what happened; an exception is a failure.
    """

    def __init__(self, function: Callable[[Any], str], limit_s: float = LIMIT_S) -> None:
        self._function, self._limit = function, limit_s
        self._process: multiprocessing.process.BaseProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, case: object) -> Outcome:
        if self._process is None:
            self._start()
        began = time.monotonic()
        self._pipe.send(case)
        try:
            if self._pipe.poll(self._limit * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))):
                said, fine, peak_mb = self._pipe.recv()
                return Outcome(said, fine, time.monotonic() - began, peak_mb)
            why = f"hung for {self._limit:.0f} s"
        except EOFError:
            self._process.join(5)
            code = self._process.exitcode or 0
            why = f"crashed: {signal.Signals(-code).name if code < 0 else f'exit status {code}'}"
        self._end()
        return Outcome(why, False, time.monotonic() - began)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._function), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(START_S):
            raise TimeoutError("the child process did not begin")
        self._pipe.recv()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None


def _serve(pipe: Connection, function: Callable[[Any], str]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe.send("ready")
    while True:
        case = pipe.recv()
        try:
            said, fine = function(case), True
        except Exception as error:  # anything but what the function allows is a finding
            said, fine = f"raised {type(error).__name__}: {error}", False
        pipe.send((said, fine, peak_memory_mb() or 0.0))


def refused(error: Exception) -> str:
    """What is said of an error that the user can mend; ValueError if its words are no sentence."""
    said = str(error)
    if len(said.split()) < 6 or said[-1] not in ".?" or "Traceback" in said:
        raise ValueError(f"no sentence: {said!r}") from error
    return "refused with a sentence"
