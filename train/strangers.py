#!/usr/bin/env python
"""How the network reads people it has never met: the table of the London set in the model card.

    emolive evaluate LONDON --detect --groups LONDON/people.csv --out DIR
    python train/strangers.py DIR/report.json

LONDON has the folders happy and neutral. Writes between its marks in model/README.md, nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

CARD = Path(__file__).resolve().parent.parent / "model" / "README.md"
BEGIN, END = "<!-- strangers: written by train/strangers.py -->", "<!-- end of strangers -->"
FIGURES = {
    "accuracy": "accuracy", "recall of happy": "smile called happy", "recall of neutral": "neutral called neutral",
    "AUC of happy": "AUC of happy", "calibration error": "calibration error (chance alone)",
}  # fmt: skip


def table(report: dict) -> str:
    """The table of everybody, women and men, and a line for each gap that is more than chance."""
    found = {(row["column"], row["group"], row["figure"]): row for row in report["figures"]}
    lines = [["people", "of", *FIGURES.values()], ["---"] * (2 + len(FIGURES))]
    for column, group in (("", "everybody"), ("sex", "female"), ("sex", "male")):
        rows = [found[column, group, figure] for figure in FIGURES]
        cells = [
            f"{row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f})" if row["figure"].startswith("AUC")
            else f"{100 * row['value']:.1f} % ({100 * row['floor']:.1f} %)" if "floor" in row
            else f"{100 * row['value']:.1f} % ({100 * row['low']:.0f} to {100 * row['high']:.0f})"
            for row in rows
        ]  # fmt: skip
        lines.append([group, str(rows[0]["people"]), *cells])
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    held = [gap for gap in report["gaps"] if gap["p_holm"] < 0.05]
    told = [
        f"- {gap['figure']}, {' − '.join(gap['groups'])}: {100 * gap['value']:+.0f} points "
        f"({100 * gap['low']:.0f} to {100 * gap['high']:.0f}), p {gap['p_holm']:.3f}"
        for gap in sorted(held, key=lambda gap: -abs(gap["value"]))
    ]
    return "\n".join([text, "", f"Of {len(report['gaps'])} gaps {len(held)} are more than chance can make:", "", *told])


@click.command(help=__doc__)
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(report: Path) -> None:
    """Write the table into the card."""
    text = CARD.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    groups = json.loads(report.read_text(encoding="utf-8"))["groups"]
    CARD.write_text(f"{before}{BEGIN}\n\n{table(groups)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
