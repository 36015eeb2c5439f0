"""What cannot be seen frame by frame: how soon a key changes the picture, and what recording a camera costs."""

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from emolive.bench.meter import Observer, SceneWork
from emolive.bench.result import Keys, Recording
from emolive.core.scene import Event, Key, Picture, Scene, Settings, Source
from emolive.live.loop import Parts, run
from emolive.media.newest import Capture, LiveSource
from emolive.media.record import Recorder

FPS = 30.0

FILM = "camera"
"""The view that is written as a film."""

PRESSES = 20

SETTLED_S = 1.0
"""Before the first press: the first frames are slow."""


class Typist(Observer):
    """Presses `m` and `M` in turn (another method, and back) at any moment of a frame; a sink that sees the change.

    `ms` are the times from a press to the picture that shows it, `frames` those from picture to picture.
    """

    def __init__(self, show: SceneWork, stop: Callable[[], bool]) -> None:
        self.ms: list[float] = []
        self.frames: list[float] = []
        self._show, self._stop, self._random = show, stop, random.Random(0)
        self._due, self._pressed, self._method = time.perf_counter() + SETTLED_S, False, ""
        self._last: float | None = None

    def poll(self) -> Sequence[Event]:
        """The key, once it has been pressed."""
        if self._pressed or time.perf_counter() < self._due:
            return ()
        self._pressed = True
        return (Key("mM"[len(self.ms) % 2]),)

    def done(self) -> bool:
        """Whether there is nothing left to press."""
        return self._stop() or len(self.ms) >= PRESSES

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """Show the picture, then look whether it is another one."""
        self._show(scene, pictures)
        now = time.perf_counter()
        if self._last is not None:
            self.frames.append((now - self._last) * 1e3)
        if self._pressed and scene.settings.method != self._method:
            self.ms.append((now - self._due) * 1e3)
            self._due, self._pressed = now + self._random.uniform(0.1, 0.3), False
        self._last, self._method = now, scene.settings.method


def keys(parts: Parts, settings: Settings, show: SceneWork) -> Keys | None:
    """Press keys while the loop runs; None if it ended before all of them were pressed."""
    typist = Typist(show, parts.stop)
    run(replace(parts, sinks=[typist], poll=typist.poll, stop=typist.done), settings)
    if len(typist.ms) < PRESSES:
        return None
    return Keys(statistics.median(typist.ms), statistics.median(typist.frames))


BITS, BLOCK = 32, 8
"""A clock in a picture: so many bits, each a black or white square of so many pixels a side."""


def stamped(picture: np.ndarray, count: int) -> np.ndarray:
    """A copy of a picture (H, W, 3) with a number of `BITS` bits in its first row of squares."""
    bits = np.array([255 * (count >> bit & 1) for bit in range(BITS)], np.uint8)
    shown = picture.copy()
    shown[:BLOCK, : BITS * BLOCK] = np.repeat(bits, BLOCK)[None, :, None]
    return shown


def stamp_of(picture: np.ndarray) -> int:
    """The number that `stamped` put into a picture."""
    squares = picture[BLOCK // 2, BLOCK // 2 : BITS * BLOCK : BLOCK, 0] > 127
    return sum(int(there) << bit for bit, there in enumerate(squares))


class _Onlooker(Observer):
    """A sink that reads from each picture, once it is shown, how long ago the camera gave it, in ms."""

    def __init__(self, show: SceneWork, began: float) -> None:
        self.ages: list[float] = []
        self._show, self._began = show, began

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        self._show(scene, pictures)
        age = 1e3 * (time.perf_counter() - self._began) - stamp_of(scene.frame.bgr)
        if age > 0 and time.perf_counter() > self._began + SETTLED_S:
            self.ages.append(age)


def latency(
    fresh: Callable[[Source], tuple[Parts, Settings]], pictures: Sequence[np.ndarray], show: SceneWork, seconds: float
) -> float | None:
    """How old a camera's picture is when it is shown, in ms, median: each has the time in it at which it was given.
    None where nothing was shown."""
    began = time.perf_counter()

    def connect() -> Capture:
        return _Camera(pictures, began)

    with LiveSource("bench", connect, "The camera is gone.") as source:
        parts, settings = fresh(source)
        clock = _Onlooker(show, began)
        run(replace(parts, sinks=[clock], max_seconds=seconds + SETTLED_S), settings)
    return statistics.median(clock.ages) if clock.ages else None


class _Camera:
    """A `Capture` that delivers the same few pictures over and over, 30 a second; with the ms since `clock` began in
    each, if that is given."""

    def __init__(self, pictures: Sequence[np.ndarray], clock: float | None = None) -> None:
        self._pictures, self._began, self._count, self._clock = pictures, time.perf_counter(), 0, clock

    def read(self) -> tuple[bool, np.ndarray]:
        self._count += 1
        time.sleep(max(0.0, self._began + self._count / FPS - time.perf_counter()))
        picture = self._pictures[self._count % len(self._pictures)]
        return True, picture if self._clock is None else stamped(
            picture, int(1e3 * (time.perf_counter() - self._clock))
        )

    def release(self) -> None:
        """Nothing to let go."""


def recording(
    fresh: Callable[[Source], tuple[Parts, Settings]], pictures: Sequence[np.ndarray], folder: Path, seconds: float
) -> Recording:
    """Run a camera of 30 fps that shows `pictures` for so many seconds, four times, every second time with a recording.

    `fresh` makes what a run works with, but for the sinks.
    """
    rates: tuple[list[float], list[float]] = [], []
    sent = dropped = 0
    for turn in range(4):
        with ExitStack() as stack:
            source = stack.enter_context(LiveSource("bench", lambda: _Camera(pictures), "The camera is gone."))
            parts, settings = fresh(source)
            recorders: list[Recorder] = [stack.enter_context(Recorder(folder / f"{turn}.mp4"))] if turn % 2 else []
            parts = replace(parts, sinks=recorders, always=(FILM,) if recorders else parts.always)
            began = time.perf_counter()
            count = run(replace(parts, max_seconds=seconds), settings)
            rates[turn % 2].append(count / (time.perf_counter() - began))
        sent += count * len(recorders)
        dropped += sum(recorder.dropped for recorder in recorders)
    return Recording(sent, dropped, statistics.mean(rates[1]) / statistics.mean(rates[0]))
