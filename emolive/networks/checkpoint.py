"""A checkpoint and the network in it: labels, input size, preprocessing, and the layers that can be shown.

A checkpoint is one `.safetensors` file. Its metadata holds, under the key `emolive`, a `Spec` as JSON: everything
needed to feed the network as in its training. `prepare` is the only preprocessing in emolive; live view, evaluation,
web page and notebook all call it, so they cannot drift apart.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as safetensors_of
from torch import Tensor, nn

from emolive.core.errors import ModelError, pick
from emolive.core.files import check_model, write_output
from emolive.networks.architectures import ARCHITECTURES, Architecture
from emolive.networks.described import default_model, facts_of, spec_of, told, whole
from emolive.networks.facts import Spec as Spec
from emolive.networks.front import Front
from emolive.networks.weights import fill, read_weights, unwrapped

GRAY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey: ITU-R BT.601, as in JPEG and Pillow's "L"."""


@dataclass(frozen=True, eq=False)
class Model:
    """A network in eval mode with frozen weights, its spec, the file it came from and that file's sha256; and what
    gives the beginning of that network's passes faster (see `fast`), if there is such a thing by the time of a pass."""

    net: nn.Module
    spec: Spec
    path: str = ""
    sha256: str = ""
    device: str = "cpu"
    front: Callable[[], Front | None] = lambda: None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return Path(self.path).stem or self.spec.arch

    @property
    def architecture(self) -> Architecture:
        """What kind of network it is."""
        return ARCHITECTURES[self.spec.arch]

    @property
    def layers(self) -> dict[str, str]:
        """The layers that can be shown, in the order in which they finish, and their names for people."""
        return self.architecture.layers(self.net)

    @property
    def last_layers(self) -> tuple[str, ...]:
        """The layers whose output goes straight into global average pooling and the linear head; may be none."""
        return self.architecture.pooled(self.net)

    @property
    def head(self) -> nn.Linear | None:
        """The linear layer that gives the logits; None where they come from something else."""
        return self.architecture.linear_head(self.net)

    @property
    def quick(self) -> Front | None:
        """The front, if it is there and of this network: a model made from another one may have a net of its own."""
        front = self.front()
        return front if front is not None and front.net is self.net else None

    def prepare(self, crops: np.ndarray | Sequence[np.ndarray]) -> Tensor:
        """`prepare` for this model, on its device."""
        return prepare(crops, self.spec, self.device)

    def logits(self, x: Tensor) -> Tensor:
        """The network's logits (N, classes) float32 for a batch from `prepare`, without gradients."""
        with torch.no_grad():
            quick = self.quick
            logits: Tensor = self.net(x).float() if quick is None else quick.logits(x)
            return logits

    def probabilities(self, logits: Tensor) -> Tensor:
        """Softmax of the logits after temperature, over the last axis."""
        return torch.softmax(logits.float() / self.spec.temperature, dim=-1)


def prepare(crops: np.ndarray | Sequence[np.ndarray], spec: Spec, device: str = "cpu") -> Tensor:
    """Turn N crops (N, S, S, 3) uint8 RGB into what the network takes: (N, 3, input_size, input_size) float32."""
    x = torch.from_numpy(np.ascontiguousarray(crops)).to(device).permute(0, 3, 1, 2).float() / 255
    if spec.color == "gray":
        # Round as pictures are rounded: a grey file and the same file read as RGB give the same input.
        x = (x * x.new_tensor(GRAY).view(1, 3, 1, 1)).sum(1, keepdim=True).mul(255).round().div(255)
    if x.shape[-1] != spec.input_size:
        x = nn.functional.interpolate(
            x, size=(spec.input_size, spec.input_size), mode="bilinear", align_corners=False, antialias=True
        )
    mean, std = (x.new_tensor(v).view(1, 3, 1, 1) for v in (spec.mean, spec.std))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


def as_seen(crop: np.ndarray, spec: Spec) -> np.ndarray:
    """A crop (S, S, 3) uint8 RGB in the colours that the network is given: grey, where it sees no colour."""
    if spec.color != "gray":
        return crop
    return np.repeat((crop @ np.array(GRAY, np.float32)).round().astype(np.uint8)[..., None], 3, axis=-1)


def build(spec: Spec) -> nn.Module:
    """Make the network of `spec` with fresh weights. Raises `EmoliveError` where nobody knows its architecture."""
    return ARCHITECTURES[pick(spec.arch, ARCHITECTURES, "architecture")].build(spec)


def save(path: str | Path, net: nn.Module, spec: Spec, half: bool = True) -> None:
    """Write the network and its spec to one `.safetensors` file, floats in half precision unless `half` is False.

    The file is whole or not there: what had its name stays until then. Raises `OutputError` if it cannot be written.
    """
    state = {
        name: (t.half() if half and t.is_floating_point() else t).detach().cpu().contiguous()
        for name, t in net.state_dict().items()
    }
    content = safetensors_of(state, {"emolive": json.dumps(dataclasses.asdict(spec))})
    write_output(Path(path), content, "Make room or choose another folder.")


def choose_device(name: str) -> str:
    """Give the device to compute on: "auto" takes CUDA, then MPS, then the CPU. `ModelError` if it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there[pick(name, there, "device")]:
        have = ", ".join(device for device, is_there in there.items() if is_there)
        raise ModelError(f"This machine (or this build of torch) has no {name} device. There are: {have}.")
    return name


def load(
    path: str | Path | None = None,
    labels: Sequence[str] | None = None,
    device: str = "cpu",
    facts: Mapping[str, Any] | None = None,
) -> Model:
    """Load a checkpoint: emolive's own `.safetensors`, or a plain ResNet18 state dict (`.pt`, `.pth`, `.safetensors`),
    whatever it is wrapped in (`weights.unwrapped`).

    What is known about it is merged (`facts.merged`): from the file itself, from a JSON file of the same name beside
    it (a list of labels, or an object with any field of `Spec`), and from `labels` and `facts`, which are a user's
    options; the later ones count. No code in a file is ever executed.

    Raises `ModelError` for a file that is missing, broken, or does not fit its labels, and for facts without sense.
    """
    path = Path(path) if path else default_model()
    check_model(path)
    sha256 = whole(path)
    saved, inside = read_weights(path)
    parts = facts_of(path, inside, told(labels, facts))
    arch = next((some["arch"] for some, _ in reversed(parts) if "arch" in some), Spec.arch)
    architecture = ARCHITECTURES[pick(arch, ARCHITECTURES, "architecture")]
    state = unwrapped(saved, path, architecture)
    head = state.get(f"{architecture.head}.weight")
    count = len(head) if head is not None and head.ndim == 2 else None
    spec = spec_of(path, parts, count)
    if count not in (None, len(spec.labels)):
        raise ModelError(
            f"{path} has {count} outputs but {len(spec.labels)} labels were given "
            f"({', '.join(spec.labels)}). Give one label per output, in order."
        )
    net = build(spec)
    fill(net, state, path, architecture)
    net.eval().requires_grad_(False)
    net = net.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Model(net, spec, str(path), sha256, device)
