"""Labels: where they are placed, and that they can be read by everybody."""

import numpy as np
import pytest
from legible import luminance
from scenes import LABELS, grid

from emolive.core.scene import area
from emolive.ui import draw, palette
from emolive.ui.labels import Labelled, Labeller
from emolive.ui.place import (
    around,
    at_edges,
    beside,
    covered,
    first_free,
    gaps,
    inside,
    mostly_covered,
    overlaps,
    within,
)


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720), (1920, 1080), (3840, 2160)])
@pytest.mark.parametrize("faces", [1, 2, 5, 12, 30])
def test_labels_never_touch_each_other_nor_the_edges(size, faces):
    rng = np.random.default_rng(faces)
    boxes = [tuple(int(v) for v in box) for box in grid(*size, faces)]
    shaken = [tuple(v + int(rng.integers(-9, 10)) * size[0] // 200 for v in box) for box in boxes]
    for rects in (boxes, shaken):
        legend = (5, size[1] - 40, 150, size[1] - 5)
        labels = written(size, rects, [legend])
        shared = overlaps(labels.taken, labels.taken)
        assert not shared[~np.eye(len(shared), dtype=bool)].any()
        assert all(inside(rect, (0, 0, *size)) for rect in labels.taken)


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (3840, 2160)])
@pytest.mark.parametrize("faces", [1, 5, 30])
def test_every_face_has_a_label_next_to_it(size, faces):
    boxes = [tuple(int(v) for v in box) for box in grid(*size, faces)]
    labels = written(size, boxes, [])
    near = 2 * draw.unit(*size)
    for box in boxes:
        assert covered(draw.grown(box, near), labels.taken) > 0


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1920, 1080)])
@pytest.mark.parametrize("seed", range(25))
def test_nothing_lies_over_a_face_unless_faces_cover_most_of_the_picture(size, seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 13))
    corners = rng.integers(0, size, (count, 2))
    sides = rng.integers(20, max(size) // 3, count)
    rects = [(int(x), int(y), int(x + s), int(y + s)) for (x, y), s in zip(corners, sides, strict=True)]
    seen = [face for rect in rects if (face := within(rect, (0, 0, *size)))]
    labels = written(size, rects, [])
    if not mostly_covered(seen, *size):
        assert not overlaps(labels.taken, seen).any()
    assert mostly_covered([(0, 0, 8, 6)], 10, 9)
    assert not mostly_covered([(0, 0, 6, 6)] * 3, 10, 9)  # the same place thrice is no more than once


@pytest.mark.parametrize("seed", range(12))
def test_a_number_that_is_not_beside_its_face_has_a_line_to_it(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers((20, 150), (580, 250), (14, 2))
    rects = [(int(x), int(y), int(x) + 30, int(y) + 30) for x, y in corners]
    image = np.zeros((400, 640, 3), np.uint8)
    people = [Labelled(n, rect, np.full(7, 1 / 7), n == 1) for n, rect in enumerate(rects, 1)]
    labels = Labeller(image, LABELS, [], rects, 24)
    labels.write(people, bars=False)
    assert len(labels.tags) + labels.untold == 14
    for person in people:
        tag = labels.tags.get(person.track)
        if tag and not covered(draw.grown(person.rect, 8), [tag]):
            assert any(touches(tag, a) and touches(person.rect, b) for a, b in labels.lines), person
    for a, b in labels.lines:
        assert image[b[1], b[0]].any()
        assert any(touches(tag, a) for tag in labels.tags.values())


@pytest.mark.parametrize("seed", range(8))
def test_what_stands_at_a_face_is_nearer_to_it_than_to_any_other(seed):
    rng = np.random.default_rng(seed)
    rects = [(60 + 44 * n, y := int(rng.integers(90, 130)), 90 + 44 * n, y + 30) for n in range(8)]
    people = [Labelled(n, rect, np.full(7, 1 / 7), n == 1) for n, rect in enumerate(rects, 1)]
    labels = Labeller(np.zeros((300, 500, 3), np.uint8), LABELS, [], rects, 14)
    labels.write(people, bars=False)
    with_lines = {n for n, tag in labels.tags.items() if any(touches(tag, a) for a, _ in labels.lines)}
    assert len(labels.tags) == 8
    for person in people:
        if person.track not in with_lines:
            away = gaps([labels.tags[person.track]], rects)[0]
            assert int(np.argmin(away)) == person.track - 1
            assert sorted(away)[1] > away[person.track - 1]


def touches(rect: tuple[int, int, int, int], point: tuple[int, int]) -> bool:
    return rect[0] <= point[0] <= rect[2] and rect[1] <= point[1] <= rect[3]


def test_the_selected_face_has_all_bars_where_there_is_room():
    labels = written((640, 480), [(20, 300, 120, 420), (300, 300, 400, 420)], [])
    assert max(area(rect) for rect in labels.taken) > 100 * 90


def test_a_face_larger_than_the_picture_is_labelled_in_full():
    labels = written((640, 480), [(-100, -150, 740, 690)], [])
    assert labels.taken[0][2] - labels.taken[0][0] > 80
    assert all(inside(rect, (0, 0, 640, 480)) for rect in labels.taken)


@pytest.mark.parametrize("places", [around, beside])
def test_places_lie_in_the_picture_and_near_the_face(places):
    bounds = (0, 0, 300, 200)
    for face in [(100, 80, 160, 140), (-20, -20, 40, 40), (280, 190, 340, 250)]:
        found = list(places(face, (50, 20), bounds, 4))
        assert found
        for place in found:
            assert inside(place, bounds)
            assert covered(draw.grown(face, 60), [place]) > 0


def test_nothing_is_placed_where_it_does_not_fit():
    assert list(around((10, 10, 20, 20), (400, 20), (0, 0, 300, 200), 4)) == []
    assert at_edges((10, 10, 20, 20), (400, 20), (0, 0, 300, 200)) == []
    assert first_free([], []) is None
    assert first_free([(0, 0, 10, 10)], [(9, 9, 20, 20)]) is None


def test_the_first_free_place_covers_least():
    places = [(0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10), (60, 0, 70, 10)]
    assert first_free(places, [places[0]], [(20, 0, 25, 10), (60, 0, 61, 10)]) == places[2]
    assert first_free(places, [places[0], places[2]], [(20, 0, 25, 10), (60, 0, 61, 10)]) == places[3]


def test_overlaps_counts_shared_pixels():
    a, b = (10, 10, 50, 40), (30, 20, 80, 90)
    canvas = np.zeros((100, 100), int)
    for x0, y0, x1, y1 in (a, b):
        canvas[y0:y1, x0:x1] += 1
    assert overlaps([a], [b]).tolist() == [[(canvas == 2).sum()]]
    assert overlaps([a, b], []).shape == (2, 0)


@pytest.mark.parametrize("color", [*palette.HUES.values(), *palette.OWN, *palette.TONES, palette.INK, palette.NOTE])
def test_text_on_a_label_has_contrast(color):
    grounds = luminance(np.array([color, palette.readable_on(color)]))
    light, dark = sorted(grounds, reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA


def test_unknown_labels_get_colours_too():
    assert palette.hue("happy") == palette.YELLOW
    own = [palette.hue(f"of its own {i}", i) for i in range(12)]
    assert len({*own, *palette.HUES.values()}) == 12 + len(palette.HUES)
    assert palette.hue("bored", 1) == palette.hue("bored", 13)


def written(size: tuple[int, int], rects: list, taken: list) -> Labeller:
    """Labels of faces in these boxes; the last one is selected."""
    rng = np.random.default_rng(5)
    image = np.zeros((size[1], size[0], 3), np.uint8)
    people = [Labelled(n, rect, rng.dirichlet(np.ones(7)), n == len(rects)) for n, rect in enumerate(rects, 1)]
    labels = Labeller(image, LABELS, taken, rects, draw.unit(*size))
    labels.write(people[::-1])
    return labels
