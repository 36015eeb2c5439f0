"""The weights in a file, whatever they were wrapped in when they were saved; and why a file's weights do not fit.

A state dict is {name of a tensor: tensor}. People save it inside a checkpoint ({"state_dict": …, "optimizer": …}),
from inside another module ("module.layer1…", "net.layer1…"), averaged ("n_averaged"), profiled ("total_ops") or beside
a loss ("criterion.…"). The network inside is found by its own names, so that any prefix will do. No code in a file is
executed.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from emolive.core.errors import ModelError
from emolive.networks.architectures import ARCHITECTURES, Architecture
from emolive.networks.described import is_safetensors, unreadable
from emolive.networks.misfits import some, why_not

MARKS = tuple(architecture.mark for architecture in ARCHITECTURES.values())

CONTAINERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "net_state_dict", "weights", "params", "module",
    "ema_state_dict", "state_dict_ema", "model_ema", "ema", "ema_model",
)  # fmt: skip
"""Under what a checkpoint keeps its state dict; the first that there is counts, averages (ema) after the weights."""

BESIDE = re.compile(
    r"(^|\.)(n_averaged|total_ops|total_params|num_batches_tracked)$"
    r"|^((train|val|valid|test)_)?(criterion|loss|loss_fn|loss_function|metrics?|acc|accuracy|f1|auroc)(_\w+)?(\.|$)"
    r"|^((train|val|valid|test)_)\w+\.|^(class_)?weights?$"
)
"""Tensors beside a network that it does not need: of averages, profilers, losses and metrics."""


class NotFiniteError(ModelError):
    """A network holds values that are no numbers: it learnt too fast, or was damaged."""


def read_weights(path: Path) -> tuple[dict[str, Any], str | None]:
    """What a file holds by the names that it has there, and the text of the facts in it (emolive's files have them).

    Raises `ModelError` for a file that is broken or holds no weights.
    """
    if is_safetensors(path):
        return _read_safetensors(path)
    return _read_pickle(path), None


def _read_safetensors(path: Path) -> tuple[dict[str, Any], str | None]:
    try:
        with safe_open(str(path), "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            facts = (file.metadata() or {}).get("emolive")
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise unreadable(path, error) from error
    return state, facts


def _read_pickle(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:  # torch would go by a path's ending
            found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a file that is no pickle makes the unpickler stumble in any way
        raise ModelError(
            f"{path} is not a plain state dict of weights, so it was not loaded (nothing in it was executed). "
            "Save one with torch.save(net.state_dict(), …) or use a .safetensors file."
        ) from error
    for _ in range(4):  # {"model": {"state_dict": …}}
        if not isinstance(found, Mapping):
            break
        names = [name for name in CONTAINERS if _is_inner(found.get(name))]
        if not names and not any(isinstance(value, Tensor) for value in found.values()):
            names = [name for name, value in found.items() if _is_network(value)]
        if not names:
            break
        found = found[names[0]]
    if not isinstance(found, Mapping) or not any(isinstance(value, Tensor) for value in found.values()):
        raise ModelError(f"{path} holds no state dict (a mapping of names to tensors). Save net.state_dict().")
    return {str(name): value for name, value in found.items()}


def _is_inner(value: object) -> bool:
    """Whether this is a mapping that holds tensors, at once or deeper."""
    return isinstance(value, Mapping) and any(isinstance(v, Tensor) or _is_inner(v) for v in value.values())


def _is_network(value: object) -> bool:
    """Whether this is a mapping with a network's tensors in it, not an optimiser's."""
    return isinstance(value, Mapping) and any(str(name).endswith(MARKS) or _is_network(v) for name, v in value.items())


def unwrapped(state: Mapping[str, Any], path: Path, architecture: Architecture) -> dict[str, Tensor]:
    """The tensors of the network in a state dict, by the network's own names. Raises `ModelError` in doubt."""
    mark = architecture.mark
    prefixes = sorted({name.removesuffix(mark) for name in state if name.endswith(mark)}, key=len)
    if len(prefixes) > 1:
        raise ModelError(
            f"{path} holds {len(prefixes)} networks: {', '.join(repr(p or 'without a prefix') for p in prefixes)}. "
            "Save the state_dict() of the one that is meant."
        )
    prefix = prefixes[0] if prefixes else ""
    inside = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    outside = [name for name in state if not name.startswith(prefix) and not BESIDE.search(name)]
    if outside:
        raise ModelError(
            f"{path} has layers beside the network {prefix!r}: {some(outside)}. emolive feeds and explains "
            "the network alone, so what these make of its answer would be lost."
        )
    inside = {name: value for name, value in inside.items() if not BESIDE.search(name)}
    inside = _with_plain_head(inside, architecture.head)
    _check_kinds(inside, path)
    return inside


def _with_plain_head(state: dict[str, Any], head: str) -> dict[str, Any]:
    """Where the head is Sequential(Dropout, Linear), its Linear as the head: what has no weights does nothing there
    when it is asked (Dropout; ReLU, because what is pooled is never negative)."""
    inner = {name.split(".")[1] for name in state if re.fullmatch(rf"{head}\.\w+\.(weight|bias)", name)}
    if len(inner) != 1 or f"{head}.weight" in state:
        return state
    start = f"{head}.{inner.pop()}."
    return {name.replace(start, f"{head}.") if name.startswith(start) else name: t for name, t in state.items()}


def _check_kinds(state: Mapping[str, Any], path: Path) -> None:
    """Refuse what is no plain floating-point weight, by name."""
    for name, value in state.items():
        if not isinstance(value, Tensor):
            wrong = "is packed, as quantised networks are," if "packed" in name else f"is a {type(value).__name__}"
        elif value.is_quantized:
            wrong = "is quantised"
        elif value.layout != torch.strided:
            wrong = "is sparse"
        elif value.device.type == "meta":
            wrong = "has a shape but no values (it was saved from the device meta)"
        elif value.is_complex():
            wrong = "is complex"
        elif not value.is_floating_point() and name.endswith(("zero_point", "scale")):
            wrong = "is of a quantised network"
        elif not value.is_floating_point():
            wrong = f"holds whole numbers ({str(value.dtype).removeprefix('torch.')}), as quantised networks do"
        elif not torch.isfinite(value.float()).all():
            raise NotFiniteError(f"{path} cannot be used: {name} holds values that are no numbers (NaN or infinite).")
        else:
            continue
        raise ModelError(
            f"{path} cannot be used: {name} {wrong}. Save the state_dict() of the network in float32 or float16."
        )


def fill(
    net: nn.Module, state: Mapping[str, Tensor], path: Path, architecture: Architecture, with_head: bool = True
) -> None:
    """Put the weights into `net`; all of them must be there and fit, but for the head's, where that is left out.

    Raises `ModelError` with the reason why they do not.
    """
    own = {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    if not with_head:
        start = f"{architecture.head}."
        own = {name: value for name, value in own.items() if not name.startswith(start)}
        state = {name: value for name, value in state.items() if not name.startswith(start)}
    reason = why_not(state, own, architecture)
    if reason:
        raise ModelError(f"{path} {reason}")
    net.load_state_dict({name: state[name].float() for name in own}, strict=False)
