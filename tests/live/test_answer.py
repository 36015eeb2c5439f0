"""One answer: label, probabilities, and what the map explains come from the same numbers, in every row."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from agree import apart, disagreeing, rows

from emolive.core.options import Options
from emolive.core.scene import Frame, Memory, Settings, Target
from emolive.faces.confirm import confirm_once
from emolive.faces.detect import Detector
from emolive.faces.mesh import Mesher
from emolive.faces.track import Tracker
from emolive.live import engine as engines
from emolive.live import session
from emolive.live.engine import Engine
from emolive.live.loop import run
from emolive.live.memory import remember
from emolive.media.data import data_writer
from emolive.media.demo import STEP_MS, DemoClip
from emolive.media.player import Player
from emolive.networks.checkpoint import Model
from emolive.ui.words import label as named

CHANGES = 13 * STEP_MS, 23 * STEP_MS
"""Between these times the demo's expression changes, and the frame alone says other things than the smoothed answer."""


@pytest.fixture(scope="module")
def written(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[dict]]:
    """Plays the moments of change without windows; gives the rows of their data."""

    def write(**wish: object) -> list[dict]:
        path = tmp_path_factory.mktemp("data") / "out.jsonl"
        options = Options(headless=True, data=path, **wish)
        with ExitStack() as stack:
            clips = stack.enter_context(Player([lambda: DemoClip(1)], False, *CHANGES))
            detect = stack.enter_context(Detector())
            mesher = Mesher()
            parts, settings = session.parts(
                options, model, clips, detect, Tracker(), lambda faces, frame: confirm_once(mesher, faces, frame)
            )
            sink = stack.enter_context(data_writer(path, model.spec.labels, False))
            run(replace(parts, sinks=[sink], always=()), settings)
        found = rows(path)
        assert len(found) == 10
        return found

    return write


def test_rows_say_one_thing_though_the_frame_alone_says_another(written):
    single = written()
    assert disagreeing(single) == []
    assert apart(single), "nothing was tested: the frame alone says the same everywhere"
    together = written(batch=4)
    assert disagreeing(together) == []
    for one, other in zip(single, together, strict=True):
        assert (one["label"], one["target"]) == (other["label"], other["target"])
        assert one["probs_smooth"] == pytest.approx(other["probs_smooth"], abs=2e-5)


def test_maps_of_the_frame_alone_are_found_out(written, monkeypatch):
    """The control: as it was, when each map explained what its own frame alone said."""
    real = engines.look
    monkeypatch.setattr(engines, "look", lambda *args, aim=None, **named: real(*args, **named))
    assert disagreeing(written()) != []


def test_without_smoothing_all_is_of_the_frame_alone(written):
    faces = written(smooth=0.0)
    assert disagreeing(faces) == apart(faces) == []
    assert all(face["probs"] == face["probs_smooth"] for face in faces)


@pytest.fixture(scope="module")
def shot(portrait) -> tuple[Frame, tuple]:
    frame = Frame(3, 120.0, portrait)
    with Detector() as detect:
        return frame, tuple(replace(face, track=1) for face in detect(frame))


def surely(label: int, labels: int) -> np.ndarray:
    """Probabilities that leave hardly a doubt."""
    probs = np.full(labels, 0.001, np.float32)
    probs[label] = 1 - 0.001 * (labels - 1)
    return probs


@pytest.mark.ci
def test_everything_that_is_worked_out_explains_the_answer(model: Model, shot):
    """Just before, the answer was another one: map, shares, random and second networks, slow maps all follow it."""
    frame, faces = shot
    engine, labels = Engine(model, second=model), model.spec.labels
    settings = Settings(by_share=True, proof=True, frozen=True, views=("emotions",))
    (alone,) = engine(frame, faces, settings, Memory())
    was = (alone.top + 3) % len(labels)
    earlier = replace(frame, index=2, t_ms=80.0)
    known = remember(Memory(), earlier, faces, [replace(alone, smoothed=surely(was, len(labels)))], settings)
    for method in ("gradcam", "guided", "scorecam", "eigencam"):
        slow = method == "scorecam"
        compare = replace(alone.shown, net="b", method="gradcam" if slow else method, layer="layer3", target=Target())
        asked = replace(settings, method=method, layer="layer1", compare=compare, random=int(not slow), off=())
        (reading,) = engine.finished(frame, faces, asked, known)
        assert reading.top == was != int(np.argmax(reading.result.probs))
        assert {result.target for result in reading.results.values()} == {was}
        assert reading.ledger.target == reading.proof.target == was
        assert reading.other_label == named(labels, was)
        assert reading.painted.cam is not None
        assert reading.answer == pytest.approx(known.tracks[1].probs, abs=0.15)
    (aimed,) = engine(frame, faces, replace(settings, target=labels[0]), known)
    assert (aimed.top, aimed.result.target) == (was, 0)


def test_a_frame_asked_again_and_again_has_the_answer_it_had(model: Model, shot):
    """Other methods, layers, targets and tests, and the memory it began with: the same numbers to the bit."""
    frame, faces = shot
    engine, settings = Engine(model), Settings()
    (alone,) = engine(frame, faces, settings, Memory())
    mixed = replace(alone, smoothed=np.roll(alone.result.probs, 1))
    known = remember(Memory(), replace(frame, index=2, t_ms=80.0), faces, [mixed], settings)
    asked = (settings, replace(settings, method="layercam"), replace(settings, frozen=True, proof=True), settings)
    given = [engine(frame, faces, one, known)[0].answer for one in asked]
    for one in given[1:]:
        np.testing.assert_allclose(one, given[0], atol=1e-6)
    assert np.array_equal(given[0], given[-1])


@pytest.mark.ci
@pytest.mark.parametrize("name", [
    "WolfgangLanger_Pexels.mp4", "single_face.mp4", "face_noface.mov", "no_face.mp4", "street_1080p.mp4",
    "head-pose-face-detection-female.gif", "head-pose-face-detection-female-and-male.gif",
])  # fmt: skip
def test_every_row_of_every_film_says_one_thing(shared: Path, tmp_path: Path, name: str):
    """By the command itself, as a user runs it."""
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "emolive", "file", str(shared / "videos" / name), "--headless", "--data", str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=3600)
    found = rows(out)
    assert disagreeing(found) == []
    assert bool(found) == (name != "no_face.mp4")
