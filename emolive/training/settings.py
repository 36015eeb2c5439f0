"""Every choice a training run makes, in one frozen value that is written beside its result."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path

from emolive.errors import EmoliveError


@dataclass(frozen=True)
class Stage:
    """Some epochs at one input size; `strength` scales how often their pictures are spoilt."""

    size: int
    epochs: int
    strength: float = 1.0


@dataclass(frozen=True)
class Settings:
    """How to train. `stages` are sizes and epochs, and how much the pictures are spoilt: "64x6,112x8@0.5".

    targets: "label" learns the folders' labels, "ferplus" the annotators' votes, "both" the labels with one set of
    outputs and the votes with a second one that is thrown away in the end (weighted by `vote_weight`).
    balance: 0 counts every picture alike, 1 every class alike, between them the class weights are count^-balance.
    calibration_balance, floor: see `calibrate`, which ends a run.
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
    targets: str = "label"
    vote_weight: float = 0.5
    calibration_balance: float = 0.5
    floor: float = 0.0
    init: str = "imagenet"
    color: str = "gray"
    crop_size: int = 48
    layer4_stride: int = 1
    patience: int = 10
    seed: int = 0
    precision: str = "auto"
    workers: int = 2

    def plan(self) -> list[Stage]:
        """The stages, in order."""
        found = [re.fullmatch(r"(\d+)x(\d+)(?:@(\d*\.?\d+))?", part.strip()) for part in self.stages.split(",")]
        plan = [Stage(int(part[1]), int(part[2]), float(part[3] or 1)) for part in found if part]
        if len(plan) < len(found) or any(stage.size < 16 or stage.epochs < 1 for stage in plan):
            raise EmoliveError(f"--stages '{self.stages}' is not understood. Write sizes and epochs, like 64x6,112x8.")
        return plan

    @property
    def epochs(self) -> int:
        """All stages' epochs together."""
        return sum(stage.epochs for stage in self.plan())

    def stage(self, epoch: int) -> Stage:
        """The stage of an epoch (0-based)."""
        each = [stage for stage in self.plan() for _ in range(stage.epochs)]
        return each[min(epoch, len(each) - 1)]

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
