"""Thousands of frames through the real loop, with every key pressed at random."""

import copy
import ctypes
import gc
import logging
import math
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count as counting
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from thinned import dear
from torch import nn

from emolive.core.options import Options
from emolive.core.scene import Aim, Event, Key, Menu, Picture, Pin, Scene, Select, Settings
from emolive.faces.detect import Detector
from emolive.faces.track import Tracker
from emolive.live import session
from emolive.live.loop import run
from emolive.live.outputs import outputs
from emolive.media.player import Player
from emolive.media.switch import RecordingSwitch
from emolive.networks.checkpoint import Model
from emolive.ui.keys import BINDINGS, press
from emolive.ui.snapshot import Snapshots
from emolive.ui.views import VIEWS

log = logging.getLogger(__name__)

KEYS = [key for binding in BINDINGS for key in binding.keys if key not in ("q", "esc")]

EVERY = 100
"""Memory is measured once in so many frames: one time alone depends on which windows are open."""

WIDTH, HEIGHT, STEP_MS, PEOPLE = 320, 180, 40.0, 3


class Crowd:
    """A clip without end: up to three portraits that drift, come and go, each for some seconds; at times nobody."""

    duration_ms, frames, note = 0.0, 0, ""

    def __init__(self, portrait: np.ndarray, name: str) -> None:
        self.name, self._small = name, cv2.resize(portrait, (90, 105))

    def play(self, from_ms: float = 0.0) -> Iterator[tuple[float, np.ndarray]]:
        for i in counting(max(0, math.ceil(from_ms / STEP_MS))):
            yield i * STEP_MS, self._at(i * STEP_MS / 1000)

    def last_before(self, t_ms: float) -> tuple[float, np.ndarray] | None:
        i = math.ceil(t_ms / STEP_MS) - 1
        return (i * STEP_MS, self._at(i * STEP_MS / 1000)) if i >= 0 else None

    def _at(self, seconds: float) -> np.ndarray:
        bgr = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        for k in range(PEOPLE):
            if math.sin(seconds * (0.9 + 0.23 * k) + 2 * k) > -0.2:
                left, top = 8 + 107 * k + round(7 * math.sin(seconds + k)), 35 + round(30 * math.sin(0.7 * seconds + k))
                bgr[top : top + 105, left : left + 90] = self._small
        return bgr


class Hands:
    """A sink that watches, and a poll that presses: each key once, then keys and clicks at random."""

    stage = "write"

    def __init__(self) -> None:
        self._rng, self._first = np.random.default_rng(5), [*KEYS, *"wwwwww", "0"]
        self.frames, self.faces, self.memory = 0, set(), []
        self._scene: Scene | None = None
        self._pinned = False

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if self._scene is None or scene.frame.index != self._scene.frame.index:
            self.frames += 1
            self.faces.add(len(scene.faces))
            if self.frames % EVERY == 0:
                self.memory.append(resident_mb())
                log.info("%d frames, %.1f MB", self.frames, self.memory[-1])
        self._scene = scene

    def notes(self) -> tuple[str, ...]:
        return ()

    def poll(self) -> Sequence[Event]:
        frozen = self._scene is not None and self._scene.settings.frozen
        if self._first:
            return [Key(self._first.pop(0))]
        if not self._pinned and not frozen:
            self._pinned = True  # as many as are remembered, so that memory is at its fullest early
            return [Pin(channel) for channel in self._scene.menu.order[:64]]
        if self._rng.random() > (0.6 if frozen else 0.25):
            return []
        if frozen and self._rng.random() < 0.5:
            return [Key(" ")]
        pin = Pin(int(self._rng.choice(self._scene.menu.order or [0])))
        other = [pin, Select(int(self._rng.integers(1, 9))), Aim("sad")]
        return [other[self._rng.integers(3)] if self._rng.random() < 0.1 else Key(str(self._rng.choice(KEYS)))]


def press_quickly(settings: Settings, event: Event, menu: Menu) -> Settings:
    """As in the windows, but that no Score-CAM is waited for: it takes seconds, and begins when a picture is frozen."""
    after = press(settings, event, menu)
    compared = after.compare.method if after.compare else ""
    return replace(after, frozen=False) if "scorecam" in (after.method, compared) else after


class Counted(RecordingSwitch):
    """Counts the frames that each of its recordings was sent."""

    def __init__(self, *words: object) -> None:
        super().__init__(*words)
        self.sent: list[int] = []
        self._last = -1

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        was = self.recording
        super().__call__(scene, pictures)
        if self.recording:
            self.sent += [] if was else [0]
            self.sent[-1] += not was or scene.frame.index != self._last
            self._last = scene.frame.index


def narrowed(net: nn.Module) -> nn.Module:
    """A quarter of the channels of each layer: the same layers and hooks at a tenth of the cost."""
    net = copy.deepcopy(net)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            step = 1 if module.in_channels == 3 else 4
            module.weight = nn.Parameter(module.weight[::4, ::step].clone(), requires_grad=False)
            module.out_channels //= 4
        elif isinstance(module, nn.BatchNorm2d):
            for name in ("weight", "bias"):
                setattr(module, name, nn.Parameter(getattr(module, name)[::4].clone(), requires_grad=False))
            module.running_mean, module.running_var = module.running_mean[::4].clone(), module.running_var[::4].clone()
        elif isinstance(module, nn.Linear):
            module.weight = nn.Parameter(module.weight[:, ::4].clone(), requires_grad=False)
            module.in_features //= 4
    return net


def small_one(model: Model) -> Model:
    """The model with a quarter of the channels and pictures of 32×32."""
    return replace(model, net=narrowed(model.net), spec=replace(model.spec, input_size=32))


def resident_mb() -> float:
    """The memory of this process that is in RAM, after what is unreachable, or kept for later, was given back."""
    gc.collect()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # glibc: what is freed in between is no leak
        libc.malloc_trim(0)
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("count", [*dear(70), pytest.param(20_000, marks=pytest.mark.endurance)])
def test_soak(tmp_path, portrait, model, tally, count):
    """Frames (320×180) through the loop, with a network of a quarter of the channels, while any key and click comes at
    random, recordings begin and end, faces come and go. Memory: the medians before frame 2,000 and before the end, and
    a line through all from 2,000 on."""
    small = small_one(model)
    before = {thread.name for thread in threading.enumerate()}
    options = Options(recordings=tmp_path / "kept", frames=count, max_faces=PEOPLE)
    switch, hands = Counted(options.recordings, "camera", None, True), Hands()
    clips = [partial(Crowd, portrait, name) for name in ("one", "two")]
    with Player(clips, realtime=False) as source, Detector(options.detector) as detector, switch:
        prepared, settings = session.parts(options, small, source, detector, Tracker())
        (snapshots,) = (sink for sink in outputs(options, small, (), live=False) if isinstance(sink, Snapshots))
        sinks = (switch, snapshots, hands)
        assert run(replace(prepared, sinks=sinks, poll=hands.poll, press=press_quickly), settings) == count
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in small.net.modules())
    assert {thread.name for thread in threading.enumerate()} <= before
    recordings = sorted(options.recordings.glob("*.mp4"), key=lambda path: path.stat().st_mtime_ns)
    assert [frames_in(path) for path in recordings] == switch.sent
    shots = list(options.recordings.glob("*-snapshot/snapshot.json"))
    assert shots
    assert hands.frames == count
    assert len(hands.faces) >= (4 if count > 2000 else 2)
    tally.say(f"{len(recordings)} recordings play with {sum(switch.sent):,} frames, as many as were sent")
    tally.say(f"{len(shots)} snapshots; no exception, hook or thread left")
    if count >= 2000:
        early, late = np.median(hands.memory[1000 // EVERY : 2000 // EVERY]), np.median(hands.memory[-1000 // EVERY :])
        slope = growth(hands.memory[2000 // EVERY :])
        tally.say(f"memory {early:.0f} MB → {late:.0f} MB, {slope:+.2f} MB in 10,000 frames")
        assert late - early < 10


def growth(measured: Sequence[float]) -> float:
    """The slope of a line through what was measured once in `EVERY` frames, for 10,000 frames."""
    return float(np.polyfit(EVERY * np.arange(len(measured)), measured, 1)[0] * 10_000)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("count", [*dear(70), pytest.param(30_000, marks=pytest.mark.endurance)])
def test_playing_on_and_on(portrait, model, tally, count):
    """Frames (320×180) of a film without end, with a network of a quarter of the channels and all views drawn, while
    nobody touches anything. Memory: a line through what was measured from frame 8,000 on, when all is warm."""
    views = tuple(VIEWS)
    options, watcher = Options(frames=count, max_faces=PEOPLE, views=views), Hands()
    clips = [partial(Crowd, portrait, "one")]
    with Player(clips, realtime=False) as source, Detector(options.detector) as detector:
        prepared, settings = session.parts(options, small_one(model), source, detector, Tracker())
        assert run(replace(prepared, sinks=(watcher,), always=views), settings) == count
    assert watcher.frames == count
    if count > 8000:
        settled = watcher.memory[8000 // EVERY :]
        tally.say(f"memory {settled[0]:.0f} MB → {settled[-1]:.0f} MB, {growth(settled):+.2f} MB in 10,000 frames")
        assert growth(settled) < 1
