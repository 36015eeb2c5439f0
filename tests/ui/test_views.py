"""The views of the camera and of filters: golden pictures; and what holds for all views and any scene."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import combinations

import cv2
import numpy as np
import pytest
from scenes import doubted, examined, scene
from thinned import dear

from emolive.core.evidence import Difference, Evidence, Query, Trials
from emolive.core.scene import (
    Best,
    Ledger,
    Memory,
    Moment,
    Pin,
    Pinned,
    Proof,
    Reading,
    Regions,
    Remembered,
    Result,
    Scene,
    Select,
    Target,
    Variant,
)
from emolive.ui.camera import SMALLEST
from emolive.ui.filters import on_page, tiles
from emolive.ui.legend import cold, legend_of
from emolive.ui.side import added_up
from emolive.ui.views import VIEWS, camera, filters, order
from emolive.ui.words import caption

TESTED = {
    "views": ("camera", "emotions"),
    "by_share": True,
    "pins": (3,),
    "off": (3, 9),
    "proof": True,
    "random": 2,
    "against": "sad",
    "compare": Variant(method="layercam", layer="layer3"),
}
SIZES = [(16, 16), (320, 240), (640, 480), (720, 1280), (1920, 1080)]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("camera-one", {"width": 480, "height": 360, "cam": 4}),
        ("camera-five", {"width": 640, "height": 360, "faces": 5, "selected": 2, "target": "happy"}),
        ("camera-crowd", {"width": 640, "height": 480, "faces": 30}),
        ("camera-mirrored", {"width": 480, "height": 360, "boxes": [(40, 90, 200, 250)], "mirror": True}),
        ("camera-undefined", {"width": 480, "height": 360, "defined": False, "method": "cam", "layer": "layer2"}),
        ("camera-empty", {"width": 320, "height": 240, "faces": 0}),
        ("camera-contrast", {"width": 480, "height": 360, "against": "sad", "colormap": "viridis"}),
    ],
)
def test_camera_looks_as_it_did(golden, name, made):
    golden(name, camera(scene(**made)).bgr)


def test_camera_warns_of_random_weights_and_of_heat_off_the_face(golden):
    given = examined(scene(480, 360, random=2))
    readings = tuple(replace(r, regions=Regions(eyes=0.1, rest=0.2, off=0.7)) for r in given.readings)
    golden("camera-random", camera(replace(given, readings=readings)).bgr)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("filters-16", {"pins": (12, 77)}),
        ("filters-64", {"tiles": 64, "page": 1, "maps": 14, "channels": 128}),
        ("filters-empty", {"faces": 0}),
    ],
)
def test_filters_look_as_they_did(golden, name, made):
    picture = filters(scene(**made)).bgr
    golden(name, cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def test_filters_by_share_with_pins_and_some_off(golden):
    given = examined(scene(by_share=True, pins=(12, 77), off=(12, 5), target="happy"))
    picture = filters(replace(given, menu=replace(given.menu, order=order(given)))).bgr
    golden("filters-share", cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("faces", [0, *dear(1, 5), 30])
@pytest.mark.parametrize("tested", [False, True])
def test_a_view_gives_a_picture_with_hits_inside_and_leaves_its_input_alone(view, size, faces, tested):
    given = scene(*size, faces, channels=64)
    if tested:
        given = examined(scene(*size, faces, channels=64, **TESTED))
    arrays = arrays_of(given)
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    picture = VIEWS[view](given)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))
    assert picture.bgr.dtype == np.uint8
    assert picture.bgr.ndim == 3
    assert picture.bgr.flags.c_contiguous
    assert picture.bgr.flags.writeable
    height, width = picture.bgr.shape[:2]
    for hit in picture.hits:
        x0, y0, x1, y1 = hit.box
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("tested", [False, True])
def test_a_view_survives_a_network_whose_output_is_no_number(view, tested):
    given = examined(scene(320, 240, 2, **TESTED)) if tested else scene(320, 240, 2)
    broken = Scene(**{name: spoilt(value) for name, value in vars(given).items()})
    assert VIEWS[view](broken).bgr.any()


def spoilt(value: object) -> object:
    """The same value with every floating-point number in it turned into NaN, but for times, boxes and settings."""
    if isinstance(value, np.ndarray):
        return value * np.nan if value.dtype.kind == "f" else value
    if isinstance(value, Mapping):
        return {key: spoilt(inner) for key, inner in value.items()}
    if isinstance(value, Query):
        return value
    if isinstance(value, Difference):
        return Difference(math.nan, math.nan, math.nan)
    if isinstance(value, tuple) and not isinstance(value, str):
        return tuple(spoilt(inner) for inner in value)
    if isinstance(
        value, Memory | Reading | Remembered | Result | Ledger | Proof | Pinned | Best | Moment | Trials | Evidence
    ):
        return replace(value, **{f.name: spoilt(getattr(value, f.name)) for f in fields(value) if f.name != "t_ms"})
    return value


def test_camera_keeps_the_frames_size_and_enlarges_small_ones_by_a_whole_factor():
    assert camera(scene(640, 480)).bgr.shape == (480, 640, 3)
    assert camera(scene(241, 400)).bgr.shape == (400, 241, 3)
    assert camera(scene(100, 60)).bgr.shape == (60 * 4, 100 * 4, 3)
    assert min(camera(scene(16, 20)).bgr.shape[:2]) >= SMALLEST


def test_a_click_on_a_face_selects_it_wherever_it_is_shown():
    for mirror in (False, True):
        for width, factor in ((640, 1), (160, 2)):
            given = scene(width, width * 3 // 4, 5, mirror=mirror)
            picture = camera(given)
            for face in given.faces:
                x = (face.box[0] + face.box[2]) / 2
                x, y = (width - x if mirror else x) * factor, (face.box[1] + face.box[3]) / 2 * factor
                under = [h.event for h in picture.hits if h.box[0] <= x < h.box[2] and h.box[1] <= y < h.box[3]]
                assert under[-1] == Select(face.track)


def test_what_may_be_no_face_has_a_thin_grey_box_with_a_question_mark(golden):
    golden("camera-doubted", camera(doubted(scene(480, 360, faces=2), (20, 20, 90, 90), (400, 250, 450, 300))).bgr)


def test_what_may_be_no_face_is_only_in_the_camera_view_and_cannot_be_clicked():
    given = examined(scene(views=("camera", "emotions"), faces=2))
    more = doubted(given, (10, 10, 200, 200))
    changed = {name for name, view in VIEWS.items() if not np.array_equal(view(given).bgr, view(more).bgr)}
    assert changed == {"camera"}
    assert {hit.event for hit in camera(more).hits} == {hit.event for hit in camera(given).hits}
    for mirror in (False, True):
        alone = doubted(scene(640, 480, 0, mirror=mirror), (10, 100, 210, 300))
        away = (camera(alone).bgr != camera(replace(alone, unconfirmed=())).bgr).any(-1)[:400]  # its legend is below
        ys, xs = np.nonzero(away)
        left, right = (429, 630) if mirror else (10, 211)
        assert left - 2 <= xs.min()
        assert xs.max() <= right + 2
        assert ys.min() >= 74  # the question mark stands above it
        assert ys.max() <= 302
        assert not away[160:290, left + 12 : right - 12].any()


def test_a_grey_label_says_why_no_emotion_is_named(golden):
    given = scene(480, 360, faces=2)
    first, second = given.faces
    golden("camera-grey", camera(replace(given, faces=(replace(first, outside="turned 40°"), second))).bgr)
    sure = camera(given).bgr
    likeliest = max(track.probs.max() for track in given.memory.tracks.values())
    some = replace(given, settings=replace(given.settings, unsure=likeliest))
    all_of_them = replace(given, settings=replace(given.settings, unsure=1.0))
    assert not np.array_equal(camera(some).bgr, sure)
    assert not np.array_equal(camera(some).bgr, camera(all_of_them).bgr)
    assert np.array_equal(camera(replace(given, settings=replace(given.settings, unsure=0.01))).bgr, sure)


def test_of_two_faces_one_upon_the_other_the_small_one_is_on_top():
    picture = camera(scene(boxes=[(300, 200, 360, 260), (100, 50, 500, 450)]))
    assert [hit.event for hit in picture.hits][-2:] == [Select(2), Select(1)]  # what is written comes before


def test_the_shown_probability_is_the_smoothed_one():
    given = scene(480, 360)
    (reading,) = given.readings
    raw = replace(reading.result, probs=np.eye(7)[3])
    of_the_frame = replace(given, readings=(replace(reading, results={reading.shown: raw}),))
    smoothed = replace(given, readings=(replace(reading, smoothed=np.eye(7)[3]),))
    both = replace(given, readings=(replace(of_the_frame.readings[0], smoothed=reading.result.probs),))
    assert not np.array_equal(camera(given).bgr, camera(smoothed).bgr)
    assert np.array_equal(camera(of_the_frame).bgr, camera(smoothed).bgr)
    assert np.array_equal(camera(both).bgr, camera(given).bgr)


def test_whether_it_is_unsure_is_judged_by_what_is_shown():
    given = scene(480, 360, unsure=0.9)
    (reading,) = given.readings
    sure, even = np.eye(7)[3], np.full(7, 1 / 7)
    alone = replace(reading, results={reading.shown: replace(reading.result, probs=sure)})
    doubted = replace(given, readings=(replace(alone, smoothed=even),))
    named = replace(doubted, settings=replace(given.settings, unsure=0.0))
    trusted = replace(given, readings=(replace(reading, smoothed=sure),))
    assert not np.array_equal(camera(doubted).bgr, camera(named).bgr)
    assert np.array_equal(
        camera(trusted).bgr, camera(replace(trusted, settings=replace(given.settings, unsure=0.0))).bgr
    )


def test_heat_off_and_a_map_that_is_not_defined_leave_the_face_unpainted():
    off, undefined = camera(scene(heat=False)).bgr, camera(scene(defined=False)).bgr
    face = (slice(250, 350), slice(210, 420))
    assert np.array_equal(off[face], scene().frame.bgr[face])
    assert np.array_equal(undefined[face], scene().frame.bgr[face])
    assert not np.array_equal(camera(scene()).bgr[face], scene().frame.bgr[face])


def test_why_faces_have_no_heat_is_said_in_words():
    given = scene(480, 360, 2, random=1)

    def words(*lifts: float) -> list[str]:
        """The legend's lines where so much is added to the map of each face."""
        readings = []
        for reading, lift in zip(given.readings, lifts, strict=True):
            result = reading.painted
            assert result.cam is not None
            results = {reading.shown: replace(result, cam=result.cam + lift)}
            readings.append(replace(reading, results=results))
        return [said for said, *_ in legend_of(replace(given, readings=tuple(readings))).lines]

    chosen = given.chosen
    assert chosen is not None
    target = given.menu.labels[chosen.reading.painted.target]
    assert not any("hardly any heat" in said for said in words(0, 0))
    assert f"hardly any heat: next to nothing speaks for {target}" in words(-9, -9)
    other = [-9 if i != chosen.index else 0 for i in range(2)]
    assert any(said.startswith("hardly any heat on 1 of 2 faces") for said in words(*other))
    hidden = replace(given, settings=replace(given.settings, heat=False))
    assert (cold(given), cold(hidden)) == ([], [])


def test_caption_says_method_layer_and_target():
    shown, menu = scene().readings[0].shown, scene().menu
    assert caption(shown, menu, 3) == "gradcam · layer4 → top (happy)"
    assert caption(replace(shown, target=Target("sad")), menu, 5) == "gradcam · layer4 → sad"
    assert caption(replace(shown, target=Target(minus="sad")), menu, 3) == "gradcam · layer4 → top (happy), not sad"
    assert caption(replace(shown, target=Target("happy", "sad")), menu, 3) == "gradcam · layer4 → happy, not sad"
    filters = replace(shown, method="filter", channels=(3, 9))
    assert caption(filters, menu, 5) == "filter 3, 9 · layer4 · knows no emotion"
    assert caption(replace(shown, method="eigencam"), menu, 5) == "eigencam · layer4 · knows no emotion"
    assert caption(replace(shown, net="b"), menu, 3) == "second model · gradcam · layer4 → top (happy)"


@pytest.mark.parametrize("count", [1, 4, 9, 10, 16, 25, 50, 64])
@pytest.mark.parametrize("room", [(240, 0, 960, 720), (0, 60, 400, 300), (10, 10, 1800, 300), (0, 0, 200, 900)])
def test_tiles_neither_touch_nor_reach_over_the_edge(count, room):
    rects, _ = tiles(room, count, 12)
    assert len(rects) == count
    covered = np.zeros((room[3], room[2]), int)
    for x0, y0, x1, y1 in rects:
        assert room[0] <= x0 < x1 <= room[2]
        assert room[1] <= y0 < y1 <= room[3]
        covered[y0:y1, x0:x1] += 1
    assert covered.max() == 1


@pytest.mark.parametrize("maps", [1, 2, 7, 56])
def test_a_click_on_a_tile_pins_the_channel_drawn_there(maps):
    given = scene(channels=20, maps=maps, tiles=9, page=1, pins=(4,))
    picture = filters(given)
    ranked = [c for c in given.menu.order if c != 4]
    assert [hit.event for hit in picture.hits if isinstance(hit.event, Pin)] == [Pin(c) for c in [4, *ranked][9:18]]


def test_the_strongest_point_of_a_tile_is_where_the_map_has_its_maximum():
    given = scene(channels=4, maps=4, tiles=4)
    picture = filters(given)
    for hit in (hit for hit in picture.hits if isinstance(hit.event, Pin)):
        values = given.readings[0].maps[hit.event.channel]
        x0, y0, x1, _ = hit.box
        side = x1 - x0 - 40  # without the line of text
        part = cv2.cvtColor(picture.bgr[y0 : y0 + side, x0:x1], cv2.COLOR_BGR2GRAY)
        y, x = np.unravel_index(np.argmax(part[: side // 4 * 4]), part.shape)
        row, column = np.unravel_index(values.argmax(), values.shape)
        assert abs((y + 1) / side * 4 - row) <= 1.2
        assert abs((x + 1) / (x1 - x0) * 4 - column) <= 1.2


def test_pages_show_every_channel_once():
    seen = []
    for page in range(4):
        given = scene(channels=50, tiles=16, page=page, pins=(7, 3))
        seen += on_page(given, 50)
    assert seen[:2] == [7, 3]
    assert sorted(seen) == list(range(50))


def test_pins_of_channels_that_the_layer_lacks_are_left_out():
    given = scene(channels=10, pins=(400, 2))
    assert on_page(given, 10)[0] == 2
    assert 400 not in on_page(given, 10)


def test_order_is_by_the_remembered_strength_or_else_by_the_mean():
    given = scene(channels=30)
    strength = np.random.default_rng(1).random(30)
    memory = replace(given.memory, tracks={1: replace(given.memory.tracks[1], strength=strength)})
    assert list(order(replace(given, memory=memory))) == sorted(range(30), key=lambda c: -strength[c])
    means = given.readings[0].maps.mean((1, 2))
    assert list(order(replace(given, memory=replace(memory, tracks={})))) == sorted(range(30), key=lambda c: -means[c])
    assert order(scene(faces=0)) == ()


def test_order_by_share_is_by_the_signed_share_where_it_is_known():
    given = examined(scene(channels=30, by_share=True))
    shares = given.readings[0].ledger.shares
    assert list(order(given)) == sorted(range(30), key=lambda c: -shares[c])
    assert order(replace(given, settings=replace(given.settings, by_share=False))) != order(given)
    unknown = replace(given.readings[0], ledger=Ledger(np.zeros(0), why="There is no linear head."))
    by_strength = order(scene(channels=30))
    assert order(replace(given, readings=(unknown,))) == by_strength
    assert order(scene(channels=30, by_share=True)) == by_strength


def test_the_order_by_share_stands_still_while_activations_flicker():
    given = examined(scene(channels=30, by_share=True))
    reading = given.readings[0]
    flicker = np.random.default_rng(5).uniform(0.5, 2, size=30).astype(np.float32)
    other = replace(
        reading,
        maps=reading.maps * flicker[:, None, None],
        ledger=replace(reading.ledger, shares=reading.ledger.shares * flicker),
    )
    assert order(replace(given, readings=(other,))) == order(given)


@pytest.mark.parametrize("seed", range(50))
def test_the_sum_that_is_written_adds_up_to_the_score_that_is_written(seed):
    rng = np.random.default_rng(seed)
    shares, bias = rng.normal(size=64), rng.normal()
    score = float(shares.sum() + bias)
    shown = list(rng.permutation(64)[:16])
    lines = added_up(bias, shares, shown, score, exact=True)
    assert [words for words, _ in lines] == ["bias", "16 shown", "48 others", "score (logit)"]
    written = [round(figure, 2) for _, figure in lines]
    assert round(sum(written[:3]), 2) == written[3] == round(score, 2)
    assert written[1] == round(shares[shown].sum(), 2)
    assert written[2] == pytest.approx(np.delete(shares, shown).sum(), abs=0.016)


def test_an_approximation_does_not_claim_to_be_a_sum():
    shares = np.linspace(-1, 1, 10)
    assert added_up(0.0, shares, [9, 8], 5.0, exact=False) == [
        ("2 shown", pytest.approx(shares[8:].sum())),
        ("8 others", pytest.approx(shares[:8].sum())),
    ]


def test_a_filter_that_is_off_looks_so():
    given = scene(channels=20, tiles=9)
    channel = given.menu.order[0]
    on, off = filters(given), filters(replace(given, settings=replace(given.settings, off=(channel,))))
    x0, y0, x1, y1 = next(hit.box for hit in on.hits if isinstance(hit.event, Pin))
    assert not np.array_equal(on.bgr[y0:y1, x0:x1], off.bgr[y0:y1, x0:x1])
    assert np.array_equal(on.bgr[:, x1:], off.bgr[:, x1:])


def test_the_colour_map_is_the_settings_one_wherever_there_is_heat():
    for view in ("camera", "filters", "emotions", "proof"):
        pictures = []
        for colormap in ("inferno", "viridis", "gray"):
            # A method that speaks against nothing: what does, has its own two colours in the window of all emotions.
            given = scene(480, 360, colormap=colormap, random=1, views=("camera", "emotions"), method="layercam")
            pictures.append(VIEWS[view](examined(given)).bgr.astype(int))
        assert min(np.abs(a - b).max() for a, b in combinations(pictures, 2)) > 60


def arrays_of(given: Scene) -> list[np.ndarray]:
    arrays = [given.frame.bgr]
    for reading in given.readings:
        arrays += [reading.crop, reading.maps, reading.painted.cam, reading.result.cam, reading.result.probs]
        arrays += [reading.emotions, reading.ledger.shares, reading.proof.masked] if reading.proof else []
    for track in given.memory.tracks.values():
        arrays += [track.probs, track.strength]
    return arrays


@pytest.mark.parametrize("by_share", [False, True])
def test_what_is_called_strongest_first_is_so_also_in_its_figures(by_share):
    given = examined(scene(channels=40, by_share=by_share))
    reading = given.readings[0]
    shaken = reading.maps * np.random.default_rng(3).uniform(0.5, 2, (40, 1, 1)).astype(np.float32)
    given = replace(given, readings=(replace(reading, maps=shaken),))
    given = replace(given, menu=replace(given.menu, order=order(given)))
    words = [tip.words for tip in filters(given).tips if tip.topic == "tile bar"]
    figures = [float(text.split()[-1].replace("−", "-")) for text in words]
    assert len(figures) == given.settings.tiles
    assert figures == sorted(figures, reverse=True)
