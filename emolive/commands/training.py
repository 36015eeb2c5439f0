"""The commands `emolive train` and `emolive evaluate`: they parse and wire; what is heavy is imported when called."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from emolive.commands.options import command
from emolive.core.errors import EmoliveError, from_extra
from emolive.core.foreign import is_file
from emolive.core.options import Options, options_of
from emolive.training.recipe import Recipe

FOLDER = click.Path(file_okay=False, path_type=Path)
NEEDS = "Training and measuring need Lightning and torchmetrics"


@command("train", shown=dataclasses.asdict(Recipe()))
@click.argument("data", type=FOLDER)
def train(options: Options, data: Path, out: Path, settings: Path | None, resume: bool, **given: Any) -> None:
    """Train a network on DATA/{train,validation}/<emotion>/*, or on DATA/<emotion>/* split by --val-fraction.

    Runs on several GPUs or machines under torchrun. Ctrl-C keeps the best epoch so far.
    """
    with from_extra("train", NEEDS):
        from emolive.training import fit

    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)

    base = Recipe.read(settings) if settings else Recipe()
    if resume and not settings and is_file(out / "settings.json"):
        base = Recipe.read(out / "settings.json")
    chosen = dataclasses.replace(base, **{name: value for name, value in given.items() if value is not None})
    _check(chosen, settings or out / "settings.json")
    inputs = [*([settings] if settings and not resume else []), Path(chosen.init)]
    fit.train(data, out, chosen, resume, options.labels, options.overwrite, inputs)


def _check(recipe: Recipe, source: Path) -> None:
    """Raise `EmoliveError` for what is no value of its option: a file of settings is checked as the words of a user."""
    for row in (row for row in options_of("train") if hasattr(recipe, row.name)):
        value = getattr(recipe, row.name)
        try:
            row.kind.check(value)
        except ValueError as error:
            words = repr(value) if len(repr(value)) < 40 else ""
            raise EmoliveError(f"{source}: {row.name} {words} {error}. Correct it, or give {row.flag}.") from error


@command("evaluate")
@click.argument("folder", type=FOLDER)
def evaluate(
    options: Options, folder: Path, out: Path, tta: str, detect: bool, calibrate: bool, groups: Path | None, sweep: bool
) -> None:
    """Measure a network on FOLDER/<emotion>/*: accuracy, F1, calibration, recall, confusion, and which answers to keep.

    With --groups also how well each group of people is read, with --sweep how much is left on spoilt pictures. With
    --calibrate OUT gets facts.json, too: copied to mine.json beside mine.pth, it says what "unsure" is and what full
    heat is. Use pictures that the network did not learn from.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with from_extra("train", NEEDS):
        from emolive.networks.checkpoint import load
        from emolive.training.curves import GROUPS, SWEEP, gaps_in_words, sweep_in_words
        from emolive.training.evaluate import evaluate_folder
    from emolive.ui.fonts import prepare

    source = click.get_current_context().get_parameter_source("detector")
    if not detect and source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT):
        raise click.UsageError("--detector says how faces are found; add --detect to find them first.")
    if calibrate and tta != "none":
        raise click.UsageError("--calibrate is for single looks, as the windows take them: leave out --tta.")
    model = load(options.model, options.labels, facts=options.facts())
    prepare(model.spec.labels)
    kind = options.detector if detect else None
    report = evaluate_folder(folder, model, out, tta, kind, options.overwrite, groups, sweep, calibrate)
    if "read_as" in report:
        click.echo("Folders read as: " + ", ".join(f"{name} → {label}" for name, label in report["read_as"].items()))
    click.echo(f"accuracy {report['accuracy']:.2%} of {report['n']}, macro F1 {report['macro_f1']:.2%}, "
               f"calibration error {report['ece']:.2%} (chance alone: {report['ece_floor']['mean']:.2%}); "
               f"unsure below {report['unsure']['threshold']:.0%}; see {out / 'report.json'}")  # fmt: skip
    if groups:
        click.echo("\n".join(gaps_in_words(report["groups"])) + f"\nSee {out / GROUPS[-1]}.")
    if sweep:
        click.echo("\n".join(sweep_in_words(report["sweep"])) + f"\nSee {out / SWEEP[-1]}.")
