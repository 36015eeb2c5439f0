"""Every choice a training run makes, in one frozen value that is written beside its result."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from emolive.core.errors import EmoliveError
from emolive.core.files import write_whole
from emolive.core.foreign import printable, read_json
from emolive.core.options import options_of


@dataclass(frozen=True)
class Stage:
    """Some epochs at one input size; `strength` scales how often their pictures are spoilt, `rho` is how far around
    the weights the loss has to be low (see `climb`; 0: at the weights only, in half the time)."""

    size: int
    epochs: int
    strength: float = 1.0
    rho: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """How to train. `stages` are sizes and epochs, how often pictures are spoilt, and rho: "64x6,112x8@0.5~0.1".
    After a "/" the learning rate starts anew, half as high (Loshchilov and Hutter 2017, arXiv:1608.03983).

    targets: "label" learns the folders' labels, "ferplus" the annotators' votes, "both" the labels with one set of
    outputs and the votes with a second one that is thrown away in the end (weighted by `vote_weight`).
    balance: 0 counts every picture alike, 1 every class alike, between them the class weights are count^-balance.
    bend: how often the expression in a picture is made weaker or stronger, or a neutral face is given a smile: see
    `bend`.
    freeze: up to which module, in the order of the network's, weights stay as they began ("": none do).
    calibration_balance: see `calibrate`, which ends a run.
    val_fraction: part of each class that is held out where the data have no folder for validation.
    group_by: a pattern in a picture's path; pictures of which it matches the same are held out together.
    average: over about how many epochs the shipped weights are a moving average (0: no averaging).
    """

    stages: str = "112x20"
    batch: int = 64
    lr: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.1
    smoothing: float = 0.1
    bend: float = 0.0
    balance: float = 0.0
    average: float = 1.0
    targets: str = "label"
    vote_weight: float = 0.5
    calibration_balance: float = 0.0
    init: str = "imagenet"
    freeze: str = ""
    color: str = "gray"
    crop_size: int = 48
    layer4_stride: int = 1
    patience: int = 10
    val_fraction: float = 0.1
    group_by: str = ""
    seed: int = 0
    precision: str = "auto"
    workers: int = 2

    def cycles(self) -> list[list[Stage]]:
        """The stages, in order, in groups that share one rise and fall of the learning rate."""
        read = [[_stage(part.strip()) for part in cycle.split(",")] for cycle in self.stages.split("/")]
        cycles = [[stage for stage in cycle if stage] for cycle in read]
        if cycles != read:
            raise EmoliveError(f"--stages '{self.stages}' is not understood. Write sizes and epochs, like 64x6,112x8.")
        return cycles

    def plan(self) -> list[Stage]:
        """The stages, in order."""
        return [stage for cycle in self.cycles() for stage in cycle]

    def rate(self, epoch: float) -> float:
        """The learning rate at a time in epochs, as a part of `lr`: a linear rise and a cosine to 0 in each cycle."""
        lengths = [sum(stage.epochs for stage in cycle) for cycle in self.cycles()]
        ends = list(accumulate(lengths))
        number = min(bisect_right(ends, epoch), len(ends) - 1)
        done = min(1.0, 1 - (ends[number] - epoch) / lengths[number])
        if done < self.warmup:
            return float(done / self.warmup / 2**number)
        return float((1 + math.cos(math.pi * (done - self.warmup) / max(1e-9, 1 - self.warmup))) / 2 / 2**number)

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
        write_whole(path, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """The settings in a JSON file; fields that it lacks have their default.

        Raises `EmoliveError` for what cannot be read, is not known, or is no value of its option's kind.
        """
        read = read_json(Path(path), instead="Name settings that `emolive train` wrote.", finite=False)
        if not isinstance(read, dict):
            raise EmoliveError(f"{path} holds no settings of a training run, an object of names and values.")
        rows, found = {row.name: row for row in options_of("train")}, {}
        for name, value in read.items():
            if name not in vars(cls()):
                raise EmoliveError(f"The settings in {path} name {printable(name)[:80]!r}, no option of emolive train.")
            try:
                found[name] = rows[name].kind.check(value)
            except ValueError as error:
                raise EmoliveError(f"{path}: {name} {error}.") from error
        return cls(**found)


def _stage(text: str) -> Stage | None:
    """The stage that `64x6` or `64x6@0.5~0.1` stands for; None for what is not understood."""
    found = re.fullmatch(r"(\d+)x(\d+)(?:@(\d*\.?\d+))?(?:~(\d*\.?\d+))?", text)
    stage = Stage(int(found[1]), int(found[2]), float(found[3] or 1), float(found[4] or 0)) if found else None
    return stage if stage and stage.size >= 16 and stage.epochs >= 1 else None
