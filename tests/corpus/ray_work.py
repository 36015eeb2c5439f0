"""What the workers of the tests of the Ray engine do; a module of its own, as they import it.

python ray_work.py ADDRESS GPUS     # four tasks, and which GPUs each one's worker may see
"""

import errno
import json
import os
import signal
import sys
import time
from pathlib import Path

from emolive.core.errors import EmoliveError, OutputError, SourceError
from emolive.corpus.contract import Resources
from emolive.corpus.engines import open_engine


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


def seen(resources: Resources) -> list[str]:
    """Which GPUs each of four tasks' workers may see."""
    found: list[str] = []
    with open_engine("ray", play, resources) as engine:
        for n in range(4):
            engine.submit(("sleep", str(2 + n / 10)))  # so long that no worker does two at first
        while len(found) < 4:
            found += [done.result[2].get("CUDA_VISIBLE_DEVICES", "not said") for done in engine.wait(60)]
    return found


if __name__ == "__main__":
    import ray_work  # as workers know it

    try:
        print(json.dumps(ray_work.seen(Resources(address=sys.argv[1], gpus=float(sys.argv[2])))))
    except EmoliveError as error:
        sys.exit(str(error))
