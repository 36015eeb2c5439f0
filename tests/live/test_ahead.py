"""Work done ahead, and frames in batches: the loop gives the same as without, and leaves no thread behind."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, replace

import numpy as np
import pytest
import xserver
from click.testing import CliRunner

from emolive.commands.main import cli
from emolive.core.options import Options
from emolive.core.scene import END, Event, Frame, Key, Picture, Scene, Settings
from emolive.faces.detect import Detector
from emolive.faces.track import Tracker
from emolive.live import session
from emolive.live.ahead import Ahead
from emolive.live.loop import Parts, run
from emolive.media.demo import STEP_MS, DemoClip
from emolive.media.player import Player
from emolive.networks.checkpoint import load

FRAMES = 11


class Never(Ahead):
    """Begins nothing: all is done when it is asked for."""

    def begin(self, work: Callable) -> None:
        """Leave it for later."""


class Scenes(list):
    """A sink that keeps the scenes."""

    stage = "test"

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        self.append(scene)

    def notes(self) -> tuple[str, ...]:
        return ()


@pytest.fixture(scope="module")
def made() -> Iterator[Callable[..., tuple[Parts, Settings]]]:
    """Makes what a run over eleven frames of three moving portraits works with."""
    network = load(None, ())
    with Detector() as detect:

        def make(**wish: object) -> tuple[Parts, Settings]:
            options = Options(headless=True, views=("camera",), **wish)
            clips = Player([lambda: DemoClip(3), lambda: DemoClip(2)], realtime=False, end_ms=FRAMES * STEP_MS / 2)
            clips.__enter__()
            return session.parts(options, network, clips, detect, Tracker())

        yield make


def scenes(made: tuple[Parts, Settings], ahead: Ahead | None = None) -> list[Scene]:
    kept = Scenes()
    parts, settings = made
    assert run(replace(parts, sinks=[kept]), settings, ahead) == len(kept)
    return kept


def assert_same(some: list[Scene], others: list[Scene]) -> None:
    assert len(some) == len(others) == 2 * -(-FRAMES // 2)
    for a, b in zip(some, others, strict=True):
        assert (a.frame.t_ms, a.frame.index, a.progress) == (b.frame.t_ms, b.frame.index, b.progress)
        assert [face.track for face in a.faces] == [face.track for face in b.faces]
        assert (a.chosen and a.chosen.index) == (b.chosen and b.chosen.index)
        for one, other in zip(a.readings, b.readings, strict=True):
            assert one.results.keys() == other.results.keys()
            for variant, result in one.results.items():
                np.testing.assert_allclose(result.probs, other.results[variant].probs, atol=1e-5)
                np.testing.assert_allclose(result.cam, other.results[variant].cam, atol=1e-4)
            np.testing.assert_allclose(one.maps, other.maps, atol=1e-4)
            lies, lay = (np.array(astuple(reading.regions), float) for reading in (one, other))
            np.testing.assert_allclose(lies, lay, atol=1e-4)


def test_the_next_frame_fetched_ahead_is_the_same_frame(made):
    before = threading.active_count()
    assert_same(scenes(made()), scenes(made(), Never()))
    assert threading.active_count() == before


@pytest.mark.ci
@pytest.mark.parametrize("size", [2, 4, 64])
@pytest.mark.parametrize("how", [{}, {"method_b": "layercam", "layer_b": "layer3", "off": (3, 5), "by_share": True}])
def test_frames_in_batches_are_read_like_single_ones(made, size, how):
    assert_same(scenes(made(**how)), scenes(made(batch=size, **how)))


def test_batches_end_where_the_source_ends_and_tell_of_each_frame_what_it_told(made):
    parts, settings = made(batch=4)
    read = [parts.source.read(settings) for _ in range(13)]
    assert [type(frame) for frame in read[:12]] == [Frame] * 12
    assert read[12] is END
    assert parts.source.progress().file == 1


def test_a_key_is_obeyed_while_the_next_frame_is_on_its_way(made):
    parts, settings = made()
    seen, pressed = Scenes(), iter([(), (), (Key("m"),)])

    def poll() -> tuple[Event, ...]:
        return next(pressed, ())

    run(replace(parts, sinks=[seen], poll=poll), settings)
    methods = [scene.settings.method for scene in seen]
    assert methods[:3] == [settings.method] * 3
    assert len(set(methods[3:])) == 1
    assert methods[3] != settings.method


def test_what_goes_wrong_ahead_is_raised_when_it_is_asked_for():
    def fails() -> int:
        raise ValueError("the camera is gone")

    before = threading.active_count()
    with Ahead() as ahead:
        assert ahead.take(threading.get_ident) == threading.get_ident()
        ahead.begin(threading.get_ident)
        ahead.wait()
        assert ahead.take(lambda: 0) not in (0, threading.get_ident())
        ahead.begin(fails)
        ahead.wait()
        with pytest.raises(ValueError, match="camera"):
            ahead.take(lambda: 1)
    assert threading.active_count() == before


@pytest.mark.parametrize(("words", "why"), [(["--headless", "--proof"], "--proof"), ([], "--headless")])
def test_batches_go_without_windows_and_without_the_proof(tmp_path, words, why):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"")
    with xserver.running():
        answer = CliRunner().invoke(cli, ["file", str(picture), "--batch", "4", *words])
    assert answer.exit_code == 1
    assert why in answer.output
    assert "Traceback" not in answer.output
