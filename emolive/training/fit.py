"""One training run: data, loop, checkpoints, history. The loop itself is Lightning's."""

from __future__ import annotations

import csv
import dataclasses
import logging
import os
import signal
import sys
from pathlib import Path

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from emolive.core.errors import EmoliveError
from emolive.networks.checkpoint import GRAY, Spec, save
from emolive.training.augment import augmentation
from emolive.training.dataset import VOTES, Faces, join_votes, load_data
from emolive.training.finish import finish
from emolive.training.folders import splits
from emolive.training.network import Emotions, exported, spec_of, start
from emolive.training.recipe import Recipe, Stage

log = logging.getLogger(__name__)

HISTORY = ("epoch", "size", "train_loss", "val_loss", "train_accuracy", "val_accuracy")
BEST = "best.safetensors"
LAST = "last"


class Learnt(Dataset):
    """Crops to learn from, augmented anew each time: ((1 or 3, size, size) in 0..1, targets, truth)."""

    def __init__(self, faces: Faces, spec: Spec, seed: int) -> None:
        crops = faces.crops
        if spec.color == "gray":
            crops = np.stack([np.rint(crop @ np.array(GRAY, np.float32)) for crop in crops]).astype(np.uint8)[..., None]
        self.pictures = torch.from_numpy(np.ascontiguousarray(crops.transpose(0, 3, 1, 2)))
        self.targets, self.truth = torch.from_numpy(faces.targets), torch.from_numpy(faces.truth)
        self.seed, self.transform = seed, None

    def enter(self, stage: Stage, epoch: int) -> None:
        """Augment as `stage` asks for, by chance that hangs on seed, epoch and row only: not on who draws first."""
        self.transform = augmentation(self.pictures.shape[-1], stage.size, stage.strength)
        self.chance = (self.seed * 1000 + epoch) * len(self)

    def __len__(self) -> int:
        return len(self.truth)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor, Tensor]:
        torch.default_generator.manual_seed(self.chance + row)
        return self.transform(self.pictures[row]), self.targets[row], self.truth[row]


class Judged(Dataset):
    """Crops as they are: ((S, S, 3) uint8, truth)."""

    def __init__(self, faces: Faces) -> None:
        self.faces = faces

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, row: int) -> tuple[np.ndarray, int]:
        return self.faces.crops[row], self.faces.truth[row]


class Data(pl.LightningDataModule):
    """The loaders; the one of training is made afresh each epoch, because the input size may change."""

    def __init__(self, train: Faces, validation: Faces, spec: Spec, settings: Recipe) -> None:
        super().__init__()
        self.learnt, self.judged = Learnt(train, spec, settings.seed), Judged(validation)
        self.settings = settings

    def train_dataloader(self) -> DataLoader:
        """Shuffled batches for the epoch that begins; the same ones whether it was resumed or reached in one go."""
        s, epoch = self.settings, self.trainer.current_epoch
        self.learnt.enter(s.stage(epoch), epoch)
        sampler = DistributedSampler(self.learnt, self.trainer.world_size, self.trainer.global_rank, seed=s.seed)
        batch = max(1, min(s.batch // self.trainer.world_size, len(sampler)))
        return DataLoader(self.learnt, batch, sampler=sampler, drop_last=True, num_workers=s.workers)

    def val_dataloader(self) -> DataLoader:
        """All validation pictures, in order."""
        return DataLoader(self.judged, 256)


class History(Callback):
    """After each epoch a row in history.csv, the curves in history.png, a line in the log."""

    def __init__(self, out: Path) -> None:
        self.path = out / "history.csv"

    def rows(self) -> list[dict[str, float]]:
        """The epochs so far."""
        if not self.path.is_file():
            return []
        with open(self.path, newline="") as stream:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Emotions) -> None:
        """Append the epoch that ended; rows of a run that went on from an earlier epoch are replaced."""
        if not trainer.is_global_zero:
            return
        from emolive.training.pictures import draw_history

        epoch = trainer.current_epoch
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        new = {**values, "epoch": epoch + 1, "size": pl_module.settings.stage(epoch).size}
        rows = [row for row in self.rows() if row["epoch"] <= epoch] + [new]
        with open(self.path, "w", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(HISTORY)
            table.writerows([f"{row[name]:.6g}" for name in HISTORY] for row in rows)
        draw_history(rows, self.path.with_suffix(".png"))
        log.info("epoch %d: %s", epoch + 1, ", ".join(f"{name} {new[name]:.4f}" for name in HISTORY[2:]))


class BestKeeper(ModelCheckpoint):
    """Keeps the best state, and writes it in emolive's own format as soon as it is reached."""

    def __init__(self, out: Path) -> None:
        super().__init__(
            out / "checkpoints", "best-{epoch:03d}", monitor="val_accuracy", mode="max", save_on_train_epoch_end=True
        )
        self.out, self.written = out, ""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Emotions) -> None:
        """Save, then export if there is a new best."""
        super().on_train_epoch_end(trainer, pl_module)
        if trainer.is_global_zero and self.best_model_path != self.written:
            self.written = self.best_model_path
            state = torch.load(self.written, map_location="cpu", weights_only=False)
            size = pl_module.settings.stage(state["epoch"]).size
            spec = dataclasses.replace(pl_module.spec, input_size=size)
            save(self.out / BEST, exported(state["state_dict"], spec), spec)


def train(data: Path, out: Path, settings: Recipe, fraction: float = 0.1, resume: bool = False) -> None:
    """Train on the folders in `data` and write everything to `out`: see `BestKeeper`, `History` and `finish`.

    Ctrl-C ends the training early; the best epoch so far is measured and kept.
    """
    settings.plan()
    faces, held = load_data(data, settings.crop_size, fraction, settings.seed)
    faces = _with_targets(faces, data, settings)
    out.mkdir(parents=True, exist_ok=True)
    last = _last(out, faces.labels) if resume else None
    if not resume and (out / "checkpoints").is_dir():
        raise EmoliveError(f"{out} holds a run already. Go on with it by --resume, or name another folder with --out.")
    spec = spec_of(settings, faces.labels)
    pl.seed_everything(settings.seed, workers=True, verbose=False)
    net = start(spec, "none" if resume else settings.init, faces.targets.shape[1])
    module = Emotions(net, spec, settings, np.bincount(faces.truth, minlength=len(spec.labels)))
    settings.write(out / "settings.json")
    trainer = _trainer(out, settings, len(faces))
    try:
        trainer.fit(module, datamodule=Data(faces, held, spec, settings), ckpt_path=last, weights_only=False)
    except (KeyboardInterrupt, SystemExit):
        signal.signal(signal.SIGINT, signal.default_int_handler)  # Lightning turned it off
        log.warning("Stopped. The best epoch so far is kept; --resume goes on after the last whole epoch.")
    if not (out / BEST).is_file():
        raise EmoliveError("Stopped before the first epoch was over: there is nothing to keep yet.")
    if trainer.is_global_zero:
        splits = f"{data.resolve().name}: {len(faces)} pictures to learn from, {len(held)} to choose by"
        finish(out / BEST, held, out, settings, splits)


def _with_targets(faces: Faces, data: Path, settings: Recipe) -> Faces:
    if settings.targets == "label":
        return faces
    folder = splits(data).train or data
    table = next((p for p in (folder / VOTES, data / VOTES) if p.is_file()), None)
    if table is None:
        raise EmoliveError(f"There is no {VOTES} in {folder}. train/prepare_fer2013.py --ferplus writes it.")
    soft = join_votes(faces, table)
    if settings.targets == "ferplus":
        return soft
    return dataclasses.replace(faces, targets=np.concatenate([faces.targets, soft.targets], axis=1))


def _last(out: Path, labels: tuple[str, ...]) -> Path:
    path = out / "checkpoints" / f"{LAST}.ckpt"
    if not path.is_file():
        raise EmoliveError(f"There is nothing to go on with in {out}: no {path.name}. Leave --resume away.")
    before = torch.load(path, map_location="cpu", weights_only=False)["state_dict"]["weights"]
    if len(before) != len(labels):
        raise EmoliveError(f"The run in {out} has {len(before)} classes, the data {len(labels)}. Use its own data.")
    return path


def precision(choice: str) -> str:
    """Lightning's name for the precision: "auto" takes bfloat16 where the hardware has fast units for it."""
    if choice != "auto":
        return choice
    fast = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    fast = fast or (not torch.cuda.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512" and _amx())
    return "bf16-mixed" if fast else "32-true"


def _amx() -> bool:
    try:
        return torch.cpu._is_amx_tile_supported()
    except (AttributeError, RuntimeError):
        return False


def _trainer(out: Path, settings: Recipe, pictures: int) -> pl.Trainer:
    world, local = (int(os.environ.get(name, 1)) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    steps = max(1, pictures // settings.batch)
    last = ModelCheckpoint(out / "checkpoints", LAST, save_on_train_epoch_end=True, enable_version_counter=False)
    callbacks: list[Callback] = [History(out), BestKeeper(out), last]
    if settings.average:
        callbacks.append(EMAWeightAveraging(decay=1 - 1 / max(1.0, settings.average * steps)))
    if settings.patience:
        callbacks.append(EarlyStopping("val_accuracy", mode="max", patience=settings.patience))
    return pl.Trainer(
        max_epochs=settings.epochs, precision=precision(settings.precision), callbacks=callbacks, logger=False,
        accelerator="auto", devices=local, num_nodes=world // local, strategy="ddp" if world > 1 else "auto",
        gradient_clip_val=5.0, reload_dataloaders_every_n_epochs=1, num_sanity_val_steps=0,
        enable_progress_bar=sys.stderr.isatty(), enable_model_summary=False, default_root_dir=out,
        sync_batchnorm=world > 1 and torch.cuda.is_available(),
    )  # fmt: skip
