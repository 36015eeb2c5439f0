"""Sessions: kept and read back whole; whatever else is in their place ends in a sentence."""

import json
import os
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolive.core.errors import SourceError
from emolive.core.kept import KEPT, keep_session, read_session, resumed, session_path
from emolive.core.options import Options
from emolive.core.scene import Settings, Variant

CHANGED = Settings(
    method="layercam", layer="layer2", filter_layer="layer3", target="happy", against="sad", page=2, pins=(7, 3),
    off=(9,), alpha=0.8, heat=False, views=("camera", "timeline"), mirror=True, board=True, arrangement="even",
    type="lecture", colormap="magma", by_share=True, proof=True, random=2, smooth_ms=500.0, tiles=25,
    compare=Variant(method="cam", layer="layer4"),
)  # fmt: skip


def asked(tmp_path, **more) -> Options:
    return Options(recordings=tmp_path, session="my lecture", **more)


def test_what_was_kept_is_what_comes_back(tmp_path):
    options = asked(tmp_path)
    keep_session(session_path(options), CHANGED, "abc")
    assert session_path(options) == tmp_path / "sessions" / "my lecture.json"
    assert read_session(session_path(options)).sha256 == "abc"
    assert resumed(options, ()).settings() == CHANGED


def test_what_is_given_comes_first(tmp_path):
    options = asked(tmp_path, method="cam", alpha=0.1)
    keep_session(session_path(options), CHANGED, "")
    assert resumed(options, {"method"}).settings() == replace(CHANGED, method="cam")


def test_a_new_session_changes_nothing(tmp_path):
    options = asked(tmp_path)
    assert resumed(options, ()) == options
    assert not list(tmp_path.iterdir())


def test_a_pipe_in_its_place_is_neither_read_nor_written(tmp_path):
    path = session_path(asked(tmp_path))
    path.parent.mkdir()
    os.mkfifo(path)
    assert read_session(path) is None
    with pytest.raises(OSError, match="is no file"):
        keep_session(path, CHANGED, "")


HOSTILE = [
    "", "{", "[]", "null", "7", "\"x\"", "{}", "[" * 5000, '{"options": [], "model": {}}', "\udc80",
    '{"options": {}, "model": {}}', '{"options": {}, "model": {"sha256": 7}}',
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_session_is_said_in_a_sentence(tmp_path, text):
    path = session_path(asked(tmp_path))
    path.parent.mkdir()
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SourceError, match=r"my lecture\.json") as caught:
        resumed(asked(tmp_path), ())
    assert "\n" not in str(caught.value)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)),
    lambda one: st.one_of(st.lists(one, max_size=4), st.dictionaries(st.text(max_size=5), one, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted([*KEPT, "method_b", "model", "out", "?"])), VALUES, max_size=6))
def test_any_values_are_options_or_a_sentence(tmp_path_factory, values):
    options = asked(tmp_path_factory.mktemp("any"))
    path = session_path(options)
    path.parent.mkdir()
    path.write_text(json.dumps({"options": values, "model": {"sha256": ""}}))
    with suppress(SourceError):
        _sound(resumed(options, ()))


def _sound(found: Options) -> None:
    found.settings()  # every value is of its option's kind
    assert (found.model, found.out, found.record) == (None, None, False)
