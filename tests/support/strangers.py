"""State dicts of other networks, with few outputs."""

import torch

from emolive.networks import torchvision_guard  # noqa: F401


def other_network(name: str) -> dict[str, torch.Tensor]:
    """The names and shapes of one of torchvision's networks; its values are all the same."""
    from torchvision import models

    with torch.device("meta"):
        state = getattr(models, name)(num_classes=3).state_dict()
    return {key: torch.zeros(()).half().expand(t.shape) for key, t in state.items()}
