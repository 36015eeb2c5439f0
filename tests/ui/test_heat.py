"""Heat: it lies where the evidence is, and nowhere else."""

import cv2
import numpy as np
import pytest

from emolive.core.scene import Measure
from emolive.ui.heat import AGAINST, COLORMAPS, FOR, ON_FACE, colored, gradient, heat, palette, scale_of

GREY = np.full((120, 160, 3), 128, np.uint8)
SQUARE = (30.0, 10.0, 130.0, 110.0)


def painted(cam: np.ndarray, scale: float = 1, alpha: float = 0.5, square: tuple = SQUARE) -> np.ndarray:
    """A grey picture with heat on it."""
    picture = GREY.copy()
    heat(picture, cam, square, scale, alpha)
    return picture


@pytest.mark.parametrize("cam", [np.zeros((4, 4)), -np.ones((7, 7)), np.full((2, 2), np.nan), np.full((3, 3), -np.inf)])
def test_nothing_is_painted_without_positive_evidence(cam):
    assert np.array_equal(painted(cam), GREY)


@pytest.mark.parametrize(("scale", "alpha"), [(0, 0.5), (1, 0), (np.nan, 0.5), (-1, 0.5)])
def test_nothing_is_painted_without_a_scale_or_alpha(scale, alpha):
    assert np.array_equal(painted(np.ones((4, 4)), scale, alpha), GREY)


def test_heat_stays_in_its_square_and_on_the_side_of_the_evidence():
    cam = np.array([[-1.0, 1.0], [-1.0, 1.0]])
    changed = (painted(cam) != GREY).any(axis=-1)
    x = np.flatnonzero(changed.any(axis=0))
    y = np.flatnonzero(changed.any(axis=1))
    assert (y[0], y[-1]) == (10, 109)
    assert 79 <= x[0] <= 82  # halfway between the two cells' middles evidence turns positive
    assert x[-1] == 129


def test_a_map_is_laid_the_right_way_up():
    cam = np.zeros((5, 7), np.float32)
    cam[1, 5] = 1
    light = cv2.cvtColor(painted(cam, alpha=1), cv2.COLOR_BGR2LAB)[..., 0]
    y, x = np.mean(np.nonzero(light == light.max()), axis=1)
    assert abs(x - (30 + 100 * 5.5 / 7)) <= 2
    assert abs(y - (10 + 100 * 1.5 / 5)) <= 2


def test_more_evidence_looks_hotter_and_the_scale_says_what_is_full():
    light = [float(cv2.cvtColor(painted(np.full((3, 3), v)), cv2.COLOR_BGR2LAB)[60, 80, 0]) for v in (0.5, 0.7, 0.9, 1)]
    assert light == sorted(light)
    assert len(set(light)) == 4
    assert np.array_equal(painted(np.full((3, 3), 5.0), scale=5), painted(np.ones((3, 3))))
    assert np.array_equal(painted(np.full((3, 3), 9.0)), painted(np.ones((3, 3))))


def test_full_heat_at_full_alpha_is_the_last_colour():
    assert np.abs(painted(np.ones((3, 3)), alpha=1)[60, 80].astype(int) - palette()[-1]).max() <= 1


def test_a_mirrored_map_on_a_mirrored_square_is_the_mirrored_picture():
    cam = np.random.default_rng(3).normal(size=(6, 6)).astype(np.float32)
    flipped = painted(cam[:, ::-1], square=(160 - SQUARE[2], SQUARE[1], 160 - SQUARE[0], SQUARE[3]))
    assert np.abs(flipped[:, ::-1].astype(int) - painted(cam)).max() <= 1


@pytest.mark.parametrize(
    "square", [(-40, -40, 60, 60), (100, 60, 300, 260), (-50, -50, 250, 250), (500, 500, 600, 600)]
)
def test_a_square_over_the_edge_shows_its_part_of_the_map(square):
    cam = np.random.default_rng(4).random((4, 4)).astype(np.float32)
    large = np.full((1000, 1000, 3), 128, np.uint8)
    heat(large, cam, tuple(v + 300 for v in square), 1, 0.5)
    assert np.array_equal(painted(cam, square=square), large[300:420, 300:460])


@pytest.mark.parametrize("colormap", COLORMAPS)
@pytest.mark.parametrize("low", [0.0, ON_FACE])
def test_brighter_always_means_more(colormap, low):
    lightness = cv2.cvtColor(palette(colormap, low)[None], cv2.COLOR_BGR2LAB)[0, :, 0].astype(int)
    assert np.diff(lightness).min() >= -1  # rounding
    assert lightness[-1] - lightness[0] > 125


def test_colours_of_values_end_at_full_and_begin_at_zero():
    colors = colored(np.array([[-3.0, 0.0, np.nan, 2.0, 9.0]]), full=2)[0]
    assert np.array_equal(colors[:3], np.tile(palette()[0], (3, 1)))
    assert np.array_equal(colors[3:], np.tile(palette()[-1], (2, 1)))
    assert np.array_equal(colored(np.ones((2, 2)), full=0), np.tile(palette()[0], (2, 2, 1)))


def test_gradient_runs_from_weak_to_strong():
    picture = GREY.copy()
    gradient(picture, (10, 10, 110, 20))
    assert np.array_equal(picture[15, 10], palette()[0])
    assert np.array_equal(picture[15, 109], palette()[-1])
    assert np.array_equal(picture[9], GREY[9])


def seen_by(colors: np.ndarray, kind: str) -> np.ndarray:
    """Colours (N, 3) BGR in CIE L*a*b* as people without one kind of cones see them: Machado, Oliveira, Fernandes, "A
    Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15, 2009, severity 1."""
    matrix = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
        "all": np.eye(3),
    }[kind]
    rgb = colors[:, ::-1] / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ np.array(matrix).T
    linear = linear.clip(0, 1)
    back = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(back[None, :, ::-1].astype(np.float32), cv2.COLOR_BGR2LAB)[0]


@pytest.mark.parametrize("kind", ["all", "protan", "deutan", "tritan"])
def test_for_and_against_can_be_told_apart_with_any_colour_vision(kind):
    ahead, against = seen_by(palette(FOR), kind), seen_by(palette(AGAINST), kind)
    assert np.linalg.norm(ahead - against, axis=1).min() > 30
    assert (np.diff(ahead[:, 0])).min() > -0.5  # brighter always means more
    assert (np.diff(against[:, 0])).min() > -0.5


def test_for_and_against_are_as_bright_at_each_step():
    ahead, against = seen_by(palette(FOR), "all"), seen_by(palette(AGAINST), "all")
    assert np.abs(ahead[:, 0] - against[:, 0]).max() < 4


def test_a_scale_says_what_it_is_and_why():
    known, unknown = Measure("score per cell", True, 0.25), Measure("activation")
    assert scale_of(known, 0.01, "fixed").told() == {"full": 0.25, "kind": "fixed", "unit": "score per cell"}
    assert scale_of(known, 0.01, "relative").told() == {"full": 0.01, "kind": "relative", "unit": "score per cell"}
    assert scale_of(known, 0.01, "fixed").most == "≥ 0.25"
    assert scale_of(known, 0.01, "relative").kind == "relative scale"  # as was asked for
    assert scale_of(unknown, 2, "fixed").kind == "relative scale: no fixed one in the file"
    assert scale_of(unknown, 2, "fixed", random=True).kind == "relative scale: no fixed one for random weights"
    assert "add up to 1" in scale_of(Measure("x", normalised=True), 2, "fixed").kind
