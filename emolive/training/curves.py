"""What `emolive evaluate` writes of groups and of spoilt pictures: tables, pictures, sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from emolive.core.errors import OutputError
from emolive.core.files import why, write_whole
from emolive.core.tables import CsvCell, csv_line
from emolive.training.pictures import PLAIN

GROUPS = ("groups.csv", "gaps.csv", "groups.png")
SWEEP = ("sweep.csv", "sweep.png")

SURE = 0.05
"""The p of a gap, corrected for all gaps, below which it is called more than chance."""

KINDS = {
    "turn": "turned in the plane, degrees", "yaw": "head turned away, degrees", "size": "width of the face, pixels",
    "light": "part of the light", "blur": "blurred by, pixels", "cover": "part covered by a square",
}  # fmt: skip
INK, PALE = "#1f4e79", "#9bb8d3"


def write_groups(report: dict[str, Any], out: Path) -> None:
    """Write groups.csv, gaps.csv and groups.png of what `by_group` gives into a folder that is there."""
    gaps = [{**gap, "groups": " − ".join(gap["groups"])} for gap in report["gaps"]]
    figures, differences, picture = GROUPS
    _table(
        out / figures, ["column", "group", "n", "people", "figure", "value", "low", "high", "floor"], report["figures"]
    )
    _table(out / differences, ["column", "groups", "figure", "value", "low", "high", "p", "p_holm"], gaps)
    _save(_dots(report["figures"]), out / picture)


def write_sweep(rows: Sequence[dict[str, Any]], out: Path) -> None:
    """Write sweep.csv and sweep.png of what `swept` gives into a folder that is there."""
    table, picture = SWEEP
    columns = ["kind", "amount", "what", "n", "accuracy", "low", "high", "light", "sharpness"]
    _table(out / table, columns, rows)
    _save(_curves(rows), out / picture)


def gaps_in_words(report: dict[str, Any]) -> list[str]:
    """The gaps that are more than chance, largest first, or that there are none."""
    held = sorted((gap for gap in report["gaps"] if gap["p_holm"] < SURE), key=lambda gap: -abs(gap["value"]))
    people = f"{report['people']} {'people' if report['persons_named'] else 'pictures, each taken for a person'}"
    if not held:
        return [f"{people}: none of {len(report['gaps'])} gaps between groups is more than chance can make."]
    lines = [f"{people}: {len(held)} of {len(report['gaps'])} gaps between groups are more than chance can make:"]
    for gap in held:
        a, b = gap["groups"]
        lines.append(
            f"  {gap['column']}, {gap['figure']}: {a} − {b} {_points(gap['value'])} points "
            f"({_points(gap['low'])} to {_points(gap['high'])}), p {gap['p_holm']:.3f}"
        )
    return lines


def sweep_in_words(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each row: what was done, the accuracy, its interval."""
    return [
        f"  {row['what']}: {row['accuracy']:.1%} of {row['n']} ({row['low']:.1%} to {row['high']:.1%})" for row in rows
    ]


def _points(value: float) -> str:
    return f"{100 * value:+.0f}".replace("-", "−")


def _table(path: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    cells: list[Sequence[CsvCell]] = [columns, *[[row.get(name) for name in columns] for row in rows]]
    write_whole(path, "".join(map(csv_line, cells)))


def _save(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, dpi=100)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({why(error)}). Choose another --out.") from error


@rc_context(PLAIN)
def _dots(rows: Sequence[dict[str, Any]]) -> Figure:
    """Each figure a column of its own, each group a line with a dot and its interval."""
    figures = list(dict.fromkeys(row["figure"] for row in rows))
    groups = list(dict.fromkeys((row["column"], row["group"]) for row in rows))
    people = {(row["column"], row["group"]): row["people"] for row in rows}
    size = (3 + 1.9 * len(figures), 1.2 + 0.3 * len(groups))
    figure = Figure(figsize=size, layout="constrained")
    for axes, name in zip(np.ravel(figure.subplots(1, len(figures), sharey=True, squeeze=False)), figures, strict=True):
        for row in (row for row in rows if row["figure"] == name):
            y = groups.index((row["column"], row["group"]))
            if row["low"] is not None:
                axes.plot([row["low"], row["high"]], [y, y], color=PALE, linewidth=4, solid_capstyle="butt")
            axes.plot(row["value"], y, "o", color=INK, markersize=5, zorder=3)
        axes.set_title(name, fontsize=9)
        axes.set_xlim(-0.02, 0.5 if name == "calibration error" else 1.02)
        axes.grid(alpha=0.3)
        axes.tick_params(labelsize=8)
    names = [f"{f'{column}: ' if column else ''}{group} ({people[column, group]})" for column, group in groups]
    first = figure.axes[0]
    first.set_yticks(range(len(groups)), names, fontsize=8)
    first.set_ylim(len(groups) - 0.5, -0.5)
    figure.supxlabel("share, with its interval of 95 %; in brackets people", fontsize=9)
    return figure


def _curves(rows: Sequence[dict[str, Any]]) -> Figure:
    """A small plot of each kind; the line of pictures as they are goes through all of them."""
    plain = next(row["accuracy"] for row in rows if row["kind"] == "none")
    kinds = {kind: list(some) for kind, some in groupby(rows, key=lambda row: row["kind"]) if kind in KINDS}
    figure = Figure(figsize=(12, 6.4), layout="constrained")
    for axes, (kind, title) in zip(figure.subplots(2, 3, sharey=True).ravel(), KINDS.items(), strict=True):
        some = sorted(kinds.get(kind, []), key=lambda row: float(row["amount"]))
        at = [row["amount"] for row in some]
        axes.axhline(plain, color="grey", linewidth=1, linestyle="--")
        axes.fill_between(at, [row["low"] for row in some], [row["high"] for row in some], color=PALE, alpha=0.6)
        axes.plot(at, [row["accuracy"] for row in some], "o-", color=INK)
        axes.set(xlabel=title, ylim=(0, 1))
        axes.grid(alpha=0.3)
    figure.supylabel("accuracy, with its interval of 95 %; dashed: pictures as they are", fontsize=9)
    return figure
