"""The comparison with peers for people: `RESULTS.md` and its picture."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import matplotlib
from peers_results import (
    BARE,
    BOUNDS,
    BUSY,
    FACE_BY_FACE,
    FER,
    GRAD_CAM_TUNED,
    OURS,
    SAME,
    Measured,
    ratio,
    verdict,
)

matplotlib.use("Agg")

import matplotlib.pyplot as plt

MINE, PLAIN, FLOOR = "#c2410c", "#64748b", "#cbd5e1"
"""Colours of emolive, of the others, and of the bare pass that none can beat."""

GIVES = {
    OURS: "emotions of each face, tracks, Grad-CAM maps",
    FACE_BY_FACE: "emotions of each face, Grad-CAM maps",
    FER: "emotions of each face, no maps",
}

NOTES = f"""Each library is used as its documentation shows, on a copy of the same network (same weights, same memory
layout), and is given the same prepared batch; each finds the likeliest class of each face by itself. In every round all
of them have their turn, another one first each time; the ratios are medians of the ratios within a round.

- *{GRAD_CAM_TUNED}* is what its user can do to make it faster: no gradients of weights.
- *captum* has to be told the class, so it needs a plain forward pass before; one row leaves that out.
- pytorch-grad-cam also enlarges its maps to the input's size; the others give them on the layer's own grid. emolive
  gives the probabilities and the layer's feature maps as well.
- The difference is the largest one of any pixel after both maps were cut off at 0, scaled to 0…1, and enlarged alike;
  up to {SAME} they count as the same map."""

FLOOR_NOTE = """
- The gradient of a map at layer3 has to come back through layer4, which does 54 % of this network's multiplications
  (its stride of 1 keeps the maps at 7×7). So 1.54 passes are the least that Grad-CAM can cost there, with any
  library. emolive comes below that because its passes are faster than the bare one: its weights are kept as oneDNN
  wants them."""

VIDEO_NOTES = """Finding the faces is part of the time, decoding and drawing are not. The loop is the one that live
Grad-CAM demos have: for each face one forward pass and Grad-CAM by pytorch-grad-cam; here with emolive's own detector,
crops and network, so that only the looking differs. fer runs in a process of its own and is asked in turn; it has its
own detector (a Haar cascade) and its own, much smaller network (64×64, TensorFlow Lite), and it explains nothing: it is
here because it is what many people would install. Its row compares programs, not networks."""


def markdown(run: Measured, picture: str) -> str:
    """The whole of RESULTS.md. `picture` is the file name of the plot."""
    width, height = run.frame_size
    lines = [
        "# emolive beside its peers",
        "",
        f"Written by `python benchmarks/peers.py` on {date.today()}: {len(run.maps[BARE])} rounds; "
        f"{run.cpu}, {run.cores} cores, torch threads: {run.threads}, no GPU; {run.system}.",
        "",
        *busy(run),
        f"![median times]({picture})",
        "",
        "## What was promised",
        "",
        "| figure | must | goal | measured | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for bound in BOUNDS:
        value = ratio(run.maps[OURS], run.maps[bound.peer])
        lines.append(f"| {bound.words} | ≤ {bound.must} | ≤ {bound.goal} | {value:.2f} | {verdict(run, bound)} |")
    lines += [
        "",
        f"## Grad-CAM at {run.layer}, {run.faces} faces of {run.input_size}×{run.input_size}",
        "",
        "| | median ms | 5th to 95th percentile | emolive ÷ it | × the bare pass | difference of maps |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, ms in by_median(run.maps):
        apart = f"{run.differences[name]:.1e}" if name in run.differences and name != OURS else ""
        lines.append(
            f"| {name} | {statistics.median(ms):.1f} | {between(ms)} | {ratio(run.maps[OURS], ms):.2f} "
            f"| {ratio(ms, run.maps[BARE]):.2f} | {apart} |"
        )
    lines += [
        "",
        NOTES + (FLOOR_NOTE if run.layer == "layer3" else ""),
        "",
        f"## The programs on a video: {run.film}, {width}×{height}, {len(run.video[OURS])} frames",
        "",
        "| | median ms a frame | 5th to 95th percentile | emolive ÷ it | faces found a frame | gives |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, ms in by_median(run.video):
        lines.append(
            f"| {name} | {statistics.median(ms):.1f} | {between(ms)} | {ratio(run.video[OURS], ms):.2f} "
            f"| {run.found[name]:.1f} | {GIVES[name]} |"
        )
    named = " · ".join(f"{name} {version}" for name, version in run.versions.items())
    return "\n".join([*lines, "", VIDEO_NOTES, "", "## Versions", "", named, ""])


def busy(run: Measured) -> Sequence[str]:
    """A warning, where the machine was too busy for a verdict."""
    if run.spread > BUSY:
        return [f"**The machine was too busy for a verdict**: the bare pass varied {run.spread:.1f}-fold.", ""]
    return []


def by_median(times: Mapping[str, Sequence[float]]) -> list[tuple[str, Sequence[float]]]:
    """The fastest first."""
    return sorted(times.items(), key=lambda item: statistics.median(item[1]))


def percentiles(ms: Iterable[float]) -> tuple[float, float]:
    """The 5th and the 95th."""
    cuts = statistics.quantiles(ms, n=20, method="inclusive")
    return cuts[0], cuts[-1]


def between(ms: Iterable[float]) -> str:
    """The 5th and 95th percentile in words."""
    low, high = percentiles(ms)
    return f"{low:.1f} – {high:.1f}"


def plot(run: Measured, path: Path) -> None:
    """Medians as bars, the 5th to 95th percentile as lines, for maps and for the video."""
    groups = (
        (f"Grad-CAM at {run.layer}, {run.faces} faces", "ms for all faces", run.maps),
        (f"The programs on a video: {run.film}", "ms a frame", run.video),
    )
    sizes = [len(times) for _, _, times in groups]
    figure, axes = plt.subplots(2, 1, figsize=(9, 0.45 * sum(sizes) + 2.4), height_ratios=sizes)
    for ax, (title, unit, times) in zip(axes, groups, strict=True):
        ranked = by_median(times)[::-1]
        names = [name.replace(", then ", ", then\n") for name, _ in ranked]
        medians = [statistics.median(ms) for _, ms in ranked]
        ends = [percentiles(ms) for _, ms in ranked]
        ax.barh(names, medians, color=[colour(name) for name, _ in ranked], height=0.66)
        for y, (median, (low, high)) in enumerate(zip(medians, ends, strict=True)):
            ax.plot([low, high], [y, y], color="#1e293b", linewidth=1)
            ax.text(high, y, f"  {median:.1f}", va="center", fontsize=9)
        ax.set_title(title, loc="left", fontweight="bold")
        ax.set_xlabel(f"{unit}, median; line: 5th to 95th percentile")
        ax.set_xlim(0, 1.15 * max(high for _, high in ends))
        ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout(h_pad=2.5)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def colour(name: str) -> str:
    """The colour of a contestant's bar."""
    if name == BARE:
        return FLOOR
    return MINE if name.startswith("emolive") else PLAIN
