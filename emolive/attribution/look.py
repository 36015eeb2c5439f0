"""One batched forward pass, and every map that was asked for: a pure function of a model, a batch and the variants.

Each method is asked the same question, whatever network, target, contrast and filters a variant names: `_Answers` finds
what it asks for (`methods.Ask`), each thing once.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emolive.attribution.hooks import passed, switched_off
from emolive.attribution.ledger import ledgers
from emolive.attribution.measure import measure
from emolive.attribution.methods import METHODS
from emolive.attribution.passes import GuidedGradients
from emolive.attribution.targets import classes, score
from emolive.core.scene import Ledger, Result, Variant
from emolive.core.stopwatch import Stopwatch
from emolive.networks.checkpoint import Model

BROKEN = "The network's output is not a number: its weights are damaged."

SLOW = "This map takes a pass for each channel."
"""Why a slow method has no map yet; whoever has it worked out says more."""

Aiming = Callable[[np.ndarray], Sequence[int]]
"""Says for the probabilities (N, classes) that the network just gave which classes (N) count as the most likely."""


@dataclass(frozen=True, eq=False)
class Look:
    """What `look` gives for a batch of N: `results[variant][n]`, `maps` (N, C, h, w) of the filter layer, `ledgers` of
    that layer where asked for, `extra`, the logits (M, classes) of the rows that rode along, and the activations that
    were `caught`, {layer: (N, C, h, w)}. `slow` has the activations (N, C, h, w) of the variants whose maps are still
    to be worked out (`passes.channel_scores`, then `explained_by_scores`)."""

    results: Mapping[Variant, tuple[Result, ...]]
    maps: np.ndarray
    ledgers: tuple[Ledger, ...]
    extra: Tensor
    caught: Mapping[str, Tensor]
    slow: Mapping[Variant, Tensor]


def look(
    model: Model,
    x: Tensor,
    wanted: Sequence[Variant],
    filter_layer: str,
    extra: Tensor | None = None,
    aim: Tensor | Aiming | None = None,
    ledger: bool = False,
    half: bool = False,
    watch: Stopwatch | None = None,
) -> Look:
    """Read a batch `x` (N, 3, S, S) from `model.prepare` under each of the `wanted` variants, in one forward pass.

    Variants that switch filters off get rows of their own in the same batch; `extra` (M, 3, S, S) are rows of which
    only the logits are wanted. `aim` (N,) are the classes that count as the most likely ones, or say which; the
    network's own untouched answer, if None. `half` runs the pass in bfloat16; maps are always computed in float32. A
    slow method gets probabilities, but no map yet. `watch` is told how long the pass ("forward") and the maps
    ("explain") take. Raises `EmoliveError` for a layer or target that does not exist.
    """
    graded = {v.layer for v in wanted if METHODS[v.method].asks == "gradient"}
    if ledger and filter_layer not in model.last_layers:
        graded.add(filter_layer)
    offs = sorted(dict.fromkeys((v.off_layer, v.off) for v in wanted), key=lambda off: bool(off[1]))
    n, total = len(x), len(x) * len(offs)
    batch = torch.cat([x] * len(offs) + ([extra] if extra is not None else []))
    watch, axis, maps = watch or Stopwatch(), model.architecture.channel_axis, model.architecture.maps
    with ExitStack() as stack:
        stack.enter_context(watch("forward"))
        stack.enter_context(torch.set_grad_enabled(bool(graded)))
        for layer in {layer for layer, off in offs if off}:
            rows = [(slice(i * n, i * n + n), off) for i, (where, off) in enumerate(offs) if where == layer]
            stack.enter_context(switched_off(model.net, layer, rows, axis))
        stack.enter_context(torch.autocast(x.device.type, torch.bfloat16, enabled=half))
        layers, hooked = {v.layer for v in wanted} | {filter_layer}, half or any(off for _, off in offs)
        logits, caught = passed(model, batch, layers, graded, whole=hooked)
        logits = logits.float()
    with watch("explain"):
        aim = _aimed(model, logits[:n].detach(), aim)
        answers = _Answers(model, x, logits, caught, graded)
        results, slow = {}, {}
        for v in wanted:
            at = offs.index((v.off_layer, v.off)) * n
            results[v] = _results(model, v, slice(at, at + n), logits, aim, answers)
            if METHODS[v.method].slow and results[v][0].why == SLOW:
                slow[v] = answers.act(v.layer, slice(at, at + n))
        untouched = slice(0, n)
        books: list[Ledger] = []
        if ledger:
            plus, _ = classes(wanted[0].target, model.spec.labels, aim)
            grad = answers.gradient(filter_layer, untouched, plus, None) if filter_layer in graded else None
            act = answers.act(filter_layer, untouched)
            books = ledgers(model, filter_layer, act, grad, plus, logits[untouched].detach())
        kept = {name: maps(out)[untouched].detach().float() for name, out in caught.items()}
        return Look(results, _numpy(kept[filter_layer]), tuple(books), logits[total:].detach(), kept, slow)


def _aimed(model: Model, logits: Tensor, aim: Tensor | Aiming | None) -> Tensor:
    """The class (N,) that counts as the most likely one of each row of `logits` (N, classes)."""
    if aim is None:
        return logits.argmax(1)
    if isinstance(aim, Tensor):
        return aim
    return torch.tensor(list(aim(_numpy(model.probabilities(logits)))), dtype=torch.long, device=logits.device)


class _Answers:
    """What methods ask for. One backward pass for each score, whatever number of maps needs it; `ms` says how long the
    answer took that was given last."""

    def __init__(self, model: Model, x: Tensor, logits: Tensor, caught: Mapping[str, Tensor], graded: set[str]) -> None:
        self.model, self.logits, self.caught = model, logits, caught
        self.taps = {name: caught[name] for name in graded}
        self.done: dict[tuple[object, ...], tuple[dict[str, Tensor], float]] = {}
        self.guided = GuidedGradients(model, x)
        self.ms = 0.0

    def act(self, layer: str, rows: slice) -> Tensor:
        """The activations (N, C, h, w) of a layer."""
        return self.model.architecture.maps(self.caught[layer])[rows].detach().float()

    def to(self, v: Variant, rows: slice, plus: Tensor, minus: Tensor | None) -> Tensor | tuple[int, ...] | None:
        """What the variant's method asks for beside the activations."""
        began = time.perf_counter()
        answer: Tensor | tuple[int, ...] | None = None
        match METHODS[v.method].asks:
            case "gradient":
                answer = self.gradient(v.layer, rows, plus, minus)
                return answer  # it may have been found before, and tells its own time
            case "weights" if self.model.head is not None:
                weight = self.model.head.weight.float()
                answer = (weight[plus] - (weight[minus] if minus is not None else 0))[:, :, None, None]
            case "guided gradient":
                answer = self.guided.at(v.off_layer, v.off, plus, minus)
            case "pins":
                answer = v.channels
        self.ms = (time.perf_counter() - began) * 1e3
        return answer

    def gradient(self, layer: str, rows: slice, plus: Tensor, minus: Tensor | None) -> Tensor:
        """The gradient (N, C, h, w) of a score at a layer."""
        key = (rows.start, tuple(plus.tolist()), tuple(minus.tolist()) if minus is not None else None)
        if key not in self.done:
            began = time.perf_counter()
            total = score(self.logits[rows], plus, minus).sum()
            grads = torch.autograd.grad(total, list(self.taps.values()), retain_graph=True)
            took = (time.perf_counter() - began) * 1e3
            self.done[key] = dict(zip(self.taps, grads, strict=True)), took
        grads_of, self.ms = self.done[key]
        return self.model.architecture.maps(grads_of[layer])[rows].float()


def _results(
    model: Model, v: Variant, rows: slice, logits: Tensor, aim: Tensor, answers: _Answers
) -> tuple[Result, ...]:
    own = logits[rows].detach()
    plus, minus = classes(v.target, model.spec.labels, aim)
    why = ("" if bool(torch.isfinite(own).all()) else BROKEN) or _undefined(model, v)
    maps: Iterable[np.ndarray | None] = [None] * len(own)
    ms = 0.0
    if not why:
        other, ms = answers.to(v, rows, plus, minus), answers.ms
        began = time.perf_counter()
        maps = _numpy(METHODS[v.method].function(answers.act(v.layer, rows), other))
        ms += (time.perf_counter() - began) * 1e3
    heads = zip(_numpy(own), _numpy(model.probabilities(own)), maps, plus.tolist(), strict=True)
    told = measure(model, v)
    return tuple(Result(lo, pr, cam, target, why, ms, told) for lo, pr, cam, target in heads)


def _undefined(model: Model, v: Variant) -> str:
    """Say why the method has no map at this layer, or not yet; "" where it has."""
    method = METHODS[v.method]
    if method.asks == "pins" and not v.channels:
        return "No filter is pinned: click a tile."
    if method.asks == "weights" and (v.layer not in model.last_layers or model.head is None):
        if not model.last_layers or model.head is None:
            return f"{method.title} is defined before a linear head only, and this network has none."
        return f"{method.title} is defined at the last stage only ({model.last_layers[0]})."
    return SLOW if method.slow else ""


def explained_by_scores(model: Model, v: Variant, act: Tensor, scores: Tensor, plus: int) -> np.ndarray:
    """The map (h, w) of a slow method for the class `plus`, and against what `v` speaks against, of one face: from its
    activations (C, h, w) and what each channel scores alone (C, classes)."""
    minus = v.target.minus
    found = scores[:, plus] - (scores[:, model.spec.labels.index(minus)] if minus is not None else 0)
    cam: np.ndarray = _numpy(METHODS[v.method].function(act[None], found[None, :, None, None]))[0]
    return cam


def _numpy(x: Tensor) -> np.ndarray:
    return x.detach().float().cpu().numpy()
