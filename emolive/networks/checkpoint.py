"""A checkpoint and the network in it: labels, input size, preprocessing, and the layers that can be shown.

A checkpoint is one `.safetensors` file. Its metadata holds, under the key `emolive`, a `Spec` as JSON: everything
needed to feed the network as in its training. `prepare` is the only preprocessing in emolive; live view, evaluation,
web page and notebook all call it, so they cannot drift apart.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_of
from torch import Tensor, nn

from emolive.core.errors import ModelError, pick
from emolive.core.files import write_whole
from emolive.core.installed import weights
from emolive.networks.architectures import ARCHITECTURES, Architecture

GRAY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey: ITU-R BT.601, as in JPEG and Pillow's "L"."""


@dataclass(frozen=True)
class Spec:
    """How a network is built and fed.

    A face crop is `crop_size` pixels square (as coarse as the faces of the training), turned to grey if `color` is
    "gray", enlarged to `input_size`, scaled to 0..1, and normalised by `mean` and `std` per channel. `crop_margin` says
    for each face detector how many times its box the square is wide. Softmax takes logits divided by `temperature`.
    """

    labels: tuple[str, ...]
    arch: str = "resnet18"
    input_size: int = 224
    crop_size: int = 224
    layer4_stride: int = 2
    color: str = "rgb"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    crop_margin: dict[str, float] = field(default_factory=lambda: {"full": 1.1, "short": 1.2, "tiled": 1.1})
    temperature: float = 1.0
    trained_on: str = ""
    recipe: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Model:
    """A network in eval mode with frozen weights, its spec, the file it came from and that file's sha256."""

    net: nn.Module
    spec: Spec
    path: str = ""
    sha256: str = ""
    device: str = "cpu"

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

    def prepare(self, crops: np.ndarray | Sequence[np.ndarray]) -> Tensor:
        """`prepare` for this model, on its device."""
        return prepare(crops, self.spec, self.device)

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
    return np.repeat((crop @ np.float32(GRAY)).round().astype(np.uint8)[..., None], 3, axis=-1)


def build(spec: Spec) -> nn.Module:
    """Make the network of `spec` with fresh weights. Raises `EmoliveError` where nobody knows its architecture."""
    return ARCHITECTURES[pick(spec.arch, ARCHITECTURES, "architecture")].build(spec)


def save(path: str | Path, net: nn.Module, spec: Spec, half: bool = True) -> None:
    """Write the network and its spec to one `.safetensors` file, floats in half precision unless `half` is False.

    The file is whole or what it was before. Raises OSError.
    """
    state = {
        name: (t.half() if half and t.is_floating_point() else t).detach().cpu().contiguous()
        for name, t in net.state_dict().items()
    }
    write_whole(Path(path), safetensors_of(state, {"emolive": json.dumps(dataclasses.asdict(spec))}))


def choose_device(name: str) -> str:
    """Give the device to compute on: "auto" takes CUDA, then MPS, then the CPU. `ModelError` if it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there[pick(name, there, "device")]:
        have = ", ".join(device for device, is_there in there.items() if is_there)
        raise ModelError(f"This machine (or this build of torch) has no {name} device. There are: {have}.")
    return name


def default_model() -> Path:
    """The weights that travel with emolive."""
    return weights("emotion_resnet18.safetensors")


def load(path: str | Path | None = None, labels: Sequence[str] | None = None, device: str = "cpu") -> Model:
    """Load a checkpoint: emolive's own `.safetensors`, or a plain ResNet18 state dict (`.pt`, `.pth`, `.safetensors`).

    A plain one takes its labels from `labels` or from a JSON file of the same name beside it (a list of labels, or an
    object with any field of `Spec`). Raises `ModelError` for a file that is missing, broken, or does not fit its
    labels. No code in a file is ever executed.
    """
    path = Path(path) if path else default_model()
    if not path.is_file():
        raise ModelError(f"There is no model file {path}. Give --model the path of a .safetensors, .pt or .pth file.")
    if path.stat().st_size == 0:
        raise ModelError(f"The model file {path} is empty. Download or export it again.")
    is_safetensors = path.suffix == ".safetensors"
    state, spec = _read_safetensors(path) if is_safetensors else (_read_pickle(path), None)
    spec = spec or _spec_beside(path, state, labels)
    if labels and tuple(labels) != spec.labels:
        raise ModelError(f"{path} has the labels {', '.join(spec.labels)}; --labels says {', '.join(labels)}.")
    net = build(spec)
    _fill(net, state, path, spec)
    net.eval().requires_grad_(False)
    net = net.to(device=device, memory_format=torch.channels_last)
    return Model(net, spec, str(path), hashlib.sha256(path.read_bytes()).hexdigest(), device)


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], Spec | None]:
    try:
        with safe_open(str(path), "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            facts = (file.metadata() or {}).get("emolive")
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path} is not a readable .safetensors file ({error}). Export it again.") from error
    return state, _spec_from(facts, path) if facts else None


def _read_pickle(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a file that is no pickle makes the unpickler stumble in any way
        raise ModelError(
            f"{path} is not a plain state dict of weights, so it was not loaded (nothing in it was executed). "
            "Save one with torch.save(net.state_dict(), …) or use a .safetensors file."
        ) from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not state or not all(isinstance(t, Tensor) for t in state.values()):
        raise ModelError(f"{path} holds no state dict (a mapping of names to tensors). Save net.state_dict().")
    return {name.removeprefix("module.").removeprefix("model."): t for name, t in state.items()}


def _spec_beside(path: Path, state: dict[str, Tensor], labels: Sequence[str] | None) -> Spec:
    if labels:
        return _checked(Spec(labels=tuple(labels)), path)
    beside = path.with_suffix(".json")
    if beside.is_file():
        return _spec_from(beside.read_text(encoding="utf-8", errors="replace"), beside)
    head = f"{ARCHITECTURES[Spec.arch].head}.weight"
    count = len(state[head]) if head in state else "its"
    raise ModelError(
        f"{path} does not say what its outputs mean. Name the {count} labels in order with --labels angry,happy,… "
        f"or write them as a JSON list to {beside.name} beside it."
    )


def _spec_from(text: str, path: Path) -> Spec:
    try:
        facts = json.loads(text)
        if isinstance(facts, list):
            facts = {"labels": facts}
        names = {f.name for f in dataclasses.fields(Spec)}
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items() if k in names}
        values.setdefault("crop_size", values.get("input_size", Spec.crop_size))
        return _checked(Spec(**values), path)
    except (json.JSONDecodeError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"The facts about the model in {path} cannot be read ({error}).") from error


def _checked(spec: Spec, path: Path) -> Spec:
    """Refuse a spec that would fail later, deep inside the network."""

    def number(x: object, low: float, high: float) -> bool:
        return isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) and low <= x <= high

    def triple(v: object, low: float) -> bool:
        return isinstance(v, tuple) and len(v) == 3 and all(number(x, low, 1e3) for x in v)

    rules = {
        "labels": isinstance(spec.labels, tuple)
        and all(isinstance(s, str) and s for s in spec.labels)
        and 2 <= len(set(spec.labels)) == len(spec.labels) <= 1000,
        "arch": isinstance(spec.arch, str),
        "input_size": isinstance(spec.input_size, int) and number(spec.input_size, 16, 1024),
        "crop_size": isinstance(spec.crop_size, int) and number(spec.crop_size, 8, 1024),
        "layer4_stride": spec.layer4_stride in (1, 2),
        "color": spec.color in ("gray", "rgb"),
        "mean": triple(spec.mean, -1e3),
        "std": triple(spec.std, 1e-6),
        "crop_margin": isinstance(spec.crop_margin, dict) and all(number(v, 0.5, 4) for v in spec.crop_margin.values()),
        "temperature": number(spec.temperature, 1e-3, 1e3),
        "metrics": isinstance(spec.metrics, dict),
    }
    wrong = [name for name, fine in rules.items() if not fine]
    if wrong:
        raise ModelError(f"{path}: the value of {', '.join(wrong)} makes no sense for a network. Export it again.")
    return spec


def _fill(net: nn.Module, state: dict[str, Tensor], path: Path, spec: Spec) -> None:
    own = net.state_dict()
    head = f"{ARCHITECTURES[spec.arch].head}.weight"
    if head in state and state[head].ndim == 2 and len(state[head]) != len(spec.labels):
        raise ModelError(
            f"{path} has {len(state[head])} outputs but {len(spec.labels)} labels were given "
            f"({', '.join(spec.labels)}). Give one label per output, in order."
        )
    missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    extra = [name for name in state if name not in own]
    shape = [name for name in own if name in state and own[name].shape != state[name].shape]
    for names, what in ((missing, "lacks"), (extra, "has, unexpectedly,"), (shape, "has, in another shape,")):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise ModelError(f"{path} is not a {spec.arch}: it {what} {', '.join(names[:3])}{more}.")
    net.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in state.items()}, strict=False)
