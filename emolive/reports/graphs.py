"""Deletion and insertion curves as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emolive.attribution.methods import METHODS
from emolive.reports.figures import INPUT, Cell, FaceReport, title
from emolive.ui import palette
from emolive.ui.palette import Color

DELETION, INSERTION, FADED = palette.VERMILLION, palette.BLUE, (120, 120, 120)


def curves_picture(face: FaceReport, methods: Sequence[str], layers: Sequence[str], path: Path) -> None:
    """Write a PNG laid out as the sheet is: a row per method, a column per layer, both curves in each, and those of
    cells in random order. Raises OSError."""
    with rc_context({"text.parse_math": False}):  # a $ in a name is a $
        size = 2.2 + 2.4 * max(2, len(layers)), 1.4 + 1.5 * len(methods)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(methods), len(layers), sharex=True, sharey=True, squeeze=False)
        for axes, layer in zip(grid[0], layers, strict=True):
            axes.set_title(layer, fontsize=11, fontweight="bold")
        for row, method in zip(grid, methods, strict=True):
            row[0].set_ylabel(title(method), fontsize=10, fontweight="bold", rotation=0, ha="right", va="center")
            for i, (axes, layer) in enumerate(zip(row, layers, strict=True)):
                _panel(axes, face, face.cell(method, INPUT if METHODS[method].of_input and i == 0 else layer), 8)
        for axes in grid[-1]:
            axes.set_xlabel("part of the face", fontsize=9)
        _finish(figure, list(grid.flat), face, path, 3 if len(layers) > 3 else 1)


def narrow_curves(face: FaceReport, methods: Sequence[str], layers: Sequence[str], path: Path) -> None:
    """The same for a phone: a panel below the other for each map, named. Raises OSError."""
    asked = [(method, layer) for method in methods for layer in ((INPUT,) if METHODS[method].of_input else layers)]
    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(4.5, 1.6 + 1.7 * len(asked)), layout="constrained")
        grid = figure.subplots(len(asked), 1, squeeze=False)[:, 0]
        for axes, (method, layer) in zip(grid, asked, strict=True):
            _panel(axes, face, face.cell(method, layer), NARROW)
            where = title(method) if layer == INPUT else f"{title(method)} at {layer}"
            axes.set_title(where, fontsize=NARROW, fontweight="bold")
        grid[-1].set_xlabel("part of the face", fontsize=NARROW)
        _finish(figure, list(grid), face, path, 1)


PARTS = "0", "50 %", "100 %"

NARROW = 10.5
"""Height of text in the narrow form, in points: 11 pixels or more where a page is 390 wide."""


def _finish(figure: Figure, panels: Sequence[Axes], face: FaceReport, path: Path, columns: int) -> None:
    """Say what the lines are, and write the picture."""
    for axes in panels:
        if ticks := axes.get_xticklabels():  # panels that share an axis have them once
            ticks[0].set_horizontalalignment("left")
            ticks[-1].set_horizontalalignment("right")
    lines = [line for axes in panels for line in axes.get_lines()]
    handles = {name: line for line in lines if not (name := str(line.get_label())).startswith("_")}
    if handles:
        figure.legend(
            handles=list(handles.values()), loc="outside upper center", ncols=columns, fontsize=10.5, frameon=False
        )
    figure.supylabel(f"probability of {face.goal}", fontsize=10.5)
    figure.savefig(path, dpi=110, format="png")


def _panel(axes: Axes, face: FaceReport, cell: Cell | None, points: float) -> None:
    if cell is None or cell.curves is None:
        words = "not defined" if cell else "it has no layers"
        axes.text(0.5, 0.5, words, ha="center", va="center", fontsize=max(9, points), color=_rgb(FADED))
    else:
        curves, chance = cell.curves, face.chance[cell.layer]
        thin: dict[str, Any] = {"linestyle": ":", "linewidth": 1.3, "alpha": 0.75}
        axes.plot(chance.part, chance.deletion, color=_rgb(DELETION), label="the same in random order", **thin)
        axes.plot(chance.part, chance.insertion, color=_rgb(INSERTION), **thin)
        deletion: dict[str, Any] = {"color": _rgb(DELETION), "label": "deletion: hottest parts blurred first"}
        insertion: dict[str, Any] = {
            "color": _rgb(INSERTION),
            "label": "insertion: hottest parts come back first",
            "linestyle": "--",
        }
        axes.plot(curves.part, curves.deletion, **deletion)
        axes.plot(curves.part, curves.insertion, **insertion)
        small: dict[str, Any] = {"fontsize": max(9, points), "fontweight": "bold", "va": "bottom"}
        axes.text(0, 1.02, f"{curves.deletion_area:.2f}", ha="left", color=_rgb(DELETION), **small)
        axes.text(1, 1.02, f"{curves.insertion_area:.2f}", ha="right", color=_rgb(INSERTION), **small)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axes.set_xticklabels(PARTS, fontsize=points)
    axes.set_yticklabels(PARTS, fontsize=points)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _rgb(color: Color) -> tuple[float, float, float]:
    blue, green, red = color
    return red / 255, green / 255, blue / 255
