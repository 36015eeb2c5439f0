"""How much memory the driver of a long batch takes while it goes on.

    python benchmarks/driver.py [--videos 10000]

Hands out that many videos by the driver of `emolive batch`, with its leases on the disk, to an engine that says at once
that each is done. What is left is the driver alone: it should be as large at the end as it was at the beginning.
"""

import shutil
import time
from collections import deque
from pathlib import Path

import click
from machine import memory_mb

from emolive.core.options import Options
from emolive.corpus import engines
from emolive.corpus.batch import batch
from emolive.corpus.contract import Done, Resources, Work
from emolive.corpus.job import Outcome
from emolive.corpus.plan import BatchRequest

FOLDER = Path(__file__).resolve().parent.parent / "build" / "driver"
STEPS = 5


class AtOnce:
    """A `contract.BatchEngine` that does nothing, and says what memory this process takes by then."""

    workers = 2
    step = 1

    def __init__(self, work: Work, resources: Resources) -> None:
        self._queue: deque[object] = deque()
        self._count = 0

    def __enter__(self) -> "AtOnce":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, task: object) -> None:
        self._queue.append(task)

    def wait(self, seconds: float) -> list[Done]:
        done = [Done(task, Outcome(1, 1)) for task in self._queue]
        self._queue.clear()
        for _ in done:
            if self._count % self.step == 0:
                click.echo(f"{self._count:7,} videos done: {memory_mb():.0f} MB")
            self._count += 1
        return done

    def end(self, task: object, why: str, pid: int | None = None) -> None:
        raise AssertionError


@click.command(help=__doc__)
@click.option("--videos", type=click.IntRange(STEPS), default=10_000, show_default=True)
def main(videos: int) -> None:
    """Fill, hand out, say."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "study").mkdir(parents=True)
    for number in range(videos):
        (FOLDER / "study" / f"{number:05}.mp4").write_bytes(b"\0" + number.to_bytes(4, "big"))
    AtOnce.step = videos // STEPS
    engines.ENGINES["at once"] = AtOnce
    click.echo(f"Before: {memory_mb():.0f} MB")
    began = time.perf_counter()
    state = batch(BatchRequest((str(FOLDER / "study"),), FOLDER / "results", Options()), "at once", Resources())
    click.echo(f"{len(state.done):7,} videos done: {memory_mb():.0f} MB, in {time.perf_counter() - began:.0f} s")
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
