"""What a webcam does to a face, as torchvision transforms: the picture a network sees in training."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F


class LowResolution(v2.Transform):  # type: ignore[misc]  # torchvision comes without types
    """Shrink a picture to a random size and bring it back: a face far from the camera."""

    def __init__(self, smallest: float = 0.4, largest: float = 0.8) -> None:
        super().__init__()
        self.smallest, self.largest = smallest, largest

    def make_params(self, flat_inputs: list[object]) -> dict[str, float]:
        return {"scale": float(torch.empty(()).uniform_(self.smallest, self.largest))}

    def transform(self, inpt: torch.Tensor, params: dict[str, float]) -> torch.Tensor:
        size = list(inpt.shape[-2:])
        small = [max(8, round(side * params["scale"])) for side in size]
        restored: torch.Tensor = F.resize(F.resize(inpt, small, antialias=True), size, antialias=True)
        return restored


class Gamma(v2.Transform):  # type: ignore[misc]
    """Another exposure curve: dark parts lifted or lost more than bright ones."""

    def make_params(self, flat_inputs: list[object]) -> dict[str, float]:
        return {"gamma": math.exp(float(torch.empty(()).uniform_(-0.6, 0.6)))}

    def transform(self, inpt: torch.Tensor, params: dict[str, float]) -> torch.Tensor:
        changed: torch.Tensor = F.adjust_gamma(inpt, params["gamma"])
        return changed


class Shadow(v2.Transform):  # type: ignore[misc]
    """Light from one side: a soft edge somewhere across the face, darker beyond it."""

    def make_params(self, flat_inputs: list[object]) -> dict[str, float]:
        angle, at, width, dark = (float(draw) for draw in torch.rand(4))
        return {"angle": 2 * math.pi * angle, "at": at - 0.5, "width": 0.05 + 0.4 * width, "dark": 0.3 + 0.6 * dark}

    def transform(self, inpt: torch.Tensor, params: dict[str, float]) -> torch.Tensor:
        height, width = inpt.shape[-2:]
        y, x = torch.meshgrid(torch.linspace(-0.5, 0.5, height), torch.linspace(-0.5, 0.5, width), indexing="ij")
        beyond = x * math.cos(params["angle"]) + y * math.sin(params["angle"]) - params["at"]
        light = 1 - (1 - params["dark"]) * torch.sigmoid(beyond * 4 / params["width"])
        return (inpt * light).round().to(inpt.dtype)


class Jpeg(v2.Transform):  # type: ignore[misc]
    """What a camera's or a film's compression leaves of a picture (C, H, W) uint8."""

    def make_params(self, flat_inputs: list[object]) -> dict[str, int]:
        return {"quality": int(torch.randint(15, 80, ()))}

    def transform(self, inpt: torch.Tensor, params: dict[str, int]) -> torch.Tensor:
        pixels = np.ascontiguousarray(inpt.permute(1, 2, 0).numpy())
        _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, params["quality"]])
        decoded = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
        assert decoded is not None  # it was coded just now
        return torch.from_numpy(decoded.reshape(pixels.shape)).permute(2, 0, 1)


def augmentation(crop: int, size: int, strength: float = 1.0) -> v2.Compose:
    """The training transform: (C, crop, crop) uint8 -> (C, size, size) float in 0..1.

    `strength` scales how often the picture is spoilt (0: only flip and crop). Position and scale change
    in the very step that brings the crop to the network's size, so no picture is interpolated twice for it;
    what lies outside the picture is mirrored, because a live crop has no black border either.
    """
    pad = crop // 8
    side = crop + 2 * pad
    smallest = (0.8 * crop / side) ** 2

    def sometimes(p: float, *transforms: v2.Transform) -> v2.RandomApply:
        return v2.RandomApply(list(transforms), p=min(1.0, p * strength))

    return v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            sometimes(0.25, LowResolution()),
            v2.Pad(pad, padding_mode="reflect"),
            v2.RandomResizedCrop(size, scale=(smallest, 1.0), ratio=(0.9, 1.11), antialias=True),
            sometimes(0.6, v2.RandomAffine(degrees=15, shear=6, interpolation=v2.InterpolationMode.BILINEAR, fill=110)),
            sometimes(0.7, v2.ColorJitter(brightness=0.4, contrast=0.4)),
            sometimes(0.3, Gamma()),
            sometimes(0.2, Shadow()),
            sometimes(0.2, Jpeg()),
            sometimes(0.1, v2.GaussianBlur(5, sigma=(0.3, 1.5))),
            v2.ToDtype(torch.float32, scale=True),
            sometimes(0.2, v2.GaussianNoise(sigma=0.04)),
            v2.RandomErasing(p=0.4 * strength, scale=(0.02, 0.2), value=0.5),
        ]
    )
