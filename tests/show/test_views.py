"""Both views: golden pictures, and what holds for any scene."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scenes import LABELS, scene

from emolive.scene import Pin, Scene, Select
from emolive.show.camera import SMALLEST, caption
from emolive.show.filters import on_page, tiles
from emolive.show.views import VIEWS, camera, filters, order

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
    ],
)
def test_camera_looks_as_it_did(golden, name, made):
    golden(name, camera(scene(**made)).bgr)


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


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("faces", [0, 1, 5, 30])
def test_a_view_gives_a_picture_with_hits_inside_and_leaves_its_input_alone(view, size, faces):
    given = scene(*size, faces, channels=64)
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
def test_a_view_survives_a_network_whose_output_is_no_number(view):
    given = scene(320, 240, 2)
    nan = np.full(7, np.nan, np.float32)
    readings = tuple(
        replace(r, maps=r.maps * np.nan, results={r.shown: replace(r.result, probs=nan, cam=np.full((4, 4), np.nan))})
        for r in given.readings
    )
    tracks = {n: replace(t, probs=nan, strength=t.strength * np.nan) for n, t in given.memory.tracks.items()}
    given = replace(given, readings=readings, memory=replace(given.memory, tracks=tracks))
    assert VIEWS[view](given).bgr.any()


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


def test_of_two_faces_one_upon_the_other_the_small_one_is_on_top():
    picture = camera(scene(boxes=[(300, 200, 360, 260), (100, 50, 500, 450)]))
    assert [hit.event for hit in picture.hits] == [Select(2), Select(1)]


def test_the_shown_probability_is_the_smoothed_one():
    given = scene(480, 360)
    track = given.memory.tracks[1]
    calm = replace(given.memory, tracks={1: replace(track, probs=np.eye(7)[3])})
    assert not np.array_equal(camera(given).bgr, camera(replace(given, memory=calm)).bgr)
    raw = replace(given.readings[0].result, probs=np.eye(7)[3])
    reading = replace(given.readings[0], results={given.readings[0].shown: raw})
    without = replace(given, readings=(reading,), memory=replace(given.memory, tracks={}))
    with_raw = replace(given, readings=(reading,), memory=calm)
    probs_rows = slice(0, 330)  # the legend below shows the scale, which is not remembered now
    assert np.array_equal(
        camera(replace(without, settings=replace(given.settings, heat=False))).bgr[probs_rows],
        camera(replace(with_raw, settings=replace(given.settings, heat=False))).bgr[probs_rows],
    )


def test_heat_off_and_a_map_that_is_not_defined_leave_the_face_unpainted():
    off, undefined = camera(scene(heat=False)).bgr, camera(scene(defined=False)).bgr
    face = (slice(250, 350), slice(210, 420))
    assert np.array_equal(off[face], scene().frame.bgr[face])
    assert np.array_equal(undefined[face], scene().frame.bgr[face])
    assert not np.array_equal(camera(scene()).bgr[face], scene().frame.bgr[face])


def test_caption_says_method_layer_and_target():
    shown = scene().readings[0].shown
    assert caption(shown, LABELS, 3) == "gradcam · layer4 → top (happy)"
    assert caption(replace(shown, target="sad"), LABELS, 5) == "gradcam · layer4 → sad"
    assert caption(replace(shown, method="filter", channels=(3, 9)), LABELS, 5) == "filter 3, 9 · layer4"


@pytest.mark.parametrize("count", [1, 4, 9, 10, 16, 25, 50, 64])
def test_tiles_are_squares_that_neither_touch_nor_reach_over_the_edge(count):
    rects = tiles(count)
    assert len(rects) == count
    covered = np.zeros((720, 960), int)
    for x0, y0, x1, y1 in rects:
        assert x1 - x0 == y1 - y0 >= 60
        assert 240 <= x0 < x1 <= 960
        assert 0 <= y0 < y1 <= 720
        covered[y0:y1, x0:x1] += 1
    assert covered.max() == 1


@pytest.mark.parametrize("maps", [1, 2, 7, 56])
def test_a_click_on_a_tile_pins_the_channel_drawn_there(maps):
    given = scene(channels=20, maps=maps, tiles=9, page=1, pins=(4,))
    picture = filters(given)
    ranked = [c for c in given.menu.order if c != 4]
    assert [hit.event for hit in picture.hits] == [Pin(c) for c in [4, *ranked][9:18]]


def test_the_strongest_point_of_a_tile_is_where_the_map_has_its_maximum():
    given = scene(channels=4, maps=4, tiles=4)
    picture = filters(given)
    for hit in picture.hits:
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


def arrays_of(given: Scene) -> list[np.ndarray]:
    arrays = [given.frame.bgr]
    for reading in given.readings:
        arrays += [reading.crop, reading.maps, reading.result.cam, reading.result.probs]
    for track in given.memory.tracks.values():
        arrays += [track.probs, track.strength]
    return arrays
