"""What a film's rows say does not hang on what computed them: the program with OpenVINO and without, on all films."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

FILMS = ("single_face.mp4", "head-pose-face-detection-female.gif", "street_1080p.mp4")
FRAMES = 40
ROUNDING, OF_HEAT = 5e-4, 1e-2
"""Rows are written with four digits; shares of heat add up what is left of large evidence for and against."""


def rows(film: Path, out: Path, backend: str, frames: int) -> list[dict[str, object]]:
    more = ["--method", "hirescam", "--layer", "layer3"]
    command = [sys.executable, "-m", "emolive", "file", str(film), "--headless", "--data", str(out), *more]
    command += ["--backend", backend, "--frames", str(frames)]
    subprocess.run(command, capture_output=True)  # a film that is cut off ends with 1, and has its rows
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def differing(one: object, other: object, where: str = "") -> list[str]:
    """Where two rows differ by more than rounding."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [line for name in one for line in differing(one[name], other[name], f"{where}.{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            line for i, pair in enumerate(zip(one, other, strict=True)) for line in differing(*pair, f"{where}[{i}]")
        ]
    if isinstance(one, float) and isinstance(other, (int, float)):
        near = OF_HEAT if ".heat." in where else ROUNDING
        return [] if math.isclose(one, other, rel_tol=ROUNDING, abs_tol=near) else [f"{where}: {one} {other}"]
    return [] if one == other else [f"{where}: {one} {other}"]


@pytest.mark.ci
@pytest.mark.parametrize("name", FILMS)
def test_rows_are_the_same_but_for_rounding(shared, tmp_path, name):
    film = shared / "videos" / name
    mine, theirs = (rows(film, tmp_path / f"{how}.jsonl", how, FRAMES) for how in ("torch", "openvino"))
    assert len(mine) == len(theirs) > 5
    assert differing(mine, theirs) == []


@pytest.mark.endurance
def test_rows_of_all_films_are_the_same_but_for_rounding(shared, tmp_path):
    for film in sorted((shared / "videos").iterdir()):
        mine, theirs = (rows(film, tmp_path / f"{film.name}-{how}.jsonl", how, 100) for how in ("torch", "openvino"))
        assert differing(mine, theirs) == [], film.name


def test_rows_that_differ_by_more_are_seen():
    row = {"probs": [0.5, 0.5], "label": "sad", "track": 1}
    assert differing(row, {**row, "probs": [0.5, 0.5 + 1e-6]}) == []
    assert differing(row, {**row, "probs": [0.5, 0.501]})
    assert differing(row, {**row, "label": "fear"})
    assert differing(row, {**row, "track": 2})
