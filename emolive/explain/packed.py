"""The same network, faster on a CPU: its convolutions keep their weights in the order in which oneDNN works on them.

Plain ones have 40 MB of weights put into that order anew at every pass, which with one face takes a fifth of the time,
and their gradient takes longer than the pass. Here both orders are kept, for the pass and for its gradient.
"""

import copy
import dataclasses
import logging
from typing import Any

import torch
from torch import Tensor, nn

from emolive.model import Model

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


class PackedConv(nn.Conv2d):
    """A convolution with kept orders of its weights, made when first needed and again when the weights have changed."""

    def forward(self, x: Tensor) -> Tensor:
        """As `nn.Conv2d`; a gradient flows to `x` only."""
        plain = x.dtype != torch.float32 or self.weight.requires_grad or torch.is_autocast_enabled("cpu")
        if plain or isinstance(self.padding, str):
            return super().forward(x)
        if x.requires_grad and torch.is_grad_enabled():
            return _Conv.apply(x, self)
        return self.there(x)

    def there(self, x: Tensor) -> Tensor:
        """The convolution."""
        return _conv(x, self._kept("_there", self.weight, x), self.bias, self.padding, self.stride, self.dilation)

    def back(self, grad: Tensor, shape: torch.Size) -> Tensor:
        """The gradient at an input of that shape: with stride 1, a convolution with the turned weights."""
        if self.stride != (1, 1):
            return nn.grad.conv2d_input(shape, self.weight, grad, self.stride, self.padding, self.dilation)
        grad = grad.contiguous(memory_format=torch.channels_last)
        reach = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        padding = [r - p for r, p in zip(reach, self.padding, strict=True)]
        turned = self._kept("_back", self.weight, grad, padding)
        return _conv(grad, turned, None, padding, (1, 1), self.dilation)

    def _kept(self, name: str, weight: Tensor, x: Tensor, padding: list[int] | None = None) -> Tensor:
        made_of = weight.data_ptr(), weight._version
        kept = self.__dict__.get(name)
        if kept is None or kept[0] != made_of:
            back = padding is not None
            weight = weight.detach()
            turned = weight.transpose(0, 1).flip(2, 3).contiguous(memory_format=torch.channels_last) if back else weight
            stride, around = ((1, 1), padding) if back else (self.stride, self.padding)
            kept = made_of, _pack(turned, x.shape, around, stride, self.dilation)
            self.__dict__[name] = kept
        return kept[1]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_there", "_back")}


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, conv: PackedConv) -> Tensor:
        ctx.conv, ctx.shape = conv, x.shape
        return conv.there(x)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return ctx.conv.back(grad, ctx.shape), None


def _pack(weight: Tensor, shape: torch.Size, padding: Any, stride: Any, dilation: Any) -> Tensor:
    with torch.no_grad():
        order = torch._C._nn.mkldnn_reorder_conv2d_weight
        return order(weight.to_mkldnn(), list(padding), list(stride), list(dilation), 1, list(shape))


def _conv(x: Tensor, weight: Tensor, bias: Tensor | None, padding: Any, stride: Any, dilation: Any) -> Tensor:
    with torch.no_grad():
        return torch.ops.mkldnn._convolution_pointwise(
            x, weight, bias, list(padding), list(stride), list(dilation), 1, "none", [], ""
        )


def _offered() -> bool:
    """Whether this PyTorch can do it, and does it right: these functions are PyTorch's own, not meant for everybody."""
    if not torch.backends.mkldnn.is_available():
        return False
    conv = nn.Conv2d(4, 8, 3, padding=1).requires_grad_(False).to(memory_format=torch.channels_last)
    x = torch.linspace(-1, 1, 4 * 36).view(1, 4, 6, 6).contiguous(memory_format=torch.channels_last)
    want = conv(x)
    conv.__class__ = PackedConv
    try:
        return torch.allclose(conv(x), want, atol=1e-5)
    except (AttributeError, RuntimeError, TypeError) as error:
        log.info("the network runs unpacked: %s", error)
        return False
