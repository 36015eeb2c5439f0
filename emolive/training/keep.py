"""What a run keeps while it goes on: its history, the best network, the state to go on from. Each file is whole."""

from __future__ import annotations

import csv
import dataclasses
import io
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from emolive.core.errors import EmoliveError
from emolive.core.files import write_whole
from emolive.networks.checkpoint import save
from emolive.training.network import Emotions, exported

log = logging.getLogger(__name__)

HISTORY = ("epoch", "size", "train_loss", "val_loss", "train_accuracy", "val_accuracy")
BEST = "best.safetensors"
LAST = "last"


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
        lines = [",".join(HISTORY), *(",".join(f"{row[name]:.6g}" for name in HISTORY) for row in rows)]
        write_whole(self.path, "".join(f"{line}\r\n" for line in lines).encode())
        draw_history(rows, self.path.with_suffix(".png"))
        log.info("epoch %d: %s", epoch + 1, ", ".join(f"{name} {new[name]:.4f}" for name in HISTORY[2:]))


class BestKeeper(ModelCheckpoint):
    """Keeps the best state, and writes it in emolive's own format as soon as it is reached."""

    def __init__(self, out: Path) -> None:
        super().__init__(
            out / "checkpoints", "best-{epoch:03d}", monitor="val_accuracy", mode="max", save_on_train_epoch_end=True
        )
        self.out, self.written = out, ""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with what was best, also where the run's folder was moved since."""

        def here(path: str) -> str:
            return str(Path(self.out, "checkpoints", Path(path).name).resolve()) if path else path

        best = {here(path): score for path, score in state_dict["best_k_models"].items()}
        paths = {name: here(state_dict[name]) for name in ("best_model_path", "kth_best_model_path", "last_model_path")}
        super().load_state_dict({**state_dict, **paths, "best_k_models": best, "dirpath": self.dirpath})
        self.written = self.best_model_path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Emotions) -> None:
        """Save, then export if there is a new best."""
        super().on_train_epoch_end(trainer, pl_module)
        if trainer.is_global_zero and self.best_model_path != self.written:
            self.written = self.best_model_path
            state = torch.load(self.written, map_location="cpu", weights_only=False)
            size = pl_module.settings.stage(state["epoch"]).size
            spec = dataclasses.replace(pl_module.spec, input_size=size)
            save(self.out / BEST, exported(state["state_dict"], spec), spec)


@dataclass(frozen=True)
class Last:
    """Where a run was left off: the state that Lightning goes on from, and how many epochs are over."""

    path: Path
    epochs: int


def last_of(out: Path) -> Last:
    """Where the run in `out` was left off. Raises `EmoliveError` where it was not, or its file is torn."""
    path = out / "checkpoints" / f"{LAST}.ckpt"
    if not path.is_file():
        raise EmoliveError(f"There is nothing to go on with in {out}: no {path.name}. Leave --resume away.")
    try:
        return Last(path, int(torch.load(path, map_location="cpu", weights_only=False)["epoch"]) + 1)
    except Exception as error:  # a torn file makes the reader stumble in any way
        others = sorted(path.parent.glob("best-*.ckpt"))
        way = f" Copy {others[-1]} over it to go on after that epoch with --resume." if others else ""
        kept = f" The best network so far is kept: {out / BEST}." if (out / BEST).is_file() else ""
        raise EmoliveError(f"{path} is empty or torn, so it cannot be gone on with.{way}{kept}") from error


class WholeFiles(TorchCheckpointIO):
    """Lightning's files, each whole or not there: the one before stays until the new one is on the disk."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write beside `path`, then take its place. `OSError` where the disk is full."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()
        torch.save(checkpoint, content)
        write_whole(path, content.getbuffer())
