"""What options take: whatever is read or checked is a value of its kind, or a `ValueError` with words."""

import json
import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolive.core.kinds import (
    Channels,
    Choice,
    Clock,
    File,
    Flag,
    Integer,
    Number,
    Numbers,
    PixelSize,
    Text,
    Words,
    like,
)
from emolive.core.options import TABLE, Options, options_of
from emolive.core.settings import Settings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KINDS = [Flag(), Text(), Choice(("a", "b")), Integer(1, 144), Integer(), Number(0, 1), Number(0, above=True), File(),
         Words(), Words(("a", "b"), least=1, once=True), Channels(), Clock(), PixelSize(), Numbers(3)]  # fmt: skip


def tried(function: Callable, value: object) -> tuple:
    """What a function gives, and the words of the `ValueError` that it raises."""
    try:
        return function(value), ""
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@settings(max_examples=40)
@given(value=JSON)
def test_anything_from_json_is_a_value_or_a_sentence(kind, value):
    good, words = tried(kind.check, value)
    if words:
        assert words.split()[0] in ("is", "has", "names")
    else:
        assert kind.check(good) == good
        assert not isinstance(good, float) or math.isfinite(good)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@settings(max_examples=40)
@given(
    text=st.text() | st.from_regex(r"[-+]?[0-9.:,x_eE]{1,12}", fullmatch=True) | st.sampled_from(("nan", "inf", "-inf"))
)
def test_any_words_are_a_value_or_a_sentence(kind, text):
    good, words = tried(kind.read, text)
    if words:
        assert words.split()[0] in ("is", "are", "has", "names")
    else:
        assert kind.check(good) == good


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Clock(), "90", 90e3), (Clock(), "1:30", 90e3), (Clock(), "0:01:30.5", 90.5e3), (Flag(), "no", False),
        (PixelSize(), "1280X720", (1280, 720)), (Channels(), "3, 17", (3, 17)),
        (Numbers(3), "0.5", (0.5,)), (Numbers(3), "1, 2,3e-1", (1, 2, 0.3)), (Words(), "", ()),
        (Words(once=True), "a,b,a", ("a", "b")), (Integer(1), "7", 7), (Number(0, 1), "1", 1.0),
        (Text(), "néz-moi", "néz-moi"),
    ],
)  # fmt: skip
def test_what_words_mean(kind, text, value):
    assert kind.read(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Number(0, 1), "nan"), (Number(0), "inf"), (Number(0, 1), "1.01"), (Number(0, above=True), "0"),
        (Integer(1), "0"), (Integer(1), "1.0"), (Integer(1, 5), "6"), (Integer(1), "9" * 5000), (Clock(), "nan"),
        (Clock(), "1:2:3:4"), (Clock(), "-1"), (Clock(), "inf"), (PixelSize(), "0x5"), (PixelSize(), "5"),
        (Channels(), "-1"), (Channels(), "²"), (Channels(), "a"),
        (Words(("a",), least=1), ""), (Words(("a",)), "b"), (Text(), "a\nb"), (Text(), "\ud800"), (File(), ""),
    ],
)  # fmt: skip
def test_what_is_refused(kind, text):
    with pytest.raises(ValueError):
        kind.read(text)


def test_json_keeps_ones_and_trues_apart():
    for kind, value in (
        (Flag(), 1),
        (Integer(), True),
        (Number(), False),
        (Integer(), 1.0),
        (Text(), 1),
        (Number(), 10**400),
    ):
        with pytest.raises(ValueError):
            kind.check(value)


def test_settings_have_kinds():
    for name, value in vars(Settings()).items():
        if name not in ("compare", "views", "target", "against"):  # the last two may be none
            assert like(value).check(value) == value, name
    with pytest.raises(TypeError):
        like(None)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.commands[0]}-{row.name}")
def test_a_default_is_a_value_of_its_row(row):
    for value in (row.default, *row.defaults.values()):
        assert row.check(value) == value
    assert set(row.defaults) <= set(row.commands)
    assert row.looks or not row.key, "what a result depends on is a way to look"


def test_no_command_has_an_option_twice():
    for command in {command for row in TABLE for command in row.commands}:
        flags = [row.flag for row in options_of(command)]
        assert len(set(flags)) == len(flags), command


def test_the_windows_begin_as_the_settings_do():
    assert Options().settings() == Settings()
    plain = json.loads(json.dumps(Options().plain()))
    assert (plain["views"], plain["pin"]) == (None, [])  # without --views the board has all, windows have two
