"""The board: each view in its place with its question, and a sentence about everything that is pointed at."""

from pathlib import Path

import numpy as np
import pytest
from scenes import examined, scene

from emolive.core.settings import ARRANGEMENTS, TYPES
from emolive.ui import draw
from emolive.ui.board import board, help_height, with_help
from emolive.ui.place import inside
from emolive.ui.sizes import LEAST, text_px
from emolive.ui.titles import question
from emolive.ui.topics import HINT, TOPICS, pointed, topics_table
from emolive.ui.views import VIEWS

SCREENS = [(1366, 768), (1920, 1080)]


@pytest.mark.parametrize("size", SCREENS)
@pytest.mark.parametrize("kind", TYPES)
def test_questions_status_and_help_line_are_as_large_as_asked_for_and_whole(size, kind):
    given = examined(scene(640, 360, 3, channels=32, views=tuple(VIEWS), board=True, type=kind))
    px = text_px(kind, size[1])
    assert px >= LEAST
    assert kind != "lecture" or px >= 0.025 * size[1]
    for arrangement in ARRANGEMENTS:
        given = examined(scene(640, 360, 3, channels=32, views=tuple(VIEWS), type=kind, arrangement=arrangement))
        with draw.noted() as lines:
            picture = board(given, size, VIEWS)
            with_help(picture.bgr, max(TOPICS.values(), key=len), px)
        asked = " ".join(line.words for line in lines if line.px == px)
        assert all(question(view, given) in asked for view in VIEWS)
        assert all(inside(line.rect, line.room) for line in lines if line.px == px)


def test_everything_that_can_be_pointed_at_is_said_and_nothing_else_is_in_the_table():
    given = examined(scene(640, 360, 3, channels=32, views=tuple(VIEWS), board=True))
    picture = board(given, (1366, 768), VIEWS)
    assert {tip.topic for tip in picture.tips} == set(TOPICS)
    for tip in picture.tips:
        assert pointed([tip], (tip.box[0] + tip.box[2]) / 2, (tip.box[1] + tip.box[3]) / 2) == TOPICS[tip.topic]
    assert pointed(picture.tips, -1, -1) == HINT


def test_the_help_line_changes_nothing_above_it():
    plain = np.full((300, 400, 3), 90, np.uint8)
    said = with_help(plain, HINT, 12)
    assert np.array_equal(said[: -help_height(400, 12)], plain[: -help_height(400, 12)])
    assert not np.array_equal(said, plain)


def test_the_docs_print_the_same_table():
    docs = Path(__file__).resolve().parents[2] / "docs" / "SCREEN.md"
    assert topics_table() in docs.read_text(encoding="utf-8")
