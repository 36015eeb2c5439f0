"""Freezing holds the picture that stands on the screen, and steps and seeks go on from it: random keys on the real loop
and player, beside a model of what must be seen that shares nothing with them."""

import bisect
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from films import number_of, numbered, write_video
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emolive.core.options import Options
from emolive.core.scene import Event, Key, Menu, Picture, Scene, Settings
from emolive.faces.detect import Detector
from emolive.faces.track import Tracker
from emolive.live import session
from emolive.live.loop import Parts, run
from emolive.media import player
from emolive.media.sources import open_files
from emolive.networks.checkpoint import Model
from emolive.ui.keys import press

FASTER = 100
"""A second of the film takes a hundredth of one."""

COUNTS, FIRST = (40, 15), (0, 100)
"""How many frames the two films have, and the number that the first of each says."""

TIMES = tuple([500.0 * i + 200.0 * (i % 2) for i in range(count)] for count in COUNTS)
"""Ten frames in five seconds, at uneven distances."""

SEEKS = {"k": 5000.0, "right": 5000.0, "j": -5000.0, "left": -5000.0}
STEPS = {".": 1, ",": -1}
FILES = {"N": 1, "P": -1}
KEYS = (" ", *SEEKS, *STEPS, *FILES, "m", "A")


@dataclass
class Watched:
    """What happened: turn by turn the keys of the turn before, and the scene of a new frame, if one came."""

    script: Mapping[int, Sequence[str]]
    last_turn: int
    turns: list[tuple[tuple[str, ...], list[Scene]]] = field(default_factory=lambda: [((), [])])
    all: list[Scene] = field(default_factory=list)
    stage: str = "watch"

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if not self.all or scene.frame.index != self.all[-1].frame.index:
            self.turns[-1][1].append(scene)
        self.all.append(scene)

    def notes(self) -> tuple[str, ...]:
        return ()

    def poll(self) -> tuple[Event, ...]:
        """The keys of this turn; in the end, q."""
        turn = len(self.turns)
        keys = tuple(self.script.get(turn, ())) if turn < self.last_turn else ("q",)
        self.turns.append((keys, []))
        return tuple(Key(key) for key in keys)


@dataclass
class Spectator:
    """What somebody sees who has two numbered films and a pause: the film, the place in it, and whether it stands."""

    film: int = 0
    at: int = -1
    frozen: bool = False

    @property
    def now(self) -> int:
        """The number on the screen."""
        return FIRST[self.film] + self.at

    def after(self, keys: Sequence[str]) -> tuple[int | None, int | None]:
        """The number that must come now (None: no new picture), and one that may."""
        times, moved = TIMES[self.film], False
        file, seek = sum(FILES.get(key, 0) for key in keys), sum(SEEKS.get(key, 0.0) for key in keys)
        step = sum(STEPS.get(key, 0) for key in keys)
        for key in keys:
            self.frozen = not self.frozen if key == " " else self.frozen or key in STEPS
        other = min(max(self.film + file, 0), 1)
        if other != self.film:
            self.film, self.at, moved, times = other, 0, True, TIMES[other]
        if seek:
            self.at, moved = min(bisect.bisect_left(times, times[self.at] + seek), len(times) - 1), True
        place = min(max(self.at + step, 0), len(times) - 1)
        if place != self.at:
            self.at, moved = place, True
        if moved:
            return self.now, None
        if self.frozen or seek or step or file or self.at == len(times) - 1:
            return None, None
        return None, self.now + 1


def assert_seen(turns: list[tuple[tuple[str, ...], list[Scene]]]) -> None:
    """Every turn shows what the model says, and nothing else."""
    known = Spectator()
    for turn, (keys, scenes) in enumerate(turns):
        must, may = known.after(keys)
        seen = [number_of(scene.frame.bgr) for scene in scenes]
        if must is None and seen and seen == [may]:
            known.at += 1
        else:
            assert seen == ([] if must is None else [must]), (turn, keys, seen, known)
    shown = [scene.frame for _, scenes in turns for scene in scenes]
    for before, after in pairwise(shown):
        assert after.index == before.index + 1
        assert after.cut or (after.film == before.film and after.t_ms > before.t_ms)


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    return [write_video(folder / f"{n}.mp4", TIMES[n], lambda i, n=n: numbered(FIRST[n] + i), gop=7) for n in range(2)]


@pytest.fixture(scope="module")
def fast() -> Iterator[None]:
    """The player's clock runs faster."""
    quick = SimpleNamespace(
        monotonic=lambda: FASTER * time.monotonic(), sleep=lambda seconds: time.sleep(seconds / FASTER)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(player, "time", quick)
        patch.setattr(player, "PATIENCE", 0.8)  # each frame is waited for, and so fetched ahead
        yield


def watched(films: Sequence[Path], script: Mapping[int, Sequence[str]], turns: int) -> Watched:
    """The loop with nobody in the picture."""
    hands = Watched(script, turns)
    with open_files(films, realtime=True) as source:
        parts = Parts(
            source=source,
            detect=lambda frame: (),
            track=lambda faces, frame: tuple(faces),
            read=lambda *asked: (),
            views={},
            sinks=[hands],
            menu=Menu(("gradcam", "cam"), ("layer4",), ("happy",)),
            press=press,
            order=lambda scene: (),
            poll=hands.poll,
            interactive=True,
        )
        run(parts, Settings(views=()))
    return hands


turns_with_keys = st.dictionaries(
    st.integers(1, 60), st.lists(st.sampled_from(KEYS), min_size=1, max_size=3), max_size=25
)


@pytest.mark.ci
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=turns_with_keys, waits=st.booleans())
def test_random_keys_show_what_must_be_seen(films, fast, script, waits):
    with pytest.MonkeyPatch.context() as patch:
        if not waits:  # most turns find nothing new
            patch.setattr(player, "PATIENCE", 0.1)
        assert_seen(watched(films, script, 62).turns)


def test_ten_on_the_screen_is_ten_in_the_pause(films, fast):
    """Space at 10 holds 10; back is 9, on is 10 and 11; going on is 12."""
    hands, keys, seen = Watched({}, 10**6), iter((" ", ",", ".", ".", " ", "q")), []

    def poll() -> tuple[Event, ...]:
        at = number_of(hands.all[-1].frame.bgr)
        if at < 10 and not seen:
            return ()
        if hands.all[-1].settings.frozen or not seen:
            seen.append(at)
            return (Key(next(keys)),)
        seen.append(at)
        return (Key("q"),) if at == 12 else ()

    with open_files(films[:1], realtime=True) as source:
        parts = Parts(
            source, lambda frame: (), lambda faces, frame: (), lambda *asked: (), {}, [hands],
            Menu((), (), ()), press, lambda scene: (), poll, interactive=True,
        )  # fmt: skip
        run(parts, Settings(views=()))
    assert list(dict.fromkeys(seen)) == [10, 9, 11, 12]
    assert seen[:5] == [10, 10, 9, 10, 11]


@dataclass
class Recorder:
    """A sink that records while it is asked to."""

    recording: bool = False
    stage: str = "record"

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        self.recording = scene.settings.record

    def notes(self) -> tuple[str, ...]:
        return ()


def test_a_recording_that_begins_in_a_pause_is_told_at_once(films, fast):
    told = []
    for recorder in (Recorder(), Watched({}, 10**6)):  # the second records nothing
        hands = Watched({20: [" "], 30: ["r"]}, 40)
        with open_files(films[:1], realtime=True) as source:
            parts = Parts(
                source, lambda frame: (), lambda faces, frame: (), lambda *asked: (), {}, [hands, recorder],
                Menu((), (), ()), press, lambda scene: (), hands.poll, interactive=True,
            )  # fmt: skip
            run(parts, Settings(views=()))
        told.append(hands.all[-1].recording)
    assert told == [True, False]


def test_a_player_that_takes_nothing_back_is_found_out(films, fast, monkeypatch):
    """The control: what was fetched ahead and never shown is gone, as it was."""
    monkeypatch.setattr(player.Player, "take_back", lambda self, frame: None)
    script = {20: [" "], 30: [","], 35: ["."], 40: [","]}
    with pytest.raises(AssertionError):
        assert_seen(watched(films, script, 50).turns)


def real_film(path: Path, shared: Path) -> Path:
    """A second and a half of a real face, with each frame's number in a corner: the tracker knows people by looks,
    and by what is near to them."""
    with av.open(str(shared / "videos" / "single_face.mp4")) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_context.gop_size = 12
        for i, frame in enumerate(source.decode(video=0)):
            if i == 45:
                break
            picture = np.ascontiguousarray(frame.to_ndarray(format="bgr24", width=640, height=360))
            picture[:24, :96] = numbered(i, 96, 48)[12:36]
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        target.mux(stream.encode(None))
    return path


def said(scene: Scene) -> int:
    """The number that a frame of the real film says."""
    return number_of(np.repeat(scene.frame.bgr[:24, :96], 2, axis=0))


@pytest.mark.ci
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.dictionaries(st.integers(1, 40), st.lists(st.sampled_from((" ", ",", ".", "j", "m")), max_size=2)))
def test_who_is_there_keeps_number_and_answer_wherever_one_goes(shared, fast, model: Model, tmp_path_factory, script):
    """Of a frame that is gone back to the same is said as when it was seen; nobody in a pause has a question mark."""
    path = tmp_path_factory.getbasetemp() / "real.mp4"
    path = path if path.exists() else real_film(path, shared)
    hands = Watched(script, 42)
    with ExitStack() as stack:
        source = stack.enter_context(open_files([path], realtime=True))
        detect = stack.enter_context(Detector())
        parts, begin = session.parts(Options(headless=True), model, source, detect, Tracker())
        run(replace(parts, sinks=[hands], poll=hands.poll, interactive=True, always=()), begin)
    answers: dict[int, np.ndarray] = {}
    assert [said(scene) for scene in hands.all][:1] == [0]
    for scene in hands.all:
        assert [face.track for face in scene.found] == [1]
        if scene.settings.frozen:
            assert not scene.unconfirmed
        for reading in scene.readings:
            assert reading.result.target == reading.top
            if scene.frame.cut and said(scene) in answers:
                np.testing.assert_allclose(reading.answer, answers[said(scene)], atol=1e-5)
            answers[said(scene)] = reading.answer
