"""Methods that are no function of one layer: guided backpropagation (pixels) and Score-CAM (many forward passes)."""

import copy
import weakref
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from emolive.attribution.hooks import taps
from emolive.networks.checkpoint import Model

OnProgress = Callable[[float], None]
"""Is told how much is done, 0 to 1."""


class _GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad.clamp(min=0) * (x > 0)


class _Guided(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return _GuidedReLU.apply(x)


def _with_guided_relus(net: nn.Module) -> nn.Module:
    net = copy.deepcopy(net)
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.ReLU):
                setattr(parent, name, _Guided())
    return net


_COPIES: weakref.WeakKeyDictionary[nn.Module, nn.Module] = weakref.WeakKeyDictionary()


def guided(model: Model, x: Tensor, target: Tensor) -> Tensor:
    """Which pixels excite the score through positive paths only: signed (N, S, S) at the input's own resolution.

    Springenberg, Dosovitskiy, Brox, Riedmiller, "Striving for Simplicity", ICLR 2015 workshop, arXiv:1412.6806, section
    3.4, on a copy of the network whose ReLUs pass positive gradients only. Summed over the input's channels: for a grey
    input that is the gradient of the grey value. It is known to react little to the class (arXiv:1810.03292).
    """
    if model.net not in _COPIES:
        _COPIES[model.net] = _with_guided_relus(model.net)
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        score = _COPIES[model.net](x).float().gather(1, target[:, None]).sum()
    (grad,) = torch.autograd.grad(score, x)
    return grad.sum(1)


def scorecam(
    model: Model, x: Tensor, target: Tensor, layer: str, progress: OnProgress = lambda _: None, batch: int = 32
) -> Tensor:
    """Each channel weighted by the score of the picture seen through it alone: signed (N, h, w); a forward per channel.

    Wang et al., "Score-CAM", CVPR 2020 workshops, arXiv:1910.01279, algorithm 1; the baseline picture, there a black
    one, is the normalised zero.
    """
    maps = []
    with torch.no_grad():
        for n in range(len(x)):
            one = x[n : n + 1]
            with taps(model.net, [layer]) as caught:
                model.net(one)
            act = caught[layer].float()[0]
            low, high = act.amin((1, 2), keepdim=True), act.amax((1, 2), keepdim=True)
            shape = torch.where(high > low, (act - low) / (high - low).clamp(min=1e-12), 0)[:, None]
            masks = interpolate(shape, size=x.shape[2:], mode="bilinear", align_corners=False)
            baseline = model.net(torch.zeros_like(one)).float()[0, target[n]]
            scores = []
            for at in range(0, len(masks), batch):
                scores.append(model.net(one * masks[at : at + batch]).float()[:, target[n]] - baseline)
                progress((n + min(1.0, (at + batch) / len(masks))) / len(x))
            maps.append((torch.cat(scores).softmax(0)[:, None, None] * act).sum(0))
    return torch.stack(maps)
