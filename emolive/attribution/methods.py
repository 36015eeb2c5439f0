"""All methods: each is a pure function of a layer's activations and of one thing more that it asks for.

`act` and `grad` are (N, C, h, w) float32; a map is (N, h, w), signed, on the layer's own grid: nothing is clipped or
scaled here (published methods end with a ReLU; the views paint positive evidence only, which is the same).
To add a method, write its function and its row in `METHODS`; the tests run on every row. What a method asks for is
found by `look.py`, the same way for every network, target and contrast.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

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
    signed: Tensor = projection * torch.where(sign < 0, -1.0, 1.0)
    return signed.reshape(n, h, w)


def guided(_: Tensor, grad: Tensor) -> Tensor:
    """Which pixels excite the score through positive paths only: (N, S, S) at the input's own resolution.

    `grad` (N, 3, S, S) is the gradient at the input of a network whose ReLUs pass positive gradients only. Summed over
    the input's channels: for a grey input that is the gradient of the grey value.

    Springenberg, Dosovitskiy, Brox, Riedmiller, "Striving for Simplicity", ICLR 2015 workshop, arXiv:1412.6806, section
    3.4. It is known to react little to the class (arXiv:1810.03292).
    """
    return grad.sum(1)


def scorecam(act: Tensor, scores: Tensor) -> Tensor:
    """Each channel weighted by the score of the picture seen through it alone, `scores` (N, C, 1, 1).

    Wang et al., "Score-CAM", CVPR 2020 workshops, arXiv:1910.01279, algorithm 1. The score of a baseline picture is
    taken off each score there; it is the same for all channels, so the softmax takes it out again: left out here.
    """
    return (scores.softmax(1) * act).sum(1)


def filters(act: Tensor, channels: Sequence[int]) -> Tensor:
    """The mean of some channels: where the filters that somebody pinned are active."""
    return act[:, list(channels)].mean(1)


Ask = Literal["nothing", "gradient", "weights", "guided gradient", "channel scores", "pins"]
"""What a method asks for beside the activations, as its second argument: the score's gradient at the layer (N, C, h,
w); the linear head's weights (N, C, 1, 1), at the last stage only; the gradient at the input through positive paths (N,
3, S, S); the score that each channel earns alone (N, C, 1, 1), which takes a pass for each; the pinned channels."""


INPUT = "input"
"""The "layer" of a map that is made of the network's input pixels."""


@dataclass(frozen=True)
class Method:
    """A row of the registry: the function, what it asks for, its name for people, what it shows, and its source.

    `unit` says what the map's values are; `unit_at_end` where only pooling and a linear head follow, if they are
    something else there. `against` says that negative values speak against the target, as positive ones speak for it.
    The weights of a `normalised` method add up to 1 whatever the score is, so that its maps have no fixed scale.
    """

    function: Callable[..., Tensor]
    asks: Ask
    title: str
    about: str
    paper: str = ""
    unit: str = ""
    unit_at_end: str = ""
    against: bool = False
    normalised: bool = False

    @property
    def knows_class(self) -> bool:
        """Whether the map depends on the emotion that it is to explain."""
        return self.asks not in ("nothing", "pins")

    @property
    def of_input(self) -> bool:
        """Whether the map is one of the input's pixels, the same whatever the layer."""
        return self.asks == "guided gradient"

    @property
    def slow(self) -> bool:
        """Whether it takes hundreds of passes, so that it is for pictures that stand still."""
        return self.asks == "channel scores"


CELL = "score per cell"
"""The unit where a map's cells add up to the score without its bias: exactly so at the end of the network only."""

METHODS: dict[str, Method] = {
    "gradcam": Method(
        gradcam, "gradient", "Grad-CAM", "channels weighted by their mean gradient", "arXiv:1610.02391",
        unit="mean gradient × activation", unit_at_end=CELL, against=True,
    ),
    "gradcam++": Method(
        gradcam_pp, "gradient", "Grad-CAM++", "Grad-CAM with pixel-wise weights", "arXiv:1710.11063",
        unit="weighted activation",
    ),
    "hirescam": Method(
        hirescam, "gradient", "HiResCAM", "gradient × activation: what the score really used", "arXiv:2011.08891",
        unit="gradient × activation", unit_at_end=CELL, against=True,
    ),
    "xgradcam": Method(
        xgradcam, "gradient", "XGrad-CAM", "gradients weighted by the channel's activation", "arXiv:2008.02312",
        unit="weighted gradient × activation", unit_at_end=CELL, against=True,
    ),
    "layercam": Method(
        layercam, "gradient", "LayerCAM", "positive gradients, pixel by pixel: sharp in shallow layers",
        "doi:10.1109/TIP.2021.3089943",
        unit="positive gradient × activation", unit_at_end="score per cell, positive weights",
    ),
    "cam": Method(
        cam, "weights", "CAM", "class weights × activations; last stage only", "arXiv:1512.04150",
        unit="score, as mean of the cells", against=True,
    ),
    "eigencam": Method(
        eigencam, "nothing", "Eigen-CAM", "first principal direction; knows no class", "arXiv:2008.00299",
        unit="activation, first component",
    ),
    "activation": Method(
        activation, "nothing", "Activation", "mean of all channels; knows no class", unit="mean activation",
    ),
    "guided": Method(
        guided, "guided gradient", "Guided backprop.", "pixels that excite the score; of no layer", "arXiv:1412.6806",
        unit="guided gradient",
    ),
    "scorecam": Method(
        scorecam, "channel scores", "Score-CAM", "channels weighted by what each shows alone; slow", "arXiv:1910.01279",
        unit="weighted activation", normalised=True,
    ),
    "filter": Method(
        filters, "pins", "Pinned filters", "where the pinned filters are active; knows no class", unit="activation",
    ),
}  # fmt: skip
"""Every method, in the order in which one walks through them."""

UNPINNED = tuple(name for name, method in METHODS.items() if method.asks != "pins")
"""The methods for pictures that nobody clicks in: all but the one that shows pinned filters."""

BLIND = tuple(name for name, method in METHODS.items() if not method.knows_class)
"""The methods that know no class."""
