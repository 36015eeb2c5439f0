"""Waiting for what others do. The only place of the tests that sleeps (`test_no_sleeps.py`)."""

import time
from collections.abc import Callable

PATIENCE_S = 60.0
"""How long one waits for what takes a moment, on a machine that does much else."""


def wait_for(what: Callable[[], object], seconds: float = PATIENCE_S) -> object:
    """Ask again and again until something true comes back; give it back. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(0.005)
    raise TimeoutError(f"nothing came within {seconds} s")


def passes(seconds: float) -> None:
    """Real time goes by: where time itself is what is tested, or in place of a slow camera, disk or network."""
    time.sleep(seconds)
