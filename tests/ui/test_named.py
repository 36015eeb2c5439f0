"""Where no emotion of a face is named, no view names one."""

from dataclasses import replace

import pytest
from scenes import LABELS, examined, scene

from emolive.core.scene import Scene, Select, Variant
from emolive.ui import draw
from emolive.ui.board import board
from emolive.ui.named import answered
from emolive.ui.views import VIEWS, camera, order

SIZE = (1366, 768)
TESTED = {
    "pins": (3,),
    "off": (3, 9),
    "proof": True,
    "random": 2,
    "by_share": True,
    "compare": Variant(method="layercam", layer="layer3"),
}


def made(outside: str = "", **settings: object) -> Scene:
    """One face, of which all is known that views can show; `outside` says why the network cannot know it."""
    given = examined(scene(640, 360, channels=64, views=tuple(VIEWS), board=True, **settings))
    (face,) = given.faces
    given = replace(given, faces=(replace(face, outside=outside),))
    return replace(given, menu=replace(given.menu, order=order(given)))


def names(lines: list[draw.Written], given: Scene, picture) -> set[str]:
    """The emotions that are named in a picture, or where something in it is pointed at."""
    said = [*(line.words for line in lines), *(tip.words for tip in picture.tips)]
    return {name for name in LABELS if any(name in words.split() or f"({name})" in words for words in said)}


def seen(given: Scene, view: str, sheet: bool) -> set[str]:
    """The emotions that a view names: as it is recorded, or alone on the board, with its heading and the status."""
    with draw.noted() as lines:
        settings = replace(given.settings, large=view)
        picture = board(replace(given, settings=settings), SIZE, VIEWS) if sheet else VIEWS[view](given)
    assert lines
    return names(lines, given, picture)


@pytest.mark.parametrize("settings", [{}, TESTED], ids=["plain", "tested"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_names_an_emotion_of_a_face_that_the_network_cannot_know(view, settings):
    for sheet in (True, False):
        assert seen(made("turned 50°", **settings), view, sheet) == set()
        if view != "filters" or settings or sheet:  # the control: of any other face each names one
            assert seen(made(**settings), view, sheet)


@pytest.mark.parametrize("kind", ["desk", "lecture"])
@pytest.mark.parametrize("arrangement", ["beside", "below", "even"])
def test_the_board_says_why_none_is_named(kind, arrangement):
    given = made("dark", type=kind, arrangement=arrangement)
    with draw.noted() as lines:
        picture = board(given, SIZE, VIEWS)
    assert names(lines, given, picture) == set()
    words = " ".join(line.words for line in lines)
    assert words.count("no emotion is named") >= 3
    assert any(isinstance(hit.event, Select) for hit in picture.hits)


def test_an_emotion_that_somebody_chose_as_the_target_is_named_as_that():
    given = made("dark", target="sad")
    assert seen(given, "camera", True) == {"sad"}


def test_of_several_faces_only_those_that_can_be_known_are_named():
    given = examined(scene(640, 360, 3, channels=64, views=tuple(VIEWS), board=True))
    dark = tuple(replace(face, outside="dark" if face.track == 2 else "") for face in given.faces)
    given = replace(given, faces=dark)
    for view in ("camera", "timeline"):
        with draw.noted() as lines:
            board(replace(given, settings=replace(given.settings, large=view)), SIZE, VIEWS)
        said = [line.words for line in lines]
        assert any(words.startswith("face 2: dark, so no emotion") for words in said) == (view == "timeline")
        assert any(words.endswith("%") and words.split()[0] in LABELS for words in said) == (view == "camera")


def test_an_unsure_face_is_said_to_be_so_in_the_same_words_everywhere():
    given = made(unsure=0.99)
    assert answered(given, 0).startswith("unsure, ")
    for view in ("camera", "timeline"):
        with draw.noted() as lines:
            board(replace(given, settings=replace(given.settings, large=view)), SIZE, VIEWS)
        assert any("unsure" in line.words for line in lines)


def test_recorded_bars_are_missing_where_nothing_is_known():
    with draw.noted() as known:
        camera(made())
    with draw.noted() as unknown:
        camera(made("turned 50°"))
    assert len(known) > len(unknown) + len(LABELS)
