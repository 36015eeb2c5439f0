"""The same network, faster on a CPU: its convolutions keep their weights in the order in which oneDNN works on them.

Plain ones have 40 MB of weights put into that order anew at every pass, which with one face takes a fifth of the time,
and their gradient takes longer than the pass. Here both orders are kept, for the pass and for its gradient.
"""

import copy
import dataclasses
import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

from emolive.networks.checkpoint import Model

log = logging.getLogger(__name__)


def packed(model: Model) -> Model:
    """A model with the same parameters whose convolutions are packed, to look through, not to learn. Results differ by
    rounding. The model itself where it cannot be done: not on a CPU, or with a PyTorch that does not offer it."""
    if model.device != "cpu" or not _offered():
        return model
    shared = {id(tensor): tensor for tensor in (*model.net.parameters(), *model.net.buffers())}
    net = copy.deepcopy(model.net, shared)
    for module in net.modules():
        if type(module) is nn.Conv2d and module.groups == 1 and module.padding_mode == "zeros":
            module.__class__ = PackedConv
    return dataclasses.replace(model, net=net)


def unpack(net: nn.Module) -> None:
    """Make the network a plain one again: slower, with less memory."""
    for module in net.modules():
        if isinstance(module, PackedConv):
            module.__class__ = nn.Conv2d  # type: ignore[assignment]  # the same object, seen otherwise
            module.__dict__.pop("_orders", None)


class PackedConv(nn.Conv2d):
    """A convolution with kept orders of its weights, made when first needed and again when the weights have changed."""

    def forward(self, x: Tensor) -> Tensor:
        """As `nn.Conv2d`; a gradient flows to `x` only."""
        plain = x.dtype != torch.float32 or self.weight.requires_grad or torch.is_autocast_enabled("cpu")
        if plain or isinstance(self.padding, str):
            return super().forward(x)
        if x.requires_grad and torch.is_grad_enabled():
            out: Tensor = _Conv.apply(x, self)  # type: ignore[no-untyped-call]
            return out
        return self.there(x)

    def there(self, x: Tensor) -> Tensor:
        """The convolution."""
        weight = self._order("there", lambda w: _pack(w, x.shape, self.padding, self.stride, self.dilation))
        return _conv(x, weight, self.bias, self.padding, self.stride, self.dilation)

    def back(self, grad: Tensor, shape: torch.Size) -> Tensor:
        """The gradient at an input of that shape: with stride 1, a convolution with the turned weights."""
        if self.stride != (1, 1):
            sizes = self.stride, self.padding, self.dilation
            slope: Tensor = conv2d_input(shape, self.weight, grad, *sizes)  # type: ignore[no-untyped-call]
            return slope
        grad = grad.contiguous(memory_format=torch.channels_last)
        assert not isinstance(self.padding, str)  # see `forward`
        sides = zip(self.dilation, self.kernel_size, self.padding, strict=True)
        padding = [dilation * (kernel - 1) - pad for dilation, kernel, pad in sides]
        turned = self._order("back", lambda w: _pack(_turned(w), grad.shape, padding, (1, 1), self.dilation))
        return _conv(grad, turned, None, padding, (1, 1), self.dilation)

    def _order(self, name: str, pack: Callable[[Tensor], Tensor]) -> Tensor:
        """One of the orders of the weights, made anew where they have changed."""
        made_of = self.weight.data_ptr(), self.weight._version
        orders = self.__dict__.setdefault("_orders", {})
        if name not in orders or orders[name][0] != made_of:
            orders[name] = made_of, pack(self.weight.detach())
        order: Tensor = orders[name][1]
        return order

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_orders"}


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, conv: PackedConv) -> Tensor:
        ctx.conv, ctx.shape = conv, x.shape
        return conv.there(x)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        rows = grad.abs().amax((1, 2, 3)) != 0  # faces of which no map is asked, as the masked ones of a proof
        if rows.all():
            return ctx.conv.back(grad, ctx.shape), None
        slope = torch.empty(ctx.shape, memory_format=torch.channels_last).zero_()
        if rows.any():
            some = grad[rows]
            slope[rows] = ctx.conv.back(some, torch.Size((len(some), *ctx.shape[1:])))
        return slope, None


def _turned(weight: Tensor) -> Tensor:
    """In and out exchanged, and turned by half a circle."""
    return weight.transpose(0, 1).flip(2, 3).contiguous(memory_format=torch.channels_last)


def _pack(weight: Tensor, shape: torch.Size, padding: Any, stride: Any, dilation: Any) -> Tensor:
    with torch.no_grad():
        order: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
        packed: Tensor = order(weight.to_mkldnn(), list(padding), list(stride), list(dilation), 1, list(shape))
        return packed


def _conv(x: Tensor, weight: Tensor, bias: Tensor | None, padding: Any, stride: Any, dilation: Any) -> Tensor:
    with torch.no_grad():
        out: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, weight, bias, list(padding), list(stride), list(dilation), 1, "none", [], ""
        )
        return out


def _offered() -> bool:
    """Whether this PyTorch can do it, and does it right: these functions are PyTorch's own, not meant for everybody."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    conv: nn.Module = nn.Conv2d(4, 8, 3, padding=1).requires_grad_(False)
    conv = conv.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.linspace(-1, 1, 4 * 36).view(1, 4, 6, 6).contiguous(memory_format=torch.channels_last)
    want = conv(x)
    conv.__class__ = PackedConv
    try:
        return torch.allclose(conv(x), want, atol=1e-5)
    except (AttributeError, RuntimeError, TypeError) as error:
        log.info("the network runs unpacked: %s", error)
        return False
