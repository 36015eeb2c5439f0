"""Kinds of networks: how each is built, which of its layers can be shown, and what of it is what.

Everything that is true of one architecture only stands here; the rest of emolive asks its `Architecture`. To add one,
write its value and its row in `ARCHITECTURES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from emolive.core.imports import later
from emolive.networks import torchvision_guard  # noqa: F401

Chain = Sequence[tuple[str, nn.Module]]
"""Parts of a network that run one after the other, from its input to its logits, each with the layer whose output it
gives; "" for one that cannot be shown."""


def after(chain: Chain, joint: str, out: Tensor) -> Tensor:
    """The logits (N, classes) that the parts after a `joint`, a layer of the chain, make of its output."""
    out = out.contiguous(memory_format=torch.channels_last)
    for _, part in chain[[name for name, _ in chain].index(joint) + 1 :]:
        out = part(out)
    return out


class Blueprint(Protocol):
    """What of a checkpoint's facts a network is built by."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def layer4_stride(self) -> int: ...


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    `build` makes one with fresh weights. `layers` gives {path of a module: its name for people} of all that can be
    shown, in the order in which they finish. `maps` turns such a layer's output (and a gradient of the same shape) into
    (N, C, h, w); `channel_axis` is the axis of the channels in the output itself. `head` is the name of the last
    layer, `pooled` gives the layers whose output goes straight into global average pooling and a linear head: there CAM
    and the exact ledger are defined; none where the network has no such end. `random` are the parts, as paths, that are
    randomised one more at a time, from the head backwards; `along` are modules that are randomised with one of them.
    `mark` is the name of a weight that every such network has. `chain` are its parts where it is a row of them.
    """

    name: str
    build: Callable[[Blueprint], nn.Module]
    layers: Callable[[nn.Module], dict[str, str]]
    maps: Callable[[Tensor], Tensor]
    head: str
    pooled: Callable[[nn.Module], tuple[str, ...]]
    random: tuple[str, ...]
    mark: str
    channel_axis: int = 1
    along: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chain: Callable[[nn.Module], Chain] | None = None

    def linear_head(self, net: nn.Module) -> nn.Linear | None:
        """The head of such a network; None where it is no linear layer."""
        head = getattr(net, self.head, None)
        return head if isinstance(head, nn.Linear) else None


STAGES = ("layer1", "layer2", "layer3", "layer4")
"""The parts of a ResNet; each is a row of blocks."""


def _resnet18(facts: Blueprint) -> nn.Module:
    # Of all its networks and operators one asks for PyTorch's compiler when it is imported, which takes a second.
    with later("torch._dynamo.utils"):
        from torchvision.models import resnet18

    net: nn.Module = resnet18(num_classes=len(facts.labels))
    block: Any = net.get_submodule("layer4.0")
    for conv in (block.conv1, block.downsample[0]):
        conv.stride = (facts.layer4_stride, facts.layer4_stride)
    return net


def _resnet_layers(net: nn.Module) -> dict[str, str]:
    """Convolutions, blocks and stages.

    Batch norms are left out because the in-place ReLU after them overwrites their output; a block's ReLU because it
    fires twice in one forward.
    """
    found: dict[str, str] = {}

    def walk(prefix: str, module: nn.Module) -> None:
        for name, child in module.named_children():
            walk(f"{prefix}{name}.", child)
            path = f"{prefix}{name}"
            is_block = path.count(".") == 1 and path.startswith(STAGES) and any(child.children())
            if isinstance(child, nn.Conv2d) or path in STAGES or is_block:
                found[path] = _resnet_name(path)

    walk("", net)
    return found


def _resnet_name(path: str) -> str:
    """ "layer2.0.conv1" -> "stage 2, block 1, convolution 1"."""
    stage, _, inside = path.partition(".")
    if stage not in STAGES:
        return "first convolution"
    words = [f"stage {STAGES.index(stage) + 1}"]
    block, _, part = inside.partition(".")
    if block:
        words.append(f"block {int(block) + 1}")
    if part:
        words.append("shortcut" if part.startswith("downsample") else f"convolution {part.removeprefix('conv')}")
    return ", ".join(words)


def _resnet_end(net: nn.Module) -> tuple[str, ...]:
    """The last stage, and its last block, which is the same."""
    blocks = [name for name, _ in net.get_submodule(STAGES[-1]).named_children()]
    return STAGES[-1], f"{STAGES[-1]}.{blocks[-1]}"


def _resnet_chain(net: Any) -> Chain:
    return [
        ("conv1", net.conv1),
        ("", nn.Sequential(net.bn1, net.relu, net.maxpool)),
        *((name, net.get_submodule(name)) for name in STAGES),
        ("", nn.Sequential(net.avgpool, nn.Flatten())),
        ("", net.fc),
    ]


RESNET18 = Architecture(
    name="resnet18",
    build=_resnet18,
    layers=_resnet_layers,
    maps=lambda output: output,
    head="fc",
    pooled=_resnet_end,
    random=("fc", *STAGES[::-1], "conv1"),
    along={"conv1": ("bn1",)},
    mark="layer1.0.conv1.weight",
    chain=_resnet_chain,
)

ARCHITECTURES: dict[str, Architecture] = {each.name: each for each in (RESNET18,)}
"""Every kind there is, by the name that checkpoints know it by."""
