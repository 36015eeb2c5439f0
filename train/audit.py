#!/usr/bin/env python
"""Which map of the shipped network deserves trust: controls, audit, films, docs/AUDIT.md and the model card, all anew.

With --first what it finds best becomes the fact `best_map` in model/emotion_resnet18.json: the map that emolive shows
at first. A map before the last stage makes each frame dearer, and the window of all emotions by a pass back for each.

    python train/audit.py DATA/validation --controls DATA/train --films FILMS --out runs/audit

DATA is what prepare_fer2013.py writes. With --controls the maps of other faces are made anew first where those beside
the weights are of other weights (by controls.py, which makes them in any case); the audit itself is `emolive audit
DATA/validation`, which goes on where it was stopped. --films is a folder of videos: how often each map beats its
controls over the first 10 s of each face in them.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import click
from films import judged_films

from emolive.audit.controls import controls_of
from emolive.audit.verdict import BRIEF
from emolive.networks.checkpoint import default_model, load
from emolive.reports.audit_table import WON
from emolive.reports.figures import INPUT, title

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- audit: written by train/audit.py -->", "<!-- end of audit -->"
PLOTS = ("differences.png", "sanity.png")


def points(row: dict[str, str], of: str) -> str:
    """A lead in points with its interval."""
    found = [row.get(f"{of}_{part}") for part in ("difference", "low", "high")]
    if not all(found):
        return "–"
    mean, low, high = (100 * float(one or 0) for one in found)
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def share(value: str) -> str:
    """A share in percent."""
    return f"{100 * float(value):.1f} %" if value else "–"


def table(rows: list[dict[str, str]]) -> list[str]:
    """The table of methods and layers."""
    lines = [
        "| method | layer | " + " | ".join(f"than {name}" for name in BRIEF.values()) + " | beats its controls, one "
        "picture | other faces' maps do | averages do | stability | points at the part | other faces' maps | ms |",
        "| --- | --- |" + " --- |" * (len(BRIEF) + 7),
    ]
    for row in rows:
        leads = " | ".join(points(row, of) for of in BRIEF)
        shares = [share(row[name]) for name in ("beats_its_controls", "shuffled_do", "centred_do")]
        pointing = [share(row[name]) for name in ("hits", "others_hit")]
        rest = [*shares, row["stability"][:4] or "–", *pointing, f"{float(row['ms']):.1f}"]
        lines.append(f"| {title(row['method'])} | {row['layer']} | {leads} | {' | '.join(rest)} |")
    return lines


def sanity(rows: list[dict[str, str]]) -> list[str]:
    """Whether each map notices random weights."""
    steps = [name.removeprefix("sanity_").removesuffix("_word") for name in rows[0] if name.endswith("_word")]
    lines = ["| method | layer | " + " | ".join(steps) + " |", "| --- | --- |" + " --- |" * len(steps)]
    for row in rows:
        cells = []
        for step in steps:
            like, low, high = (row[f"sanity_{step}_{part}"] for part in ("like", "low", "high"))
            band = f" ({float(low):+.2f} to {float(high):+.2f})" if low and high else ""
            cells.append(f"{float(like):+.2f}{band}, {row[f'sanity_{step}_word']}" if like else "–")
        lines.append(f"| {title(row['method'])} | {row['layer']} | {' | '.join(cells)} |")
    return lines


def films_share(found: list[dict[str, str]]) -> list[str]:
    """For each method and layer on how many faces in the films it wins, and how many wrong maps in its place."""
    lines = ["| method | layer | faces that it wins | of 9 s or more | wrong maps that win |", "| --- |" + " --- |" * 4]
    for way in dict.fromkeys((row["method"], row["layer"]) for row in found):
        rows = [row for row in found if (row["method"], row["layer"]) == way]
        long = [row for row in rows if float(row["seconds"]) >= 9]
        won, wrong = (" of ".join(str(sum(int(part) for part in parts)) for parts in zip(*each, strict=True))
                      for each in ([(row["word"] == WON, True) for row in rows],
                                   [row["wrong"].split(" of ") for row in rows]))  # fmt: skip
        lines.append(f"| {title(way[0])} | {way[1]} | {won} | {sum(row['word'] == WON for row in long)} of {len(long)} "
                     f"| {wrong} |")  # fmt: skip
    return lines


def films_table(found: list[dict[str, str]]) -> list[str]:
    """What is said of each face in the films."""
    head = [
        "| film | face | seconds | lead, points | verdict | wrong maps that win |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    keys = ("film", "face", "seconds", "lead", "word", "wrong")
    return head + [f"| {' | '.join(str(one[key]) for key in keys)} |" for one in found]


def between(path: Path, text: str) -> None:
    """Put a text between its marks in a file."""
    whole = path.read_text(encoding="utf-8")
    before, rest = whole.split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")


def keep_best(path: Path, best: dict[str, str] | None) -> None:
    """Write the fact `best_map` beside the network; without a best one there is none."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts = {name: value for name, value in facts.items() if name != "best_map"}
    known = {"best_map": best} if best else {}
    path.write_text(json.dumps(known | facts, indent=1) + "\n", encoding="utf-8")


@click.command(help=__doc__)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/audit"), show_default=True)
@click.option("--controls", type=click.Path(exists=True, file_okay=False), help="The faces that controls come from.")
@click.option("--films", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--faces", default=200, show_default=True)
@click.option("--first", is_flag=True, help="Make the best map the one that emolive shows at first.")
def main(data: Path, out: Path, controls: str | None, films: Path | None, faces: int, first: bool) -> None:
    """Run all of it, and write docs/AUDIT.md, its plots, and the card's section."""
    if controls and not controls_of(load(default_model())).others:
        subprocess.run([sys.executable, ROOT / "train" / "controls.py", controls], check=True)
    command = ["audit", str(data), "--out", str(out), "--faces", str(faces)]
    subprocess.run([sys.executable, "-m", "emolive", *command], check=True)
    found = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    with (out / "audit.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["n"] != "0"]
    why, best = found["verdict"]["why"], found["verdict"]["best"]
    for name in PLOTS:
        shutil.copyfile(out / name, ROOT / "docs" / f"audit-{name}")
    parts = [
        why,
        "",
        *table(rows),
        "",
        "![leads](audit-differences.png)",
        "",
        *sanity(rows),
        "",
        "![sanity](audit-sanity.png)",
    ]
    if films and best:
        asked = {name: list(dict.fromkeys(row[name] for row in rows)) for name in ("method", "layer")}
        judged = judged_films(films, asked["method"], [layer for layer in asked["layer"] if layer != INPUT])
        mine = [row for row in judged if {"method": row["method"], "layer": row["layer"]} == best]
        parts += ["", "Over the first 10 s of film, or all of it where it is shorter:", "", *films_share(judged), "",
                  f"{title(best['method'])} at {best['layer']}, face by face:", "", *films_table(mine)]  # fmt: skip
    if first:
        keep_best(default_model().with_suffix(".json"), best)
    between(ROOT / "docs" / "AUDIT.md", "\n".join(parts))
    between(ROOT / "model" / "README.md", f"{why} All figures: [docs/AUDIT.md](../docs/AUDIT.md).")


if __name__ == "__main__":
    main()
