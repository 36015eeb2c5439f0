"""What an audit shows: the table as CSV, two plots, and the page."""

import math
from collections.abc import Mapping, Sequence
from io import BytesIO
from textwrap import wrap
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from emolive.audit.verdict import BRIEF, NAMES
from emolive.core.evidence import CONTROLS, Difference
from emolive.core.tables import csv_line
from emolive.reports.audit_table import AuditRow, AuditVerdict
from emolive.reports.explain_page import Entry
from emolive.reports.figures import knows_class
from emolive.reports.html import rendered

MARKS = {"other_face": "o", "centre": "s", "class_blind": "^", "random": "D"}
"""The shape of each control in a plot."""

TINTS = {"other_face": "#d55e00", "centre": "#0072b2", "class_blind": "#117733", "random": "#777777"}
"""And its colour: told apart by people who see few."""


def audit_rows(rows: Sequence[AuditRow]) -> str:
    """The table as CSV: a line for each method and layer."""
    spans = [f"{of}_{part}" for of in CONTROLS for part in ("difference", "low", "high", "wins")]
    steps = list(dict.fromkeys(step for row in rows for step in row.sanity))
    sane = [f"sanity_{step}_{part}" for step in steps for part in ("like", "low", "high", "word")]
    areas = [f"{curve}_{of}" for of in CONTROLS for curve in ("deletion", "insertion")]
    head = ("method", "layer", "n", *spans, "beats_its_controls", "shuffled_do", "centred_do", "stability", "ms",
            "deletion_area", "insertion_area", *areas, "hits", "others_hit", *sane)  # fmt: skip
    lines = [csv_line(head)]
    for row in rows:
        cells: list[str | float | int | None] = [row.method, row.layer, row.n]
        for of in CONTROLS:
            found = row.difference.get(of)
            cells += [*map(_number, found[:3]), _number(row.wins[of])] if found else [None] * 4
        cells += [*map(_number, (row.won, row.shuffled, row.centred, row.stability, row.ms, row.deletion))]
        cells.append(_number(row.insertion))
        for of in CONTROLS:
            pair = row.areas.get(of)
            cells += [_number(one.mean) for one in pair] if pair else [None] * 2
        cells += [_number(row.hits), _number(row.others_hit)]
        for step in steps:
            known = row.sanity.get(step)
            cells += [_number(known.like), _number(known.low), _number(known.high), known.word] if known else [None] * 4
        lines.append(csv_line(cells))
    return "".join(lines)


def audit_plots(rows: Sequence[AuditRow]) -> dict[str, bytes]:
    """The PNG files of an audit by name: by how much each map beats its controls, and whether it notices random
    weights; both also for phones."""
    known = [row for row in rows if row.n]
    plots = {"differences": _differences, "sanity": _sanity}
    forms = {"": (7.5, 9.0), "-narrow": (4.5, 10.5)}
    return {f"{name}{form}.png": draw(known, *how) for name, draw in plots.items() for form, how in forms.items()}


def _differences(rows: Sequence[AuditRow], width: float, points: float) -> bytes:
    """As wide as that, in inches, in text of so many points."""
    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(width, 1.6 + 0.42 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for n, row in enumerate(rows):
            for k, (of, found) in enumerate(row.difference.items()):
                y = n + (k - 1.5) * 0.17
                low, high = (found.mean if math.isnan(end) else end for end in (found.low, found.high))
                axes.plot([100 * low, 100 * high], [y, y], color=TINTS[of], linewidth=1.6)
                label = NAMES[of] if n == 0 else None
                axes.plot([100 * found.mean], [y], MARKS[of], color=TINTS[of], markersize=4.5, label=label)
        axes.axvline(0, color="#333333", linewidth=1)
        axes.set_yticks(range(len(rows)), [_named(row) for row in rows], fontsize=points)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.tick_params(labelsize=points)
        words = "points that masking its hottest fifth costs more than …, with 95 % intervals"
        _below(figure, words, width, points)
        axes.grid(axis="x", alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside upper center", ncols=1 if width < NARROW else 2, fontsize=points, frameon=False)
        return _png(figure)


def _sanity(rows: Sequence[AuditRow], width: float, points: float) -> bytes:
    with rc_context({"text.parse_math": False}):
        steps = list(dict.fromkeys(step for row in rows for step in row.sanity))
        figure = Figure(figsize=(width, 1.6 + 0.42 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for n, row in enumerate(rows):
            for k, step in enumerate(steps):
                found = row.sanity.get(step)
                if found is None:
                    continue
                y = n + (k - (len(steps) - 1) / 2) * 0.8 / max(1, len(steps))
                tint = "#117733" if found.trusted else "#999999" if found.word == "cannot react" else "#d55e00"
                if math.isfinite(found.low):
                    axes.plot([found.low, found.high], [y, y], color="#bbbbbb", linewidth=2.2)
                axes.plot([found.like], [y], "o", color=tint, markersize=4)
        axes.axvline(0, color="#333333", linewidth=1)
        axes.set_yticks(range(len(rows)), [_named(row) for row in rows], fontsize=points)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(-1.05, 1.05)
        axes.set_xticks((-1, -0.5, 0, 0.5, 1))
        axes.tick_params(labelsize=points)
        words = f"rank correlation with random networks, from {steps[0]} (top) down to {steps[-1]}" if steps else ""
        _below(figure, f"{words}; grey bars: random networks among themselves", width, points)
        axes.grid(axis="x", alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        return _png(figure)


NARROW = 6.0
"""Narrower plots, in inches, are for phones."""


def _below(figure: Figure, words: str, width: float, points: float) -> None:
    """Write below a plot what its axis is, in lines as wide as the plot."""
    figure.supxlabel("\n".join(wrap(words, round(width * 118 / points))), fontsize=points)


def _png(figure: Figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, dpi=120, format="png", metadata={"Software": None})
    return file.getvalue()


def _named(row: AuditRow) -> str:
    return row.name if knows_class(row.method) else f"{row.name} *"


def audit_page(
    rows: Sequence[AuditRow],
    verdict: AuditVerdict,
    n: int,
    right: float,
    unreadable: Sequence[str],
    key: Mapping[str, Any],
) -> str:
    """The HTML of an audit, whose plots lie beside it."""
    controls = [of for of in CONTROLS if any(of in row.difference for row in rows)]
    traced = [of for of in CONTROLS if any(of in row.areas for row in rows)]
    steps = list(dict.fromkeys(step for row in rows for step in row.sanity))
    return rendered(
        "audit.html",
        verdict=verdict,
        n=n,
        right=right,
        unreadable=unreadable,
        key=key,
        tables=[
            _table("By how much it beats its controls", "controls",
                   [f"than {BRIEF[of]}" for of in controls] + ["beats all"],
                   rows, lambda row: [_points(row.difference.get(of)) for of in controls] + [_share(row.won)]),
            _table("How often it does", "wins", [BRIEF[of] for of in controls] + ["wrong maps win", "centres win"],
                   rows, lambda row: [_share(row.wins.get(of, math.nan)) for of in controls]
                   + [_share(row.shuffled), _share(row.centred)]),
            _table("Does it notice random weights?", "sanity", steps, rows,
                   lambda row: [_noticed(row, step) for step in steps]),
            _table("By how much its deletion and insertion are better", "curves",
                   [f"{curve}, than {BRIEF[of]}" for of in traced for curve in ("deletion", "insertion")],
                   rows, lambda row: [_points(one) for of in traced for one in row.areas.get(of, (None, None))]),
            _table("What else was measured", "else",
                   ["stability", "hits the part", "others hit", "deletion", "insertion", "ms"], rows, _else),
        ],
    )  # fmt: skip


def _table(heading: str, anchor: str, columns: Sequence[str], rows: Sequence[AuditRow], cells: Any) -> dict[str, Any]:
    shown = [
        (_named(row), [one if isinstance(one, Entry) else Entry(one) for one in cells(row)]) for row in rows if row.n
    ]
    return {"heading": heading, "anchor": anchor, "columns": columns, "rows": shown}


def _else(row: AuditRow) -> list[str]:
    hits, areas = (row.hits, row.others_hit), (row.deletion, row.insertion)
    return [_plain(row.stability), *map(_share, hits), *map(_plain, areas), f"{row.ms:.1f}"]


def _noticed(row: AuditRow, step: str) -> Entry:
    found = row.sanity.get(step)
    if found is None:
        return Entry("–")
    kind = "fixed" if found.word == "cannot react" else "" if found.trusted else "same"
    mark = {"fixed": "= ", "same": "▲ "}.get(kind, "~ " if found.word == "reacts a little" else "")
    band = f" ({_signed(found.low)} to {_signed(found.high)})" if math.isfinite(found.low) else ""
    return Entry(f"{mark}{_signed(found.like)}{band}", kind)


def _points(found: Difference | None) -> Entry:
    if found is None:
        return Entry("–")
    if math.isnan(found.low):
        return Entry(f"{100 * found.mean:+.1f}".replace("-", "−"))
    text = f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})".replace("-", "−")
    return Entry(text, "" if found.low > 0 else "same")


def _share(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else "–"


def _plain(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else "–"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−") if math.isfinite(value) else "–"


def _number(value: float) -> float | None:
    return round(float(value), 5) if math.isfinite(value) else None
