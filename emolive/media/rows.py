"""What is known of one frame, as a line of JSON or as the cells of a table: the columns of every data file."""

import json

from emolive.core.scene import Scene
from emolive.media.figures import FIGURES, Figure, Labels

TableCell = bool | int | float | str | None


def json_line(scene: Scene, labels: Labels) -> str:
    """One frame as a line of JSON."""
    faces = [
        {f.key: value for f in FIGURES if (value := f.of(scene, i, labels)) is not None}
        for i in range(len(scene.found))
    ]
    return json.dumps({**_frame(scene), "faces": faces}, ensure_ascii=False, allow_nan=False) + "\n"


def table_header(scene: Scene, labels: Labels) -> list[str]:
    """The names of a table's columns."""
    return [*_frame(scene), *(name for figure in FIGURES for name in figure.columns(labels))]


def table_rows(scene: Scene, labels: Labels) -> list[list[TableCell]]:
    """The cells of a table's row for each face of a frame; None where nothing is known."""
    return [
        [*_frame(scene).values(), *(v for f in FIGURES for v in _cells(f, scene, i, labels))]
        for i in range(len(scene.found))
    ]


def _frame(scene: Scene) -> dict[str, int | float | str]:
    frame = scene.frame
    facts: dict[str, int | float | str] = {"frame": frame.index, "t_ms": round(frame.t_ms, 3)}
    return {**facts, "file": frame.name} if scene.progress.files > 1 else facts


def _cells(figure: Figure, scene: Scene, face: int, labels: Labels) -> list[TableCell]:
    value = figure.of(scene, face, labels)
    if value is None:
        return [None] * len(figure.columns(labels))
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return list(value)
    return [int(value) if isinstance(value, bool) else value]
