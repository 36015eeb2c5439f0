"""Only faces that are faces are read, shown with figures, counted, selected: the real loop on real pictures."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from emolive.commands.main import cli
from emolive.core.options import Options
from emolive.core.scene import Event, Face, Frame, Key, Picture, Scene, Settings
from emolive.faces.detect import Detector
from emolive.faces.track import Tracker
from emolive.live import session
from emolive.live.loop import Parts, run
from emolive.media.demo import STEP_MS, DemoClip
from emolive.media.player import Player
from emolive.networks.checkpoint import Model

FRAMES = 9
DENIED = 1


class Scenes(list[Scene]):
    """A sink that keeps the scenes."""

    stage = "test"

    def __enter__(self) -> "Scenes":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        self.append(scene)

    def notes(self) -> tuple[str, ...]:
        return ()


def deny(faces: Sequence[Face], _: Frame) -> tuple[Face, ...]:
    """Confirms everybody but one."""
    return tuple(replace(face, confirmed=face.track != DENIED) for face in faces)


@pytest.fixture(scope="module")
def made(model: Model) -> Iterator[Callable[..., tuple[Parts, Settings]]]:
    """Makes what a run over nine frames of three moving portraits works with; the first of them is denied."""
    with ExitStack() as stack:
        detect = stack.enter_context(Detector())

        def make(**wish: object) -> tuple[Parts, Settings]:
            options = Options(headless=True, **wish)
            player = Player([lambda: DemoClip(3)], realtime=False, end_ms=FRAMES * STEP_MS)
            return session.parts(options, model, stack.enter_context(player), detect, Tracker(), confirm=deny)

        yield make


@pytest.mark.parametrize("batch", [1, 4])
def test_nobody_reads_remembers_or_chooses_a_face_that_is_denied(made, batch: int) -> None:
    parts, settings = made(batch=batch)
    kept, pressed = Scenes(), iter([(Key("n"),)] * FRAMES)

    def poll() -> tuple[Event, ...]:
        return next(pressed, ())

    run(replace(parts, sinks=[kept], poll=poll), settings)
    assert len(kept) == FRAMES
    for scene in kept:
        assert {face.track for face in scene.faces} == {2, 3}
        assert [face.track for face in scene.unconfirmed] == [DENIED]
        assert scene.found == (*scene.faces, *scene.unconfirmed)
        assert len(scene.readings) == 2
        assert set(scene.memory.tracks) == {2, 3}
        assert set(scene.menu.tracks) == {2, 3}
    assert {scene.chosen.face.track for scene in kept if scene.chosen} == {2, 3}, "n goes from one to the other"
    for scene in kept:
        for face, reading in zip(scene.faces, scene.readings, strict=True):
            middle = np.mean([reading.square[:2], reading.square[2:]], axis=0)
            np.testing.assert_allclose(middle, np.mean([face.box[:2], face.box[2:]], axis=0), atol=1e-6)


def test_a_click_on_a_denied_face_selects_nobody(made) -> None:
    parts, settings = made()
    kept = Scenes()
    run(replace(parts, sinks=[kept], max_frames=3), replace(settings, selected=DENIED))
    assert all(scene.chosen and scene.chosen.face.track != DENIED for scene in kept)


def data(out: Path, *words: str) -> list[dict]:
    answer = CliRunner().invoke(cli, ["file", *words, "--headless", "--data", str(out)])
    assert answer.exit_code == 0, answer.output
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_a_photo_is_confirmed_at_once_and_a_film_from_its_third_frame(tmp_path: Path, portrait: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), portrait)
    (row,) = data(tmp_path / "photo.jsonl", str(tmp_path / "one.png"))
    assert [face["confirmed"] for face in row["faces"]] == [True]
    out = tmp_path / "demo.jsonl"
    answer = CliRunner().invoke(cli, ["demo", "--headless", "--faces", "2", "--frames", "5", "--data", str(out)])
    assert answer.exit_code == 0, answer.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [[face["confirmed"] for face in row["faces"]] for row in rows] == [[False] * 2] * 2 + [[True] * 2] * 3
    assert [["probs" in face for face in row["faces"]] for row in rows] == [[False] * 2] * 2 + [[True] * 2] * 3


def test_a_frozen_film_is_confirmed_at_every_step(model: Model) -> None:
    """Somebody freezes and goes back frame by frame: each of them stands by itself."""
    with Detector() as detect, Player([lambda: DemoClip(1)], realtime=True) as player:
        parts, settings = session.parts(Options(), model, player, detect, Tracker())
        kept = Scenes()

        def poll() -> tuple[Event, ...]:
            if not kept or len(kept) < 5:
                return ()
            return (Key(",") if kept[-1].settings.frozen else Key(" "),)

        def enough() -> bool:
            return sum(scene.settings.frozen and scene.frame.cut for scene in kept) >= 3

        run(replace(parts, sinks=[kept], poll=poll, stop=enough, max_frames=60), settings)
    back = [scene for scene in kept if scene.settings.frozen and scene.frame.cut]
    assert back
    assert all(scene.faces and not scene.unconfirmed for scene in back)


@pytest.mark.parametrize("number", [0, 1])
def test_who_freezes_at_once_is_told_what_there_is_to_tell(model: Model, number: int) -> None:
    """In the first two frames of a face nobody knows yet that it is one; in a pause one look is enough."""
    with Detector() as detect, Player([lambda: DemoClip(1)], realtime=True) as player:
        parts, settings = session.parts(Options(), model, player, detect, Tracker())
        kept = Scenes()

        def poll() -> tuple[Event, ...]:
            return (Key(" "),) if kept and kept[-1].frame.index == number and not kept[-1].settings.frozen else ()

        def enough() -> bool:
            return bool(kept) and kept[-1].settings.frozen

        run(replace(parts, sinks=[kept], poll=poll, stop=enough, max_seconds=60), settings)
    assert [scene.frame.index for scene in kept] == [*range(number + 1), number]
    assert all(scene.unconfirmed and not scene.faces for scene in kept[:-1])
    assert not kept[-1].unconfirmed
    assert [face.track for face in kept[-1].faces] == [1]
    assert kept[-1].readings[0].top == kept[-1].readings[0].result.target


def test_a_film_without_a_face_has_none(tmp_path: Path, shared: Path) -> None:
    rows = data(tmp_path / "none.jsonl", str(shared / "videos" / "no_face.mp4"))
    faces = [face for row in rows for face in row["faces"]]
    assert len({face["face"] for face in faces}) >= 3, "letters that the detector takes for faces"
    assert all(face.keys() == {"face", "box", "score", "confirmed"} and not face["confirmed"] for face in faces)
