"""Where windows and panes lie: all of the area is used, nothing covers anything."""

from itertools import combinations

import numpy as np
import pytest

from emolive.core.settings import ARRANGEMENTS, VIEW_NAMES
from emolive.ui.layout import panes

AREAS = [(0, 0, 1366, 768), (0, 30, 1920, 1080), (10, 50, 3840, 2160), (0, 0, 1080, 1920), (0, 0, 320, 240)]
OPEN = [views for n in range(1, 6) for views in combinations(VIEW_NAMES, n)]


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("gap", [0, 2, 9])
def test_no_view_covers_another_and_all_of_the_area_is_used(area, arrangement, gap):
    for views in OPEN:
        found = panes(views, area, arrangement, gap=gap)
        assert set(found) == set(views)
        used = np.zeros((area[3], area[2]), np.uint8)
        for x0, y0, x1, y1 in found.values():
            assert area[0] <= x0 < x1 <= area[2]
            assert area[1] <= y0 < y1 <= area[3]
            used[y0:y1, x0:x1] += 1
        assert used.max() == 1
        free = (area[2] - area[0]) * (area[3] - area[1]) - int(used.sum())
        assert free <= gap * 4 * (area[2] + area[3])


def test_the_first_view_is_the_largest_unless_all_are_alike():
    for area in AREAS:
        for arrangement in ("beside", "below"):
            sizes = {v: (b[2] - b[0]) * (b[3] - b[1]) for v, b in panes(VIEW_NAMES, area, arrangement).items()}
            assert max(sizes, key=sizes.get) == "camera"


def test_a_view_can_have_the_area_for_itself():
    assert panes(VIEW_NAMES, (0, 0, 800, 600), "even", large="proof") == {"proof": (0, 0, 800, 600)}
    assert set(panes(VIEW_NAMES, (0, 0, 800, 600), "even", large="gone")) == set(VIEW_NAMES)
    assert panes((), (0, 0, 800, 600), "even") == {}


def test_beside_is_beside_and_below_is_below_and_an_upright_screen_changes_them():
    for area, arrangement in [((0, 0, 1366, 768), "beside"), ((0, 0, 768, 1366), "below")]:
        camera, filters = panes(("camera", "filters"), area, arrangement).values()
        assert camera[2] <= filters[0]
    for area, arrangement in [((0, 0, 1366, 768), "below"), ((0, 0, 768, 1366), "beside")]:
        camera, filters = panes(("camera", "filters"), area, arrangement).values()
        assert camera[3] <= filters[1]
