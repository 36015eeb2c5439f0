"""The commands `emolive train` and `emolive evaluate`: they parse and wire; what is heavy is imported when called."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import click

from emolive.training.recipe import Recipe

FOLDER = click.Path(file_okay=False, path_type=Path)
STANDARD = Recipe()


def setting(*names: str, kind: object = None, help: str = "") -> click.decorators.FC:
    """An option that overrides the field of `Recipe` it is named after."""
    default = getattr(STANDARD, names[-1].lstrip("-").replace("-", "_"))
    return click.option(*names, type=kind or type(default), default=None, help=f"{help}  [default: {default}]")


@click.command()
@click.argument("data", type=FOLDER)
@click.option("--out", type=FOLDER, default=Path("runs/latest"), show_default=True, help="Where everything is written.")
@click.option("--settings", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A JSON file of settings; options given beside it come first.")  # fmt: skip
@click.option("--val-fraction", type=click.FloatRange(0, 0.9, min_open=True), default=0.1, show_default=True,
              help="Part of each class that is held out where DATA has no folder validation.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on after the last whole epoch of the run in --out.")
@setting("--stages", help="Input sizes and epochs: 64x6,112x8@0.5~0.1: 6 epochs at 64 pixels, 8 at 112, less spoilt,"
         " seeking a flat minimum (SAM, rho 0.1). After a / the learning rate starts anew, half as high.")  # fmt: skip
@setting("--init", help="Weights to start from: imagenet (downloaded), none, or a file.")
@setting("--batch", kind=click.IntRange(1), help="Pictures a step, all processes together.")
@setting("--lr", kind=click.FloatRange(0, min_open=True), help="Highest learning rate.")
@setting("--weight-decay", kind=click.FloatRange(0), help="AdamW's weight decay.")
@setting("--warmup", kind=click.FloatRange(0, 1), help="Part of the steps in which the learning rate rises.")
@setting("--smoothing", kind=click.FloatRange(0, 0.9), help="Label smoothing.")
@setting("--balance", kind=click.FloatRange(0, 1), help="Class balance: 0 pictures count alike, 1 classes do.")
@setting("--average", kind=click.FloatRange(0), help="Epochs that the shipped weights are a moving average over.")
@setting("--targets", kind=click.Choice(["label", "ferplus", "both"]), help="What is learnt: labels, FER+ votes, both.")
@setting("--vote-weight", kind=click.FloatRange(0), help="Weight of the votes where both are learnt.")
@setting("--calibration-balance", kind=click.FloatRange(0, 1), help="As --balance, for the calibration in the end.")
@setting("--floor", kind=click.FloatRange(0, 1), help="Raise classes of less recall on validation to this much.")
@setting("--color", kind=click.Choice(["gray", "rgb"]), help="What the network sees.")
@setting("--crop-size", kind=click.IntRange(8, 1024), help="Pixels that a face is reduced to first.")
@setting("--layer4-stride", kind=click.IntRange(1, 2), help="1 doubles the last map's grid.")
@setting("--patience", kind=click.IntRange(0), help="Stop after so many epochs without a better one; 0 is never.")
@setting("--seed", kind=click.IntRange(0), help="All chance comes from it.")
@setting("--precision", kind=click.Choice(["auto", "32-true", "bf16-mixed", "16-mixed"]), help="Arithmetic.")
@setting("--workers", kind=click.IntRange(0), help="Processes that augment pictures.")
def train(data: Path, out: Path, settings: Path | None, val_fraction: float, resume: bool, **given: object) -> None:
    """Train a network on DATA/{train,validation}/<emotion>/*, or on DATA/<emotion>/* split by --val-fraction.

    Runs on several GPUs or machines under torchrun. Ctrl-C keeps the best epoch so far.
    """
    from emolive.training import fit

    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)

    base = Recipe.read(settings) if settings else Recipe()
    if resume and not settings and (out / "settings.json").is_file():
        base = Recipe.read(out / "settings.json")
    chosen = dataclasses.replace(base, **{name: value for name, value in given.items() if value is not None})
    fit.train(data, out, chosen, val_fraction, resume)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--model", type=click.Path(path_type=Path), help="Checkpoint; the one that travels with emolive if none.")
@click.option("--out", type=FOLDER, required=True, help="Where report.json and confusion.png are written.")
@click.option("--tta", type=click.Choice(["none", "flip", "tencrop"]), default="none", show_default=True,
              help="Average over mirrored pictures, or over ten crops.")  # fmt: skip
@click.option("--detect", is_flag=True, help="Find the face first; without it each picture is a face crop.")
@click.option("--detector", default="full", show_default=True, help="Which detector: full, short or tiled.")
def evaluate(folder: Path, model: Path | None, out: Path, tta: str, detect: bool, detector: str) -> None:
    """Measure a network on FOLDER/<emotion>/*: accuracy, F1, calibration, recall and confusion."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    from emolive.training.evaluate import evaluate_folder

    report = evaluate_folder(folder, model, out, tta, detector if detect else None)
    click.echo(f"accuracy {report['accuracy']:.2%} of {report['n']}, macro F1 {report['macro_f1']:.2%}, "
               f"calibration error {report['ece']:.2%}; see {out / 'report.json'}")  # fmt: skip
