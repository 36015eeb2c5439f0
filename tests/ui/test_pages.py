"""The views of emotions, proof and timeline: golden pictures, and what they must say."""

import math
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from scenes import LABELS, examined, scene

from emolive.audit.sanity import sane
from emolive.core.evidence import MASKINGS, OWN, Difference, Evidence, Query
from emolive.core.reading import Likeness
from emolive.core.scene import Agreement, Aim, Moment, Proof, Regions, Scene, Sheet, Variant
from emolive.ui import draw, emotions, faithful, palette, proof, timeline
from emolive.ui.emotions import MOST, grid_of
from emolive.ui.knocked import knocked
from emolive.ui.place import inside
from emolive.ui.views import VIEWS
from emolive.ui.where import MOSTLY_OFF, warning

OTHER = Variant(method="layercam", layer="layer3")
OPEN = {"views": ("camera", "emotions"), "cam": 4}


def small(picture: np.ndarray) -> np.ndarray:
    """Half as large: still readable, and a small file."""
    return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("emotions-seven", {}),
        ("emotions-contrast", {"against": "neutral", "colormap": "viridis"}),
        ("proof-help", {}),
        ("proof-blurred", {"proof": True}),
        ("proof-two", {"off": (4, 17), "random": 2}),
        ("proof-all", {"proof": True, "off": (4,), "random": 1, "compare": OTHER}),
        ("timeline-one", {}),
        ("timeline-five", {"faces": 6}),
    ],
)
def test_pages_look_as_they_did(golden, portrait, name, made):
    given = examined(scene(480, 360, portrait=portrait, **OPEN, **made))
    golden(name, small(VIEWS[name.split("-")[0]](given).bgr))


def words_of(monkeypatch, view: str, given: Scene) -> str:
    """All that a view writes."""
    written = []
    real = draw.text

    def spy(image, text, x, y, px, *more, **named):
        written.append(text)
        end = real(image, text, x, y, px, *more, **named)
        align = named.get("align", 0)
        wide = draw.text_size(text, px, named.get("bold", more[1] if len(more) > 1 else False))[0]
        left = x - align * wide
        assert left >= 0, text
        assert left + wide <= image.shape[1] + 1, text
        assert -1 <= y <= image.shape[0] - px, text
        return end

    monkeypatch.setattr(draw, "text", spy)
    VIEWS[view](given)
    return " | ".join(written)


@pytest.mark.parametrize("view", ["emotions", "proof", "timeline"])
def test_a_page_without_a_face_says_so(monkeypatch, view):
    assert "No face in sight" in words_of(monkeypatch, view, scene(faces=0))


@pytest.mark.parametrize(
    "labels", [("yes", "no"), LABELS, (*LABELS, "contempt"), tuple(f"label {i}" for i in range(20))]
)
def test_every_emotion_is_named_with_its_probability(monkeypatch, labels):
    given = examined(scene(labels=labels, **OPEN))
    words = words_of(monkeypatch, "emotions", given).replace("\N{NO-BREAK SPACE}", " ")
    for i, name in enumerate(labels):
        assert name[:4] in words
        assert f"{100 * given.memory.tracks[1].probs[i]:.0f}" in words
    assert "one scale for all" in words


@pytest.mark.parametrize("count", [2, 3, 7, 8, 9, 21, 60])
@pytest.mark.parametrize("room", [(0, 0, 960, 360), (0, 20, 400, 300), (0, 0, 300, 900), (0, 0, 1900, 200)])
def test_maps_of_emotions_and_their_words_neither_touch_nor_leave_the_room(count, room):
    probs = np.random.default_rng(count).dirichlet(np.ones(count))
    grid = grid_of(room, probs, [f"emotion {n}" for n in range(count)], 12)
    covered = np.zeros((room[3], room[2]), int)
    for _, place, words in grid.places:
        for x0, y0, x1, y1 in (place, words):
            assert room[0] <= x0 < x1 <= room[2]
            assert room[1] <= y0 < y1 <= room[3]
            covered[y0:y1, x0:x1] += 1
    assert covered.max() == 1
    shown = [i for i, _, _ in grid.places]
    assert min(probs[shown]) >= max(np.delete(probs, shown), default=0)


def maps_shown(given: Scene) -> dict[str, tuple[int, int, int, int]]:
    """Where the map of each emotion lies in the picture that is recorded of the view."""
    tips = VIEWS["emotions"](given).tips
    return {tip.words: tip.box for tip in tips if tip.topic == "emotion map"}


def test_each_map_of_an_emotion_can_be_clicked_and_the_target_is_marked():
    given = examined(scene(**OPEN))
    hits = [hit for hit in VIEWS["emotions"](given).hits if isinstance(hit.event, Aim)]
    assert [hit.event for hit in hits] == [Aim(label) for label in given.menu.labels]
    for hit, box in zip(hits, maps_shown(given).values(), strict=True):
        assert inside(box, hit.box)
    aimed = examined(scene(**OPEN, target="sad"))
    with draw.noted() as lines:
        VIEWS["emotions"](aimed)
    assert "target" in [line.words for line in lines]


def test_of_a_thousand_emotions_the_likeliest_are_shown():
    labels = tuple(f"label {i}" for i in range(1000))
    given = examined(scene(labels=labels, **OPEN))
    hits = emotions.emotions(given, Sheet(1900, 900, 12)).hits
    probs = given.chosen.probs
    shown = [labels.index(hit.event.label) for hit in hits]
    assert shown == sorted(shown)
    assert len(shown) == MOST
    assert min(probs[shown]) >= max(np.delete(probs, shown))


def test_all_emotions_share_one_scale():
    given = examined(scene(**OPEN, method="layercam"))
    maps = np.stack([np.full((4, 4), v, np.float32) for v in (1, 0.5, 0.25, 0, -1, 0.5, 0.9)])
    given = replace(given, readings=(replace(given.readings[0], emotions=maps),))
    picture = VIEWS["emotions"](given).bgr
    tiles = [picture[y0 + 6 : y1 - 6, x0 + 6 : x1 - 6] for x0, y0, x1, y1 in maps_shown(given).values()]
    assert np.array_equal(tiles[1], tiles[5])
    assert np.array_equal(tiles[3], tiles[4])  # nothing is painted without positive evidence
    assert not np.array_equal(tiles[0], tiles[1])
    fainter = replace(given, readings=(replace(given.readings[0], emotions=maps / 2),))
    again = VIEWS["emotions"](fainter).bgr  # the scale is fixed: half the evidence looks as half of it did
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = list(maps_shown(given).values())[1:3]
    assert np.array_equal(again[ay0 + 6 : ay1 - 6, ax0 + 6 : ax1 - 6], picture[by0 + 6 : by1 - 6, bx0 + 6 : bx1 - 6])


def cut_out(picture: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    return picture[box[1] : box[3], box[0] : box[2]]


def test_relative_heat_is_as_hot_for_half_of_the_evidence():
    given = examined(scene(**OPEN, method="layercam", scale="relative"))
    maps = np.stack([np.full((4, 4), v, np.float32) for v in (8, 4, 2, 0, -8, 4, 7)])
    given = replace(given, readings=(replace(given.readings[0], emotions=maps),))
    doubled = replace(given, readings=(replace(given.readings[0], emotions=2 * maps),))
    one, two = (cut_out(VIEWS["emotions"](each).bgr, maps_shown(each)["disgust"]) for each in (given, doubled))
    assert np.array_equal(one, two)


def test_evidence_against_is_blue_and_for_it_orange_and_both_as_strong(monkeypatch):
    given = examined(scene(**OPEN))
    maps = np.stack([np.full((4, 4), v, np.float32) for v in (0.8, -0.8, 0, 0.4, -0.4, 0.01, 0)])
    given = replace(given, readings=(replace(given.readings[0], emotions=maps),))
    picture = VIEWS["emotions"](given).bgr
    tiles = [picture[y0 + 8 : y1 - 8, x0 + 8 : x1 - 8].astype(int) for x0, y0, x1, y1 in maps_shown(given).values()]
    red = [float((tile[..., 2] - tile[..., 0]).mean()) for tile in tiles]
    assert min(red[0], red[3]) > 20
    assert max(red[1], red[4]) < -20
    assert red[2] == 0
    assert abs(red[5]) < 12  # next to nothing
    grey = [cv2.cvtColor(tile.astype(np.uint8), cv2.COLOR_BGR2LAB)[..., 0].astype(float).mean() for tile in tiles]
    assert abs(grey[0] - grey[1]) < 8
    words = words_of(monkeypatch, "emotions", given).replace("\N{NO-BREAK SPACE}", " ")
    for said in ("fixed scale", "blue: against · orange: for", "score per cell"):
        assert said in words


def test_a_contrast_is_named_and_an_emotion_against_itself_too(monkeypatch):
    given = examined(scene(against="sad", **OPEN))
    words = words_of(monkeypatch, "emotions", given).replace("\N{NO-BREAK SPACE}", " ")
    top = LABELS[given.readings[0].result.target]
    assert "What speaks for each emotion, not sad?" in words
    assert "each against sad" in words
    assert "against itself" in words.replace(" | ", " ")
    itself = examined(scene(against=top, **OPEN))
    assert f"not {top}?" in words_of(monkeypatch, "emotions", itself)


def test_where_there_are_no_maps_of_emotions_it_is_said_why(monkeypatch):
    closed = scene()
    assert "g opens it" in words_of(monkeypatch, "emotions", closed)
    opened = scene(**OPEN, method="filter", pins=(1,))
    assert "method filter has no map of each emotion" in words_of(monkeypatch, "emotions", opened)
    undefined = scene(views=("emotions",), defined=False, method="cam", layer="layer2")
    assert "defined at the last stage only" in words_of(monkeypatch, "emotions", undefined)


def test_a_method_that_knows_no_emotion_is_found_out(monkeypatch):
    given = examined(scene(**OPEN, method="activation"))
    alike = np.stack([given.readings[0].emotions[0]] * 7)
    given = replace(given, readings=(replace(given.readings[0], emotions=alike),))
    assert "no emotion: all alike" in words_of(monkeypatch, "emotions", given)


TESTS = {"proof": True, "off": (4,), "random": 1, "compare": OTHER}


@pytest.mark.parametrize("on", range(16))
def test_the_tests_that_are_on_are_shown_and_the_keys_of_the_others_named(monkeypatch, on):
    chosen = {name: value for bit, (name, value) in enumerate(TESTS.items()) if on >> bit & 1}
    words = words_of(monkeypatch, "proof", examined(scene(**chosen)))
    titles = {"proof": "Faithfulness", "off": "Knock-out", "random": "Sanity check", "compare": "A/B: two ways"}
    for name, title in titles.items():
        assert (title in words) == (name in chosen)
    if len(chosen) in (0, 3):
        for key, name in zip("dzwa", TESTS, strict=True):
            assert (f"| {key} |" in f"| {words} |") == (name not in chosen)
    assert "Where the heat lies" in words


def test_before_the_first_answer_every_panel_has_a_sentence(monkeypatch):
    words = words_of(monkeypatch, "proof", scene(**TESTS))
    assert words.count("comes with the next frame") >= 2


def shown_with(given, proof, evidence):
    kept = replace(given.memory.tracks[1], evidence=evidence)
    reading = replace(given.readings[0], proof=proof)
    return replace(given, readings=(reading,), memory=replace(given.memory, tracks={1: kept}))


def test_the_panel_tells_this_frames_drops_the_verdict_and_each_difference(monkeypatch):
    given = examined(scene(proof=True))
    asks = Query("linear", OWN), Query("linear", "other_face", 2), Query("linear", "random", 5)
    answer = Proof(11, 1, 3, 0.8, asks, (0.3, 0.7, 0.85), np.zeros((3, 48, 48, 3), np.uint8))
    means = {"other_face": 0.41, "centre": 0.12, "class_blind": 0.0, "random": 0.3}
    differences = {(how, of): Difference(m, m - 0.05, m + 0.05) for how in MASKINGS for of, m in means.items()}
    found = Evidence(differences, 0.8, 30, 13.0, pooled=Difference(0.2, 0.15, 0.25))
    words = words_of(monkeypatch, "proof", shown_with(given, answer, found)).replace("\N{NO-BREAK SPACE}", " ")
    assert "happy 80 % · frame 11" in words
    assert "linear" not in words
    assert "filling in from the edge: this map" in words
    for part in ("than other faces' maps | ■ +41 ± 5 □ +41 ± 5", "than random | ■ +30 ± 5 □ +30 ± 5"):
        assert part in words
    assert "Does not beat its controls" in words
    alone = {**differences, **{(how, "class_blind"): Difference(0.09, -0.04, 0.22) for how in MASKINGS}}
    words = words_of(monkeypatch, "proof", shown_with(given, answer, replace(found, differences=alone)))
    assert "Beats its controls" in words
    words = words_of(monkeypatch, "proof", shown_with(given, answer, None))
    assert "Not enough evidence yet" in words


def test_evidence_of_another_map_is_not_held_against_the_one_that_is_shown(monkeypatch):
    given = examined(scene(proof=True))
    assert "Not enough evidence yet" not in words_of(monkeypatch, "proof", given)
    kept = replace(given.memory.tracks[1], base=replace(given.readings[0].base, layer="layer2"))
    words = words_of(monkeypatch, "proof", replace(given, memory=replace(given.memory, tracks={1: kept})))
    assert "Not enough evidence yet" in words


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("made", [{"cam": 1, "maps": 1}, {"off": tuple(range(512)), "pins": tuple(range(512))}])
def test_maps_of_one_cell_and_all_filters_off_are_shown(monkeypatch, view, made):
    given = examined(scene(640, 480, **{**OPEN, **TESTS, "by_share": True, **made}))
    assert words_of(monkeypatch, view, given)


def test_a_larger_difference_has_a_longer_bar():
    ends = []
    for mean in (0.1, 0.3, 0.5):
        found = Evidence({("blur", "random"): Difference(mean, mean, mean)}, 0.8, 30, 13.0)
        given = examined(scene(proof=True))
        image = np.zeros((400, 700, 3), np.uint8)
        given = shown_with(given, given.readings[0].proof, found)
        faithful.faithful(image, (0, 0, 700, 400), 12, given, given.chosen)
        ends.append(int((image == palette.BAR).all(axis=-1).sum()))
    assert ends == sorted(ends)
    assert ends[0] < ends[2]


def test_knock_out_tells_the_change_of_each_class(monkeypatch):
    given = examined(scene(off=(4, 17)))
    reading = given.readings[0]
    changed = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05])
    before = np.array([0.25, 0.35, 0.1, 0.1, 0.1, 0.05, 0.05])
    results = {
        reading.base: replace(reading.result, probs=before),
        reading.knocked: replace(reading.results[reading.knocked], probs=changed),
    }
    given = replace(given, readings=(replace(reading, results=results),))
    words = words_of(monkeypatch, "proof", given).replace("\N{NO-BREAK SPACE}", " ")
    assert "layer4: off 4, 17" in words
    assert "angry | 25 % → 50 % | +25.0" in words
    assert "disgust | 35 % → 10 % | −25.0" in words
    assert "fear | 10 % → 10 % | +0.0" in words
    image = np.zeros((300, 500, 3), np.uint8)
    knocked(image, (0, 0, 500, 300), 15, given, given.chosen)
    assert image.any()


@pytest.mark.parametrize(
    ("spearman", "said"), [(1.0, "does not react"), (0.995, "does not react"), (0.7, "a little"), (-0.2, "was learned")]
)
def test_a_method_that_does_not_react_is_marked(monkeypatch, spearman, said):
    given = examined(scene(random=2))
    known = Likeness((spearman,) * 3, (0.3, 0.1, -0.2))
    given = replace(given, readings=(replace(given.readings[0], likeness=known),))
    words = words_of(monkeypatch, "proof", given)
    assert said in words.replace(" | ", " ").lower()
    assert "random: fc +" in words
    assert f"{abs(spearman):.2f}" in words


def test_a_correlation_that_is_undefined_is_called_so(monkeypatch):
    nothing = Agreement(float("nan"), float("nan"))
    for given in (examined(scene(random=2)), examined(scene(compare=OTHER))):
        known = Likeness((math.nan,) * 3, (math.nan,) * 3)
        given = replace(given, readings=(replace(given.readings[0], agreement=nothing, likeness=known),))
        words = words_of(monkeypatch, "proof", given)
        assert "undefined" in words
        assert "nan" not in words


def test_a_and_b_say_what_they_are_how_they_agree_and_what_they_cost(monkeypatch):
    words = words_of(monkeypatch, "proof", examined(scene(compare=OTHER)))
    for part in ("A: gradcam ·", "B: layercam ·", "+0.42", "0.31 IoU", "B 1.2 ms", "for this map"):
        assert part in words
    undefined = examined(scene(compare=replace(OTHER, method="cam")))
    reading = replace(undefined.readings[0], agreement=None)
    words = words_of(monkeypatch, "proof", replace(undefined, readings=(reading,)))
    assert "No two maps to" in words
    assert "CAM is defined" in words
    second = words_of(monkeypatch, "proof", examined(scene(compare=replace(OTHER, net="b"))))
    assert "second model" in second


def test_the_second_networks_own_crop_is_shown():
    given = examined(scene(compare=replace(OTHER, net="b")))
    plain = replace(given, readings=(replace(given.readings[0], other_crop=None),))
    assert not np.array_equal(proof.proof(given).bgr, proof.proof(plain).bgr)


def test_the_sanity_panel_says_what_the_one_function_says(monkeypatch):
    for like, among in (((0.1, 0.2, 0.0), (0.3, -0.2, 0.1)), ((0.999,) * 3, (0.1, 0.2, 0.3)), ((math.nan,), ())):
        given = examined(scene(random=2))
        known = Likeness(like, among)
        words = words_of(monkeypatch, "proof", replace(given, readings=(replace(given.readings[0], likeness=known),)))
        assert sane(known).word in words.replace(" | ", " ").lower()
        assert ("to +0.30" in words.replace(" | ", " ")) == bool(among)
        assert "nan" not in words


def test_one_is_warned_where_most_heat_lies_off_the_face(monkeypatch):
    assert warning(Regions(rest=1 - MOSTLY_OFF, off=MOSTLY_OFF)) == ""
    assert warning(Regions(rest=0.3, off=0.7)) == "70\N{NO-BREAK SPACE}% of the heat is off the face"
    given = examined(scene())
    off = replace(given, readings=(replace(given.readings[0], regions=Regions(rest=0.3, off=0.7)),))
    for view in ("camera", "proof"):
        assert "of the heat is off the face" in words_of(monkeypatch, view, off)
        assert "of the heat is off the face" not in words_of(monkeypatch, view, given)


def test_the_timeline_puts_the_selected_person_first_and_names_those_without_room(monkeypatch):
    given = examined(scene(faces=6, selected=3))
    assert timeline.people(given)[:2] == [3, 1]
    words = words_of(monkeypatch, "timeline", given)
    assert words.index("face 3") < words.index("face 1")
    assert "also: 4, 5, 6" in words
    gone = replace(given, faces=given.faces[:2], readings=given.readings[:2])
    assert timeline.people(gone) == [2, 1, 3, 4, 5, 6]
    assert "out of sight" in words_of(monkeypatch, "timeline", gone)


@pytest.mark.parametrize(("seconds", "axis"), [(2, "−10 s"), (15, "−20 s"), (29, "−30 s")])
def test_the_axis_is_as_long_as_needed(monkeypatch, seconds, axis):
    words = words_of(monkeypatch, "timeline", examined(scene(), seconds))
    assert axis in words
    assert "now" in words


def test_lines_are_broken_where_nobody_was_seen():
    times = [*np.arange(0, 2000, 100), *np.arange(3000, 4000, 100)]
    moments = [Moment(float(t), np.full(7, 1 / 7), 2.8) for t in times]
    assert [len(run) for run in timeline.pieces(moments)] == [20, 10]
    assert timeline.pieces([]) == []
    assert [len(run) for run in timeline.pieces(moments[:1])] == [1]


def test_what_is_likely_is_high_up_and_the_newest_at_the_right():
    given = scene(640, 480)
    now = given.frame.t_ms + 10_000
    rising = [
        Moment(now - 10_000 + t, np.eye(7)[3] * t / 10_000 + np.eye(7)[5] * (1 - t / 10_000), 1.0)
        for t in range(0, 10_001, 100)
    ]
    memory = replace(given.memory, tracks={1: replace(given.memory.tracks[1], timeline=tuple(rising))})
    picture = timeline.timeline(replace(given, memory=memory, frame=replace(given.frame, t_ms=now)))
    x0, y0, x1, y1 = next(tip.box for tip in picture.tips if tip.topic == "line" and tip.words == "face 1")
    y, x = np.nonzero((picture.bgr[y0:y1, x0:x1] == palette.hue("happy")).all(axis=-1))
    assert np.corrcoef(x, y)[0, 1] < -0.98


@pytest.mark.parametrize("wanted", [[10, 11, 12], [0, 0, 0], [90, 95, 99], [5, 50, 95], [-20, 130]])
def test_names_keep_apart_and_in_their_order(wanted):
    found = timeline.apart(wanted, 12, 0, 100)
    assert all(b - a >= 12 for a, b in pairwise(found))
    assert found[0] >= 0
    assert found[-1] <= 100
