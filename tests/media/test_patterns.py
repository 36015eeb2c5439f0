"""Patterns of videos mean what they mean to `glob`, whatever is in them."""

import glob
import os
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolive.media.folders import videos_of

NAMES = ("a.mp4", "[.mp4", "].mp4", "a[1].mp4", "a&b.mp4", "a~b.mp4", "a|b.mp4", "-.mp4", "^.mp4", "!.mp4", "b\n.mp4")
PIECE = st.sampled_from(("*", "?", "a", "b", "[", "]", "!", "^", "-", "&", "&&", "~~", "||", "--", "z-a", "[z-a]", "["))
PART = st.one_of(st.just("**"), st.lists(PIECE, min_size=1, max_size=5).map("".join))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("patterns") / "study"
    for place in (folder, folder / "a[1]", folder / "b" / "a"):
        place.mkdir(parents=True)
        for name in NAMES:
            (place / name).write_bytes(b"\0video")
    return folder


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(PART, min_size=1, max_size=3))
def test_a_pattern_finds_what_glob_finds(study, parts):
    pattern = f"{study}/{'/'.join(parts)}.mp4"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = {str(path) for path in videos_of(pattern).files}
    fixed = os.path.exists(pattern) or any(os.path.isdir(study.joinpath(*parts[:i])) for i in range(1, len(parts)))
    if not fixed:  # what is there under the whole name is meant as it is
        assert ours == {path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)}
