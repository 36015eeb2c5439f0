"""Slow maps of the frame that stands, worked out in slices between the turns of the loop."""

import time
from collections.abc import Generator, Hashable
from dataclasses import dataclass, field

from torch import Tensor

from emolive.core.scene import Frame, Working

Passes = Generator[float, None, Tensor]
"""Gives the part that is done, slice by slice, and in the end what came of it."""

WAITING = "{}: being worked out; any key stops it."
STOPPED = "{} was stopped by a key. Choose another look, or frame, and this one again to have it worked out."


@dataclass(eq=False)
class _UnderWay:
    work: Passes
    part: float = 0.0
    ms: float = 0.0


@dataclass(frozen=True, eq=False)
class Worked:
    """What came of a work, and the milliseconds it took."""

    found: Tensor
    ms: float


@dataclass(eq=False)
class SlowMaps:
    """Keeps what was worked out for one frame, and what is still to do. Nothing runs but in `step`.

    What is finished stays while the frame stands, so that looking elsewhere and back costs nothing; what is under way
    is dropped as soon as nobody asks for it.
    """

    title: str = ""
    _frame: Frame | None = None
    _look: Hashable = None
    _done: dict[Hashable, Worked] = field(default_factory=dict)
    _jobs: dict[Hashable, _UnderWay] = field(default_factory=dict)
    _before: dict[Hashable, _UnderWay] = field(default_factory=dict)
    _asked: int = 0
    _stopped: bool = False

    def begin(self, frame: Frame, look: Hashable) -> None:
        """A frame is looked at: of another one nothing is kept, and another look begins what was stopped."""
        if frame is not self._frame:
            self._done.clear()
            self._jobs.clear()
        if frame is not self._frame or look != self._look:
            self._stopped = False
        self._frame, self._look = frame, look
        self._before, self._jobs, self._asked = self._jobs, {}, 0

    def ask(self, key: Hashable, title: str, work: Passes) -> Worked | str:
        """What came of a work (not begun yet); or, where it is not done, a sentence that says so."""
        self.title = title
        self._asked += 1
        if key in self._done:
            return self._done[key]
        if self._stopped:
            return STOPPED.format(title)
        self._jobs[key] = self._before.get(key) or _UnderWay(work)
        return WAITING.format(title)

    def known(self, key: Hashable) -> Tensor | None:
        """What came of a work, if it is done."""
        worked = self._done.get(key)
        return worked.found if worked else None

    def working(self) -> Working | None:
        """What is under way, and the part of it that is done."""
        if not self._jobs:
            return None
        done = self._asked - len(self._jobs) + sum(job.part for job in self._jobs.values())
        return Working(self.title, done / self._asked)

    def step(self, seconds: float = 0.1) -> bool:
        """Do a little: at least one slice, then more for so long. True where a work is finished: look anew."""
        until = time.perf_counter() + seconds
        for key, job in list(self._jobs.items())[:1]:
            while True:
                began = time.perf_counter()
                try:
                    job.part = next(job.work)
                except StopIteration as end:
                    del self._jobs[key]
                    self._done[key] = Worked(end.value, job.ms)
                    return True
                finally:
                    job.ms += (time.perf_counter() - began) * 1e3
                if time.perf_counter() >= until:
                    break
        return False

    def stop(self) -> None:
        """Drop what is under way, and let it rest as long as nobody asks for another look or frame."""
        self._stopped = bool(self._jobs) or self._stopped
        self._jobs.clear()
