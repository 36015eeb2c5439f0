"""Forward hooks that live inside a `with` around one forward pass, so that none can be left behind."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from emolive.networks.checkpoint import Model


@contextmanager
def taps(net: nn.Module, layers: Collection[str], graded: Collection[str] = ()) -> Iterator[dict[str, Tensor]]:
    """Catch the outputs of `layers` in the forward passes made inside the `with`, by layer.

    The first of the `graded` layers to fire becomes a leaf of the autograd graph: its output is detached and requires
    a gradient, so autograd records only what comes after it. Deeper ones keep their graph tensor, one beside it (a
    block's shortcut) is a leaf too, and `torch.autograd.grad(score, [caught[layer] for layer in graded])` is exact for
    all of them. (If each of them were detached, the earlier would get no gradient.) Needs weights with
    `requires_grad_(False)`.
    """
    caught: dict[str, Tensor] = {}

    def catcher(name: str) -> Callable[[nn.Module, tuple[Any, ...], Tensor], Tensor | None]:
        def hook(_module: nn.Module, _args: tuple[Any, ...], out: Tensor) -> Tensor | None:
            is_leaf = name in graded and not out.requires_grad
            caught[name] = out.detach().requires_grad_() if is_leaf else out
            return caught[name] if is_leaf else None

        return hook

    with ExitStack() as stack:
        for name in layers:
            handle = net.get_submodule(name).register_forward_hook(catcher(name))
            stack.callback(handle.remove)
        yield caught


def passed(
    model: Model, batch: Tensor, layers: Collection[str], graded: Collection[str] = (), whole: bool = False
) -> tuple[Tensor, dict[str, Tensor]]:
    """A pass of a batch: the logits (N, classes), and what `taps` catches of `layers`.

    Where the model has a front, PyTorch does only what comes after the first of the `graded` layers, or after the last
    stage; with `whole` it does all of the pass (so that hooks on any layer fire, and precision is its own).
    """
    front = None if whole else model.quick
    joint = front.joint(graded) if front is not None else None
    if front is None or joint is None:
        with taps(model.net, layers, graded) as caught:
            return model.net(batch), caught
    early = front.before(batch, joint, layers)
    early[joint].requires_grad_(joint in graded)
    with taps(model.net, set(layers) - set(early), graded) as late:
        return front.after(early[joint], joint), early | late


@contextmanager
def switched_off(
    net: nn.Module, layer: str, filters: Sequence[tuple[slice, Sequence[int]]], axis: int = 1
) -> Iterator[None]:
    """Inside the `with`, multiply the given channels (along `axis`) of the output of `layer` by zero, in the given rows
    only; where no channel is given, nothing is done."""

    def hook(_module: nn.Module, _args: tuple[Tensor, ...], out: Tensor) -> Tensor:
        mask = out.new_ones(len(out), out.shape[axis])
        for rows, channels in filters:
            mask[rows, list(channels)] = 0
        return out * mask.reshape([n if i in (0, axis) else 1 for i, n in enumerate(out.shape)])

    if not any(channels for _, channels in filters):
        yield
        return
    handle = net.get_submodule(layer).register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def shapes(model: Model) -> dict[str, tuple[int, int, int]]:
    """The layers of a model that can be shown, shallow to deep, and the (C, h, w) of their maps."""
    size, arch = model.spec.input_size, model.architecture
    with torch.no_grad(), taps(model.net, names := list(model.layers)) as caught:
        model.net(torch.zeros(1, 3, size, size, device=model.device))
    found = {}
    for name in names:
        _, channels, height, width = arch.maps(caught[name]).shape
        found[name] = channels, height, width
    return found
