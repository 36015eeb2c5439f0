"""One batched forward pass, and every map that was asked for: a pure function of a model, a batch and the variants."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emolive.errors import pick
from emolive.explain.cams import FILTER, METHODS
from emolive.explain.hooks import switched_off, taps
from emolive.model import Model
from emolive.scene import TOP, Result, Variant

BROKEN = "The network's output is not a number: its weights are damaged."


@dataclass(frozen=True, eq=False)
class Look:
    """What `look` gives for a batch of N: `results[variant][n]`, `maps` (N, C, h, w) of the filter layer, and `extra`,
    the logits (M, classes) of the rows that rode along."""

    results: Mapping[Variant, tuple[Result, ...]]
    maps: np.ndarray
    extra: np.ndarray


def look(
    model: Model,
    x: Tensor,
    wanted: Sequence[Variant],
    filter_layer: str,
    extra: Tensor | None = None,
    half: bool = False,
) -> Look:
    """Read a batch `x` (N, 3, S, S) from `model.prepare` under each of the `wanted` variants, in one forward pass.

    Variants that switch filters off get rows of their own in the same batch; `extra` (M, 3, S, S) are rows of which
    only the logits are wanted. `half` runs the pass in bfloat16; maps are always computed in float32.
    Raises `EmoliveError` for a method, layer or target that does not exist.
    """
    graded = {v.layer for v in wanted if v.method in METHODS and METHODS[v.method].needs == "gradient"}
    offs = list(dict.fromkeys((v.off_layer, v.off) for v in wanted))
    n, total = len(x), len(x) * len(offs)
    batch = torch.cat([x] * len(offs) + ([extra] if extra is not None else []))
    with ExitStack() as stack:
        stack.enter_context(torch.set_grad_enabled(bool(graded)))
        for layer in {layer for layer, off in offs if off}:
            rows = [(slice(i * n, i * n + n), off) for i, (where, off) in enumerate(offs) if where == layer]
            stack.enter_context(switched_off(model.net, layer, rows))
        caught = stack.enter_context(taps(model.net, {v.layer for v in wanted} | {filter_layer}, graded))
        stack.enter_context(torch.autocast(x.device.type, torch.bfloat16, enabled=half))
        logits = model.net(batch).float()
    gradients = _Gradients(logits, caught, graded)
    results = {}
    for v in wanted:
        at = offs.index((v.off_layer, v.off)) * n
        results[v] = _results(model, v, slice(at, at + n), logits, caught, gradients)
    return Look(results, _numpy(caught[filter_layer][:n]), _numpy(logits[total:]))


class _Gradients:
    """Gradients of a score at all graded layers, each score's computed once, whatever number of maps needs it."""

    def __init__(self, logits: Tensor, caught: Mapping[str, Tensor], graded: set[str]) -> None:
        self.logits, self.taps, self.done = logits, {name: caught[name] for name in graded}, {}

    def at(self, layer: str, rows: slice, plus: Tensor, minus: Tensor | None) -> Tensor:
        key = (rows.start, tuple(plus.tolist()), tuple(minus.tolist()) if minus is not None else None)
        if key not in self.done:
            score = _score(self.logits[rows], plus, minus).sum()
            grads = torch.autograd.grad(score, list(self.taps.values()), retain_graph=True)
            self.done[key] = dict(zip(self.taps, grads, strict=True))
        return self.done[key][layer][rows].float()


def _score(logits: Tensor, plus: Tensor, minus: Tensor | None) -> Tensor:
    score = logits.gather(1, plus[:, None])
    return score if minus is None else score - logits.gather(1, minus[:, None])


def _results(
    model: Model, v: Variant, rows: slice, logits: Tensor, caught: Mapping[str, Tensor], gradients: _Gradients
) -> tuple[Result, ...]:
    began = time.perf_counter()
    own = logits[rows].detach()
    plus, minus = targets(v.target, model.spec.labels, own)
    cams, why = None, _undefined(model, v) or ("" if bool(torch.isfinite(own).all()) else BROKEN)
    if not why:
        act = caught[v.layer][rows].detach().float()
        if v.method == FILTER:
            cams = act[:, list(v.channels)].mean(1)
        else:
            method = METHODS[v.method]
            other = None
            if method.needs == "gradient":
                other = gradients.at(v.layer, rows, plus, minus)
            elif method.needs == "weight":
                weight = model.net.fc.weight.float()
                other = (weight[plus] - (weight[minus] if minus is not None else 0))[:, :, None, None]
            cams = method.function(act, other)
    ms = (time.perf_counter() - began) * 1e3
    maps = [None] * len(own) if cams is None else _numpy(cams)
    heads = zip(_numpy(own), _numpy(model.probabilities(own)), maps, plus.tolist(), strict=True)
    return tuple(Result(lo, pr, cam, target, why, ms) for lo, pr, cam, target in heads)


def _undefined(model: Model, v: Variant) -> str:
    """Say why the method has no map at this layer; "" where it has."""
    if v.method == FILTER:
        return "" if v.channels else "No filter is pinned: click a tile."
    if METHODS[pick(v.method, METHODS, "method")].needs == "weight" and v.layer not in model.last_layers:
        return f"{METHODS[v.method].title} is defined at the last stage only ({model.last_layers[0]})."
    return ""


def check_target(target: str, labels: Sequence[str]) -> None:
    """Raise `EmoliveError`, with the labels there are, if `target` is none that `targets` knows."""
    targets(target, labels, torch.zeros(1, len(labels)))


def targets(target: str, labels: Sequence[str], logits: Tensor) -> tuple[Tensor, Tensor | None]:
    """For each row of `logits` (N, classes): the class index that the map speaks for, and the one it speaks against.

    `target` is a label, `TOP` for the most likely one, or two labels with a hyphen between them for their difference
    ("happy-sad"; "-sad" is the most likely one against sad). The second is None where there is no difference.
    """
    top = logits.argmax(1)
    if target == TOP:
        return top, None
    for i, sign in enumerate(target):
        plus, minus = target[:i], target[i + 1 :]
        if target not in labels and sign == "-" and minus in labels and plus in (*labels, TOP):
            against = torch.full_like(top, labels.index(minus))
            return (top if plus == TOP else torch.full_like(top, labels.index(plus))), against
    return torch.full_like(top, labels.index(pick(target, labels, "emotion"))), None


def _numpy(x: Tensor) -> np.ndarray:
    return x.detach().float().cpu().numpy()
