"""The door through which files come in gives what is in them, and asks the system no more often than it must."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waits import wait_for

from emolive.core import foreign
from emolive.core.errors import Unanswered
from emolive.core.foreign import AT_ONCE, answered, hangs, open_regular, read_json

MOVES = st.lists(
    st.tuples(st.sampled_from(("read", "readline", "seek", "back")), st.integers(0, 3 * AT_ONCE)), max_size=8
)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[int, Path]:
    """Files of sizes around those at which reading is another."""
    folder = tmp_path_factory.mktemp("sizes")
    found = {}
    for size in (1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 17):
        found[size] = folder / str(size)
        found[size].write_bytes((b"one line and another\n" * (size // 21 + 1))[:size])
    return found


@settings(max_examples=60, deadline=None)
@given(moves=MOVES, data=st.data())
def test_a_file_reads_as_the_system_reads_it(files, moves, data):
    path = files[data.draw(st.sampled_from(sorted(files)))]
    with open_regular(path) as ours, path.open("rb") as plain:
        for what, count in moves:
            for file in (ours, plain):
                if what == "seek":
                    file.seek(count)
                elif what == "back":
                    file.seek(-min(count, path.stat().st_size), os.SEEK_END)
            if what in ("read", "readline"):
                assert getattr(ours, what)(count) == getattr(plain, what)(count)
            assert ours.tell() == plain.tell()
        assert ours.read() == plain.read()


def test_a_small_file_is_one_question(tmp_path, monkeypatch):
    """Ten thousand records are read at each resume, and a question costs a thread."""
    asked = []
    real = foreign.answered
    monkeypatch.setattr(foreign, "answered", lambda path, call: asked.append(path) or real(path, call))
    (tmp_path / "small.json").write_text('{"a": [1, 2]}')
    assert read_json(tmp_path / "small.json") == {"a": [1, 2]}
    assert len(asked) == 1


def test_as_long_as_a_question_about_a_path_is_open_no_other_one_is_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(foreign, "PATIENCE_S", 0.05)
    answer, asked = threading.Event(), []
    here = tmp_path / "here"
    with pytest.raises(Unanswered, match="here has not answered"):
        answered(here, answer.wait)
    with pytest.raises(Unanswered, match="here has not answered"):
        answered(here, lambda: asked.append(1))
    assert not asked
    assert answered(tmp_path / "there", lambda: 2) == 2
    answer.set()
    wait_for(lambda: not hangs(here))
    assert answered(here, lambda: 3) == 3
