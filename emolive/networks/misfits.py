"""Why a state dict does not fit a network, in words: what it is instead, or what it lacks."""

import math
from collections.abc import Mapping

from torch import Tensor

from emolive.networks.architectures import STAGES, Architecture

DEPTHS = {
    (2, 2, 2, 2, False): "ResNet18", (3, 4, 6, 3, False): "ResNet34", (3, 4, 6, 3, True): "ResNet50",
    (3, 4, 23, 3, True): "ResNet101", (3, 8, 36, 3, True): "ResNet152",
}  # fmt: skip
"""Blocks of each stage, and whether each has a third convolution."""

OTHERS = {
    "features.0.": "VGG, AlexNet, MobileNet, EfficientNet or DenseNet", "conv_stem.": "EfficientNet of timm",
    "blocks.0.attn.": "vision transformer", "encoder.layers.": "vision transformer",
    "vit.": "vision transformer", "stages.0.": "ConvNeXt", "downsample_layers.": "ConvNeXt",
    "Mixed_5b.": "Inception network", "visual.": "CLIP network",
}  # fmt: skip
"""Beginnings of names by which other networks are known."""


def why_not(state: Mapping[str, Tensor], own: Mapping[str, Tensor], architecture: Architecture) -> str:
    """Why the weights `state` do not fit a network of these `own` ones, as the end of a sentence; "" where they do."""
    missing = [name for name in own if name not in state]
    extra = [name for name in state if name not in own]
    shape = [name for name in own if name in state and own[name].shape != state[name].shape]
    if not (missing or extra or shape):
        return ""
    kind = _kind(state)
    if kind and kind.lower() != architecture.name:
        return f"is a {kind}; emolive explains a {architecture.name}. Train or export one of these."
    first = next(iter(own))
    if first in shape:
        return _first_layer(first, state[first], own[first], architecture)
    head = f"{architecture.head}."
    if missing and not shape and all(name.startswith(head) for name in missing):
        return (
            f"lacks {' and '.join(missing)}: the last layer, which makes the answers, must be a Linear called "
            f"{architecture.head}."
        )
    words = ((missing, "lacks"), (extra, "has, unexpectedly,"), (shape, "has, in another shape,"))
    names, what = next((names, what) for names, what in words if names)
    return f"is not a {architecture.name}: it {what} {some(names)}."


def _first_layer(name: str, found: Tensor, own: Tensor, architecture: Architecture) -> str:
    if found.ndim == 4 and found.shape[1] == 1 and found.shape[2:] == own.shape[2:]:
        return (
            "takes grey pictures of one channel; emolive feeds three. Save it with "
            f"state['{name}'] = state['{name}'].repeat(1, 3, 1, 1) / 3 and say --color gray."
        )
    sizes = ["×".join(map(str, tensor.shape)) for tensor in (found, own)]
    return f"is no plain {architecture.name}: its first convolution is {sizes[0]}, not {sizes[1]}."


def _kind(state: Mapping[str, Tensor]) -> str | None:
    """What the names in a state dict show it to be; None where they show nothing."""
    blocks = [len({n.split(".")[1] for n in state if n.startswith(f"{stage}.")}) for stage in STAGES]
    first, second_stage, third, fourth = blocks
    name = DEPTHS.get((first, second_stage, third, fourth, f"{STAGES[0]}.0.conv3.weight" in state))
    if name:
        second = state.get(f"{STAGES[0]}.0.conv2.weight")
        other = second is not None and math.prod(second.shape[:2]) != 64 * 64
        return f"{name} of other widths (wide, or ResNeXt)" if other else name
    return next((what for start, what in OTHERS.items() if any(f".{start}" in f".{name}" for name in state)), None)


def some(names: list[str]) -> str:
    """The first three names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
