"""The end of a training run: calibrate the best network, measure it, put what was measured into its checkpoint."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import torch

from emolive.core.errors import EmoliveError, ModelError
from emolive.networks.checkpoint import load, save
from emolive.networks.weights import NotFiniteError
from emolive.training.calibrate import calibrate
from emolive.training.confidence import confidence, facts
from emolive.training.dataset import Faces
from emolive.training.evaluate import CONFUSION, logits_of, measure, predict, write_report
from emolive.training.pictures import draw_confusion, draw_mistakes
from emolive.training.recipe import Recipe
from emolive.training.scales import fixed_scales

log = logging.getLogger(__name__)

MODEL, MISTAKES = "model.safetensors", "mistakes.png"


def finish(best: Path, held: Faces, out: Path, settings: Recipe, trained_on: str) -> dict[str, Any]:
    """Write model.safetensors, report.json, confusion.png and mistakes.png into `out`, and give the report.

    `best` is the network as it was learnt, and stays. All figures are of the validation pictures, on which the
    calibration is fitted too: measure on others for a figure that was not chosen for.
    """
    try:
        model = load(best)
        logits = logits_of(model, held.crops)
        if not torch.isfinite(logits).all():
            raise NotFiniteError(f"{best} answers with no numbers (NaN).")
    except NotFiniteError as error:
        raise EmoliveError(
            f"{error} The network learnt too fast; it is kept as it is. Begin another --out with a lower --lr."
        ) from error
    fitted = calibrate(logits, held.truth, settings.calibration_balance)
    head = model.head
    if head is None:
        raise ModelError(f"{best} has no linear head that its calibration could be folded into.")
    fitted.fold(head)
    model = dataclasses.replace(model, spec=dataclasses.replace(model.spec, temperature=fitted.temperature))
    probabilities = predict(model, held.crops)
    report = measure(probabilities, held.truth, held.labels) | confidence(probabilities, held.truth)
    spec = dataclasses.replace(
        model.spec,
        trained_on=trained_on,
        recipe=json.dumps(dataclasses.asdict(settings)),
        metrics={f"validation_{name}": round(report[name], 4) for name in ("accuracy", "macro_f1", "ece")}
        | facts(report),
        scales=fixed_scales(model, held.crops),
    )
    save(out / MODEL, model.net, spec)
    write_report(report, out)
    draw_confusion(report, out / CONFUSION)
    draw_mistakes(held, probabilities, out / MISTAKES)
    log.info("%s: accuracy %.2f %%, ECE %.2f %%", out / MODEL, 100 * report["accuracy"], 100 * report["ece"])
    return report
