"""A second network whose last stages have random weights: does a map notice?

Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, arXiv:1810.03292, section 3.1: cascading randomisation,
from the head backwards. A map that stays the same shows edges of the picture, not what the network learned.
"""

import copy
import dataclasses

import torch
from torch import nn

from emolive.networks.checkpoint import Model
from emolive.networks.packed import unpack


def randomised(model: Model, stages: int, seed: int = 0) -> Model:
    """A copy of the model with the first `stages` of its architecture's `random` parts drawn anew: the head, then what
    is before it. The model itself is not touched.

    Convolutions and the head get the initialisation that torchvision trains from (He et al., arXiv:1502.01852, or
    uniform for the head), batch norms keep their statistics but lose their learnt scale and shift. The fixed scales of
    the model's maps are left out: they say nothing of a network that never learnt.
    """
    net = copy.deepcopy(model.net)
    unpack(net)  # several of these are kept, and none is looked through for long
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for step in model.architecture.random[:stages]:
            for module in net.get_submodule(step).modules():
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
    spec = dataclasses.replace(model.spec, scales={}) if stages else model.spec
    return dataclasses.replace(model, net=net, spec=spec)


def _draw(weight: torch.Tensor, values: torch.Tensor) -> None:
    weight.copy_(values.to(weight))
