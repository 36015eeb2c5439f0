"""Every choice a training run makes, in one frozen value that is written beside its result."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path

from emolive.errors import EmoliveError


@dataclass(frozen=True)
class Settings:
    """How to train. `stages` says at which input size how many epochs are spent, small pictures first: "64x6,112x8".

    targets: "label" learns the folders' labels, "ferplus" the annotators' votes, "both" the labels with one set of
    outputs and the votes with a second one that is thrown away in the end (weighted by `vote_weight`).
    balance: 0 counts every picture alike, 1 every class alike, between them the class weights are count^-balance.
    average: over about how many epochs the shipped weights are a moving average (0: no averaging).
    """

    stages: str = "112x20"
    batch: int = 64
    lr: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.1
    smoothing: float = 0.1
    balance: float = 0.0
    average: float = 1.0
    mixup: float = 0.0
    strength: float = 1.0
    targets: str = "label"
    vote_weight: float = 0.5
    init: str = "imagenet"
    color: str = "gray"
    crop_size: int = 48
    layer4_stride: int = 1
    patience: int = 10
    seed: int = 0
    precision: str = "auto"
    workers: int = 2

    def plan(self) -> list[tuple[int, int]]:
        """The stages as (input size, epochs)."""
        parts = [re.fullmatch(r"(\d+)x(\d+)", part.strip()) for part in self.stages.split(",")]
        if not all(parts) or not all(int(p[1]) >= 16 and int(p[2]) >= 1 for p in parts if p):
            raise EmoliveError(f"--stages '{self.stages}' is not understood. Write sizes and epochs, like 64x6,112x8.")
        return [(int(p[1]), int(p[2])) for p in parts if p]

    @property
    def epochs(self) -> int:
        """All stages' epochs together."""
        return sum(epochs for _, epochs in self.plan())

    def size(self, epoch: int) -> int:
        """The input size of an epoch (0-based)."""
        sizes = [size for size, epochs in self.plan() for _ in range(epochs)]
        return sizes[min(epoch, len(sizes) - 1)]

    def write(self, path: Path) -> None:
        """Keep the settings as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Settings:
        """The settings in a JSON file; fields that it lacks have their default."""
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise EmoliveError(f"{path} holds no settings of a training run ({error}).") from error
