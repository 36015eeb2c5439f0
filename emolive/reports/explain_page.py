"""The page of `emolive explain`: one HTML file with the pictures beside it, no scripts, nothing from a network."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emolive.audit.curves import Gain
from emolive.audit.verdict import BRIEF, Word
from emolive.reports.figures import INPUT, Cell, FaceReport, Figures, Report, knows_class, title
from emolive.reports.html import rendered

GROUPS = (
    ("curves", "areas", ("deletion", "insertion")),
    ("paired", "better than the areas of its controls", tuple(BRIEF.values())),
    ("drops", "drop, in points", ("hot", "random", "cold")),
    ("controls", "beats its controls", ("verdict",)),
    ("where", "share of heat, %", ("eyes", "nose", "mouth", "rest", "off")),
    ("like", "like Grad-CAM", ("rank", "overlap")),
)
"""The columns of a table, in groups: the section that says what they mean, the group's name, the columns' names. After
them come those of `_groups`."""


SHORT: Mapping[Word, str] = {
    "beats its controls": "yes",
    "does not beat its controls": "no",
    "depends on the masking": "by one masking",
    "not enough evidence yet": "not known",
    "no verdict": "–",
}
"""Verdicts, as a table has them."""


@dataclass(frozen=True)
class Entry:
    """A number of a table as text; `kind` are its classes in the style sheet."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class MethodRow:
    """What was measured of a method; without `cells` `why` says why there is nothing."""

    name: str
    cells: tuple[Entry, ...]
    why: str = ""


@dataclass(frozen=True)
class LayerTable:
    """The methods at a layer, and the areas of chance (none where nothing was measured)."""

    heading: str
    caption: str
    rows: tuple[MethodRow, ...]
    chance: tuple[str, ...] = ()


def page(report: Report, folder: str) -> str:
    """The HTML of a report whose pictures lie in `folder`, beside the page."""
    groups = _groups(report)
    return rendered(
        "explain.html",
        report=report,
        folder=folder,
        groups=groups,
        names=[f"{words}: {column}" for _, words, columns in groups for column in columns],
        width=sum(len(columns) for _, _, columns in groups),
        methods=[title(method) for method in report.methods],
        verdict=lambda face: verdict(face, report.layers, report.best_map),
        tables=lambda face: [_table(face, layer, report.methods) for layer in _layers(face, report.layers)],
    )


def _groups(report: Report) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """All groups of columns; the last has one for each part that was randomised."""
    faces = (face for picture in report.pictures for face in picture.faces)
    steps = next((tuple(c.figures.sanity) for face in faces for c in face.cells if c.figures is not None), ())
    return (*GROUPS, ("sanity", "like itself after randomising down to", steps)) if steps else GROUPS


def _layers(face: FaceReport, layers: tuple[str, ...]) -> Iterable[str]:
    """The last layer first: it is the one that most readers want; the pixels at the end."""
    has_input = any(cell.layer == INPUT for cell in face.cells)
    return (*reversed(layers), *([INPUT] if has_input else []))


def _table(face: FaceReport, layer: str, methods: tuple[str, ...]) -> LayerTable:
    cells = [cell for cell in (face.cell(method, layer) for method in methods) if cell is not None]
    size = next((cell.cam.shape for cell in cells if cell.cam is not None), None)
    grid = f", a grid of {size[1]} × {size[0]}" if size else ""
    heading = "the input's pixels" if layer == INPUT else layer
    star = "" if all(knows_class(cell.method) for cell in cells) else " * knows no emotion: the same map for each."
    curves = face.chance.get(layer)
    chance = () if curves is None else (f"{curves.deletion_area:.2f}", f"{curves.insertion_area:.2f}")
    return LayerTable(heading, f"{face.goal}, {heading}{grid}.{star}", tuple(map(_row, cells)), chance)


def _row(cell: Cell) -> MethodRow:
    name = title(cell.method) + ("" if knows_class(cell.method) else " *")
    if cell.figures is None:
        return MethodRow(name, (), cell.why)
    numbers = [Entry(v, "" if i else "first") for values in _values(cell.figures) for i, v in enumerate(values)]
    return MethodRow(name, (*numbers, *_sanity(cell.figures)))


def _values(figures: Figures) -> list[list[str]]:
    shares = list(vars(figures.regions).values()) if figures.regions else []
    where = shares if sum(shares) > 0 else [math.nan] * 5
    return [
        [f"{figures.deletion_area:.2f}", f"{figures.insertion_area:.2f}"],
        [_gain(figures.gains.get(of)) for of in BRIEF],
        [_whole(drop) for drop in vars(figures.drops).values()],
        [SHORT[figures.verdict.word]],
        [_whole(share) for share in where],
        [_signed(figures.gradcam.spearman), _signed(figures.gradcam.iou)],
    ]


def _sanity(figures: Figures) -> Iterable[Entry]:
    for i, found in enumerate(figures.sanity.values()):
        fixed, same = found.word == "cannot react", found.stands_still
        kind = " ".join(word for word, there in (("first", i == 0), ("fixed", fixed), ("same", same)) if there)
        mark = "= " if fixed else "▲ " if same else "~ " if found.word == "reacts a little" else ""
        yield Entry(mark + _signed(found.like), kind)


def _whole(part: float) -> str:
    return str(round(100 * part)).replace("-", "−") if math.isfinite(part) else "–"


def _gain(gain: Gain | None) -> str:
    """Of deletion, then of insertion, in hundredths of the whole area."""
    return "–" if gain is None else " / ".join(f"{round(100 * part):+d}".replace("-", "−") for part in gain)


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else "–"


def verdict(face: FaceReport, layers: tuple[str, ...], best: Mapping[str, str] | None = None) -> str:
    """A few sentences (plain text) on what the drops say of the map that an audit of the network trusts most (`best`);
    of the first map of the last layer where there was no audit, or that map was not asked for."""
    known = [cell for cell in face.cells if cell.figures is not None]
    trusted = [cell for cell in known if best and (cell.method, cell.layer) == (best["method"], best["layer"])]
    cell = next(iter([*trusted, *(cell for cell in known if cell.layer == layers[-1])]), None)
    if cell is None or cell.figures is None:
        return ""
    drops, map_of = cell.figures.drops, f"{title(cell.method)} at {cell.layer}"
    return (
        f"Blurring the hottest fifth of {map_of} takes {points(drops.hot)} off {face.goal}; a random fifth takes "
        f"{points(drops.random)}, the coldest {points(drops.cold)}. The verdict: {cell.figures.verdict.text}"
    )


def points(drop: float) -> str:
    """A drop in percentage points."""
    whole = round(100 * drop)
    return f"{whole} point{'' if abs(whole) == 1 else 's'}".replace("-", "−")
