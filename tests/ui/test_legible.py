"""The windows and the board as they are shown: nothing is cut, written over another, small or pale."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import cv2
import numpy as np
import pytest
from legible import CONTRAST, contrast, faults, linear, luminance, shortened, untold
from scenes import LABELS, doubted, examined, grid, scene
from thinned import dear

from emolive.core.scene import Picture, Progress, Scene, Variant, Working
from emolive.core.settings import ARRANGEMENTS, TYPES
from emolive.ui import draw, hud, labels
from emolive.ui.board import board, composed, with_help
from emolive.ui.palette import CARD, DIM, GROUND, HUES, INK, MEANINGS, NOTE, OWN, PAGE, PAPER, RECORDING, palette_table
from emolive.ui.sizes import LEAST, text_px
from emolive.ui.topics import TOPICS
from emolive.ui.views import VIEWS, order

SCREENS = (1366, 768), (1920, 1080), (3840, 2160)
SMALLEST = SCREENS[0], "lecture"
"""The least room for text."""

LONG = ("Verwunderungsbereitschaftsaufmerksamkeit", "удивление", "驚き", "ความประหลาดใจ", "happy", "so-so", "دهشة")
ALL_TESTS = {"proof": True, "off": (4, 17), "random": 1, "compare": Variant(method="layercam", layer="layer3")}
STATES: dict[str, dict[str, object]] = {
    "plain": {},
    "tested": {**ALL_TESTS, "pins": (12, 77)},
    "shares": {"by_share": True, "pins": (3,), "proof": True},
    "contrast": {"against": "happy", "target": "happy"},
    "help": {"help": True},
    "relative": {"scale": "relative", "compare": Variant(method="cam", layer="layer3")},
}


def given(size: tuple[int, int], faces: int | str, labels: tuple[str, ...] = LABELS, **settings: object) -> Scene:
    """A scene with all views, white where it is brightest: the worst that text can stand on."""
    width, height, boxes = CROWDS[faces] if isinstance(faces, str) else (640, 360, grid(640, 360, faces))
    how: dict[str, object] = {"views": tuple(VIEWS), "board": True, **settings}
    made = scene(width, height, boxes=boxes, channels=64, labels=labels, **how)
    bgr = made.frame.bgr.copy()
    bgr[::2] = 255
    made = examined(replace(made, frame=replace(made.frame, bgr=bgr)))
    return replace(made, menu=replace(made.menu, order=order(made)))


CROWDS = {
    "ten in a row": (558, 418, [
        (94, 130, 123, 159), (128, 136, 157, 165), (166, 101, 192, 128), (184, 137, 215, 169), (234, 146, 265, 176),
        (292, 100, 316, 124), (337, 106, 360, 131), (300, 147, 325, 172), (397, 138, 423, 164), (413, 159, 448, 194),
    ]),
    "forty in a hall": (640, 360, [
        (20 + 60 * n + 25 * (row % 2), 120 + 44 * row, 52 + 60 * n + 25 * (row % 2), 152 + 44 * row)
        for row in range(4) for n in range(10)
    ]),
}  # fmt: skip
"""Films with many small faces that are close to each other: their size, and where the faces are. The first is as ten
people stand in a photo of the data that is not part of the project."""


def judged(made: Scene, size: tuple[int, int], words: str = "") -> list[object]:
    """What is wrong with the board of a scene, with the longest sentence in its help line."""
    px = text_px(made.settings.type, size[1])
    with draw.noted() as lines:
        picture = board(made, size, VIEWS)
        bgr = with_help(picture.bgr, words or max(TOPICS.values(), key=len), px)
    ours = [] if made.menu.labels == LONG or made.progress.files > 1 else shortened(lines)
    return ours + untold(picture, lines, made) + faults(bgr, lines, px if not made.settings.help else LEAST)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", ["desk", "lecture"])
def test_the_board_of_a_small_screen_is_legible(state, kind):
    size = SCREENS[0]
    assert judged(given(size, 2, type=kind, **STATES[state]), size) == []


Shown = tuple[str, str, str, int]
"""An arrangement, a size of text, a state, and how many faces."""

FACES = (0, 1, 2, 5, 12)
ALL = tuple(product(ARRANGEMENTS, TYPES, [*STATES, "long labels", "busy", "grey"], FACES))
SPREAD = tuple(shown for n, shown in enumerate(ALL) if n % len(FACES) == n // len(FACES) % len(FACES))
"""Each arrangement in each size of text and each state, with numbers of faces by turns."""


def shown_as(size: tuple[int, int], shown: Shown) -> Scene:
    """The scene of a case."""
    arrangement, kind, state, faces = shown
    how: dict[str, object] = {"type": kind, "arrangement": arrangement}
    if state in STATES:
        return given(size, faces, **how, **STATES[state])
    if state == "grey":
        made = given(size, faces, **how)
        dark = tuple(replace(face, outside="turned 40°") for face in made.faces)
        return doubted(replace(made, faces=dark), (10, 10, 60, 60), (500, 9, 600, 99))
    made = given(size, faces, LONG, **how, proof=True, off=(4,))
    if state == "long labels":
        return made
    film = Progress("a film with a long name.mp4", live=False, duration_ms=3_725_000, file=1, files=3, speed=0.6)
    made = replace(made, progress=film, recording=True, notes=("12 frames dropped",))
    return replace(made, working=Working("Score-CAM", 0.4), settings=replace(made.settings, frozen=True))


def wrong_of(size: tuple[int, int], cases: Sequence[Shown]) -> dict[Shown, list[object]]:
    """What is wrong with the boards of these cases."""
    return {shown: found for shown in cases if (found := judged(shown_as(size, shown), size))}


def test_a_spread_of_cases_leaves_nothing_out():
    for a, b in combinations(range(4), 2):
        pairs = {(shown[a], shown[b]) for shown in ALL}
        assert {(shown[a], shown[b]) for shown in SPREAD} == pairs


BOARDS = [SMALLEST, *dear(*(case for case in product(SCREENS, TYPES) if case != SMALLEST))]


@pytest.mark.parametrize(("size", "kind"), BOARDS)
def test_every_face_of_ten_has_its_number_in_every_arrangement(size, kind):
    for how in ARRANGEMENTS:
        assert judged(given(size, "ten in a row", type=kind, arrangement=how), size) == [], how


@pytest.mark.parametrize(("size", "kind"), BOARDS)
def test_of_forty_faces_each_has_its_number_or_it_is_said_how_many_have_none(size, kind):
    for how in ARRANGEMENTS:
        found = judged(given(size, "forty in a hall", type=kind, arrangement=how), size)
        assert found == [] or (how == "even" and [fault.what for fault in found] == ["said"]), how


def test_what_looks_for_numbers_misses_those_that_are_not_there(monkeypatch):
    monkeypatch.setattr(labels, "WAYS", labels.WAYS[:1])  # as names, and beside the faces only
    made = given(SCREENS[0], "ten in a row", type="lecture", arrangement="even")
    assert [fault.what for fault in judged(made, SCREENS[0])] == ["said"]
    nothing = untold(Picture(np.zeros((9, 9, 3), np.uint8)), [], made)
    assert [fault.what for fault in nothing] == 10 * ["no number"]


@pytest.mark.ci
@pytest.mark.parametrize(("size", "cases"), [(SCREENS[0], SPREAD), (SCREENS[1], SPREAD), (SCREENS[2], SPREAD[::4])])
def test_arrangements_are_legible(size, cases):
    assert wrong_of(size, cases) == {}


@pytest.mark.endurance
@pytest.mark.parametrize("size", SCREENS)
def test_all_arrangements_are_legible(size):
    assert wrong_of(size, ALL) == {}


ALONE = tuple(product(TYPES, STATES, (0, 1, 5)))
"""A size of text, a state, and how many faces: for windows of one view."""

WINDOWS = (480, 360), (900, 500), (1366, 700), (700, 1300), (3840, 2000)


def wrong_alone(view: str, size: tuple[int, int], cases: Sequence[tuple[str, str, int]]) -> dict[object, object]:
    """What is wrong with windows of one view."""
    wrong: dict[object, object] = {}
    for kind, state, faces in cases:
        px = text_px(kind, max(768, size[1]))
        with draw.noted() as lines:
            picture = composed(given(size, faces, type=kind, **STATES[state]), size, px, {view: VIEWS[view]}, True)
        helped = bool(STATES[state].get("help"))
        if found := ([] if helped else shortened(lines)) + faults(picture.bgr, lines, LEAST if helped else px):
            wrong[kind, state, faces] = found
    return wrong


@pytest.mark.ci
@pytest.mark.parametrize("view", VIEWS)
def test_windows_of_one_view_are_legible(view):
    for n, size in enumerate(WINDOWS):
        assert wrong_alone(view, size, ALONE[n % 4 :: 4]) == {}, size


@pytest.mark.endurance
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", WINDOWS)
def test_windows_of_one_view_are_legible_in_all_states(view, size):
    assert wrong_alone(view, size, ALONE) == {}


@pytest.mark.parametrize("kind", TYPES)
def test_first_words_are_legible(kind):
    for size in SCREENS:
        px = text_px(kind, size[1])
        with draw.noted() as lines:
            bgr = hud.loading("Loading the network …", size, px)
        assert faults(bgr, lines, px) == []


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("height", [768, 1080, 2160])
def test_text_is_as_large_as_promised(kind, height):
    assert text_px(kind, height) >= 11
    if kind == "lecture":
        assert text_px(kind, height) >= 0.025 * height


def wrong(**how: object) -> set[str]:
    """What is found where two lines are written so, on a picture of 400×100."""
    image = np.full((100, 400, 3), 20, np.uint8)
    with draw.noted() as lines:
        draw.text(
            image, "one line of text", how.get("x", 10), how.get("y", 10), how.get("px", 20), how.get("color", PAPER)
        )
        draw.text(image, "another line", 10, how.get("other", 60), 20)
    if how.get("over"):
        draw.fill(image, (0, 0, 400, 50), PAGE)
    return {fault.what for fault in faults(image, lines, 20)}


def test_what_measures_finds_each_fault_by_itself():
    assert wrong() == set()
    assert wrong(x=300) == {"cut"}
    assert wrong(px=12) == {"too small"}
    assert wrong(color=(60, 60, 60)) == {"pale"}
    assert "overlap" in wrong(other=14)
    assert wrong(over=True) == {"drawn over"}
    with draw.noted() as lines:
        draw.text(np.zeros((40, 400, 3), np.uint8), draw.shorten("one line of text", 20, 120), 0, 0, 20)
    assert [fault.what for fault in shortened(lines)] == ["shortened"]


def test_contrast_is_that_of_the_worst_pixel():
    rng = np.random.default_rng(3)
    ground = rng.integers(0, 90, (6, 9, 3), dtype=np.uint8)
    rect = (0, 0, 9, 6)

    def light(bgr: np.ndarray) -> float:
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (int(c) / 255 for c in bgr)]
        return 0.0722 * parts[0] + 0.7152 * parts[1] + 0.2126 * parts[2] + 0.05

    expected = min(light(np.array(PAPER)) / light(pixel) for pixel in ground.reshape(-1, 3))
    assert contrast(draw.Written("", rect, 11, PAPER, ground, rect)) == pytest.approx(expected)


# What people without one kind of cones see: linear RGB -> linear RGB, from Machado, Oliveira and Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), table 1, severity 1.
MACHADO = {
    "all cones": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
APART = 12.0
"""The least distance in CIE L*a*b* of two colours that mean different things; 2.3 is just noticeable."""


@pytest.mark.parametrize("cones", MACHADO)
def test_colours_that_mean_different_things_look_different(cones):
    own = {f"label {i}": color for i, color in enumerate(OWN)}
    marks = {**HUES, **own, "note": NOTE, "recording": RECORDING, "white": PAPER}
    seen = {name: lab(color, np.array(MACHADO[cones])) for name, color in marks.items()}
    near = {
        (a, b): round(float(np.linalg.norm(seen[a] - seen[b])), 1)
        for a, b in product(marks, marks)
        if a < b and np.linalg.norm(seen[a] - seen[b]) < APART
    }
    assert near == {}


def lab(color: draw.Color, seen_by: np.ndarray) -> np.ndarray:
    light = (linear(np.array(color[::-1]) / 255) @ seen_by.T).clip(0, 1)
    rgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0])


@pytest.mark.parametrize("ground", [GROUND, PAGE, CARD, INK])
@pytest.mark.parametrize("ink", [PAPER, DIM, NOTE])
def test_text_has_contrast_on_every_ground(ground, ink):
    light, dark = sorted(luminance(np.array([ground, ink])))[::-1]
    assert (light + 0.05) / (dark + 0.05) >= CONTRAST


def test_a_plate_over_white_film_leaves_enough_contrast():
    image = np.full((60, 300, 3), 255, np.uint8)
    draw.panel(image, (0, 0, 300, 60))
    with draw.noted() as lines:
        draw.text(image, "over the film", 10, 10, 20, DIM)
    assert contrast(lines[0]) >= CONTRAST


def test_every_colour_has_one_meaning_and_the_docs_print_it():
    colors = [color for color, _ in MEANINGS.values()]
    assert len(set(colors)) == len(colors)
    assert all(name in palette_table() for name in MEANINGS)
