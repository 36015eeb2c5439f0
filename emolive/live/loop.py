"""The loop: read, detect, track, confirm, look, remember, draw, hand out, listen. The same one for every command.

While a frame is drawn the next one is read and its faces are found. The loop imports nothing heavy; what it works with
is handed to it.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from emolive.core.errors import OutputError
from emolive.core.scene import (
    Confirm,
    Detect,
    End,
    Event,
    Face,
    Frame,
    Key,
    Memory,
    Menu,
    Poll,
    Progress,
    Read,
    Reading,
    Scene,
    Settings,
    Sink,
    Slow,
    Source,
    Track,
    View,
    Working,
    variants,
)
from emolive.core.stopwatch import Stopwatch
from emolive.live.ahead import Ahead
from emolive.live.memory import remember

log = logging.getLogger(__name__)

EPSILON_MS = 1e-6
"""What adding up many steps may be wrong by."""

FIRST_PICTURE = "the first picture is there"
"""Logged when it is: `emolive bench` measures how long that takes from the start."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What a run is made of. `menu` holds what does not change; `order` ranks the filter layer's channels;
    `confirm` says which of the tracked faces are shown, read and counted: all of them unless another one is given;
    `always` names views that are composed even when nobody shows them; `compose` draws what the windows show, which is
    not the views' pictures as they are recorded; `stop` is asked once per turn; `slow` works out slow maps of a frame
    that stands."""

    source: Source
    detect: Detect
    track: Track
    read: Read
    views: Mapping[str, View]
    sinks: Sequence[Sink]
    menu: Menu
    press: Callable[[Settings, Event, Menu], Settings]
    order: Callable[[Scene], tuple[int, ...]]
    poll: Poll = tuple
    confirm: Confirm = lambda faces, _: tuple(faces)
    always: tuple[str, ...] = ()
    compose: Callable[[Scene], None] | None = None
    device: str = "cpu"
    interactive: bool = False
    max_frames: int | None = None
    max_seconds: float | None = None
    stop: Callable[[], bool] = lambda: False
    watch: Stopwatch = field(default_factory=Stopwatch)
    slow: Slow | None = None


Fetched = tuple[Frame | End | None, tuple[Face, ...], tuple[Face, ...]]
"""What the source gave, the faces in it, and what is not known to be one."""

Asked = tuple[object, ...]
"""What the network is asked for; compared only."""


def run(parts: Parts, settings: Settings, ahead: Ahead[Fetched] | None = None) -> int:
    """Run until the source ends, the user quits, or a limit is reached; give the number of frames that were shown.

    A sink that fails ends the run at once where nobody watches. In windows it becomes a note, the rest goes on, and its
    error is raised when the user quits. `ahead` fetches the next frame; not yet entered.
    """
    sinks, watch = list(parts.sinks), parts.watch
    failures: list[OutputError] = []
    timings: Mapping[str, float] = {}
    memory, scene = Memory(), None
    held: tuple[Frame, tuple[Face, ...]] | None = None
    unconfirmed: tuple[Face, ...] = ()
    looked: Asked | None = None
    drawn: tuple[object, ...] | None = None
    pace, limit = _Pace(), _Limit(parts)
    with ahead or Ahead() as ahead:
        while not (settings.quit or parts.stop() or limit.time_is_up()):
            fetched = ahead.take(partial(_fetch, parts, settings), parts.stop)
            if fetched is None:
                break
            frame, faces, others = fetched
            if isinstance(frame, End) or limit.reached(frame):
                break
            if frame:
                held, unconfirmed = (frame, faces), others
                pace.tick()
            progress = parts.source.progress()
            asked = _standing(settings, progress)
            if held and (frame or looked != asked_of(asked)):
                readings = _read(parts, *held, asked, memory)
                memory = remember(memory, *held, readings, settings)
                looked, drawn = asked_of(asked), None
            notes = (*parts.source.notes(), *(note for sink in sinks for note in sink.notes()), *map(str, failures))
            timings = watch.lap() if frame else timings
            if frame and not settings.frozen and not limit.time_is_up():
                ahead.begin(partial(_fetch, parts, settings))
            working = parts.slow.working() if parts.slow else None
            now = settings, notes, progress.ended, working and (working.words, round(100 * working.part))
            if held and now != drawn:
                first = scene is None
                shot = scene is not None and settings.shots != scene.settings.shots
                scene = _scene(parts, *held, readings, memory, settings, progress, timings, pace.fps, notes, working)
                scene = replace(scene, unconfirmed=unconfirmed)
                failures += _hand_out(parts, sinks, scene, shot)
                drawn = now
                if first:
                    log.info(FIRST_PICTURE)
            events = parts.poll()
            if parts.slow and working:
                if any(isinstance(event, Key) for event in events):
                    parts.slow.stop()
                    looked = None
                elif parts.slow.step():
                    looked = None
            for event in events:
                settings = parts.press(settings, event, scene.menu if scene else parts.menu)
    if failures:
        raise failures[0]
    return limit.count


def _fetch(parts: Parts, settings: Settings) -> Fetched:
    """Read the next frame and find its faces."""
    with parts.watch("decode"):
        frame = parts.source.read(settings)
    if not isinstance(frame, Frame):
        return frame, (), ()
    with parts.watch("detect"):
        tracked = parts.track(parts.detect(frame), frame)
    with parts.watch("confirm"):
        found = parts.confirm(tracked, frame)
    return frame, tuple(f for f in found if f.confirmed), tuple(f for f in found if not f.confirmed)


def _standing(settings: Settings, progress: Progress) -> Settings:
    """The settings as the network is asked: a picture and the end of a file stand still, as a frozen frame does."""
    return replace(settings, frozen=settings.frozen or progress.ended or progress.frames == 1)


def _read(
    parts: Parts, frame: Frame, faces: tuple[Face, ...], settings: Settings, memory: Memory
) -> tuple[Reading, ...]:
    """Read the faces of a frame. Where nobody watches, slow maps are worked out first: no turn comes in which it could
    be done."""
    readings = parts.read(frame, faces, settings, memory)
    if parts.interactive or parts.slow is None or not parts.slow.working():
        return readings
    while parts.slow.working() and not parts.stop():
        parts.slow.step()
    return parts.read(frame, faces, settings, memory)


def asked_of(settings: Settings) -> Asked:
    """What of the settings the network must be asked anew for; all else is drawing."""
    wanted = variants(settings), settings.filter_layer, settings.by_share, settings.proof, settings.frozen
    return *wanted, settings.selected, "emotions" in settings.views


def _scene(
    parts: Parts,
    frame: Frame,
    faces: tuple[Face, ...],
    readings: tuple[Reading, ...],
    memory: Memory,
    settings: Settings,
    progress: Progress,
    timings: Mapping[str, float],
    fps: float,
    notes: tuple[str, ...],
    working: Working | None,
) -> Scene:
    scene = Scene(
        frame=frame,
        faces=faces,
        readings=readings,
        memory=memory,
        settings=settings,
        menu=parts.menu,
        progress=progress,
        timings=timings,
        fps=fps,
        device=parts.device,
        notes=notes,
        recording=any(getattr(sink, "recording", False) for sink in parts.sinks),
        working=working,
    )
    order = parts.order(scene)
    pages = max(1, -(-len(order) // settings.tiles))
    return replace(scene, menu=replace(parts.menu, tracks=_tracks(scene), order=order, pages=pages))


def _tracks(scene: Scene) -> tuple[int, ...]:
    """The tracks in the order of their numbers, round from the selected one, so that `n` always goes on to the next."""
    tracks = sorted(face.track for face in scene.faces)
    at = tracks.index(scene.chosen.face.track) if scene.chosen else 0
    return (*tracks[at:], *tracks[:at])


def _hand_out(parts: Parts, sinks: list[Sink], scene: Scene, everything: bool) -> list[OutputError]:
    """Compose the views that are needed and give them to each sink; take out the sinks that fail, and say why."""
    shown = () if parts.compose else scene.settings.views
    wanted = parts.views if everything else {*shown, *parts.always}
    with parts.watch("draw"):
        if parts.compose:
            parts.compose(scene)
        pictures = {name: view(scene) for name, view in parts.views.items() if name in wanted}
    failures = []
    for sink in list(sinks):
        try:
            with parts.watch(sink.stage):
                sink(scene, pictures)
        except OutputError as error:
            if not parts.interactive:
                raise
            sinks.remove(sink)
            failures.append(error)
    return failures


class _Pace:
    """Frames per second, smoothed over about a second."""

    def __init__(self) -> None:
        self.last: float | None = None
        self.fps = 0.0

    def tick(self) -> float:
        now = time.perf_counter()
        if self.last is not None:
            dt = max(now - self.last, 1e-6)
            weight = min(1.0, dt) if self.fps else 1.0
            self.fps += weight * (1 / dt - self.fps)
        self.last = now
        return self.fps


class _Limit:
    """`--frames` and `--seconds` of the whole run: seconds of the videos, one after the other, and of the clock where
    somebody watches or a camera runs."""

    def __init__(self, parts: Parts) -> None:
        self.frames, self.seconds = parts.max_frames, parts.max_seconds
        self.by_clock = parts.interactive or parts.source.progress().live
        self.last_ms: float | None = None
        self.played_ms = self.step_ms = 0.0
        self.count, self.began = 0, time.monotonic()

    def reached(self, frame: Frame | None) -> bool:
        """Count the frame; say whether it lies beyond the limit."""
        if frame is None:
            return False
        if self.last_ms is not None:
            if not frame.cut:
                self.step_ms = frame.t_ms - self.last_ms
            self.played_ms += self.step_ms  # through a cut, the last frame stands as long as the one before it
        self.last_ms = frame.t_ms
        if self.seconds is not None and self.played_ms >= self.seconds * 1e3 - EPSILON_MS:
            return True
        self.count += 1
        return False

    def time_is_up(self) -> bool:
        """Say whether the clock, or the number of frames, has run out."""
        if self.frames is not None and self.count >= self.frames:
            return True
        return self.seconds is not None and self.by_clock and time.monotonic() - self.began >= self.seconds
