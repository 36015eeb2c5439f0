"""What a run keeps while it goes on: its history, the best network, the state to go on from. Each file is whole."""

from __future__ import annotations

import dataclasses
import io
import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import Tensor

from emolive.core.errors import EmoliveError, OutputError, Unanswered
from emolive.core.files import check_output, make_folders, why, write_whole
from emolive.core.foreign import answered, is_file, is_folder, open_regular
from emolive.core.tables import csv_line, read_csv
from emolive.networks.checkpoint import save
from emolive.training.evaluate import CONFUSION, REPORT
from emolive.training.finish import MISTAKES, MODEL
from emolive.training.network import Emotions, exported
from emolive.training.run import DATA
from emolive.training.twins import TWINS_PICTURE, TWINS_TABLE

log = logging.getLogger(__name__)

SETTINGS, HISTORY_CSV = "settings.json", "history.csv"
HISTORY = ("epoch", "size", "train_loss", "val_loss", "train_accuracy", "val_accuracy")
BEST = "best.safetensors"
LAST = "last"
WRITTEN = (
    SETTINGS, DATA, HISTORY_CSV, "history.png", BEST, MODEL, REPORT, CONFUSION, MISTAKES, TWINS_TABLE, TWINS_PICTURE,
)  # fmt: skip
"""What a run writes besides its checkpoints."""
CHECKPOINT = re.compile(r"(last|best-epoch=[0-9]+)(-v[0-9]+)?\.ckpt")
"""What is called so in the folder checkpoints was written by a run."""


class History(Callback):
    """After each epoch a row in history.csv, the curves in history.png, a line in the log."""

    def __init__(self, out: Path) -> None:
        self.path = out / HISTORY_CSV

    def rows(self) -> list[dict[str, float]]:
        """The epochs so far. Raises `EmoliveError` for a file that is no history."""
        if not is_file(self.path):
            return []
        try:
            with io.TextIOWrapper(open_regular(self.path), encoding="utf-8", newline="") as stream:
                rows = [{name: float(row[name] or "none") for name in HISTORY} for row in read_csv(stream)]
            if not rows:
                raise ValueError("it has no rows")
            return rows
        except (OSError, KeyError, ValueError) as error:
            raise EmoliveError(
                f"{self.path} is no history of a run ({error!r}). Move it away: the run goes on without its rows."
            ) from error

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Append the epoch that ended; rows of a run that went on from an earlier epoch are replaced."""
        assert isinstance(pl_module, Emotions)
        if not trainer.is_global_zero:
            return
        from emolive.training.pictures import draw_history

        epoch = trainer.current_epoch
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        new = {**values, "epoch": epoch + 1, "size": pl_module.settings.stage(epoch).size}
        rows = [row for row in self.rows() if row["epoch"] <= epoch] + [new]
        table = [HISTORY, *([f"{row[name]:.6g}" for name in HISTORY] for row in rows)]
        write_whole(self.path, "".join(map(csv_line, table)).encode())
        draw_history(rows, self.path.with_suffix(".png"))
        log.info("epoch %d: %s", epoch + 1, ", ".join(f"{name} {new[name]:.4f}" for name in HISTORY[2:]))


class Checkpoint(ModelCheckpoint):
    """Lightning's, but it believes a checkpoint that it goes on from nothing about where other files lie: Lightning
    would load and delete them."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what was best, where it is a file of ours in our folder."""
        known = dict(state_dict)
        for name in ("best_model_path", "kth_best_model_path", "last_model_path"):
            known[name] = self._own(known.get(name))
        best = known.get("best_k_models")
        kept = best.items() if isinstance(best, dict) else ()
        known["best_k_models"] = {own: score for path, score in kept if (own := self._own(path))}
        super().load_state_dict({**known, "dirpath": self.dirpath})

    def _own(self, path: object) -> str:
        """A path in this run's own folder; "" for what is no checkpoint's name there."""
        name = Path(path).name if isinstance(path, str) else ""
        return str(Path(self.dirpath or "", name)) if CHECKPOINT.fullmatch(name) else ""


class BestKeeper(Checkpoint):
    """Keeps the best state, and writes it in emolive's own format as soon as it is reached."""

    def __init__(self, out: Path) -> None:
        super().__init__(
            out / "checkpoints", "best-{epoch:03d}", monitor="val_accuracy", mode="max", save_on_train_epoch_end=True
        )
        self.out, self.written = out, ""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what was best; its network is written already."""
        super().load_state_dict(state_dict)
        self.written = self.best_model_path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save, then export if there is a new best."""
        assert isinstance(pl_module, Emotions)
        super().on_train_epoch_end(trainer, pl_module)
        if trainer.is_global_zero and self.best_model_path != self.written:
            self.written = self.best_model_path
            state = plain_state(Path(self.written))
            size = pl_module.settings.stage(state["epoch"]).size
            spec = dataclasses.replace(pl_module.spec, input_size=size)
            save(self.out / BEST, exported(state["state_dict"], spec), spec)


@dataclass(frozen=True)
class Last:
    """Where a run was left off: the state that Lightning goes on from, and how many epochs are over."""

    path: Path
    epochs: int


def last_of(out: Path) -> Last:
    """Where the run in `out` was left off. Raises `EmoliveError` where it was not, or its file is torn or does not
    answer."""
    path = out / "checkpoints" / f"{LAST}.ckpt"
    if not is_file(path):
        raise EmoliveError(f"There is nothing to go on with in {out}: no {path.name}. Leave --resume away.")
    try:
        return Last(path, int(plain_state(path)["epoch"]) + 1)
    except Unanswered:
        raise
    except EmoliveError as error:
        others = sorted(path.parent.glob("best-*.ckpt"))
        way = f" Copy {others[-1]} over it to go on after that epoch with --resume." if others else ""
        way = way or " Train anew, into another folder with --out."
        kept = f" The best network so far is kept: {out / BEST}." if (out / BEST).is_file() else ""
        raise EmoliveError(f"{error}{way}{kept}") from error


def plain_state(path: Path) -> dict[str, Any]:
    """The state in a checkpoint: tensors, numbers and words. Raises `EmoliveError` for anything else, and `Unanswered`
    where the file stops to answer."""
    try:
        with open_regular(path) as file:
            content = io.BytesIO(file.read())
        state = torch.load(content, map_location="cpu", weights_only=True)
        if not (isinstance(state["state_dict"]["weights"], Tensor) and isinstance(state["epoch"], int)):
            raise TypeError("no state of a run")
        return dict(state)
    except Unanswered:
        raise
    except Exception as error:  # torch raises many kinds for a file that is no checkpoint
        raise EmoliveError(
            f"{path} is no checkpoint of a training run, or a torn one, so it was not loaded (nothing in it was "
            "executed)."
        ) from error


def check_out(out: Path, resume: bool, overwrite: bool) -> None:
    """Find out at once, not after an hour, that nothing can be written to `out`, or that it holds a run."""
    for folder in (out, *out.parents):
        if answered(folder, folder.exists):
            break
    if not is_folder(folder):
        raise OutputError(f"{folder} is a file, so there can be no folder {out}. Name another folder with --out.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"You may not write into {folder}. Name another folder with --out.")
    if is_folder(out / "checkpoints") and not (resume or overwrite):
        raise EmoliveError(
            f"{out} holds a run already. Go on with it by --resume, name another folder with --out, or add --overwrite."
        )


def make_room(out: Path, inputs: Sequence[Path], resume: bool, overwrite: bool) -> None:
    """See that a run may be written to `out`; with `overwrite`, remove the files of an earlier one, by their names."""
    for name in WRITTEN:
        check_output(out / name, inputs, resume or overwrite)
    if resume:
        return
    earlier = out / "checkpoints"
    own = [path for path in earlier.iterdir() if CHECKPOINT.fullmatch(path.name)] if earlier.is_dir() else []
    try:
        for path in (*own, *(out / name for name in WRITTEN)):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be written to ({why(error)}). Choose another folder with --out.") from error


class WholeFiles(TorchCheckpointIO):
    """Lightning's files, each whole or not there: the one before stays until the new one is on the disk. What is gone
    on from holds nothing but a state, and its drive answers."""

    def load_checkpoint(self, path: str | Path, map_location: Any = None, weights_only: bool | None = True) -> Any:
        """The state in a file, on the CPU, from where Lightning takes it. Raises as `plain_state` does."""
        return plain_state(Path(path))

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write beside `path`, then take its place. `OSError` where the disk is full."""
        path = Path(path)
        make_folders(path.parent)
        content = io.BytesIO()
        torch.save(checkpoint, content)
        write_whole(path, content.getbuffer())
