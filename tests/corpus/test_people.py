"""people.csv joins tracks into people and makes groups; results of different settings are not added up in silence."""

import csv
import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_summary import line, write

from emolive.commands.main import cli
from emolive.corpus.asked import FileFacts
from emolive.corpus.result import FORMAT, VideoResult
from emolive.corpus.settings import ONLY_SEEN
from emolive.corpus.tables import FIGURES, TRACKS, dictionary_of


@pytest.fixture
def results(tmp_path) -> Path:
    """Six videos of two faces for 20 s: face 1 is happy in even ones, face 2 never."""
    folder = tmp_path / "results"
    for v in range(6):
        lines = [line(t * 100.0, (1, 0.2 if v % 2 else 0.8, 0.1), (2, 0.1, None)) for t in range(200)]
        write(folder / f"v{v}" / "data.jsonl", *lines)
    return folder


def summary(folder: Path, people: str = "", *more: object) -> Result:
    words = ["summary", folder, *more]
    if people:
        words += ["--people", write(folder / "people.csv", people)]
    return CliRunner().invoke(cli, [str(word) for word in words])


def figures(folder: Path, **which: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """Rows of the tidy table by figure, emotion and whom they are of."""
    with (folder / "summary-figures.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if which.items() <= row.items()]
    return {(r["figure"], r["emotion"], r["video"] or r["person"] or r["group"]): r for r in rows}


ROWS = "video,track,person,condition,age\n" + "".join(
    f"v{v},1,anna,{'b' if v % 2 else 'a'},30\nv{v},,p{v},a,{20 + v}\n" for v in range(6)
)


def test_tracks_are_joined_into_people_and_groups(results):
    done = summary(results, ROWS)
    assert done.exit_code == 0, done.output
    people = figures(results, level="person")
    anna = people["share", "happy", "anna"]
    assert (float(anna["value"]), float(anna["seconds"]), anna["videos"]) == (0.5, 120.0, "6")
    assert anna["over"] == "videos"
    assert float(anna["low"]) < 0.5 < float(anna["high"])
    assert float(people["share", "happy", "p3"]["value"]) == 0
    groups = figures(results, level="group", column="condition")
    # Each person counts alike: anna (always happy there) and six who never are.
    assert float(groups["share", "happy", "a"]["value"]) == pytest.approx(1 / 7, abs=1e-6)
    assert (groups["share", "happy", "a"]["people"], groups["share", "happy", "a"]["videos"]) == ("7", "6")
    assert float(groups["share", "happy", "b"]["value"]) == 0
    assert groups["share", "happy", "b"]["missing"] == "too little: 1 of 5 people that an interval needs"
    with (results / "summary.csv").open(newline="") as file:
        rows = {(r["video"], r["track"]): r for r in csv.DictReader(file)}
    assert rows["v3", "1"]["person"] == "anna"
    assert rows["v3", "2"]["person"] == "p3"
    assert rows["v3", "2"]["age"] == "23"


def test_a_short_video_has_its_figures_and_no_interval(results):
    assert summary(results).exit_code == 0
    one = figures(results, level="video")["share", "happy", "v0"]
    assert (float(one["value"]), one["low"], one["missing"]) == (
        0.5,
        "",
        "too little: 20 of 60 s that an interval needs",
    )
    assert ("changes_per_min", "", "v0") not in figures(results, level="video")


def test_unknown_videos_and_tracks_are_named_once(results):
    people = "video,track,person\nv0,1,a\nv0,7,b\nelse,1,c\nelse,2,c\n"
    done = summary(results, people)
    assert done.exit_code == 0, done.output
    assert done.output.count("people.csv names videos that are not there: else.") == 1
    assert done.output.count("people.csv names tracks that are not in the data: v0 7.") == 1
    assert "says nothing of 11 faces" in done.output
    assert "not there: else" in (results / "summary.html").read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("film,track,person\n", "no columns video, track and person"),
        ("video,track,person,person\n", "twice"),
        ("video,track,person\nv0,1,a\nv0,1,b\n", "Line 3"),
        ("video,track,person\nv0,one,a\n", "no number of a track"),
        ("video,track,person\nv0,1,\n", "says no person"),
        ("video,track,person\nv0,1\n", "2 cells of 3"),
        ("", "cannot be read"),
    ],
)
def test_what_is_no_people_csv(results, text, says):
    path = write(results.parent / "who.csv", text)
    done = CliRunner().invoke(cli, ["summary", str(results), "--people", str(path)])
    assert done.exit_code == 1
    assert says in done.output
    assert str(path) in done.output
    assert not (results / "summary.csv").exists()


def test_one_who_is_in_sight_twice_at_once_is_named(results):
    done = summary(results, "video,track,person\nv0,,anna\n")
    assert "In sight twice at once" in done.output
    assert "anna in v0" in done.output


def record(folder: Path, source: str, content: str, **options: object) -> None:
    """The report of a batch beside a data file."""
    facts = (folder / "data.jsonl").stat()
    VideoResult(
        folder.name, source, content, json.dumps(options), {"method": "gradcam", "detector": "full", **options}, "m",
        ("happy", "sad"), {"emolive": "0"}, "data.jsonl", None, 200, 400, 2e4, 1.0,
        files={"data.jsonl": FileFacts(facts.st_size, facts.st_mtime_ns)}, format=FORMAT,
    ).write(folder)  # fmt: skip


def test_results_of_different_settings_are_refused_or_told_apart(results):
    for v in range(6):
        record(results / f"v{v}", f"/study/a/{v}.mp4", str(v), detector="tiled" if v == 5 else "full", alpha=v / 10)
    done = summary(results)
    assert done.exit_code == 1
    assert "B (1 of 6 videos) differs from A in detector: full → tiled" in done.output
    assert "alpha" not in done.output
    assert {"alpha", "data"} <= ONLY_SEEN
    done = summary(results, "", "--by-settings")
    assert done.exit_code == 0, done.output
    kinds = {kind: figures(results, level="all", settings=kind)["share", "happy", ""] for kind in "AB"}
    assert {kind: row["videos"] for kind, row in kinds.items()} == {"A": "5", "B": "1"}
    assert float(kinds["A"]["value"]) == pytest.approx(0.3)
    assert "detector: full → tiled" in (results / "summary.html").read_text()


def test_a_video_counts_once_and_only_as_it_was_written(results):
    for v in range(6):
        record(results / f"v{v}", f"/study/a/{v}.mp4", "same" if v in (0, 3) else str(v))
    write(results / "v5" / "data.jsonl", line(0.0, (1, 0.5, None)))
    done = summary(results, "video,track,person\na/1.mp4,1,one\n/study/a/2.mp4,1,two\n")
    assert done.exit_code == 1
    assert "v5" in done.output
    assert "Run the batch again" in done.output
    assert "v3 is the same video as v0" in done.output
    assert set(figures(results, level="person")) == {
        (figure, emotion, who) for who in ("one", "two")
        for figure, emotion in (("changes", ""), ("share", "happy"), ("share", "sad"), ("mean", "happy"),
                                ("mean", "sad"), ("off_face", ""))
    }  # fmt: skip
    assert figures(results, level="all")["share", "happy", ""]["videos"] == "4"


def test_parquet_says_the_same_with_its_dictionary(results):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert summary(results, ROWS, "--parquet").exit_code == 0
    table = parquet.read_table(results / "summary-figures.parquet")
    with (results / "summary-figures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert table.column_names == list(rows[0]) == [column.name for column in FIGURES]
    assert [row["person"] for row in rows] == table["person"].to_pylist()
    values = [float(row["value"]) if row["value"] else math.nan for row in rows]
    assert values == pytest.approx([math.nan if v is None else v for v in table["value"].to_pylist()], nan_ok=True)
    assert table.schema.field("low").metadata[b"says"]
    with (results / "summary-columns.csv").open(newline="") as file:
        told = {(row["table"], row["column"]) for row in csv.DictReader(file)}
    assert told == {("summary", c.name) for c in TRACKS} | {("summary-figures", c.name) for c in FIGURES}


def test_the_dictionary_in_the_documents_is_this_one():
    text = (Path(__file__).parents[2] / "docs" / "DATA.md").read_text()
    assert dictionary_of(TRACKS) in text
    assert dictionary_of(FIGURES) in text
