"""The network in training, as Lightning sees it: loss, metrics, optimiser; and how it comes out as a checkpoint."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torchmetrics.classification import MulticlassAccuracy

from emolive.core.errors import EmoliveError, ModelError
from emolive.core.files import check_model
from emolive.core.foreign import is_file
from emolive.networks.architectures import ARCHITECTURES
from emolive.networks.checkpoint import Spec, build, prepare
from emolive.networks.described import facts_of, whole
from emolive.networks.facts import merged
from emolive.networks.weights import fill, read_weights, unwrapped
from emolive.training.recipe import Recipe
from emolive.training.sharpness import climb

log = logging.getLogger(__name__)


def spec_of(settings: Recipe, labels: tuple[str, ...], size: int | None = None) -> Spec:
    """What the checkpoint will say about itself, for the input `size` (default: the last stage's)."""
    mean, std = ((0.485,) * 3, (0.229,) * 3) if settings.color == "gray" else (Spec.mean, Spec.std)
    return Spec(
        labels=labels, input_size=size or settings.plan()[-1].size, crop_size=settings.crop_size, mean=mean, std=std,
        layer4_stride=settings.layer4_stride, color=settings.color,
    )  # fmt: skip


def start(spec: Spec, init: str, outputs: int, init_labels: tuple[str, ...] = ()) -> nn.Module:
    """A ResNet18 with `outputs` outputs; its other weights are ImageNet's ("imagenet"), a file's, or fresh ("none").

    The outputs of a file are taken over where it is known what they mean (by its own facts or `init_labels`) and they
    mean the classes of `spec`, in whatever order; else they begin fresh.
    """
    architecture = ARCHITECTURES[spec.arch]
    net = build(dataclasses.replace(spec, labels=tuple(f"{i}" for i in range(outputs))))
    if init == "none":
        return net
    if init == "imagenet":
        from torchvision.models import ResNet18_Weights

        try:
            state = ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
        except OSError as error:
            raise EmoliveError(f"ImageNet weights cannot be downloaded ({error}). Give a file with --init.") from error
        fill(net, state, Path("ImageNet's weights"), architecture, with_head=False)
        return net
    path = Path(init)
    if not is_file(path):
        raise ModelError(f"There is no file {path} to start from. Give --init imagenet, none, or a file of weights.")
    check_model(path)
    whole(path)
    saved, inside = read_weights(path)
    state = unwrapped(saved, path, architecture)
    fill(net, state, path, architecture, with_head=False)
    parts = facts_of(path, inside, {"labels": list(init_labels)} if init_labels else {})
    known = merged(parts).labels if any("labels" in facts for facts, _ in parts) else ()
    head = architecture.linear_head(net)
    if head is not None:
        _take_outputs(head, state, architecture.head, known, spec.labels, path)
    return net


def _take_outputs(
    head: nn.Linear, state: dict[str, Tensor], name: str, known: tuple[str, ...], wanted: tuple[str, ...], path: Path
) -> None:
    """Take over the rows of the last layer by the names of what they stand for, or say that they begin fresh."""
    weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
    if known and weight is not None and len(weight) != len(known):
        raise ModelError(f"{path} has {len(weight)} outputs, but {len(known)} labels are given ({', '.join(known)}).")
    same = set(known) == set(wanted) and weight is not None and weight.shape[1:] == head.weight.shape[1:]
    if weight is None or bias is None or not same:
        log.info("%s: the last layer begins fresh.", path)
        return
    rows = [known.index(label) for label in wanted]
    with torch.no_grad():
        head.weight[: len(rows)] = weight[rows].float()
        head.bias[: len(rows)] = bias[rows].float()


class Emotions(pl.LightningModule):
    """ResNet18 that learns target distributions (N, K); with two sets of targets (N, 2K) it has 2K outputs."""

    weights: Tensor

    def __init__(self, net: nn.Module, spec: Spec, settings: Recipe, counts: np.ndarray) -> None:
        super().__init__()
        self.net: nn.Module = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.spec, self.settings = spec, settings
        weights = (counts.mean() / counts) ** settings.balance
        self.frozen = frozen(self.net, settings.freeze)
        self.register_buffer("weights", torch.tensor(weights * counts.sum() / (weights * counts).sum()).float())
        self.uphill = False
        self.train_accuracy = MulticlassAccuracy(len(spec.labels), average="micro")
        self.val_accuracy = MulticlassAccuracy(len(spec.labels), average="micro")

    def on_train_epoch_start(self) -> None:
        """What is frozen goes on by the statistics that it began with."""
        for part in self.frozen:
            part.eval()

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of (N, K) logits with smoothed target distributions (N, K), classes weighted."""
        smooth = targets * (1 - self.settings.smoothing) + self.settings.smoothing / targets.shape[1]
        return -(smooth * self.weights * logits.float().log_softmax(1)).sum(1).mean()

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], _: int) -> Tensor:
        """One batch of pictures (N, 1 or 3, S, S) in 0..1, targets (N, K or 2K), truth (N,): its loss."""
        x, targets, truth = batch
        mean, std = (x.new_tensor(v).view(1, 3, 1, 1) for v in (self.spec.mean, self.spec.std))
        x = ((x - mean) / std).contiguous(memory_format=torch.channels_last)
        logits = self.net(x)
        k = len(self.spec.labels)
        loss = self.loss(logits[:, :k], targets[:, :k])
        if logits.shape[1] > k:
            loss = loss + self.settings.vote_weight * self.loss(logits[:, k:], targets[:, k:])
        if self.uphill:
            return loss
        self.train_accuracy(logits[:, :k], truth)
        self.log("train_loss", loss, on_step=False, on_epoch=True, sync_dist=True, batch_size=len(x), prog_bar=True)
        self.log("train_accuracy", self.train_accuracy, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def optimizer_step(  # type: ignore[override]  # Lightning always gives a closure
        self, epoch: int, batch_idx: int, optimizer: LightningOptimizer, optimizer_closure: Callable[[], Tensor | None]
    ) -> None:
        """One step; where the stage has a `rho`, by the gradient of the loss that far uphill."""
        rho = self.settings.stage(epoch).rho
        if not rho:
            super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
            return
        optimizer_closure()
        back = climb(self.net, rho)
        self.uphill = True

        def there() -> Tensor | None:
            loss = optimizer_closure()
            back()
            return loss

        optimizer.step(closure=there)
        self.uphill = False

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Measure one batch of crops (N, S, S, 3) uint8 and truth (N,), prepared as in live use."""
        crops, truth = batch
        spec = dataclasses.replace(self.spec, input_size=self.settings.stage(self.current_epoch).size)
        logits = self.net(prepare(crops.cpu().numpy(), spec, str(self.device)))[:, : len(spec.labels)].float()
        self.val_accuracy(logits, truth)
        loss = nn.functional.cross_entropy(logits, truth)
        self.log("val_loss", loss, sync_dist=True, batch_size=len(truth))
        self.log("val_accuracy", self.val_accuracy, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW; the learning rate follows `Recipe.rate`, step by step."""
        s = self.settings
        learnt = [weight for weight in self.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(learnt, s.lr, weight_decay=s.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches) / s.epochs

        def rate(step: int) -> float:
            return s.rate((step + 1) / steps)

        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": LambdaLR(optimizer, rate), "interval": "step"}}


def frozen(net: nn.Module, last: str) -> tuple[nn.Module, ...]:
    """Freeze the children of a network up to the one called `last`, and give them; none for "". Raises `EmoliveError`
    for a name that no child has."""
    if not last:
        return ()
    names = [name for name, _ in net.named_children()]
    if last not in names:
        raise EmoliveError(f"--freeze {last}: the network's parts are {', '.join(names)}.")
    parts = tuple(part for _, part in list(net.named_children())[: names.index(last) + 1])
    for part in parts:
        part.requires_grad_(False)
    return parts


def exported(state: dict[str, Tensor], spec: Spec) -> nn.Module:
    """The network of a Lightning checkpoint's state, without the second set of outputs, in eval mode."""
    net = build(spec)
    mine = {name.removeprefix("net."): value for name, value in state.items() if name.startswith("net.")}
    head = ARCHITECTURES[spec.arch].head
    for name in (f"{head}.weight", f"{head}.bias"):
        mine[name] = mine[name][: len(spec.labels)]
    net.load_state_dict(mine)
    return net.eval()
