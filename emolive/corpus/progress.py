"""How far a task is: its worker writes it down, its driver looks whether it grows."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from emolive.core.scene import Picture, Scene
from emolive.corpus.layout import PROGRESS
from emolive.corpus.leases import Lease

WRITES = 6
"""How often progress is written within the time that may pass without any."""

BEGINNING = 10
"""How many times as long a task may take to begin and to end: libraries and networks are loaded, files brought to the
disk."""


@dataclass(frozen=True)
class Step:
    """How many frames a task has looked at, how many seconds may pass before that changes, and which process says
    so."""

    count: int
    patience_s: float
    pid: int


class TaskProgress:
    """Writes down that a task goes on. A context manager, and a `scene.Sink` to which each frame is a step; without a
    lease it writes nothing."""

    stage = "write"

    def __init__(self, lease: Lease | None, limit_s: float) -> None:
        self._path = path_of(lease) if lease else None
        self._limit_s = limit_s
        self._frames = 0
        self._count = 0
        self._next = 0.0

    def __enter__(self) -> Self:
        self.rest()
        return self

    def __exit__(self, *error: object) -> None:
        if self._path:
            with suppress(OSError):
                self._path.unlink()

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        self._frames += 1
        self.alive()

    def notes(self) -> tuple[str, ...]:
        return ()

    def alive(self) -> None:
        """It goes on; the next such word must come within the limit."""
        now = time.monotonic()
        if now >= self._next:
            self._write(self._limit_s)
            self._next = now + self._limit_s / WRITES

    def rest(self) -> None:
        """Something begins that takes longer and cannot be counted."""
        self._write(self._limit_s * BEGINNING)
        self._next = 0.0

    def _write(self, patience_s: float) -> None:
        self._count += 1
        if self._path:
            with suppress(OSError):  # the folder is gone where the task was taken over
                self._path.write_text(f"{self._frames} {self._count} {patience_s:g} {os.getpid()}\n")


def path_of(lease: Lease) -> Path:
    """Where the progress of a task is written."""
    return lease.folder / f"{PROGRESS}-{lease.token}"


def text_of(lease: Lease) -> str:
    """What is written of a task's progress; "" where it has not begun."""
    try:
        return path_of(lease).read_text()[:200]
    except (OSError, ValueError):
        return ""


def step(text: str) -> Step | None:
    """What a text of progress says; None for none."""
    try:
        frames, _, patience, pid = text.split()
        return Step(int(frames), float(patience), int(pid))
    except ValueError:
        return None
