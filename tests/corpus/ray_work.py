"""What the workers of the tests of the Ray engine do; a module of its own, as they import it."""

import errno
import os
import signal
import time
from pathlib import Path

from emolive.core.errors import OutputError, SourceError


def play(task: tuple[str, str]) -> tuple[str, int, dict[str, str]]:
    """Do what a task says: (what, argument). Gives the argument back with the process and its environment."""
    what, argument = task
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "die once" and not Path(argument).exists():
        Path(argument).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "broken video":
        raise SourceError(f"{argument} is broken.")
    if what == "full disk":
        raise OutputError(f"{argument} is full.") from OSError(errno.ENOSPC, "no space")
    if what == "bug":
        raise ZeroDivisionError(argument)
    if what == "sleep":
        time.sleep(float(argument))
    return argument, os.getpid(), dict(os.environ)
