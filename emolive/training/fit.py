"""One training run: data, loop, checkpoints, history. The loop itself is Lightning's."""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from emolive.core.errors import EmoliveError, OutputError
from emolive.core.files import make_folders, why
from emolive.core.foreign import is_file
from emolive.networks.checkpoint import GRAY, Spec
from emolive.training.augment import augmentation
from emolive.training.bend import MESHES, Bends, bends, kept_meshes
from emolive.training.dataset import VOTES, Faces, join_votes
from emolive.training.finish import finish
from emolive.training.folders import splits
from emolive.training.keep import BEST, LAST, BestKeeper, Checkpoint, History, WholeFiles, check_out, last_of, make_room
from emolive.training.network import Emotions, spec_of, start
from emolive.training.recipe import Recipe, Stage
from emolive.training.run import Material, begin, check_same
from emolive.training.sides import load_data
from emolive.training.twins import TWINS_PICTURE, TWINS_TABLE, twins, write_twins
from emolive.ui.fonts import prepare as prepare_fonts

log = logging.getLogger(__name__)


class Learnt(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Crops to learn from, augmented anew each time: ((1 or 3, size, size) in 0..1, targets, truth)."""

    def __init__(self, faces: Faces, spec: Spec, seed: int, bends: Bends | None = None, bend: float = 0.0) -> None:
        crops = faces.crops
        if spec.color == "gray":
            crops = np.stack([np.rint(crop @ np.array(GRAY, np.float32)) for crop in crops]).astype(np.uint8)[..., None]
        self.pictures = torch.from_numpy(np.ascontiguousarray(crops.transpose(0, 3, 1, 2)))
        self.targets, self.truth = torch.from_numpy(faces.targets), torch.from_numpy(faces.truth)
        self.seed, self.bends, self.bend = seed, bends, bend
        self.transform: Callable[[Tensor], Tensor] | None = None

    def enter(self, stage: Stage, epoch: int) -> None:
        """Augment as `stage` asks for, by chance that hangs on seed, epoch and row only: not on who draws first."""
        self.transform = augmentation(self.pictures.shape[-1], stage.size, stage.strength)
        self.chance = (self.seed * 1000 + epoch) * len(self)

    def __len__(self) -> int:
        return len(self.truth)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor, Tensor]:
        assert self.transform is not None  # `enter` comes first
        torch.default_generator.manual_seed(self.chance + row)
        picture, targets, truth = self.pictures[row], self.targets[row], self.truth[row]
        if self.bends is not None and float(torch.rand(())) < self.bend:
            picture, targets, truth = self.bends.by_chance(row, picture, targets, truth)
        return self.transform(picture), targets, truth


class Judged(Dataset[tuple[np.ndarray, int]]):
    """Crops as they are: ((S, S, 3) uint8, truth)."""

    def __init__(self, faces: Faces) -> None:
        self.faces = faces

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, row: int) -> tuple[np.ndarray, int]:
        return self.faces.crops[row], self.faces.truth[row]


class Data(pl.LightningDataModule):
    """The loaders; the one of training is made afresh each epoch, because the input size may change."""

    def __init__(self, train: Faces, validation: Faces, spec: Spec, settings: Recipe, moves: Bends | None) -> None:
        super().__init__()
        self.learnt, self.judged = Learnt(train, spec, settings.seed, moves, settings.bend), Judged(validation)
        self.settings = settings

    def train_dataloader(self) -> DataLoader[tuple[Tensor, Tensor, Tensor]]:
        """Shuffled batches for the epoch that begins; the same ones whether it was resumed or reached in one go."""
        assert self.trainer is not None
        s, trainer, epoch = self.settings, self.trainer, self.trainer.current_epoch
        self.learnt.enter(s.stage(epoch), epoch)
        sampler: DistributedSampler[object] = DistributedSampler(
            self.learnt, trainer.world_size, trainer.global_rank, seed=s.seed
        )
        batch = max(1, min(s.batch // trainer.world_size, len(sampler)))
        return DataLoader(self.learnt, batch, sampler=sampler, drop_last=True, num_workers=s.workers)

    def val_dataloader(self) -> DataLoader[tuple[np.ndarray, int]]:
        """All validation pictures, in order."""
        return DataLoader(self.judged, 256)


def train(
    data: Path,
    out: Path,
    settings: Recipe,
    resume: bool = False,
    init_labels: tuple[str, ...] = (),
    overwrite: bool = False,
    inputs: Sequence[Path] = (),
) -> None:
    """Train on the folders in `data` and write everything to `out`: see `BestKeeper`, `History` and `finish`.
    `init_labels` are what the outputs of the file to start from mean.

    Ctrl-C ends the training early; the best epoch so far is measured and kept. What is in `out` already is replaced
    only if the run goes on (`resume`) or with `overwrite`, and never one of the `inputs` (files) or of the pictures.
    Raises `EmoliveError` for data that are no training's, and for a run that these data or settings are not of.
    """
    settings.plan()
    check_out(out, resume, overwrite)
    faces, held = load_data(data, settings.crop_size, settings.val_fraction, settings.seed, settings.group_by)
    faces = _with_targets(faces, data, settings)
    prepare_fonts(faces.labels)
    material = Material.of(faces, held)
    last = last_of(out) if resume else None
    if last:
        check_same(out, settings, material, last.epochs)
        History(out).rows()  # what is wrong with them is said now, not when the next epoch is over
    moves = _moves(faces, data) if settings.bend else None
    first = not int(os.environ.get("RANK", 0))  # the first process of several: the others' outputs are its own
    if first:
        make_room(out, [*inputs, *data.glob("*/*"), *data.glob("*/*/*")], resume, overwrite)
    spec = spec_of(settings, faces.labels)
    pl.seed_everything(settings.seed, workers=True, verbose=False)
    net = start(spec, "none" if resume else settings.init, faces.targets.shape[1], init_labels)
    module = Emotions(net, spec, settings, np.bincount(faces.truth, minlength=len(spec.labels)))
    with _sentences(out):
        if first:
            begin(out, settings, material)
            _tell_of_twins(faces, held, out)
        trainer = _trainer(out, settings, len(faces))
        try:
            path = last.path if last else None
            trainer.fit(module, datamodule=Data(faces, held, spec, settings, moves), ckpt_path=path, weights_only=True)
        except (KeyboardInterrupt, SystemExit):
            signal.signal(signal.SIGINT, signal.default_int_handler)  # Lightning turned it off
            log.warning("Stopped. The best epoch so far is kept; --resume goes on after the last whole epoch.")
        if not (out / BEST).is_file():
            raise EmoliveError("Stopped before the first epoch was over: there is nothing to keep yet.")
        if trainer.is_global_zero:
            splits = f"{data.resolve().name}: {len(faces)} pictures to learn from, {len(held)} to choose by"
            finish(out / BEST, held, out, settings, splits)


def _tell_of_twins(learnt: Faces, held: Faces, out: Path) -> None:
    """Name the pictures that are on both sides, or nearly: the figures are too good by them."""
    found = twins(learnt.crops, held.crops)
    if len(found):
        write_twins(learnt, held, found, out)
        log.warning(
            "%d of the %d pictures to judge by are, or nearly, among those to learn from, so figures will be too good: "
            "see %s and %s.", len(found.seconds()), len(held), out / TWINS_PICTURE, out / TWINS_TABLE,
        )  # fmt: skip


@contextmanager
def _sentences(out: Path) -> Iterator[None]:
    """Say of a full disk, or of what else keeps files from being written, what is to be done; nothing is lost."""
    try:
        make_folders(out)
        yield
    except (OSError, OutputError) as error:
        kept = " Everything up to the last whole epoch is kept: make room, then go on with --resume."
        began = (out / "checkpoints" / f"{LAST}.ckpt").is_file()
        raise OutputError(f"The run in {out} cannot be written ({_why(error)}).{kept if began else ''}") from error


def _why(error: Exception) -> str:
    return why(error.__cause__ if isinstance(error, OutputError) and isinstance(error.__cause__, Exception) else error)


def _with_targets(faces: Faces, data: Path, settings: Recipe) -> Faces:
    if settings.targets == "label":
        return faces
    folder = splits(data).train or data
    table = next((path for path in (folder / VOTES, data / VOTES) if is_file(path)), None)
    if table is None:
        raise EmoliveError(f"There is no {VOTES} in {folder}. train/prepare_fer2013.py --ferplus writes it.")
    soft = join_votes(faces, table)
    if settings.targets == "ferplus":
        return soft
    return dataclasses.replace(faces, targets=np.concatenate([faces.targets, soft.targets], axis=1))


def _moves(faces: Faces, data: Path) -> Bends:
    """How the pictures to learn from can be bent, by the meshes that lie beside them."""
    folder = splits(data).train or data
    return bends(kept_meshes(folder / MESHES, faces.files), faces.truth, faces.labels)


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
    last = Checkpoint(out / "checkpoints", LAST, save_on_train_epoch_end=True, enable_version_counter=False)
    callbacks: list[Callback] = [History(out), BestKeeper(out), last]
    if settings.average:
        callbacks.append(EMAWeightAveraging(decay=1 - 1 / max(1.0, settings.average * steps)))
    if settings.patience:
        callbacks.append(EarlyStopping("val_accuracy", mode="max", patience=settings.patience))
    return pl.Trainer(
        max_epochs=settings.epochs, precision=cast(Any, precision(settings.precision)), callbacks=callbacks,
        logger=False,
        accelerator="auto", devices=local, num_nodes=world // local, strategy="ddp" if world > 1 else "auto",
        gradient_clip_val=5.0, reload_dataloaders_every_n_epochs=1, num_sanity_val_steps=0,
        plugins=[WholeFiles()],
        enable_progress_bar=sys.stderr.isatty(), enable_model_summary=False, default_root_dir=out,
        sync_batchnorm=world > 1 and torch.cuda.is_available(),
    )  # fmt: skip
