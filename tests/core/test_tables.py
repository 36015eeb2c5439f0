"""No cell of any table that emolive writes is a formula, and what was written is read as it was."""

import ast
import csv
import io
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emolive.core.tables import csv_line, plain_text, read_csv, write_csv

ROOT = Path(__file__).resolve().parent.parent.parent

EVIL = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    '=HYPERLINK("http://x")',
)

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a machine that does other things, too."""

KNOWN = st.sampled_from(EVIL)
CELLS = st.one_of(st.text(), KNOWN, KNOWN.map("'".__add__), st.from_regex(r"'*[=+@\-].*"))


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def is_formula(cell: str) -> bool:
    """What a spreadsheet takes for one: it ignores blanks before it. A number is none."""
    try:
        float(cell)
    except ValueError:
        return cell.lstrip()[:1] in ("=", "+", "-", "@", "＝", "＋", "－", "＠") or cell[:1] in ("\t", "\r", "\n")
    return False


@BUSY
@given(st.lists(CELLS.filter(lambda text: "\0" not in text), min_size=1))
@example(list(EVIL))
def test_no_text_is_a_formula_and_all_come_back(texts):
    (row,) = read(csv_line(texts))
    assert not any(map(is_formula, row))
    assert [plain_text(cell) for cell in row] == texts


@BUSY
@given(st.lists(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1))
def test_numbers_stay_numbers(numbers):
    (row,) = read(csv_line(numbers))
    assert [float(cell) for cell in row] == [float(number) for number in numbers]
    assert read(csv_line([f"{number:.6g}" for number in numbers])) == [[f"{number:.6g}" for number in numbers]]


def test_nothing_is_nothing():
    assert csv_line([None, "", -1.5, "a,b"]) == ',,-1.5,"a,b"\n'


def test_rows_come_back_by_their_names():
    file = io.StringIO(newline="")
    write_csv(file, [["-name", "n"], ["=x", -1], ["+y", "2"]])
    file.seek(0)
    assert list(read_csv(file)) == [{"-name": "=x", "n": "-1"}, {"-name": "+y", "n": "2"}]
    with pytest.raises(ValueError, match="more cells"):
        list(read_csv(io.StringIO("a\n1,2\n")))


def test_all_tables_are_written_in_one_place():
    found = set()
    for folder in ("emolive", "train", "benchmarks", "docs"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter", "to_csv", "write_csv"):
                    found.add(path.relative_to(ROOT).as_posix())
    assert found == {"emolive/core/tables.py"}


def cells(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return [cell for row in csv.reader(file) for cell in row]


@pytest.fixture
def evil_model(tmp_path, model) -> Path:
    """The shipped network with labels that are formulas."""
    import dataclasses

    from emolive.networks.checkpoint import save

    labels = tuple(f"{start}{label}" for start, label in zip("=+-@=+-", model.spec.labels, strict=True))
    save(tmp_path / "evil.safetensors", model.net, dataclasses.replace(model.spec, labels=labels))
    return tmp_path / "evil.safetensors"


def test_data_and_summary(tmp_path, portrait, evil_model):
    """`--data FILE.csv` and `emolive summary`: names of labels and files are a stranger's."""
    from click.testing import CliRunner

    from emolive.commands.main import cli

    for name in ("=1+1.png", "-2.png"):
        cv2.imwrite(str(tmp_path / name), portrait)
    (tmp_path / "results").mkdir()
    data = tmp_path / "results" / "=data.csv"
    files = [str(tmp_path / "=1+1.png"), str(tmp_path / "-2.png")]
    words = ["file", *files, "--headless", "--data", str(data), "--model", str(evil_model)]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert any("1+1.png" in cell for cell in cells(data))
    done = CliRunner().invoke(cli, ["summary", str(tmp_path / "results"), "--min-seconds", "0"])
    assert done.exit_code == 0, done.output
    table = tmp_path / "results" / "summary.csv"
    assert any("=data/=1+1.png" in cell for cell in cells(table))
    for path in (data, table):
        assert not [cell for cell in cells(path) if is_formula(cell)]
        assert any("'" in cell for cell in cells(path))
        assert len(cells(path)) > 40


def test_votes(tmp_path):
    """train/prepare_fer2013.py copies the names of another table's columns, and names of folders."""
    pixels = " ".join(map(str, np.random.default_rng(0).integers(0, 255, 48 * 48)))
    source, votes = tmp_path / "fer.csv", tmp_path / "votes.csv"
    source.write_text(f"emotion,pixels,Usage\n0,{pixels},Training\n")
    votes.write_text("Usage,Image name,anger,=cmd\nTraining,a.png,4,=1+1\n")
    script = [sys.executable, ROOT / "train" / "prepare_fer2013.py", source, tmp_path / "out", "--ferplus", votes]
    done = subprocess.run(list(map(str, script)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = cells(tmp_path / "out" / "train" / "ferplus.csv")
    assert found == ["file", "angry", "'=cmd", "angry/00000.png", "4", "'=1+1"]
