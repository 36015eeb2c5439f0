"""A disk that stops to answer while a batch looks at what is done: a sentence soon, and what is done stays so."""

import json
import shutil
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from inline import InlineEngine
from stalling import silent, stalling

from emolive.commands.main import cli
from emolive.corpus import engines
from emolive.corpus.asked import FileFacts
from emolive.corpus.result import FORMAT, VideoResult

pytestmark = pytest.mark.ci

LIMIT_S = 60.0
"""Twice ten seconds of patience, on a busy machine."""

SAYS = "has not answered for 10 s"


@pytest.fixture(autouse=True)
def inline(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "local", InlineEngine)


def batch(study: Path, out: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["batch", str(study), "--out", str(out), *more])


def done(out: Path, name: str, video: Path) -> Path:
    """A result of a video, as a batch leaves it."""
    folder, facts = out / name, video.stat()
    folder.mkdir(parents=True)
    (folder / "data.jsonl").write_text("{}\n")
    data = (folder / "data.jsonl").stat()
    result = VideoResult(
        name, str(video), sha256(video.read_bytes()).hexdigest(), "", {}, "", (), {"emolive": "0"}, "data.jsonl", None,
        1, 1, 1.0, 1.0, size=facts.st_size, mtime_ns=facts.st_mtime_ns, format=FORMAT,
        files={"data.jsonl": FileFacts(data.st_size, data.st_mtime_ns, "")},
    )  # fmt: skip
    result.write(folder)
    return folder


@pytest.fixture
def study(film, tmp_path) -> Path:
    (tmp_path / "study").mkdir()
    shutil.copy(film, tmp_path / "study" / "clip.mp4")
    return tmp_path / "study"


@pytest.mark.parametrize("more", [(), ("--status",), ("--verify", "--status")], ids=" ".join)
def test_a_result_that_does_not_answer_is_said_and_not_done_again(study, tmp_path, more):
    done(tmp_path / "out", "clip", study / "clip.mp4")
    began = time.monotonic()
    with silent(tmp_path / "out" / "gone"):
        told = batch(study, tmp_path / "out", *more)
    assert told.exit_code == 1, told.output
    assert SAYS in told.output
    assert time.monotonic() - began < LIMIT_S
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clip", "gone"]


def test_the_data_of_a_result_that_do_not_answer_are_not_made_again(study, tmp_path):
    """Its report can be read, its data file cannot be asked for."""
    folder = done(tmp_path / "out", "clip", study / "clip.mp4")
    report = {"report.json": (folder / "report.json").read_bytes(), "data.jsonl": b"{}\n"}
    shutil.rmtree(folder)
    with stalling(folder, report, 1.0, hushed=["data.jsonl"]):
        told = batch(study, tmp_path / "out")
    assert told.exit_code == 1, told.output
    assert f"data.jsonl {SAYS}" in told.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip"]


def test_one_video_that_does_not_answer_is_named_and_the_rest_is_done(film, tmp_path):
    files = {"a.mp4": film.read_bytes(), "b.mp4": b"0"}
    with stalling(tmp_path / "study", files, 1.0, hushed=["b.mp4"]) as study:
        told = batch(study, tmp_path / "out", "--json")
        why = batch(study, tmp_path / "out", "--status", "--json")
    assert told.exit_code == 1, told.output
    facts = json.loads(told.stdout)
    assert [Path(one["video"]).name for one in facts["done"]] == ["a.mp4"]
    assert [(Path(one["video"]).name, SAYS in one["error"]) for one in facts["failed"]] == [("b.mp4", True)]
    assert [Path(one).name for one in json.loads(why.stdout)["done"]] == ["a.mp4"]


def test_a_drive_of_which_nothing_answers_is_given_up_at_once(tmp_path):
    """It lists its videos, but says nothing of any: not ten seconds for each."""
    files = {f"{n:03}.mp4": b"0" for n in range(100)}
    with stalling(tmp_path / "study", files, 1.0, hushed=list(files)) as study:
        for name in files:  # a batch that knows them all asks about each
            done_elsewhere(tmp_path / "out", name, study / name)
        began = time.monotonic()
        told = batch(study, tmp_path / "out", "--status")
        took = time.monotonic() - began
    assert told.exit_code == 1, told.output
    assert SAYS in told.output
    assert took < LIMIT_S


def done_elsewhere(out: Path, name: str, video: Path) -> None:
    """A result that says of a video what cannot be asked now."""
    stand_in = out.parent / "stand in"
    stand_in.write_bytes(b"0")
    folder = done(out, Path(name).stem, stand_in)
    replace(VideoResult.read(folder), source=str(video)).write(folder)


LINE = '{"t_ms": %d, "faces": [{"face": 1, "probs_smooth": {"happy": 0.9, "sad": 0.1}}]}\n'


def test_a_summary_names_the_folder_that_does_not_answer_and_counts_the_rest(tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    (results / "seen.jsonl").write_text("".join(LINE % (40 * i) for i in range(50)))
    began = time.monotonic()
    with silent(results / "gone"):
        told = CliRunner().invoke(cli, ["summary", str(results), "--out", str(tmp_path / "out")])
        none = CliRunner().invoke(cli, ["summary", str(results / "gone"), "--out", str(tmp_path / "none")])
    assert time.monotonic() - began < 2 * LIMIT_S
    assert (told.exit_code, none.exit_code) == (1, 1)
    assert "Folders that you may not read, or that do not answer: gone." in told.output
    assert SAYS in none.output
    assert "seen" in (tmp_path / "out" / "summary.csv").read_text()
