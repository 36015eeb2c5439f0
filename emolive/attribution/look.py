"""One batched forward pass, and every map that was asked for: a pure function of a model, a batch and the variants."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emolive.attribution.hooks import switched_off, taps
from emolive.attribution.ledger import ledgers
from emolive.attribution.methods import FILTER, METHODS
from emolive.core.errors import pick
from emolive.core.scene import TOP, Ledger, Result, Variant
from emolive.core.stopwatch import Stopwatch
from emolive.networks.checkpoint import Model

BROKEN = "The network's output is not a number: its weights are damaged."


@dataclass(frozen=True, eq=False)
class Look:
    """What `look` gives for a batch of N: `results[variant][n]`, `maps` (N, C, h, w) of the filter layer, `ledgers` of
    that layer where asked for, `extra`, the logits (M, classes) of the rows that rode along, and the activations that
    were `caught`, {layer: (N, C, h, w)}."""

    results: Mapping[Variant, tuple[Result, ...]]
    maps: np.ndarray
    ledgers: tuple[Ledger, ...]
    extra: Tensor
    caught: Mapping[str, Tensor]


def look(
    model: Model,
    x: Tensor,
    wanted: Sequence[Variant],
    filter_layer: str,
    extra: Tensor | None = None,
    aim: Tensor | None = None,
    ledger: bool = False,
    half: bool = False,
    watch: Stopwatch | None = None,
) -> Look:
    """Read a batch `x` (N, 3, S, S) from `model.prepare` under each of the `wanted` variants, in one forward pass.

    Variants that switch filters off get rows of their own in the same batch; `extra` (M, 3, S, S) are rows of which
    only the logits are wanted. `aim` (N,) are the classes that count as the most likely ones; the network's own
    untouched answer, if None. `half` runs the pass in bfloat16; maps are always computed in float32. A method that
    needs more than one layer's activations and gradient gets probabilities, but no map. `watch` is told how long the
    pass ("forward") and the maps ("explain") take.
    Raises `EmoliveError` for a layer or target that does not exist.
    """
    graded = {v.layer for v in wanted if v.method in METHODS and METHODS[v.method].needs == "gradient"}
    if ledger and filter_layer not in model.last_layers:
        graded.add(filter_layer)
    offs = sorted(dict.fromkeys((v.off_layer, v.off) for v in wanted), key=lambda off: bool(off[1]))
    n, total = len(x), len(x) * len(offs)
    batch = torch.cat([x] * len(offs) + ([extra] if extra is not None else []))
    watch = watch or Stopwatch()
    with ExitStack() as stack:
        stack.enter_context(watch("forward"))
        stack.enter_context(torch.set_grad_enabled(bool(graded)))
        for layer in {layer for layer, off in offs if off}:
            rows = [(slice(i * n, i * n + n), off) for i, (where, off) in enumerate(offs) if where == layer]
            stack.enter_context(switched_off(model.net, layer, rows))
        caught = stack.enter_context(taps(model.net, {v.layer for v in wanted} | {filter_layer}, graded))
        stack.enter_context(torch.autocast(x.device.type, torch.bfloat16, enabled=half))
        logits = model.net(batch).float()
    with watch("explain"):
        aim = logits[:n].detach().argmax(1) if aim is None else aim
        gradients = _Gradients(logits, caught, graded)
        results = {}
        for v in wanted:
            at = offs.index((v.off_layer, v.off)) * n
            results[v] = _results(model, v, slice(at, at + n), logits, aim, caught, gradients)
        untouched = slice(0, n)
        books: list[Ledger] = []
        if ledger:
            plus, _ = targets(wanted[0].target, model.spec.labels, aim)
            grad = gradients.at(filter_layer, untouched, plus, None) if filter_layer in graded else None
            act = caught[filter_layer][untouched].detach().float()
            books = ledgers(model, filter_layer, act, grad, plus, logits[untouched].detach())
        kept = {name: out[untouched].detach().float() for name, out in caught.items()}
        return Look(results, _numpy(kept[filter_layer]), tuple(books), logits[total:].detach(), kept)


class _Gradients:
    """Gradients of a score at all graded layers, by one backward pass for each score, whatever number of maps needs it;
    `ms` says how long that pass took."""

    def __init__(self, logits: Tensor, caught: Mapping[str, Tensor], graded: set[str]) -> None:
        self.logits, self.taps, self.done = logits, {name: caught[name] for name in graded}, {}
        self.ms = 0.0

    def at(self, layer: str, rows: slice, plus: Tensor, minus: Tensor | None) -> Tensor:
        key = (rows.start, tuple(plus.tolist()), tuple(minus.tolist()) if minus is not None else None)
        if key not in self.done:
            began = time.perf_counter()
            score = _score(self.logits[rows], plus, minus).sum()
            grads = torch.autograd.grad(score, list(self.taps.values()), retain_graph=True)
            took = (time.perf_counter() - began) * 1e3
            self.done[key] = dict(zip(self.taps, grads, strict=True)), took
        grads, self.ms = self.done[key]
        return grads[layer][rows].float()


def _score(logits: Tensor, plus: Tensor, minus: Tensor | None) -> Tensor:
    score = logits.gather(1, plus[:, None])
    return score if minus is None else score - logits.gather(1, minus[:, None])


def _results(
    model: Model,
    v: Variant,
    rows: slice,
    logits: Tensor,
    aim: Tensor,
    caught: Mapping[str, Tensor],
    gradients: _Gradients,
) -> tuple[Result, ...]:
    own = logits[rows].detach()
    plus, minus = targets(v.target, model.spec.labels, aim)
    why = _undefined(model, v) or ("" if bool(torch.isfinite(own).all()) else BROKEN)
    maps, ms, grad = [None] * len(own), 0.0, None
    if not why:
        if v.method in METHODS and METHODS[v.method].needs == "gradient":
            grad, ms = gradients.at(v.layer, rows, plus, minus), gradients.ms
        began = time.perf_counter()
        maps = _numpy(_cams(model, v, rows, plus, minus, caught, grad))
        ms += (time.perf_counter() - began) * 1e3
    heads = zip(_numpy(own), _numpy(model.probabilities(own)), maps, plus.tolist(), strict=True)
    return tuple(Result(lo, pr, cam, target, why, ms) for lo, pr, cam, target in heads)


def _cams(
    model: Model,
    v: Variant,
    rows: slice,
    plus: Tensor,
    minus: Tensor | None,
    caught: Mapping[str, Tensor],
    grad: Tensor | None,
) -> Tensor:
    act = caught[v.layer][rows].detach().float()
    if v.method == FILTER:
        return act[:, list(v.channels)].mean(1)
    method = METHODS[v.method]
    other = None
    if method.needs == "gradient":
        other = grad
    elif method.needs == "weight":
        weight = model.net.fc.weight.float()
        other = (weight[plus] - (weight[minus] if minus is not None else 0))[:, :, None, None]
    return method.function(act, other)


def _undefined(model: Model, v: Variant) -> str:
    """Say why the method has no map at this layer; "" where it has."""
    if v.method == FILTER:
        return "" if v.channels else "No filter is pinned: click a tile."
    if v.method not in METHODS:
        return f"{v.method} is computed elsewhere."
    if METHODS[v.method].needs == "weight" and v.layer not in model.last_layers:
        return f"{METHODS[v.method].title} is defined at the last stage only ({model.last_layers[0]})."
    return ""


def check_target(target: str, labels: Sequence[str]) -> None:
    """Raise `EmoliveError`, with the labels there are, if `target` is none that `targets` knows."""
    targets(target, labels, torch.zeros(1, dtype=torch.long))


def targets(target: str, labels: Sequence[str], aim: Tensor) -> tuple[Tensor, Tensor | None]:
    """For each of N rows: the class index that the map speaks for, and the one it speaks against (None: against none).

    `target` is a label, `TOP` for the most likely class, which is `aim` (N,), or two labels with a hyphen between them
    for the difference of their scores ("happy-sad"; "-sad" is the most likely one against sad).
    """
    if target == TOP:
        return aim, None
    for i, sign in enumerate(target):
        plus, minus = target[:i], target[i + 1 :]
        if target not in labels and sign == "-" and minus in labels and plus in (*labels, TOP):
            against = torch.full_like(aim, labels.index(minus))
            return (aim if plus == TOP else torch.full_like(aim, labels.index(plus))), against
    return torch.full_like(aim, labels.index(pick(target, labels, "emotion"))), None


def _numpy(x: Tensor) -> np.ndarray:
    return x.detach().float().cpu().numpy()
