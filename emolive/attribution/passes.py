"""The passes of their own that some methods ask for: through positive paths only, and through one channel at a time."""

import copy
import weakref
from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from emolive.attribution.hooks import switched_off
from emolive.attribution.targets import score
from emolive.networks.checkpoint import Model

OnProgress = Callable[[float], None]
"""Is told how much is done, 0 to 1."""


class _GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        x: Tensor = ctx.saved_tensors[0]
        return grad.clamp(min=0) * (x > 0)


class _Guided(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        seen: Tensor = _GuidedReLU.apply(x)  # type: ignore[no-untyped-call]
        return seen


def _with_guided_relus(net: nn.Module) -> nn.Module:
    """A copy that shares the weights; its ReLUs pass positive gradients only."""
    net = copy.deepcopy(net, {id(tensor): tensor for tensor in (*net.parameters(), *net.buffers())})
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.ReLU):
                setattr(parent, name, _Guided())
    return net


_COPIES: weakref.WeakKeyDictionary[nn.Module, nn.Module] = weakref.WeakKeyDictionary()


class GuidedGradients:
    """Gradients of scores at the input `x` (N, 3, S, S) through positive paths only; the network itself is not touched.

    One forward pass for each set of filters that is switched off, one backward pass for each score.
    """

    def __init__(self, model: Model, x: Tensor) -> None:
        self._model, self._x = model, x
        self._passes: dict[tuple[str, tuple[int, ...]], tuple[Tensor, Tensor]] = {}

    def at(self, off_layer: str, off: tuple[int, ...], plus: Tensor, minus: Tensor | None) -> Tensor:
        """The gradient (N, 3, S, S) of the scores of the classes `plus` (N,), less those of `minus`."""
        if (off_layer, off) not in self._passes:
            self._passes[off_layer, off] = self._forward(off_layer, off)
        leaf, logits = self._passes[off_layer, off]
        (grad,) = torch.autograd.grad(score(logits, plus, minus).sum(), leaf, retain_graph=True)
        return grad

    def _forward(self, off_layer: str, off: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        model = self._model
        if model.net not in _COPIES:
            _COPIES[model.net] = _with_guided_relus(model.net)
        leaf = self._x.detach().clone().requires_grad_()
        net, axis = _COPIES[model.net], model.architecture.channel_axis
        with torch.enable_grad(), switched_off(net, off_layer, [(slice(None), off)], axis):
            return leaf, net(leaf).float()


def channel_scores(
    model: Model, one: Tensor, act: Tensor, off_layer: str = "", off: Sequence[int] = (), batch: int = 32
) -> Generator[float, None, Tensor]:
    """The logits (C, classes) of a picture `one` (1, 3, S, S) seen through each channel of `act` (C, h, w) alone.

    Each channel, scaled to 0..1 and enlarged to the picture, is multiplied with it: Score-CAM's masks. Gives, after
    each `batch` of passes, the part of them that is done: whoever drives it may do something else in between, or drop
    it. Nothing hangs on the network meanwhile. Channels that are the same everywhere, as silent ones are, leave nothing
    of the picture: they score alike, and one pass serves them all.
    """
    low, high = act.amin((1, 2), keepdim=True), act.amax((1, 2), keepdim=True)
    shape = torch.where(high > low, (act - low) / (high - low).clamp(min=1e-12), 0)[:, None]
    row = torch.arange(len(shape), device=act.device)
    flat = (high <= low).flatten()
    row[flat] = row[flat].amin() if bool(flat.any()) else 0
    passed, rows = torch.unique(row, return_inverse=True)
    shape = shape[passed]
    found, axis = [], model.architecture.channel_axis
    for at in range(0, len(shape), batch):
        masks = interpolate(shape[at : at + batch], size=one.shape[2:], mode="bilinear", align_corners=False)
        if off:
            with torch.no_grad(), switched_off(model.net, off_layer, [(slice(None), off)], axis):
                found.append(model.net(one * masks).float())
        else:
            found.append(model.logits(one * masks))
        yield min(1.0, (at + batch) / len(shape))
    return torch.cat(found)[rows]
