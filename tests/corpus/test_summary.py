"""The figures of a corpus, against numbers worked out by hand."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from emolive.commands.summary import summary
from emolive.core.errors import EmoliveError
from emolive.corpus.summary import as_json, find, summarise
from emolive.reports.html import clock
from emolive.reports.people import Person, read_people
from emolive.reports.ribbon import HEIGHT, WIDTH, ribbon
from emolive.reports.tally import changes_ms, tally


def line(t_ms: float, *faces: tuple[int, float, float | None], file: str = "") -> str:
    """A frame with faces (number, probability of happy, heat off the face)."""
    found = [
        {"face": n, "probs_smooth": {"happy": p, "sad": 1 - p}, **({"heat": {"off": off}} if off is not None else {})}
        for n, p, off in faces
    ]
    return json.dumps({"t_ms": t_ms, **({"file": file} if file else {}), "faces": found}) + "\n"


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))
    return path


@pytest.fixture
def data(tmp_path) -> Path:
    """Person 1: 2 s happy (40 ms a frame), 1 s sad, a gap of 2 s, 1 s happy. Person 2 for two frames."""
    rows = [(t * 40.0, 0.8, 0.1) for t in range(50)]
    rows += [(2000 + t * 40.0, 0.4, 0.3) for t in range(25)]
    rows += [(5000 + t * 40.0, 0.9, None) for t in range(25)]
    lines = [line(t, (1, p, off), *([(2, 0.5, None)] if t < 80 else [])) for t, p, off in rows]
    return write(tmp_path / "results" / "a" / "data.jsonl", *lines)


def test_figures_by_hand(data):
    one, two = map(tally, read_people(data))
    assert one.seconds == pytest.approx(4.0)
    assert (one.first_s, one.last_s, one.frames) == (0.0, pytest.approx(5.96), 100)
    assert one.share == {"happy": pytest.approx(0.75), "sad": pytest.approx(0.25)}
    assert one.mean["happy"] == pytest.approx((2 * 0.8 + 0.4 + 0.9) / 4)
    assert one.changes == 1  # coming back happy is no change that was seen
    assert one.off == pytest.approx((2 * 0.1 + 0.3) / 3)
    assert two.seconds == pytest.approx(0.08)
    assert (two.changes, two.off) == (0, None)


def test_time_counts_and_not_frames(tmp_path):
    """A slow stretch weighs as much as it lasts."""
    lines = [line(t, (1, 0.9, None)) for t in range(0, 1000, 10)] + [
        line(1000 + t, (1, 0.1, None)) for t in (0, 400, 800)
    ]
    one = tally(read_people(write(tmp_path / "o.jsonl", *lines))[0])
    assert one.share["sad"] == pytest.approx((800 + 10) / 1810, abs=0.01)


def test_a_single_picture_lasts_no_time_but_has_its_figures(tmp_path):
    one = tally(read_people(write(tmp_path / "o.jsonl", line(0, (1, 0.9, 0.5))))[0])
    assert (one.seconds, one.share["happy"], one.mean["happy"], one.off) == (0.0, 1.0, 0.9, 0.5)


def test_a_change_must_last(tmp_path):
    """Both emotions for half a second, in one stretch; what is briefer between two that are alike is no change."""
    states = [(0.9, 10), (0.1, 4), (0.9, 6), (0.1, 5), (0.9, 4), (0.2, 6)]
    lines, t = [], 0.0
    for probability, frames in states:
        lines += [line(t + 100 * i, (1, probability, None)) for i in range(frames)]
        t += 100 * frames
    person = read_people(write(tmp_path / "o.jsonl", *lines))[0]
    assert tally(person).changes == 1
    assert tally(person, hold_s=0.0).changes == 5
    assert changes_ms(person).tolist() == [2000.0]


def test_who_is_seen_in_single_frames_is_seen_for_as_long_as_they_last(tmp_path):
    lines = [line(40.0 * i, *([(1, 0.9, None)] if i % 2 else [])) for i in range(100)]
    one = tally(read_people(write(tmp_path / "o.jsonl", *lines))[0])
    assert (one.seconds, one.last_s - one.first_s) == (pytest.approx(2.0), pytest.approx(3.92))


def test_unknown_numbers_count_for_nothing(tmp_path):
    path = write(tmp_path / "o.jsonl", *(line(40 * i, (1, 0.9, None)) for i in range(5)))
    path.write_text(path.read_text().replace("0.9", "null", 1))
    one = tally(read_people(path)[0])
    assert one.share["happy"] == pytest.approx(1.0)
    assert one.mean["happy"] == pytest.approx(0.9)


def test_what_is_found(data, tmp_path):
    folder = tmp_path / "results"
    (folder / "a" / "report.json").write_text("{}")
    write(folder / "a" / "other.jsonl", "no data\n")  # in a result only its data count
    write(folder / ".making" / "b" / "data.jsonl", "half")
    write(folder / "deep" / "c.csv", "x")
    write(folder / "summary.csv", "ours")
    files, closed = find(folder)
    assert (list(files), closed) == (["a", "deep/c"], [])
    with pytest.raises(EmoliveError, match="no data file"):
        find(write(tmp_path / "empty" / "x.txt", "x").parent)


def test_people_of_several_files_are_videos_of_their_own(tmp_path):
    lines = [line(40 * i, (1, 0.9, None), file=name) for name in ("a.mp4", "b.mp4") for i in range(30)]
    write(tmp_path / "o.jsonl", *lines)
    assert [row.video for row in summarise(tmp_path).rows] == ["o/a.mp4", "o/b.mp4"]


def test_the_command(data, tmp_path):
    folder = tmp_path / "results"
    write(folder / "<b>" / "data.jsonl", *(line(40 * i, (1, 0.2, 0.9)) for i in range(50)))
    done = CliRunner().invoke(summary, [str(folder), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert [track["video"] for track in told["tracks"]] == ["<b>", "a"]
    assert (told["videos"], told["left_out"]) == (2, 1)
    with (folder / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["likeliest"] for row in rows] == ["sad", "happy"]
    assert float(rows[1]["share_happy"]) == 0.75
    assert rows[1]["changes"] == "1"
    page = (folder / "summary.html").read_text()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert not [word for word in ("<script", "http:", "src=") if word in page.replace("http-equiv", "")]
    assert page.count("<svg") == 2
    assert CliRunner().invoke(summary, [str(folder)]).exception is not None  # nothing is replaced unasked
    assert CliRunner().invoke(summary, [str(folder), "--overwrite"]).exit_code == 0


def test_a_broken_file_is_named_and_the_others_are_counted(data, tmp_path):
    write(tmp_path / "results" / "b.csv", "no,table\n1,2\n")
    done = CliRunner().invoke(summary, [str(tmp_path / "results")])
    assert isinstance(done.exception, EmoliveError)
    assert "b.csv" in str(done.exception)
    assert "a,1,,,100" in (tmp_path / "results" / "summary.csv").read_text()


def test_a_ribbon_shows_when_who_was_what(data):
    person = read_people(data)[0]
    svg = ElementTree.fromstring(ribbon(person, 8.0, "<who>"))
    happy, sad = (element for element in svg if element.tag == "path")
    points = [tuple(map(int, p.split())) for piece in happy.get("d").split("M")[1:] for p in piece[:-1].split("L")]
    xs = {x for x, _ in points}
    assert min(xs) == 0
    assert max(xs) == pytest.approx(WIDTH * 6 / 8, abs=4)
    assert not [x for x in xs if WIDTH * 3.1 / 8 < x < WIDTH * 4.9 / 8]  # the gap
    assert next(y for x, y in points if x == 111) == pytest.approx(HEIGHT * (1 - 0.8), abs=1)
    assert sad.get("d").count("M") == happy.get("d").count("M") == 2


def test_a_ribbon_stays_small():
    n = 100_000
    person = Person(1, ("a", "b"), np.arange(n), np.arange(n) * 40.0, np.full((n, 2), 0.5), np.full(n, np.nan))
    assert len(ribbon(person, 4000.0, "x")) < 30_000
    assert [clock(s) for s in (5, 65, 3723)] == ["0:05", "1:05", "1:02:03"]


def test_nothing_is_no_number(tmp_path):
    write(tmp_path / "o.jsonl", line(0), line(40))
    found = summarise(tmp_path)
    assert (found.videos, found.rows) == (1, ())
    json.dumps(as_json(found), allow_nan=False)
