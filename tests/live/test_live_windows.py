"""The whole loop in real windows: every hotkey is pressed and what it changed is looked at; a tile is clicked.

One run serves all: the loop is on the main thread, as windows want it, and a second thread has the hands.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import xserver as x
from waits import wait_for

from emolive.core.options import Options
from emolive.core.scene import Picture, Pin, Reading, Scene, Target
from emolive.faces.detect import Detector
from emolive.faces.track import Tracker
from emolive.live import session
from emolive.live.loop import run
from emolive.live.outputs import outputs
from emolive.media.sources import open_files
from emolive.ui.keys import BINDINGS
from emolive.ui.views import VIEWS
from emolive.ui.windows import Windows

SECONDS, FPS = 12, 10


def film(path: Path, portrait: np.ndarray, step: int) -> Path:
    """Two portraits that drift over a grey ground, 640×360."""
    small = cv2.resize(portrait, (205, 240))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for i in range(SECONDS * FPS):
            ground = np.full((360, 640, 3), 90, np.uint8)
            for left in (20 + step * i, 400 - step * i):
                ground[60:300, left : left + 205] = small
            for packet in stream.encode(av.VideoFrame.from_ndarray(ground, "bgr24")):
                container.mux(packet)
        container.mux(stream.encode())
    return path


class Spy:
    """A sink that keeps the latest scene and pictures, and which frames stood when it froze: before, and then."""

    stage = "spy"
    scene: Scene | None = None
    pictures: Mapping[str, Picture] = {}

    def __init__(self) -> None:
        self.froze: list[tuple[int, int]] = []

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if self.scene and scene.settings.frozen and not self.scene.settings.frozen:
            self.froze.append((self.scene.frame.index, scene.frame.index))
        self.pictures, self.scene = pictures, scene

    def notes(self) -> tuple[str, ...]:
        return ()


class Hands:
    """Presses keys and watches what becomes of them."""

    def __init__(self, spy: Spy, recordings: Path) -> None:
        self.spy, self.recordings, self.pressed = spy, recordings, set()
        self.windows: Windows | None = None

    @property
    def now(self) -> Scene:
        return self.spy.scene

    def press(self, key: str, until: Callable[[Scene, Scene], object]) -> tuple[Scene, Mapping[str, Picture]]:
        """Press a key; wait until `until(scene before, scene now)` holds; give the scene and pictures from before."""
        before, pictures = self.now, self.spy.pictures
        x.key(key)
        self.pressed.add(key)
        try:
            wait_for(lambda: until(before, self.now), 20)
        except TimeoutError:
            raise AssertionError(f"the key {key!r} did not do what it should: {self.now.settings}") from None
        return before, pictures

    def changes(self, key: str, field: str, view: str = "camera") -> None:
        """The key changes that setting, and the frozen view of it."""
        _, pictures = self.press(key, lambda old, new: getattr(new.settings, field) != getattr(old.settings, field))
        wait_for(lambda: not np.array_equal(self.spy.pictures[view].bgr, pictures[view].bgr), 20)

    def work(self) -> None:
        """Everything a user can do, in an order in which each shows."""
        wait_for(lambda: self.now is not None and len(self.now.faces) == 2, 60)
        x.focus("emolive camera")
        self.press("r", lambda old, new: new.recording)
        self.press(" ", lambda old, new: new.settings.frozen)
        ((stood, stands),) = self.spy.froze
        assert stands == stood
        t_ms = self.now.frame.t_ms
        for there, back, field in (("m", "M", "method"), ("L", "l", "layer"), ("e", "E", "target")):
            was = getattr(self.now.settings, field)
            self.changes(there, field)
            self.changes(back, field)
            assert getattr(self.now.settings, field) == was
        for key, field in (
            ("-", "alpha"),
            ("+", "alpha"),
            ("=", "alpha"),
            ("o", "heat"),
            ("o", "heat"),
            ("x", "mirror"),
        ):
            self.changes(key, field)
        for key, field in (("[", "filter_layer"), ("]", "filter_layer"), (">", "page"), ("<", "page")):
            self.changes(key, field, "filters")
        self.press("down", lambda old, new: new.settings.layer != old.settings.layer)
        self.press("up", lambda old, new: new.settings.layer != old.settings.layer)
        self.press("pagedown", lambda old, new: new.settings.page == 1)
        self.press("pageup", lambda old, new: new.settings.page == 0)
        first = self.now.chosen.face.track
        self.press("n", lambda old, new: new.chosen.face.track != first)
        self.pin()
        self.prove()
        self.press("u", lambda old, new: not new.settings.pins)
        self.press("0", lambda old, new: new.settings == replace(new.menu.start, **{
            field: getattr(new.settings, field) for field in ("record", "shots", "file", "seek_ms", "frozen", "steps")
        }))  # fmt: skip
        self.press("U", lambda old, new: new.settings.compare is not None)  # what the reset had taken
        self.press("0", lambda old, new: new.settings.compare is None)
        self.press("p", lambda old, new: any("paused" in note for note in new.notes))
        self.press("p", lambda old, new: not any("paused" in note for note in new.notes))
        self.press("S", lambda old, new: list(self.recordings.glob("sessions/last.json")))
        self.press("R", lambda old, new: any("_clip.mp4: " in note for note in new.notes))
        assert self.now.frame.t_ms == t_ms
        self.press(".", lambda old, new: 0 < new.frame.t_ms - t_ms < 150)
        self.press(",", lambda old, new: new.frame.t_ms == t_ms)
        self.press("s", lambda old, new: list(self.recordings.glob("*snapshot*/snapshot.json")))
        self.press("h", lambda old, new: new.settings.help)
        self.press("?", lambda old, new: not new.settings.help)
        self.press("f", lambda old, new: "filters" not in new.settings.views)
        self.press("f", lambda old, new: "filters" in new.settings.views)
        x.focus("emolive camera")
        for key, field in (
            ("T", "type"),
            ("T", "type"),
            ("T", "type"),
            ("B", "arrangement"),
            ("F", "full"),
            ("F", "full"),
        ):
            self.press(key, lambda old, new, field=field: getattr(new.settings, field) != getattr(old.settings, field))
        self.dock()
        self.press(" ", lambda old, new: not new.settings.frozen)
        self.press("k", lambda old, new: new.frame.t_ms >= old.frame.t_ms + 4000)
        self.press("j", lambda old, new: new.frame.t_ms <= old.frame.t_ms - 4000)
        self.press("right", lambda old, new: new.frame.t_ms >= old.frame.t_ms + 4000)
        self.press("left", lambda old, new: new.frame.t_ms <= old.frame.t_ms - 4000)
        self.press("N", lambda old, new: new.frame.name == "two.mp4")
        self.press("N", lambda old, new: "this is the last file" in new.notes)
        self.press("P", lambda old, new: new.frame.name == "one.mp4")
        self.press("r", lambda old, new: not new.recording)
        before = self.now.settings
        x.key("A")  # bound to nothing
        self.press("h", lambda old, new: new.settings.help)  # keys come in order
        assert self.now.settings == replace(before, help=True)
        x.key("q")
        self.pressed |= {"q", "esc"}  # Esc closes as q does; that it arrives is tested with the windows

    def dock(self) -> None:
        """All views in one window, one of them alone, and windows again."""
        self.press("b", lambda old, new: new.settings.board and set(new.settings.views) == set(VIEWS))
        wait_for(lambda: x.titled("emolive board"))
        x.focus("emolive board")
        self.press("tab", lambda old, new: new.settings.large == "camera")
        self.press("b", lambda old, new: not new.settings.board)
        wait_for(lambda: x.titled("emolive camera"))
        x.focus("emolive camera")

    def prove(self) -> None:
        """Put the map to the test, with every key for it; a filter is pinned."""
        while self.now.settings.method != "gradcam":
            self.press("m", lambda old, new: new.settings.method != old.settings.method)
        self.changes("c", "against")
        assert self.face.shown.target == Target(minus=self.now.settings.against)
        self.changes("C", "against")
        self.changes("i", "colormap")
        self.changes("y", "scale")
        self.press("v", lambda old, new: new.settings.by_share and self.face.ledger is not None)
        book = self.face.ledger
        assert book.shares.sum() + book.bias == pytest.approx(book.logit, abs=1e-4)
        self.press("v", lambda old, new: not new.settings.by_share)
        self.press("g", lambda old, new: "emotions" in self.spy.pictures and self.face.emotions is not None)
        assert len(self.face.emotions) == 7
        self.press("t", lambda old, new: "timeline" in self.spy.pictures)
        self.press("d", lambda old, new: "proof" in self.spy.pictures and self.face.proof is not None)
        assert self.face.proof.index == self.now.frame.index  # a frozen frame is proven at once
        self.press("w", lambda old, new: new.settings.random == 1 and self.face.agreement is not None)
        self.press("W", lambda old, new: new.settings.random == 0)
        self.press("z", lambda old, new: new.settings.off == new.settings.pins and self.face.knocked is not None)
        self.press("a", lambda old, new: new.settings.compare is not None and self.face.other is not None)
        for view in ("emotions", "proof", "timeline"):
            assert x.window_id(f"emolive {view}")

    @property
    def face(self) -> Reading:
        """The selected face's reading."""
        return self.now.chosen.reading

    def pin(self) -> None:
        """Click the third tile: it is pinned, and the method `filter` shows its map on the face."""
        hit = [h for h in self.windows._open["filters"]._picture.hits if isinstance(h.event, Pin)][2]
        left, top, *_ = x.place("emolive filters")
        x.click(left + (hit.box[0] + hit.box[2]) // 2, top + (hit.box[1] + hit.box[3]) // 2)
        wait_for(lambda: self.now.settings.pins == (hit.event.channel,), 20)
        x.focus("emolive camera")
        while self.now.settings.method != "filter":
            self.press("M", lambda old, new: new.settings.method != old.settings.method)
        scene = wait_for(lambda: self.now if self.now.readings[0].shown.channels else None)
        for reading in scene.readings:
            np.testing.assert_allclose(reading.painted.cam, reading.maps[hit.event.channel], atol=1e-5)


@pytest.mark.ci
def test_every_hotkey_in_the_real_windows(xserver, model, portrait, tmp_path):
    files = [film(tmp_path / "one.mp4", portrait, 0), film(tmp_path / "two.mp4", portrait, 1)]
    recordings, spy = tmp_path / "recordings", Spy()
    hands, failures = Hands(spy, recordings), []

    def work() -> None:
        try:
            hands.work()
        except BaseException as error:
            failures.append(error)
            x.key("q")

    options = Options(recordings=recordings)
    thread = threading.Thread(target=work)
    with ExitStack() as stack:
        windows = hands.windows = stack.enter_context(Windows())
        windows.say("Loading …")
        source = stack.enter_context(open_files(files, realtime=True))
        parts, settings = session.parts(options, model, source, stack.enter_context(Detector()), Tracker())
        sinks = [stack.enter_context(sink) for sink in outputs(options, model, files, False, windows=windows)]
        parts = replace(parts, sinks=[windows, *sinks, spy], poll=windows.poll, max_seconds=170)
        thread.start()
        run(parts, settings)
        thread.join(30)
    if failures:
        raise failures[0]
    assert hands.pressed == {key for binding in BINDINGS for key in binding.keys}
    clip, recording = sorted(recordings.glob("*.mp4"), key=lambda path: "_clip" not in path.name)
    for path in (clip, recording):
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) > 5
    (snapshot,) = recordings.glob("*snapshot*")
    facts = json.loads((snapshot / "snapshot.json").read_text())
    assert model.sha256 in json.dumps(facts)
    written = {path.name for path in snapshot.iterdir()}
    assert {f"{view}.png" for view in ("frame", "camera", "filters", "emotions", "proof", "timeline")} <= written


def test_closing_the_camera_window_ends_the_run(xserver, model, portrait, tmp_path):
    source = open_files([film(tmp_path / "one.mp4", portrait, 1)], realtime=True)
    spy, began = Spy(), time.monotonic()

    def close() -> None:
        wait_for(lambda: spy.scene is not None, 30)
        x.press_close("emolive camera")

    with source, Windows() as windows, Detector() as detector:
        parts, settings = session.parts(Options(), model, source, detector, Tracker())
        thread = threading.Thread(target=close)
        thread.start()
        run(replace(parts, sinks=[windows, spy], poll=windows.poll, max_seconds=60), settings)
        thread.join()
    assert time.monotonic() - began < 50
