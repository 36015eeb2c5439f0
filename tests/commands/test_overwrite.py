"""One rule for all commands: nothing that exists is replaced without --overwrite, and the input never."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file
from thinned import thinned

from emolive.commands.main import cli
from emolive.networks.described import default_model

INPUTS = {"model", "model_b", "settings", "groups", "why", "people"}
"""Options that name files to read; every other option that takes a path is taken for an output."""

OWN_RULE = {
    ("batch", "out"): "replaces results of its own, by name: tests/endurance/test_deletion.py",
    **{(name, "recordings"): "recordings and snapshots get new names" for name in ("cam", "demo", "file", "replay")},
}

TRAIN = "train pictures --init none --stages 16x1 --workers 0 --batch 4 --precision 32-true --out o"
LOOKS = ("file face.png --headless", "replay bundle --headless", "demo --headless --frames 1", "cam --headless")

CASES: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("bench", "json"): [("bench --source demo --headless --frames 1 --json o.json", "o.json")],
    ("evaluate", "out"): [("evaluate pictures --out o --model two.safetensors", f"o/{name}")
                          for name in ("report.json", "confusion.png")] + [
                          ("evaluate pictures --out o --model two.safetensors --groups people.csv", f"o/{name}")
                          for name in ("groups.csv", "gaps.csv", "groups.png")] + [
                          ("evaluate pictures --out o --model two.safetensors --sweep", f"o/{name}")
                          for name in ("sweep.csv", "sweep.png")],
    ("explain", "out"): [("explain face.png --out o", f"o/{name}")
                         for name in ("index.html", "report.json", "sheets/01-face-1-sheet.png")],
    ("plot", "out"): [("plot data.jsonl --out o.png", "o-1.png")],
    ("audit", "out"): [("audit pictures --out o", f"o/{name}") for name in ("audit.json", "index.html")],
    ("summary", "out"): [("summary results --out o", f"o/{name}") for name in (
        "summary.csv", "summary-figures.csv", "summary-columns.csv", "summary.html")] + [
        ("summary results --out o --parquet", f"o/{name}") for name in ("summary.parquet", "summary-figures.parquet")],
    ("train", "out"): [(TRAIN, f"o/{name}") for name in (
        "model.safetensors", "report.json", "confusion.png", "mistakes.png", "history.csv", "history.png",
        "settings.json", "best.safetensors", "checkpoints/last.ckpt")],
    **{(words.split()[0], "data"): [(f"{words} --data o.{kind}", place) for kind, place in (
        ("jsonl", "o.jsonl"), ("csv", "o.csv"), ("parquet", "o.parquet"), ("parquet", ".o.parquet.part"))
        # Drafts are looked at when they are opened; that there is no camera is said before.
        if not (words.startswith("cam") and place.endswith(".part"))]
       for words in LOOKS},
    ("replay", "report"): [("replay bundle --headless --report o", f"o/{name}")
                           for name in ("index.html", "data.jsonl")],
    **{(words.split()[0], "out"): [(f"{words} --out o.mp4", "o.mp4")] for words in LOOKS},
}  # fmt: skip
"""By command and option: the words of a command, and a file that it would write."""


def outputs() -> Iterator[tuple[str, str]]:
    """Every option of every command that takes a path and is none of the inputs."""
    for name, command in cli.commands.items():
        for param in command.params:
            if isinstance(param, click.Option) and isinstance(param.type, click.Path) and param.name not in INPUTS:
                yield name, param.name


def test_every_command_knows_the_rule():
    """A command that is added without it is found here."""
    assert set(outputs()) == CASES.keys() | OWN_RULE.keys()
    for name, _ in CASES:
        assert "overwrite" in {param.name for param in cli.commands[name].params}, name


def run(folder: Path, words: str) -> Result:
    before, place = os.environ.pop("DISPLAY", None), Path.cwd()
    os.chdir(folder)
    try:
        return CliRunner().invoke(cli, words.split())
    finally:
        os.chdir(place)
        if before is not None:
            os.environ["DISPLAY"] = before


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, portrait) -> Path:
    """What the commands read."""
    folder = tmp_path_factory.mktemp("inputs")
    cv2.imwrite(str(folder / "face.png"), portrait)
    draw = np.random.default_rng(0)
    for kind in ("happy", "sad"):
        (folder / "pictures" / kind).mkdir(parents=True)
        for i in range(4):
            cv2.imwrite(str(folder / "pictures" / kind / f"{i}.png"), draw.integers(0, 255, (48, 48, 3)))
    people = [f"{kind}/{i}.png,{'ab'[i % 2]}" for kind in ("happy", "sad") for i in range(4)]
    (folder / "people.csv").write_text("\n".join(["picture,sex", *people]) + "\n")
    shutil.copy(default_model(), folder / "two.safetensors")
    assert run(folder, "demo --headless --frames 30 --faces 1 --bundle").exit_code == 0
    (made,) = (folder / "recordings").iterdir()
    made.rename(folder / "bundle")
    shutil.copy(folder / "bundle" / "data.jsonl", folder / "data.jsonl")
    (folder / "results").mkdir()
    shutil.copy(folder / "data.jsonl", folder / "results")
    return folder


@pytest.fixture
def folder(inputs, tmp_path) -> Path:
    """A copy of them."""
    return Path(shutil.copytree(inputs, tmp_path / "here"))


@pytest.mark.parametrize(("words", "place"), thinned((case for cases in CASES.values() for case in cases), 3))
def test_nothing_that_exists_is_replaced(folder, words, place):
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("precious")
    before = {one for one in folder.rglob("*") if one.is_file()}
    done = run(folder, words)
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert "--overwrite" in done.output
    assert path.read_text() == "precious"
    assert {one for one in folder.rglob("*") if one.is_file()} == before  # it was found out before anything was written


@pytest.mark.parametrize(
    "words",
    [
        "file face.png --headless --out face.png",
        "replay bundle --headless --data bundle/data.jsonl",
        "replay bundle --headless --report bundle",
        "replay bundle --headless --out bundle/annotated.mp4",
        "plot data.jsonl --out data.png",
        "evaluate pictures --out pictures/happy --model two.safetensors",
        "evaluate pictures --out o --model two.safetensors --groups o/groups.csv",
        "train pictures --init none --stages 16x1 --out pictures/happy",
        "train pictures --settings o/settings.json --init none --stages 16x1 --out o",
        "train pictures --init o/model.safetensors --stages 16x1 --out o",
        "bench --source film.mp4 --json film.mp4 --headless",
        "explain pictures/sad/report.png --out pictures/sad",
    ],
)
def test_the_input_is_never_replaced(folder, words):
    """Not with --overwrite either."""
    shutil.copy(folder / "bundle" / "clean.mp4", folder / "film.mp4")
    shutil.copy(folder / "face.png", folder / "pictures" / "happy" / "confusion.png")
    shutil.copy(folder / "face.png", folder / "pictures" / "sad" / "report.png")
    (folder / "o").mkdir()
    shutil.copy(folder / "people.csv", folder / "o" / "groups.csv")
    (folder / "o" / "settings.json").write_text("{}")
    shutil.copy(default_model(), folder / "o" / "model.safetensors")
    os.link(folder / "data.jsonl", folder / "data-1.png")
    os.link(folder / "pictures" / "sad" / "report.png", folder / "pictures" / "sad" / "index.html")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = run(folder, f"{words} --overwrite")
    assert done.exit_code == 1, done.output
    assert "is the input itself" in done.output
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.ci
def test_with_overwrite_it_is_replaced(folder):
    (folder / "o").mkdir()
    for name in ("report.json", "confusion.png", "model.safetensors", "notes.txt"):
        (folder / "o" / name).write_text("precious")
    assert run(folder, f"{TRAIN} --overwrite").exit_code == 0
    trained = (folder / "o" / "report.json").read_bytes()
    assert load_file(folder / "o" / "model.safetensors")
    done = run(folder, "evaluate pictures --out o --model o/model.safetensors --overwrite")
    assert done.exit_code == 0, done.output
    assert (folder / "o" / "report.json").read_bytes() != trained
    assert (folder / "o" / "notes.txt").read_text() == "precious"
    assert run(folder, f"{TRAIN} --overwrite").exit_code == 0
    assert len(list((folder / "o" / "checkpoints").iterdir())) == 2
    (folder / "o" / "checkpoints" / "notes.txt").write_text("precious")
    assert run(folder, f"{TRAIN} --overwrite --lr 0.0001").exit_code == 0
    assert (folder / "o" / "checkpoints" / "notes.txt").read_text() == "precious"
    assert len(list((folder / "o" / "checkpoints").iterdir())) == 3


def test_two_outputs_are_two_files(folder):
    (folder / "o").mkdir()
    done = run(folder, "replay bundle --headless --report o --data o/data.jsonl")
    assert done.exit_code == 1
    assert "a name of its own" in done.output
