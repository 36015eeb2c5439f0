"""The board: each view in its place with its question, and a sentence about everything that is pointed at."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scenes import doubted, examined, scene

from emolive.core.scene import Progress, Scene, Variant, Working
from emolive.core.settings import ARRANGEMENTS, TYPES
from emolive.ui import draw
from emolive.ui.board import board, help_height, with_help
from emolive.ui.palette import palette_table
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
    seen = set()
    for given in scenes_of_everything():
        picture = board(given, (1920, 1080), VIEWS)
        seen |= {tip.topic for tip in picture.tips}
        for tip in picture.tips:
            said = pointed([tip], (tip.box[0] + tip.box[2]) / 2, (tip.box[1] + tip.box[3]) / 2)
            assert said in HINT or said.endswith(TOPICS[tip.topic])
            assert said.startswith(tip.words) or said == HINT
        assert pointed(picture.tips, -1, -1) == HINT
    assert seen == set(TOPICS)


def scenes_of_everything() -> Iterator[Scene]:
    """Scenes in which all that there is to point at is on the board."""
    compared = Variant(method="layercam", layer="layer3")
    film = Progress("film.mp4", live=False, duration_ms=9_000, speed=0.5)
    for settings in (
        {"pins": (3,)},
        {"large": "filters", "pins": (3,), "by_share": True, "off": (4,)},
        {"large": "proof", "proof": True, "off": (4, 17), "random": 1, "compare": compared},
        {"large": "proof", "compare": compared},
        {"large": "camera", "random": 1},
    ):
        given = examined(scene(640, 360, 3, channels=64, views=tuple(VIEWS), board=True, **settings))
        given = replace(given, progress=film, recording=True, working=Working("Score-CAM", 0.4), notes=("a note",))
        yield doubted(given, (2, 2, 60, 60))
        yield replace(given, settings=replace(given.settings, frozen=True))
    readings = []
    for reading in given.readings:  # of maps that speak against their target alone
        known = {way: found for way, found in reading.results.items() if found.cam is not None}
        colder = {way: replace(found, cam=found.cam - 9) for way, found in known.items()}
        readings.append(replace(reading, results=colder))
    yield replace(given, readings=tuple(readings))


def test_the_help_line_changes_nothing_above_it():
    plain = np.full((300, 400, 3), 90, np.uint8)
    said = with_help(plain, HINT, 12)
    assert np.array_equal(said[: -help_height(400, 12)], plain[: -help_height(400, 12)])
    assert not np.array_equal(said, plain)


def test_the_docs_print_the_same_table():
    docs = Path(__file__).resolve().parents[2] / "docs" / "SCREEN.md"
    text = docs.read_text(encoding="utf-8")
    assert topics_table() in text
    assert palette_table() in text
