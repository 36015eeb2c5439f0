"""Class-activation maps: each method is a pure function of a layer's activations and their gradient.

`act` and `grad` are (N, C, h, w) float32; a map is (N, h, w), signed, on the layer's own grid: nothing is clipped or
scaled here (published methods end with a ReLU; the views paint positive evidence only, which is the same).
To add a method, write its function and its row in `METHODS`; the tests run on every row.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


def activation(act: Tensor, _: Tensor | None = None) -> Tensor:
    """Mean of the activations over channels: where the layer is active, whatever the class. No gradient needed."""
    return act.mean(1)


def cam(act: Tensor, weight: Tensor) -> Tensor:
    """Class weights × activations. `weight` is (N, C, 1, 1): the linear head's row of the target class.

    Zhou, Khosla, Lapedriza, Oliva, Torralba, "Learning Deep Features for Discriminative Localization", CVPR 2016,
    arXiv:1512.04150, eq. 2. Defined where global average pooling and a linear layer follow: at the last stage only.
    """
    return (weight * act).sum(1)


def gradcam(act: Tensor, grad: Tensor) -> Tensor:
    """Activations weighted by the mean gradient of their channel.

    Selvaraju et al., "Grad-CAM", ICCV 2017, arXiv:1610.02391, eq. 1 and 2 (before the ReLU).
    """
    return (grad.mean((2, 3), keepdim=True) * act).sum(1)


def gradcam_pp(act: Tensor, grad: Tensor) -> Tensor:
    """Grad-CAM with pixel-wise weights of positive gradients.

    Chattopadhay, Sarkar, Howlader, Balasubramanian, "Grad-CAM++", WACV 2018, arXiv:1710.11063, eq. 10 and 19. The
    score is passed through an exponential there, whose positive factor drops out of the map's shape: left out here.
    """
    g2 = grad**2
    denominator = 2 * g2 + act.sum((2, 3), keepdim=True) * grad**3
    alpha = torch.where(denominator != 0, g2 / torch.where(denominator != 0, denominator, 1), 0)
    return ((alpha * grad.relu()).sum((2, 3), keepdim=True) * act).sum(1)


def hirescam(act: Tensor, grad: Tensor) -> Tensor:
    """Gradient × activation, element by element: only what the score really used.

    Draelos and Carin, "Use HiResCAM instead of Grad-CAM", 2020, arXiv:2011.08891, eq. 5.
    """
    return (grad * act).sum(1)


def xgradcam(act: Tensor, grad: Tensor) -> Tensor:
    """Grad-CAM with each gradient weighted by its share of the channel's activation.

    Fu et al., "Axiom-based Grad-CAM", BMVC 2020, arXiv:2008.02312, eq. 8. A channel without activation gets weight 0.
    """
    total = act.sum((2, 3), keepdim=True)
    weight = (grad * act).sum((2, 3), keepdim=True) / torch.where(total != 0, total, 1)
    return (torch.where(total != 0, weight, 0) * act).sum(1)


def layercam(act: Tensor, grad: Tensor) -> Tensor:
    """Activations weighted by their own positive gradient: sharp also in shallow layers.

    Jiang, Zhang, Hou, Cheng, Wei, "LayerCAM", IEEE TIP 30, 2021, eq. 6 and 7 (before the ReLU).
    """
    return (grad.relu() * act).sum(1)


def eigencam(act: Tensor, _: Tensor | None = None) -> Tensor:
    """Projection of the activations on their first principal direction; knows nothing of the class.

    Muhammad and Yeasin, "Eigen-CAM", IJCNN 2020, arXiv:2008.00299, section III (no centring, as there). The sign of
    a singular vector is arbitrary; it is chosen so that the map agrees with the mean activation.
    """
    n, c, h, w = act.shape
    flat = act.reshape(n, c, h * w)
    # The smaller of the two Gram matrices has the same first direction and costs least.
    if h * w <= c:
        values, vectors = torch.linalg.eigh(flat.transpose(1, 2) @ flat)
        projection = vectors[:, :, -1] * values[:, -1:].clamp(min=0).sqrt()
    else:
        _, vectors = torch.linalg.eigh(flat @ flat.transpose(1, 2))
        projection = (vectors[:, None, :, -1] @ flat)[:, 0]
    sign = (projection * flat.mean(1)).sum(1, keepdim=True)
    return (projection * torch.where(sign < 0, -1.0, 1.0)).reshape(n, h, w)


@dataclass(frozen=True)
class Method:
    """A CAM method: its function, what its second argument is, and its name for people."""

    function: Callable[[Tensor, Tensor | None], Tensor]
    needs: str  # "nothing", "gradient" or "weight" (the linear head's)
    title: str
    about: str


METHODS: dict[str, Method] = {
    "gradcam": Method(gradcam, "gradient", "Grad-CAM", "channels weighted by their mean gradient"),
    "gradcam++": Method(gradcam_pp, "gradient", "Grad-CAM++", "Grad-CAM with pixel-wise weights"),
    "hirescam": Method(hirescam, "gradient", "HiResCAM", "gradient × activation: what the score really used"),
    "xgradcam": Method(xgradcam, "gradient", "XGrad-CAM", "gradients weighted by the channel's activation"),
    "layercam": Method(layercam, "gradient", "LayerCAM", "positive gradients, pixel by pixel: sharp in shallow layers"),
    "cam": Method(cam, "weight", "CAM", "class weights × activations; last stage only"),
    "eigencam": Method(eigencam, "nothing", "Eigen-CAM", "first principal direction; knows no class"),
    "activation": Method(activation, "nothing", "Activation", "mean of all channels; knows no class"),
}

FILTER = "filter"
"""The method that shows the pinned filters' own maps; it is no CAM and has no row above."""
