"""Timelines: from the data that `--data` writes to a picture for each person."""

import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from thinned import dear

from emolive.commands.reports import plot as command
from emolive.core.errors import EmoliveError, OutputError
from emolive.core.scene import (
    Face,
    Frame,
    Memory,
    Menu,
    Progress,
    Reading,
    Result,
    Scene,
    Settings,
    Variant,
)
from emolive.media.data import data_writer
from emolive.reports.plot import plot, read_series, spread
from emolive.ui.palette import INK, hue

LABELS = ("angry", "happy", "sad")
SEEN = {1: range(60), 2: [*range(10, 25), *range(40, 60)], 3: range(5)}
"""The frames in which three people are in sight, 25 a second."""


def probabilities(track: int, frame: int) -> np.ndarray:
    happy = 0.5 + 0.4 * math.sin(frame / 8 + track)
    return np.array([0.3 * (1 - happy), happy, 0.7 * (1 - happy)])


def scene(frame: int, files: int = 1) -> Scene:
    """A frame as the loop hands it to a data writer; what is smoothed differs from what is raw."""
    tracks = [track for track, frames in SEEN.items() if frame in frames]
    shown, raw = Variant(), np.array([1.0, 0.0, 0.0])
    result = Result(raw, raw, None, 0)
    reading = Reading(np.zeros((4, 4, 3), np.uint8), (0, 0, 1, 1), {shown: result}, shown, np.zeros((1, 1, 1)))
    return Scene(
        frame=Frame(frame, frame * 40.0, np.zeros((8, 8, 3), np.uint8), name="a.mp4"),
        faces=tuple(Face((0, 0, 4, 4), 0.9, np.zeros((6, 2)), track) for track in tracks),
        readings=tuple(replace(reading, smoothed=probabilities(track, frame)) for track in tracks),
        memory=Memory(),
        settings=Settings(),
        menu=Menu((), (), LABELS),
        progress=Progress("a.mp4", files=files),
    )


@pytest.fixture(params=[".jsonl", ".csv", ".parquet"])
def data(request, tmp_path):
    return written(tmp_path, request.param)


@pytest.fixture(params=[".jsonl", *dear(".csv", ".parquet")])
def drawn_data(request, tmp_path):
    """For tests that draw, which costs."""
    return written(tmp_path, request.param)


def written(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    with data_writer(path, LABELS) as writer:
        for frame in range(60):
            writer(scene(frame), {})
    return path


def test_series_are_what_was_written(data):
    people = read_series(data)
    assert [one.track for one in people] == [1, 2, 3]
    assert people[0].labels == LABELS
    np.testing.assert_allclose(people[0].t_s, np.arange(60) * 0.04)
    np.testing.assert_allclose(people[0].probs, [probabilities(1, frame) for frame in range(60)], atol=1e-5)


def test_what_each_frame_alone_says_is_drawn_beside_what_was_shown(drawn_data, tmp_path):
    people = read_series(drawn_data, raw=True)
    for one in people:
        seen = np.isfinite(one.raw).all(1)
        assert np.array_equal(seen, np.isfinite(one.probs).all(1))
        assert (one.raw[seen] == [1.0, 0.0, 0.0]).all()
    assert read_series(drawn_data)[0].raw is None
    (both, *_), (one, *_) = (
        plot(drawn_data, tmp_path / "b.png", raw=True).files,
        plot(drawn_data, tmp_path / "a.png").files,
    )
    assert not np.array_equal(cv2.imread(str(both)), cv2.imread(str(one)))


def test_lines_break_where_a_person_is_out_of_sight(data):
    second = read_series(data)[1]
    gaps = np.flatnonzero(np.isnan(second.probs).all(1))
    assert gaps.tolist() == [15]
    assert 24 * 0.04 < second.t_s[15] < 40 * 0.04
    assert np.isnan(second.entropy[15])
    assert second.seconds == pytest.approx(35 * 0.04)  # gaps are no sight


def test_one_frame_out_of_sight_is_a_gap_only_if_it_was_there(tmp_path):
    path = tmp_path / "out.jsonl"
    one = {"face": 1, "probs_smooth": {"happy": 0.5, "sad": 0.5}}
    frames = [(0, [one]), (40, []), (80, [one]), (200, [one]), (900, [one]), (300, [one])]
    path.write_text("".join(json.dumps({"t_ms": t, "faces": faces}) + "\n" for t, faces in frames))
    probs = read_series(path)[0].probs[:, 0]
    assert np.isnan(probs).tolist() == [False, True, False, False, True, False, True, False]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_what_may_be_no_face_is_in_no_picture(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    letter = Face((4, 4, 8, 8), 0.5, np.zeros((6, 2)), 4, confirmed=False)
    with data_writer(path, LABELS) as writer:
        for frame in range(60):
            writer(replace(scene(frame), unconfirmed=(letter,)), {})
    assert [one.track for one in read_series(path)] == [1, 2, 3]


def test_older_data_say_nothing_of_confirmed_and_all_count(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("frame,t_ms,face,smooth_happy,smooth_sad\n0,0.0,1,0.5,0.5\n1,40.0,1,0.5,0.5\n")
    assert len(read_series(path)[0].t_s) == 2


def test_entropy_is_in_bits(tmp_path):
    path = tmp_path / "out.jsonl"
    rows = ({"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0}, dict.fromkeys("abcd", 0.25), {"a": 0.5, "b": 0.5, "c": 0, "d": 0})
    faces = ([{"face": 1, "probs_smooth": row}] for row in (*rows, dict.fromkeys("abcd")))
    path.write_text("".join(json.dumps({"t_ms": i, "faces": face}) + "\n" for i, face in enumerate(faces)))
    np.testing.assert_allclose(read_series(path)[0].entropy, [0, 2, 1, np.nan])


def test_people_of_several_files_are_kept_apart(tmp_path):
    path = tmp_path / "out.jsonl"
    line = {"faces": [{"face": 1, "probs_smooth": {"happy": 1.0}}]}
    lines = [{"t_ms": t, "file": file, **line} for file in ("b.mp4", "../a.mp4") for t in (0, 40)]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert [(one.file, one.track) for one in read_series(path)] == [("../a.mp4", 1), ("b.mp4", 1)]
    done = plot(path, tmp_path / "x.png", min_seconds=0)
    assert [file.name for file in done.files] == ["x-a-mp4-1.png", "x-b-mp4-1.png"]


def test_a_last_line_that_was_cut_off_is_left_out(data):
    if data.suffix == ".parquet":
        return  # has no lines; its own tests say what becomes of a broken one
    whole = data.read_bytes()
    before = [len(one.t_s) for one in read_series(data)]
    cut = data.with_name(f"cut{data.suffix}")
    cut.write_bytes(whole[:-25])
    after = [len(one.t_s) for one in read_series(cut)]
    assert sum(before) - 2 <= sum(after) < sum(before)


def test_a_picture_for_each_person_in_the_projects_colours(drawn_data, tmp_path):
    done = plot(drawn_data, tmp_path / "time.png")
    assert [file.name for file in done.files] == ["time-1.png", "time-2.png"]
    assert done.left_out == 1
    picture = cv2.imread(str(done.files[0]))
    assert (picture[3, 3] == INK).all()
    for i, label in enumerate(LABELS):
        assert (np.abs(picture.astype(int) - hue(label, i)).max(-1) <= 3).sum() > 100, label


def test_pictures_are_the_same_each_time(drawn_data, tmp_path):
    one, two = (plot(drawn_data, tmp_path / f"{name}.png").files[0].read_bytes() for name in "ab")
    assert one == two


def test_nothing_is_replaced_unasked(drawn_data):
    out = drawn_data.with_suffix(".png")
    second = out.with_name("out-2.png")
    second.write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        plot(drawn_data, out)
    assert second.read_text() == "mine"
    assert not out.with_name("out-1.png").exists()
    assert len(plot(drawn_data, out, overwrite=True).files) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.jsonl", b"\xff\xfe\x00", "not text"),
        ("a.jsonl", b'{"t_ms": 0, "faces": []}\n', "No face"),
        ("a.jsonl", b'{"t_ms": 0, "faces": []}\nhello\n{"t_ms": 1, "faces": []}\n', "Line 2"),
        ("a.jsonl", b"[1, 2]\n", "Line 1"),
        ("a.jsonl", b'{"t_ms": 0, "faces": [{"face": 1}]}\n', "Line 1"),
        ("a.csv", b"name,age\nme,7\n", "no columns"),
        ("a.csv", b"frame,t_ms,face,smooth_happy\n0,0,1\n1,40,1,0.5\n", "Line 2"),
        ("a.csv", b"frame,t_ms,face,smooth_happy\n", "No face"),
    ],
)
def test_bad_data_is_answered_with_a_sentence(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(EmoliveError, match=words):
        plot(path, tmp_path / "x.png")


def test_the_command_names_what_it_wrote(drawn_data, tmp_path):
    done = CliRunner().invoke(command, [str(drawn_data)])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        str(drawn_data.with_name("out-1.png")),
        str(drawn_data.with_name("out-2.png")),
        "Left out: 1 person in sight for less than 0.5 s.",
    ]
    gone = CliRunner().invoke(command, [str(tmp_path / "gone.jsonl")])
    assert "There is no data file" in str(gone.exception)
    brief = CliRunner().invoke(command, [str(drawn_data), "--min-seconds", "60", "--overwrite"])
    assert "--min-seconds 0" in str(brief.exception)
    other = CliRunner().invoke(command, [str(drawn_data), "--out", str(tmp_path / "x.mp4")])
    assert ".png at its end" in str(other.exception)


def test_labels_beside_the_lines_keep_apart_and_in_order():
    rng = np.random.default_rng(3)
    for count in (1, 2, 7, 8, 20):
        values = rng.choice([0.0, 0.02, 0.5, 0.97, 1.0], count) + rng.normal(0, 1e-3, count)
        places = np.array(spread(values.tolist(), 0.062))
        order = np.argsort(values, kind="stable")
        assert (np.diff(places[order]) >= 0.062 - 1e-9).all()
        if count < 16:
            assert places.max() <= 1 + 1e-9
    assert spread([0.1, 0.9], 0.062) == [0.1, 0.9]
