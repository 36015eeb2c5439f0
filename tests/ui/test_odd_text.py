"""Text with anything in it can be drawn: names of files and labels are others' words."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolive.ui import draw

ENDS = ["\n", "\r", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
"""What ends a line or a paragraph: a line cannot be laid out with one in it."""


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_line_is_drawn_as_an_escape(end):
    escape = end.encode("unicode_escape").decode()
    assert draw.text_size(f"a{end}b", 20) == draw.text_size(f"a{escape}b", 20)
    assert draw.shorten(f"a{end}b", 20, 400) == f"a{end}b"


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(max_codepoint=sys.maxunicode), max_size=12))
def test_any_text_has_a_size(words):
    width, height = draw.text_size(words, 14)
    assert width >= 1
    assert height == 18
