"""How long each stage of the loop takes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

STAGES = ("decode", "detect", "confirm", "prepare", "forward", "explain", "draw", "show", "encode", "write")
"""The stages of the loop, in the order in which a frame goes through them."""


class Stopwatch:
    """Milliseconds per stage of the current frame, in `ms`; stages measured twice add up, nested ones count in both."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure what happens inside the `with` as `stage`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add({stage: (time.perf_counter() - began) * 1e3})

    def add(self, ms: Mapping[str, float]) -> None:
        """Count what was measured elsewhere, milliseconds by stage."""
        for stage, more in ms.items():
            self.ms[stage] = self.ms.get(stage, 0.0) + more

    def lap(self) -> dict[str, float]:
        """Give the stages measured since the last lap, in the order of `STAGES`, and begin anew."""
        done, self.ms = self.ms, {}
        return dict(sorted(done.items(), key=lambda item: STAGES.index(item[0]) if item[0] in STAGES else len(STAGES)))
