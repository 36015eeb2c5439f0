"""What training pictures get is what cameras do: each kind by a property of its own."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
from emolive.training.augment import Gamma, Jpeg, Shadow, augmentation

SIDE = 48


def picture(seed: int) -> torch.Tensor:
    """A smooth grey picture (1, SIDE, SIDE) uint8."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand((1, 1, 6, 6), generator=draw)
    return (torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic")[0].clamp(0, 1) * 255).to(torch.uint8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_an_exposure_curve_keeps_the_order_of_greys_and_both_ends(seed):
    torch.manual_seed(seed)
    ramp = torch.arange(256, dtype=torch.uint8).view(1, 16, 16)
    curved = Gamma()(ramp).flatten().int()
    assert (curved.diff() >= 0).all()
    assert curved[0] == 0
    assert curved[-1] == 255


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_shadow_only_darkens_and_falls_along_one_direction(seed):
    torch.manual_seed(seed)
    white = torch.full((1, SIDE, SIDE), 255, dtype=torch.uint8)
    light = Shadow()(white)[0].float() / 255
    assert light.max() <= 1
    assert light.min() >= 0.29
    slope_y, slope_x = torch.gradient(light)
    for slope in (slope_y, slope_x):  # it never turns: all of one sign but for rounding
        assert bool((slope >= -0.005).all()) or bool((slope <= 0.005).all())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_compression_keeps_the_picture_but_not_each_pixel(seed):
    torch.manual_seed(seed)
    before = picture(seed)
    after = Jpeg()(before)
    assert after.shape == before.shape
    assert after.dtype == before.dtype
    assert 0 < float((after.float() - before.float()).abs().mean()) < 12


@pytest.mark.parametrize("strength", [0.0, 0.8])
def test_the_same_chance_gives_the_same_picture_of_the_size_asked_for(strength):
    change = augmentation(SIDE, 64, strength)
    found = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        found.append(change(picture(1)))
    assert found[0].shape == (1, 64, 64)
    assert 0 <= float(found[0].min()) <= float(found[0].max()) <= 1
    assert torch.equal(found[0], found[1])
    assert not np.allclose(found[0], found[2])
