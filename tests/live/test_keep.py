"""The key that keeps a session: what is written when, and what is said."""

from dataclasses import replace

import pytest
from films import scene_of

from emolive.core.kept import read_session
from emolive.core.scene import Frame, Scene
from emolive.live.keep import SessionKeeper


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sessions" / "monday.json"


def asked_for(times: int, portrait) -> Scene:
    """A scene after so many presses of the key."""
    scene = scene_of(Frame(0, 0.0, portrait))
    return replace(scene, settings=replace(scene.settings, kept=times, method="layercam"))


def test_it_is_written_once_each_time_it_is_asked_for(path, portrait):
    with SessionKeeper(path, "abc", named=False) as keeper:
        keeper(asked_for(0, portrait), {})
        assert not path.exists()
        assert keeper.notes() == ()
        keeper(asked_for(1, portrait), {})
        assert read_session(path).sha256 == "abc"
        assert keeper.notes() == (f"Session kept in {path}; --session monday goes on with it.",)
        path.unlink()
        keeper(asked_for(1, portrait), {})
        assert not path.exists()
        keeper(asked_for(2, portrait), {})
        assert path.exists()


def test_a_name_that_is_new_and_another_network_are_told(path, portrait):
    with SessionKeeper(path, "abc", named=True) as keeper:
        assert keeper.notes() == ("The session monday is new; the key S keeps it.",)
        keeper(asked_for(1, portrait), {})
    with SessionKeeper(path, "abc", named=True) as keeper:
        assert keeper.notes() == ()
    with SessionKeeper(path, "other", named=True) as keeper:
        (said,) = keeper.notes()
        assert "was kept with another network" in said


def test_where_it_cannot_be_written_it_is_a_note_and_not_the_end(path, portrait):
    path.parent.write_text("a file, not a folder")
    with SessionKeeper(path, "abc", named=False) as keeper:
        keeper(asked_for(1, portrait), {})
        (said,) = keeper.notes()
    assert said.startswith("The session was not kept: ")
    assert "Choose another folder with --recordings." in said
