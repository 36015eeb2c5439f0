"""Slow maps never take over: worked out between the turns of the loop, seen in a corner, stopped by any key."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import cv2
import numpy as np
import pytest
import xserver as x
from nets import seeded
from thinned import dear
from waits import wait_for

from emolive.core.options import Options
from emolive.core.scene import Event, Face, Frame, Key, Picture, Scene, Settings
from emolive.faces.detect import Detector
from emolive.faces.track import Tracker
from emolive.live import session
from emolive.live.loop import Parts, run
from emolive.media.demo import STEP_MS, DemoClip
from emolive.media.player import Player
from emolive.media.sources import open_files
from emolive.networks.checkpoint import Model
from emolive.ui.camera import camera
from emolive.ui.windows import Windows


class Spy:
    """A sink that keeps every scene, and what the user does about it."""

    stage = "spy"

    def __init__(self, script: Iterator[str] = iter(())) -> None:
        self.scenes: list[Scene] = []
        self._script = script

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        self.scenes.append(scene)

    def notes(self) -> tuple[str, ...]:
        return ()

    def poll(self) -> list[Event]:
        """The next key of the script, "" for none."""
        name = next(self._script, "")
        return [Key(name)] if name else []

    @property
    def now(self) -> Scene:
        return self.scenes[-1]


def confirmed(faces: Sequence[Face], _: Frame) -> tuple[Face, ...]:
    """Every face at once: what is tested here begins when there is one."""
    return tuple(replace(face, confirmed=True) for face in faces)


@contextmanager
def made(model: Model, **wish: object) -> Iterator[tuple[Parts, Settings]]:
    """A run over a demo of one moving portrait."""
    options = Options(headless=True, views=("camera",), **wish)
    with ExitStack() as stack:
        clips = stack.enter_context(Player([lambda: DemoClip(1)], realtime=False, end_ms=40 * STEP_MS))
        yield session.parts(options, model, clips, stack.enter_context(Detector()), Tracker(), confirmed)


def play(model: Model, script: Callable[[Spy], Iterator[str]], **wish: object) -> Spy:
    """Run the loop as with windows, the keys coming from a script that looks at the scenes; the last one is "q"."""
    spy = Spy()
    spy._script = script(spy)
    with made(model, **wish) as (parts, settings):
        run(replace(parts, sinks=[spy], poll=spy.poll, interactive=True, max_seconds=120), settings)
    return spy


def until(spy: Spy, true: Callable[[Scene], object]) -> Iterator[str]:
    """No key, turn by turn, until something is true of the newest scene."""
    while not true(spy.now):
        yield ""


def painted(scene: Scene) -> np.ndarray | None:
    return scene.readings[0].painted.cam


def test_a_slow_map_comes_while_the_loop_goes_on_and_only_of_a_frame_that_stands():
    def script(spy: Spy) -> Iterator[str]:
        yield ""
        assert painted(spy.now) is None
        assert "freeze" in spy.now.readings[0].painted.why
        assert spy.now.working is None
        yield " "
        yield from until(spy, lambda scene: painted(scene) is not None)
        yield "q"

    spy = play(seeded(), script, method="scorecam", layer="layer2")
    worked = [scene for scene in spy.scenes if scene.working]
    parts = [scene.working.part for scene in worked]
    assert len(parts) > 3  # the picture was drawn anew in between
    assert parts == sorted(parts)
    assert {scene.working.words for scene in worked} == {"Score-CAM"}
    assert all(scene.settings.frozen and painted(scene) is None for scene in worked)
    assert spy.now.working is None


@pytest.mark.parametrize(("key", "field"), [("m", "method"), *dear(("x", "mirror"), (" ", "frozen"), ("A", None))])
def test_any_key_stops_it_and_does_its_own_job(key, field):
    def script(spy: Spy) -> Iterator[str]:
        yield from [" "]
        yield from until(spy, lambda scene: scene.working and scene.working.part > 0.05)
        before = spy.now.settings
        yield key
        yield from until(spy, lambda scene: not scene.working)
        changed = {f for f in vars(before) if getattr(before, f) != getattr(spy.now.settings, f)}
        assert changed == ({field} if field else set())
        for _ in range(3):
            yield ""
        assert spy.now.working is None  # it does not begin again by itself
        if spy.now.settings.method == "scorecam" and spy.now.settings.frozen:
            assert "stopped by a key" in spy.now.readings[0].painted.why
            yield "m"
            yield "M"
            yield from until(spy, lambda scene: scene.working)  # but when one comes back to it
        yield "q"

    play(seeded(), script, method="scorecam", layer="layer3")


def test_walking_through_the_methods_never_waits_for_the_slow_one():
    def script(spy: Spy) -> Iterator[str]:
        yield " "
        for _ in range(len(spy.now.menu.methods)):
            yield "m"
        yield "q"

    spy = play(seeded(), script, layer="layer4")
    methods = [scene.settings.method for scene in spy.scenes]
    assert set(methods) == set(spy.now.menu.methods)
    assert not any(painted(s) is not None for s in spy.scenes if s.settings.method == "scorecam")


def test_what_the_end_of_a_file_shows_stands_too():
    def script(spy: Spy) -> Iterator[str]:
        yield from until(spy, lambda scene: scene.readings[0].proof is not None)
        assert spy.now.readings[0].proof.index == spy.now.frame.index or not spy.now.progress.ended
        yield from until(spy, lambda scene: scene.progress.ended and painted(scene) is not None)
        assert spy.now.readings[0].proof.index == spy.now.frame.index
        yield "q"

    spy = Spy()
    spy._script = script(spy)
    options = Options(headless=True, views=("camera",), method="scorecam", layer="layer1", proof=True)
    with Player([lambda: DemoClip(1)], realtime=True, end_ms=3 * STEP_MS) as clips, Detector() as detect:
        parts, settings = session.parts(options, seeded(), clips, detect, Tracker(), confirmed)
        run(replace(parts, sinks=[spy], poll=spy.poll, interactive=True, max_seconds=120), settings)
    assert not spy.now.settings.frozen


def test_without_windows_the_slow_map_of_a_picture_is_worked_out_before_anything_is_written(portrait, tmp_path):
    picture = tmp_path / "portrait.png"
    cv2.imwrite(str(picture), portrait)
    spy = Spy()
    with open_files([picture], realtime=False) as source, Detector() as detect:
        options = Options(headless=True, method="scorecam", layer="layer1")
        parts, settings = session.parts(options, seeded(), source, detect, Tracker())
        run(replace(parts, sinks=[spy]), settings)
    assert [painted(scene) is not None for scene in spy.scenes] == [True]


@pytest.mark.ci
def test_in_a_real_window_the_picture_stays_and_q_ends_within_a_second(xserver, model, portrait, tmp_path):
    """Three tries, since a busy neighbour can hold up anybody for a second."""
    picture = tmp_path / "portrait.png"
    cv2.imwrite(str(picture), portrait)
    took = []
    while not took or (took[-1] >= 1 and len(took) < 3):
        took.append(seconds_to_quit(model, picture))
    assert took[-1] < 1, took


def seconds_to_quit(model: Model, picture: object) -> float:
    """How long `q` takes while Score-CAM is under way, in a window that shows the picture meanwhile."""
    spy, pressed, seen = Spy(), [], []

    def work() -> None:
        try:
            wait_for(lambda: spy.scenes and spy.now.working and spy.now.working.part > 0.03, 60)
            x.focus("emolive camera")
            shot = picture.with_name("screen.png")
            x.screenshot(str(shot))
            seen.append(cv2.imread(str(shot)))
            seen.append(spy.now)
            seen.append(x.place("emolive camera"))
            seen.append(windows.shown["camera"])
        finally:
            pressed.append(time.monotonic())
            x.key("q")

    options = Options(method="scorecam", layer="layer4", views=("camera",))
    with open_files([picture], realtime=True) as source, Windows() as windows, Detector() as detector:
        parts, settings = session.parts(options, model, source, detector, Tracker())
        thread = threading.Thread(target=work)
        thread.start()
        run(replace(parts, sinks=[windows, spy], poll=windows.poll, max_seconds=120), settings)
        ended = time.monotonic()
        thread.join()
    screen, scene, (left, top, width, height), drawn = seen
    assert scene.working
    assert scene.working.part < 1
    assert spy.now.working  # it was in the middle of it
    assert drawn.shape == (height, width, 3)
    looks = np.abs(screen[top : top + height, left : left + width].astype(int) - drawn)
    assert (looks.max(axis=2) < 3).mean() > 0.95  # all but the progress, which went on
    assert best_match(drawn, camera(scene).bgr[180:320, 180:320]) > 0.95
    return ended - pressed[0]


def best_match(picture: np.ndarray, piece: np.ndarray) -> float:
    """How well a piece is found in a picture at any of many sizes, 1 at best."""
    sizes = (round(side) for side in piece.shape[0] * np.linspace(0.5, 4, 141))
    pieces = (cv2.resize(piece, (side, side)) for side in sizes if side < min(picture.shape[:2]))
    return max(cv2.matchTemplate(picture, one, cv2.TM_CCOEFF_NORMED).max() for one in pieces)
