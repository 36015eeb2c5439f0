"""Work for the local engine, and a driver that can be killed: a module of its own, since workers import it."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from emolive.core.errors import OutputError, SourceError
from emolive.corpus.contract import Resources
from emolive.corpus.local import LocalEngine


@dataclass(frozen=True)
class Chore:
    """`what` is to be done; `folder` counts how often it was begun."""

    what: str
    folder: Path


def do(chore: Chore) -> str:
    with (chore.folder / chore.what).open("a") as begun:
        begun.write(f"{os.getpid()}\n")
    times = len((chore.folder / chore.what).read_text().split())
    if chore.what == "die" or (chore.what == "stumble" and times == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if chore.what == "sulk":
        raise SourceError("This one will not play.")
    if chore.what == "full":
        raise OutputError("Nothing fits.") from OSError(28, "No space left on device")
    if chore.what == "break":
        raise ZeroDivisionError("what now")
    if chore.what == "sleep":
        time.sleep(60)
    if chore.what.startswith("gpu"):
        from waits import wait_for  # not there when this is run as a script

        wait_for(lambda: len(list(chore.folder.glob("gpu *"))) == 2)  # so that one worker does not do both
        return os.environ["CUDA_VISIBLE_DEVICES"]
    return os.environ["OMP_NUM_THREADS"]


if __name__ == "__main__":
    with LocalEngine(do, Resources(workers=1)) as engine:
        engine.submit(Chore("sleep", Path(sys.argv[1])))
        while not engine.wait(60):
            pass
