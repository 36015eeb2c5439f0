"""Grad-CAM of the same faces, network and layer by each library, each used as its documentation shows."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import cv2
import numpy as np
import torch
from captum.attr import LayerGradCam
from peers_results import BARE, GRAD_CAM, GRAD_CAM_ONE_BY_ONE, GRAD_CAM_TUNED, ONE_BY_ONE, OURS
from pytorch_grad_cam import GradCAM
from torch import Tensor, nn
from torchcam.methods import GradCAM as TorchCam

from emolive.attribution.look import look
from emolive.core.scene import Variant
from emolive.networks.checkpoint import Model
from emolive.networks.packed import packed

Maps = Callable[[Tensor], np.ndarray]
"""A batch (N, 3, S, S) in, its maps (N, h, w) out, for the class that the network finds likeliest for each face."""


@contextmanager
def contestants(model: Model, layer: str, x: Tensor) -> Iterator[Mapping[str, Maps]]:
    """Everyone, ready to work. Each library has a copy of the network of its own, so that nobody's hooks slow others.

    Weights require gradients there, as they do in the examples of these libraries. `x` tells the classes of the one
    contestant that must know them before.
    """
    with ExitStack() as stack:

        def grad_cam(net: nn.Module) -> Maps:
            cam = stack.enter_context(GradCAM(net, [net.get_submodule(layer)]))
            return lambda x: cam(x, targets=None)

        usual, tuned = grad_cam(learning(model)), grad_cam(copy.deepcopy(model.net))
        torchcam_net, captum_net = learning(model), learning(model)
        extractor = stack.enter_context(TorchCam(torchcam_net, layer))
        attribute = LayerGradCam(captum_net, captum_net.get_submodule(layer)).attribute
        known = likeliest(model.net, x)
        ours = packed(model)  # as in the live loop

        def by_torchcam(x: Tensor) -> np.ndarray:
            scores = torchcam_net(x)
            return extractor(scores.argmax(1).tolist(), scores)[0].numpy()

        def by_captum(x: Tensor) -> np.ndarray:
            return attribute(x, target=likeliest(captum_net, x))[:, 0].detach().numpy()

        yield {
            BARE: lambda x: likeliest(model.net, x).numpy(),
            OURS: lambda x: by_emolive(ours, layer, x),
            ONE_BY_ONE: lambda x: one_by_one(lambda face: by_emolive(ours, layer, face), x),
            GRAD_CAM: usual,
            GRAD_CAM_TUNED: lambda x: tuned(x.clone().requires_grad_()),
            GRAD_CAM_ONE_BY_ONE: lambda x: one_by_one(usual, x),
            "torch-cam": by_torchcam,
            "captum": by_captum,
            "captum, class known before": lambda x: attribute(x, target=known)[:, 0].detach().numpy(),
        }


def learning(model: Model) -> nn.Module:
    """A copy of the network whose weights require gradients, as they do in any network that was just loaded."""
    return copy.deepcopy(model.net).requires_grad_(True)


def likeliest(net: nn.Module, x: Tensor) -> Tensor:
    """A plain forward pass: the class of each face."""
    with torch.no_grad():
        return net(x).argmax(1)


def by_emolive(model: Model, layer: str, x: Tensor) -> np.ndarray:
    """The maps by emolive's engine: one pass for all faces."""
    variant = Variant(method="gradcam", layer=layer)
    return np.stack([result.cam for result in look(model, x, [variant], layer).results[variant]])


def one_by_one(maps: Maps, x: Tensor) -> np.ndarray:
    """The maps of faces that are looked at one after the other."""
    return np.concatenate([maps(x[i : i + 1]) for i in range(len(x))])


def comparable(maps: np.ndarray, size: int) -> np.ndarray:
    """Maps (N, h, w) as they are painted: positive evidence only, from 0 to 1, enlarged to (N, size, size)."""
    return np.stack([scaled(cv2.resize(scaled(np.maximum(cam, 0)), (size, size))) for cam in maps])


def scaled(cam: np.ndarray) -> np.ndarray:
    """From 0 to 1; nothing but zeros where the map is flat."""
    cam = cam - cam.min()
    return cam / max(float(cam.max()), 1e-7)
