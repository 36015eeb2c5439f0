#!/usr/bin/env python
"""A network between two: a mean of the weights of one and of its continuation, and the prior of people who pose.

    python train/between.py SHIPPED CONTINUED DATA/validation LONDON --out runs/between

The mean (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022, arXiv:2109.01903) is chosen on
validation: it goes as far towards the continuation as the cross-entropy, after a calibration that was fitted on the
other half, is no worse than the first network's. Rare classes count more in the calibration (count^-0.5), and no class
has a floor. LONDON (folders happy and neutral, people.csv) chooses one number: what is added to the score of "happy" so
that smiling and neutral faces of these people are told apart best, but no more than validation bears: there its
accuracy falls by no more than a standard error, and the calibration error is no more than chance alone gives. Its worth
is said for the half of the people that it was not chosen on, and the halves exchanged; what is written has the number
of all of them. Writes model.safetensors and the tables in between.md.
"""

from __future__ import annotations

import csv
import dataclasses
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import torch
from torch.nn.functional import cross_entropy, softmax

from emolive.networks.checkpoint import Model, load, save
from emolive.training.calibrate import calibrate
from emolive.training.confidence import calibration_error, calibration_floor, confidence, facts
from emolive.training.dataset import Faces, read_faces
from emolive.training.evaluate import detected, logits_of, measure, predict
from emolive.training.scales import fixed_scales

PARTS = tuple(k / 10 for k in range(11))
"""Parts of the way from the first network to the second."""
PRIORS = tuple(k / 10 for k in range(31))
"""What may be added to the score of "happy"."""
BALANCE = 0.5
"""Classes count count^-BALANCE each in a calibration."""


def mixed(one: Model, other: Model, part: float) -> Model:
    """The network that lies so far on the way from one to the other."""
    model, theirs = load(one.path), other.net.state_dict()
    own = model.net.state_dict()
    mean = {k: (1 - part) * v + part * theirs[k] if v.is_floating_point() else v for k, v in own.items()}
    model.net.load_state_dict(mean)
    return model


def unseen(logits: torch.Tensor, truth: np.ndarray) -> torch.Tensor:
    """The scores (N, K) of each half of the pictures, calibrated on the other."""
    half = np.random.default_rng(0).permutation(len(truth)) % 2 == 0
    scores = torch.empty_like(logits)
    for fitted, judged in ((half, ~half), (~half, half)):
        scores[judged] = calibrate(logits[fitted], truth[fitted], BALANCE)(logits[judged])
    return scores


def affordable(scores: np.ndarray, truth: np.ndarray, happy: int) -> float:
    """The most that may be added to "happy" while these (N, K) have no fewer right answers by over a standard error,
    and a calibration error no larger than chance alone gives on average.

    The error is that of the paired difference: of the answers that were right and are wrong, and the other way round.
    """
    before = scores.argmax(1) == truth
    for prior, following in pairwise(PRIORS):
        raised = softmax(torch.from_numpy(scores + following * (np.arange(scores.shape[1]) == happy)), 1).numpy()
        now = raised.argmax(1) == truth
        cost = (before & ~now).sum() - (~before & now).sum()
        error = calibration_error(raised.max(1), now)
        if cost > np.sqrt((before != now).sum()) or error > calibration_floor(raised)["mean"]:
            return prior
    return PRIORS[-1]


@dataclasses.dataclass(frozen=True, eq=False)
class Posed:
    """Pictures of people who smile and who do not: logits (N, K), truth (N,), who it is (N,)."""

    logits: np.ndarray
    truth: np.ndarray
    person: np.ndarray
    labels: tuple[str, ...]

    def right(self, prior: float) -> np.ndarray:
        """Which answers are right with so much added to "happy", (N,)."""
        raised: np.ndarray = self.logits + prior * (np.arange(len(self.labels)) == self.labels.index("happy"))
        return np.asarray(raised.argmax(1) == self.truth)

    def best(self, people: np.ndarray) -> float:
        """The prior with which most of these `people` are read rightly, both expressions counting alike; the middle
        one of several."""
        mine = np.isin(self.person, people)
        counts = [self.right(prior)[mine].sum() for prior in PRIORS]
        equal = [prior for prior, count in zip(PRIORS, counts, strict=True) if count == max(counts)]
        return equal[len(equal) // 2]

    def crossed(self, most: float) -> tuple[np.ndarray, tuple[float, float]]:
        """Which answers are right (N,) with the prior that the other half of the people chose, but no more than `most`;
        and both priors."""
        people = np.random.default_rng(0).permutation(np.unique(self.person))
        halves = people[::2], people[1::2]
        chosen = min(most, self.best(halves[1])), min(most, self.best(halves[0]))
        mine = np.isin(self.person, halves[0])
        return np.where(mine, self.right(chosen[0]), self.right(chosen[1])), chosen


def told(posed: Posed, right: np.ndarray, women: np.ndarray) -> str:
    """Smiles called happy: all, women's, men's; and neutral faces called neutral."""
    smile = posed.truth == posed.labels.index("happy")
    parts = smile, smile & women, smile & ~women, ~smile
    return " | ".join(f"{right[part].sum()} of {part.sum()}" for part in parts)


@click.command(help=__doc__)
@click.argument("shipped", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("continued", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("validation", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("london", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--prior/--no-prior", default=True, show_default=True, help="Write it with the prior of London.")
def main(shipped: Path, continued: Path, validation: Path, london: Path, out: Path, prior: bool) -> None:
    """Choose, say and write."""
    one, other = load(shipped), load(continued)
    labels = one.spec.labels
    faces = read_faces(validation, one.spec.crop_size, labels)
    posed, women = people_of(london, one)
    lines = ["| part | cross-entropy | accuracy | smiles | women's | men's | neutral |",
             "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    losses = []
    for part in PARTS:
        model = mixed(one, other, part)
        scores = unseen(logits_of(model, faces.crops), faces.truth)
        goal = torch.from_numpy(faces.truth)
        losses.append(cross_entropy(scores, goal).item())
        accuracy = (scores.argmax(1) == goal).float().mean().item()
        seen = read(model, posed)
        lines.append(f"| {part:.1f} | {losses[-1]:.4f} | {100 * accuracy:.2f} % | {told(seen, seen.right(0), women)} |")
        click.echo(lines[-1])
    best = max(part for part, loss in zip(PARTS, losses, strict=True) if loss <= losses[0])
    model = mixed(one, other, best)
    logits, happy = logits_of(model, faces.crops), labels.index("happy")
    most = affordable(unseen(logits, faces.truth).numpy(), faces.truth, happy)
    fitted = calibrate(logits, faces.truth, BALANCE)
    head = model.head
    assert head is not None
    fitted.fold(head)
    model = dataclasses.replace(model, spec=dataclasses.replace(model.spec, temperature=fitted.temperature))
    seen = read(model, posed)
    everybody = seen.best(np.unique(seen.person))
    alone, (one_half, other_half) = seen.crossed(max(PRIORS))
    right, chosen = seen.crossed(most)
    added = min(most, everybody)
    lines += [
        "", f"Part {best}, calibrated: {told(seen, seen.right(0), women)}.",
        f"Happy by what the other half chose ({one_half:.1f}, {other_half:.1f}): {told(seen, alone, women)}.",
        f"But at most {most:.1f} ({chosen[0]:.1f}, {chosen[1]:.1f}): {told(seen, right, women)}.",
        f"Written, {added:.1f}: {told(seen, seen.right(added), women)}.",
    ]  # fmt: skip
    if prior:
        head.bias.data[happy] += added
    write(model, faces, out, f"part {best} between {shipped.name} and its continuation; happy {added * prior:+.1f}")
    (out / "between.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    click.echo("\n".join(lines[-4:]))


def people_of(london: Path, model: Model) -> tuple[tuple[Faces, np.ndarray], np.ndarray]:
    """The faces of LONDON as the network is fed with them, who each is, and which are women's."""
    every = read_faces(london, model.spec.crop_size, model.spec.labels)
    found, _ = detected(london, every, model, "full")
    with (london / "people.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["picture"]: row for row in csv.DictReader(file)}
    person = np.array([rows[name]["person"] for name in found.files])
    return (found, person), np.array([rows[name]["sex"] == "female" for name in found.files])


def read(model: Model, people: tuple[Faces, np.ndarray]) -> Posed:
    """What the network says of them."""
    faces, person = people
    return Posed(logits_of(model, faces.crops).numpy(), faces.truth, person, model.spec.labels)


def write(model: Model, faces: Faces, out: Path, how: str) -> None:
    """The network with the facts that `emolive train` would have put in."""
    probabilities = predict(model, faces.crops)
    report = measure(probabilities, faces.truth, faces.labels) | confidence(probabilities, faces.truth)
    metrics = {f"validation_{name}": round(report[name], 4) for name in ("accuracy", "macro_f1", "ece")}
    spec = dataclasses.replace(
        model.spec, metrics=metrics | facts(report), scales=fixed_scales(model, faces.crops),
        recipe=f"{model.spec.recipe}; {how}",
    )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    save(out / "model.safetensors", model.net, spec)
    click.echo(f"validation: accuracy {100 * report['accuracy']:.2f} %, calibration error {100 * report['ece']:.2f} %")


if __name__ == "__main__":
    main()
