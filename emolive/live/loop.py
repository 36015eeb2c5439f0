"""The loop: read, detect, track, confirm, look, remember, draw, hand out, listen. The same one for every command.

While a frame is drawn the next one is read and its faces are found; where other programs need cores, while the network
reads it, too. The loop imports nothing heavy; what it works with is handed to it.
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
    timed,
    variants,
)
from emolive.core.stopwatch import Stopwatch
from emolive.live.ahead import Ahead, Slack
from emolive.live.limit import FrameRate, Limit
from emolive.live.memory import remember
from emolive.live.past import Past

log = logging.getLogger(__name__)

FIRST_PICTURE, FIRST_FACE = "the first picture is there", "the first face is read"
"""Logged when it is: `emolive bench` measures how long that takes from the start."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What a run is made of. `menu` holds what does not change; `order` ranks the filter layer's channels; `said` gives
    sentences about the keys that were pressed last;
    `confirm` says which of the tracked faces are shown, read and counted: all of them unless another one is given;
    `always` names views that are composed even when nobody shows them; `compose` draws what the windows show, which is
    not the views' pictures as they are recorded; `stop` is asked once per turn; `slow` works out slow maps of a frame
    that stands; `crowded` says whether other programs need some of the cores that the network would use."""

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
    said: Callable[[], tuple[str, ...]] = tuple
    crowded: Callable[[], bool] = lambda: False


@dataclass(frozen=True, eq=False)
class Fetched:
    """What the source gave, the faces in it, what is not known to be one, and how long each stage took. `ticket` says
    when in time was asked for: what was fetched ahead is dropped when a key asked for something else meanwhile, so the
    picture that stands is the one that was seen."""

    ticket: tuple[object, ...]
    frame: Frame | End | None
    faces: tuple[Face, ...] = ()
    others: tuple[Face, ...] = ()
    ms: Mapping[str, float] = field(default_factory=dict)


Held = tuple[Frame, tuple[Face, ...]]
"""A frame that is shown, and the faces in it."""

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
    memory, scene, past = Memory(), None, Past()
    logged: set[str] = set()
    before = memory
    held: Held | None = None
    unconfirmed: tuple[Face, ...] = ()
    looked: Asked | None = None
    drawn: tuple[object, ...] | None = None
    pace, slack, limit = (
        FrameRate(),
        Slack(),
        Limit(parts.source, parts.interactive, parts.max_frames, parts.max_seconds),
    )
    with ahead or Ahead() as ahead:
        while not (settings.quit or parts.stop() or limit.time_is_up()):
            fetched = ahead.take(partial(_fetch, parts, settings), parts.stop)
            if fetched is None:
                break
            if fetched.ticket != timed(settings):
                fetched = _instead(parts, fetched, settings)
            frame = fetched.frame
            watch.add(fetched.ms)
            if isinstance(frame, End) or limit.reached(frame):
                break
            if frame:
                held, unconfirmed = (frame, fetched.faces), fetched.others
                before = past(memory, frame)
                pace.tick()
            progress = parts.source.progress()
            asked = _standing(settings, progress)
            if held and unconfirmed and asked.frozen and not held[0].still:
                held, unconfirmed = _confirmed(parts, replace(held[0], still=True), (*held[1], *unconfirmed), watch)
                looked = None
            said = *parts.said(), *parts.source.notes(), *(note for sink in sinks for note in sink.notes())
            notes = *said, *map(str, failures)
            goes_on = bool(frame) and not settings.frozen
            early = goes_on and parts.crowded() and not limit.time_is_up()
            if early:  # the network has fewer threads now: another core can do this meanwhile
                ahead.begin(partial(_fetch, parts, settings, slack(timings, read=True) if progress.live else 0.0))
            if held and (frame or looked != asked_of(asked)):
                readings = _read(parts, *held, asked, before)
                memory = remember(before, *held, readings, settings)
                looked, drawn = asked_of(asked), None
            timings = watch.lap() if frame else timings
            if goes_on and not early and not limit.time_is_up():
                ahead.begin(partial(_fetch, parts, settings, slack(timings) if progress.live else 0.0))
            working = parts.slow.working() if parts.slow else None
            slow_part = working and (working.words, round(100 * working.part))
            now = settings, notes, progress.ended, slow_part, _recording(parts)
            if held and now != drawn:
                shot = scene is not None and settings.shots != scene.settings.shots
                scene = _scene(parts, *held, readings, memory, settings, progress, timings, pace.fps, notes, working)
                scene = replace(scene, unconfirmed=unconfirmed)
                failures += _hand_out(parts, sinks, scene, shot)
                drawn = now
                _log_firsts(scene, logged)
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


def _log_firsts(scene: Scene, logged: set[str]) -> None:
    """Say of the first scene, and of the first with a face that was read, that it was shown."""
    for words in (FIRST_PICTURE, FIRST_FACE) if scene.readings else (FIRST_PICTURE,):
        if words not in logged:
            log.info(words)
            logged.add(words)


def _fetch(parts: Parts, settings: Settings, slack: float = 0.0) -> Fetched:
    """Read the next frame, after so many seconds, and find its faces."""
    time.sleep(slack)
    watch = Stopwatch()  # the loop's is another thread's meanwhile
    with watch("decode"):
        frame = parts.source.read(settings)
    if not isinstance(frame, Frame):
        return Fetched(timed(settings), frame, ms=watch.ms)
    with watch("detect"):
        tracked = parts.track(parts.detect(frame), frame)
    (_, faces), others = _confirmed(parts, frame, tracked, watch)
    return Fetched(timed(settings), frame, faces, others, watch.ms)


def _instead(parts: Parts, fetched: Fetched, settings: Settings) -> Fetched:
    """What is there under other settings than those that something was fetched ahead under, and was never shown."""
    if isinstance(fetched.frame, End):
        return fetched
    if fetched.frame:
        parts.source.take_back(fetched.frame)
    return _fetch(parts, settings)


def _confirmed(
    parts: Parts, frame: Frame, tracked: tuple[Face, ...], watch: Stopwatch
) -> tuple[Held, tuple[Face, ...]]:
    """A frame with the faces in it, and what is not known to be one."""
    with watch("confirm"):
        found = parts.confirm(tracked, frame)
    return (frame, tuple(f for f in found if f.confirmed)), tuple(f for f in found if not f.confirmed)


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
        recording=_recording(parts),
        working=working,
    )
    order = parts.order(scene)
    pages = max(1, -(-len(order) // settings.tiles))
    return replace(scene, menu=replace(parts.menu, tracks=_tracks(scene), order=order, pages=pages))


def _recording(parts: Parts) -> bool:
    """Whether a sink is recording now: it begins with the scene whose settings ask for it, and the next one says so."""
    return any(getattr(sink, "recording", False) for sink in parts.sinks)


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
