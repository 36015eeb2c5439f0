"""What a map is to explain, as classes of a network."""

from collections.abc import Sequence

import torch
from torch import Tensor

from emolive.core.errors import pick
from emolive.core.scene import TOP, Target


def classes(target: Target, labels: Sequence[str], aim: Tensor) -> tuple[Tensor, Tensor | None]:
    """For each of N rows: the class index that the map speaks for, and the one it speaks against (None: against none).

    `aim` (N,) are the classes that count as the most likely ones. Raises `EmoliveError`, with the labels there are, for
    one that is none of them.
    """

    def index(label: str) -> Tensor:
        return torch.full_like(aim, labels.index(pick(label, labels, "emotion")))

    plus = aim if target.plus is TOP else index(target.plus)
    return plus, None if target.minus is None else index(target.minus)


def score(logits: Tensor, plus: Tensor, minus: Tensor | None) -> Tensor:
    """What a map explains: the logit of `plus` (N,), less that of `minus`, of each row of `logits` (N, classes)."""
    found = logits.gather(1, plus[:, None])[:, 0]
    return found if minus is None else found - logits.gather(1, minus[:, None])[:, 0]
