"""Asking a network about masked faces: the passes behind a proof."""

import dataclasses

import numpy as np
import torch
from torch import Tensor

from emolive.audit.controls import Controls
from emolive.core.reading import Proof
from emolive.networks.checkpoint import Model

BATCH = 16
"""Masked faces that go through the network together."""


def logits_of(model: Model, pictures: np.ndarray) -> Tensor:
    """The logits (P, classes) of crops (P, S, S, 3) uint8 RGB; crops that are the same go through once."""
    seen: dict[bytes, int] = {}
    rows = [seen.setdefault(picture.tobytes(), len(seen)) for picture in pictures]
    first = [rows.index(n) for n in range(len(seen))]
    batches = np.array_split(first, -(-len(first) // BATCH))  # even ones: a graph for one or two costs more to make
    with torch.no_grad():
        found = [model.logits(model.prepare(pictures[batch])) for batch in batches]
    return torch.cat(found)[rows]


def proven(
    model: Model,
    controls: Controls,
    crop: np.ndarray,
    cam: np.ndarray,
    target: int,
    before: float,
    way: tuple[str, str],
    activation: np.ndarray | None,
    seed: int = 0,
) -> Proof:
    """The whole proof of a map (h, w) of a method and layer that explains class `target` of a crop (S, S, 3) uint8 RGB,
    which has the probability `before`. `activation` (h, w) is the mean of that layer."""
    beside = controls.of(*way, target, cam, activation)
    asks = beside.asks()
    question = Proof(0, 0, target, before, asks, (), beside.faces(crop, asks, seed), whole=True)
    return answered(model, question)


def answered(model: Model, question: Proof) -> Proof:
    """A question with what the network says to it."""
    after = model.probabilities(logits_of(model, question.masked))[:, question.target]
    return dataclasses.replace(question, after=tuple(after.tolist()))
