"""What a webcam does to a face, as torchvision transforms: the picture a network sees in training."""

from __future__ import annotations

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
            sometimes(0.1, v2.GaussianBlur(5, sigma=(0.3, 1.5))),
            v2.ToDtype(torch.float32, scale=True),
            sometimes(0.2, v2.GaussianNoise(sigma=0.04)),
            v2.RandomErasing(p=0.4 * strength, scale=(0.02, 0.2), value=0.5),
        ]
    )
