"""A second network whose last stages have random weights: does a map notice?

Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, arXiv:1810.03292, section 3.1: cascading randomisation,
from the head backwards. A map that stays the same shows edges of the picture, not what the network learned. What is to
be made of it says `sanity.py`.
"""

import copy
import dataclasses
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from emolive.core.scene import Box
from emolive.faces.crop import crop_face
from emolive.media.cast import cast
from emolive.networks.checkpoint import Model, as_seen
from emolive.networks.packed import unpack

FACE: Box = (60.0, 115.0, 260.0, 315.0)
"""Where the face is in a picture of the demo's actors."""

PICTURES = 8
"""Faces of the demo that random networks take their statistics from, at most."""


def randomised(model: Model, stages: int, seed: int = 0) -> Model:
    """A copy of the model with the first `stages` of its architecture's `random` parts drawn anew: the head, then what
    is before it. The model itself is not touched.

    Convolutions and the head get the initialisation that torchvision trains from (He et al., arXiv:1502.01852, or
    uniform for the head), batch norms lose their learnt scale and shift and take their statistics anew from the demo's
    faces: those of the trained weights do not fit, and logits would grow without bound. The fixed scales of the model's
    maps are left out: they say nothing of a network that never learnt.
    """
    net, generator = _copied(model), torch.Generator().manual_seed(seed)
    norms = [norm for step in model.architecture.random[:stages] for norm in _drawn(net, model, step, generator)]
    if not stages:
        return dataclasses.replace(model, net=net)
    return _adapted(dataclasses.replace(model, net=net, spec=dataclasses.replace(model.spec, scales={})), norms)


def cascade(model: Model, seed: int = 0) -> Iterator[tuple[str, Model]]:
    """Each part of the network and the model with everything from the head down to it randomised, as `randomised` gives
    them one by one: but all are one copy, and each holds until the next is asked for."""
    generator, norms = torch.Generator().manual_seed(seed), []
    net = copy.deepcopy(model.net)  # packed, if the model is: there is one of it only
    copied = dataclasses.replace(model, net=net, spec=dataclasses.replace(model.spec, scales={}))
    for step in model.architecture.random:
        norms += _drawn(copied.net, model, step, generator)
        yield step, _adapted(copied, norms)


def _copied(model: Model) -> nn.Module:
    net = copy.deepcopy(model.net)
    unpack(net)  # several of these are kept, and none is looked through for long
    return net


def _drawn(net: nn.Module, model: Model, step: str, generator: torch.Generator) -> list[nn.BatchNorm2d]:
    """Draw a part anew, with what is drawn along with it; gives its batch norms, whose statistics no longer fit."""
    norms = []
    names = step, *model.architecture.along.get(step, ())
    with torch.no_grad():
        for module in (module for name in names for module in net.get_submodule(name).modules()):
            if isinstance(module, nn.Conv2d):
                fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
                _draw(module.weight, torch.randn(module.weight.shape, generator=generator) * (2 / fan_out) ** 0.5)
            elif isinstance(module, nn.Linear):
                bound = module.in_features**-0.5
                _draw(module.weight, (torch.rand(module.weight.shape, generator=generator) * 2 - 1) * bound)
                module.bias.zero_()
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(1.0)
                module.bias.zero_()
                norms.append(module)
    return norms


def _draw(weight: torch.Tensor, values: torch.Tensor) -> None:
    weight.copy_(values.to(weight))


def _adapted(model: Model, norms: list[nn.BatchNorm2d]) -> Model:
    """The model, some of whose batch norms now have the statistics that they see in one pass of the demo's faces."""
    if not norms:
        return model
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over passes, of which there is one
        norm.train()
    with torch.no_grad():
        model.net(model.prepare(_faces(model)))
    for norm in norms:
        norm.eval()
    return model


def _faces(model: Model) -> np.ndarray:
    """Faces (N, S, S, 3) uint8 RGB of nobody, as the model sees them: the demo's actors with their expressions."""
    full = [actor.frames[min(k * actor.levels, len(actor.frames) - 1)] for actor in cast()
            for k in range(actor.expressions + 1)]  # fmt: skip
    some = full[:: -(-len(full) // PICTURES)]
    return np.stack([as_seen(crop_face(bgr, FACE, model.spec.crop_size), model.spec) for bgr in some])
