"""A sink that times each frame of the loop and, right after it, the bare work on the same frame."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch

from emolive.core.scene import Detect, Picture, Scene
from emolive.core.stopwatch import Stopwatch
from emolive.live.ahead import Ahead
from emolive.networks.checkpoint import Model


@dataclass(frozen=True)
class Sample:
    """One frame, in ms. `loop` is all from the frame before to the composed pictures and the next frame's faces, which
    are found meanwhile; `stages` are its parts and those after it ("show", "encode"), `latency` is the time from the
    frame's arrival until it is shown, `detect` and `forward` are the bare work."""

    stages: Mapping[str, float]
    loop: float
    latency: float
    detect: float
    forward: float
    faces: int

    @property
    def bare(self) -> float:
        """The bare cost: finding the faces, and one plain batched forward of them."""
        return self.detect + self.forward


SceneWork = Callable[[Scene, Mapping[str, Picture]], None]
"""What is done with a scene and its pictures."""


class Observer:
    """A `scene.Sink` that holds nothing open and has nothing to say; to be called, by those who inherit from it."""

    stage = "bench"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""

    def notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()


def shared_out(inside: Mapping[str, float], after: Mapping[str, float], loop: float) -> tuple[dict[str, float], float]:
    """All stages of a frame, in ms, with the "rest" of the loop's time; and the frame's latency.

    The next frame is read and its faces are found while this one is drawn: what of that goes on at once is counted
    twice in the stages, and each frame waits until the one before is drawn.
    """
    draw, decode = inside.get("draw", 0.0), inside.get("decode", 0.0)
    at_once = min(draw, decode + inside.get("detect", 0.0) + inside.get("confirm", 0.0))
    rest = max(0.0, loop + at_once - sum(inside.values()))
    return {**inside, "rest": rest, **after}, loop - decode + draw + after.get("show", 0.0)


class Meter(Observer):
    """A sink that fills `samples`, one for each frame with faces after the first `warm` ones.

    `watch` and `ahead` are the loop's. `after` is what is done with each frame outside the loop's time, as stages of
    their own.
    """

    def __init__(
        self,
        model: Model,
        detect: Detect,
        watch: Stopwatch,
        ahead: Ahead[Any],
        after: Mapping[str, SceneWork],
        warm: int = 0,
    ) -> None:
        self.samples: list[Sample] = []
        self.seen: set[int] = set()  # the numbers of faces that were found
        self._model, self._detect, self._watch, self._ahead, self._after = model, detect, watch, ahead, after
        self._warm = warm
        self._left: float | None = None

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """Take the time of the loop, then that of what comes after it, and of the bare work."""
        # The lap was taken before the pictures were composed: of this frame the watch holds their time alone.
        draw = self._watch.ms.get("draw", 0.0)
        self._ahead.wait()  # what goes on meanwhile must not be done in the time that is not counted
        came = time.perf_counter()
        before = {stage: ms for stage, ms in scene.timings.items() if stage not in ("draw", self.stage)}
        outside = Stopwatch()
        for stage, work in self._after.items():
            with outside(stage):
                work(scene, pictures)
        if self._left is not None and self._warm <= 0:
            self.seen.add(len(scene.faces))
            if scene.readings:
                loop = (came - self._left) * 1e3
                stages, latency = shared_out({**before, "draw": draw}, outside.ms, loop)
                detect, forward = self._bare(scene)
                self.samples.append(Sample(stages, loop, latency, detect, forward, len(scene.faces)))
        elif scene.readings:
            self._bare(scene)  # both warm up alike
        self._warm -= 1
        self._left = time.perf_counter()

    def _bare(self, scene: Scene) -> tuple[float, float]:
        """How long the detector and a plain forward take for this frame, in ms."""
        x = self._model.prepare(np.stack([reading.crop for reading in scene.readings]))
        began = time.perf_counter()
        self._detect(scene.frame)
        found = time.perf_counter()
        with torch.inference_mode():
            self._model.net(x).cpu()  # brought here, as a GPU would otherwise still be at it
        return (found - began) * 1e3, (time.perf_counter() - found) * 1e3
