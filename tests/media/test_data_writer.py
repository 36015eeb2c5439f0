"""The numbers per frame: what the issue promises, read back by other readers."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import scene_of

from emolive.core.errors import OutputError
from emolive.core.evidence import OWN, Query
from emolive.core.scene import (
    Agreement,
    Face,
    Frame,
    Ledger,
    Memory,
    Progress,
    Proof,
    Reading,
    Regions,
    Remembered,
    Result,
    Scene,
    Target,
    Variant,
)
from emolive.media.data import DataWriter
from emolive.media.figures import FIGURES

SUPPORT = Path(__file__).resolve().parents[1] / "support"
LABELS = ("angry", "happy", "neutral")
BGR = np.zeros((48, 64, 3), np.uint8)
ASKS = (Query("linear", OWN), Query("linear", "other_face", 2), Query("linear", "random"))


def scene(index: int, tracks: tuple[int, ...], progress: Progress | None = None, name: str = "") -> Scene:
    """A frame with one face per track; the raw probabilities favour "angry", the smoothed ones "happy"."""
    shown = Variant()
    raw, smooth = np.array([0.7, 0.2, 0.1], np.float32), np.array([0.25, 0.5, 0.25], np.float32)
    faces = tuple(Face((1.234567 + t, 2.0, 30.5, 40.25), 0.93456789, np.zeros((6, 2)), t) for t in tracks)
    result = Result(np.zeros(3), raw, None, 0)
    crop, maps = np.zeros((8, 8, 3), np.uint8), np.zeros((1, 1, 1))
    reading = Reading(crop, (0, 0, 8, 8), {shown: result}, shown, maps, smoothed=smooth)
    memory = Memory({t: Remembered(smooth, {}, np.zeros(1), "layer4", 0.0) for t in tracks})
    base = scene_of(Frame(index, 400 / 3 * index, BGR, name=name), progress=progress)
    return replace(base, faces=faces, readings=(reading,) * len(faces), memory=memory)


def write(path: Path, *scenes: Scene) -> Path:
    with DataWriter(path, LABELS) as writer:
        for each in scenes:
            writer(each, {})
        assert writer.notes() == ()
    return path


def test_json_lines(tmp_path):
    path = write(tmp_path / "new" / "out.jsonl", scene(0, (3, 5)), scene(1, ()), scene(3, (3,)))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["frame"] for line in lines] == [0, 1, 3]
    assert [line["t_ms"] for line in lines] == pytest.approx([0, 133.333, 400])
    assert lines[1] == {"frame": 1, "t_ms": 133.333, "faces": []}
    face = lines[0]["faces"][0]
    first = ["face", "box", "score", "confirmed", "turn", "label", "probs", "probs_smooth", "entropy", "target"]
    assert list(face) == first
    assert face["confirmed"] is True
    assert (face["face"], face["score"], face["label"]) == (3, 0.9346, "happy")
    assert face["box"] == [4.23, 2.0, 30.5, 40.25]
    assert face["probs"] == {"angry": 0.7, "happy": 0.2, "neutral": 0.1}
    assert face["probs_smooth"] == {"angry": 0.25, "happy": 0.5, "neutral": 0.25}
    assert lines[0]["faces"][1]["face"] == 5


def test_table(tmp_path):
    path = write(tmp_path / "out.csv", scene(0, (3, 5)), scene(1, ()), scene(3, (3,)))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["frame"], row["face"]) for row in rows] == [("0", "3"), ("0", "5"), ("3", "3")]
    assert rows[0]["label"] == "happy"
    assert [float(rows[0][f"prob_{label}"]) for label in LABELS] == [0.7, 0.2, 0.1]
    assert [float(rows[0][f"smooth_{label}"]) for label in LABELS] == [0.25, 0.5, 0.25]
    assert [float(rows[0][key]) for key in ("x0", "y0", "x1", "y1")] == [4.23, 2.0, 30.5, 40.25]
    assert None not in rows[0]


def doubted(index: int, tracks: tuple[int, ...], others: tuple[int, ...]) -> Scene:
    """A frame in which some are not known to be faces."""
    away = tuple(Face((50.0 + t, 2.0, 90.0, 40.0), 0.51, np.zeros((6, 2)), t, confirmed=False) for t in others)
    return replace(scene(index, tracks), unconfirmed=away)


def test_of_what_may_be_no_face_only_the_place_is_said(tmp_path):
    scenes = doubted(0, (3,), (8, 9)), doubted(1, (), (8,))
    lines = [json.loads(line) for line in write(tmp_path / "o.jsonl", *scenes).read_text().splitlines()]
    expected = {"face": 8, "box": [58.0, 2.0, 90.0, 40.0], "score": 0.51, "confirmed": False}
    assert [[face["face"] for face in line["faces"]] for line in lines] == [[3, 8, 9], [8]]
    assert lines[0]["faces"][1] == lines[1]["faces"][0] == expected
    with write(tmp_path / "o.csv", *scenes).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["face"], row["confirmed"]) for row in rows] == [
        ("3", "true"), ("8", "false"), ("9", "false"), ("8", "false")
    ]  # fmt: skip
    known = {"frame", "t_ms", "face", "x0", "y0", "x1", "y1", "score", "confirmed"}
    assert {name for name, value in rows[3].items() if value} == known


def test_table_without_faces_has_its_header(tmp_path):
    assert write(tmp_path / "out.csv", scene(0, ())).read_text().startswith("frame,t_ms,face,x0")


def everything() -> Scene:
    """A scene in which all is known that can be written about a face."""
    some = scene(0, (3,))
    (reading,) = some.readings
    shown = replace(reading.shown, target=Target(minus="happy"))
    reading = replace(reading, results={shown: reading.result}, shown=shown)
    off = replace(reading.shown, off=(1,), off_layer="layer4")
    knocked = replace(reading.result, probs=np.array([0.6, 0.3, 0.1]))
    full = replace(
        reading,
        results={**reading.results, off: knocked},
        knocked=off,
        ledger=Ledger(np.array([1.5, -0.25]), 0.5, 1.75, 0, True),
        proof=Proof(7, 3, 0, 0.7, ASKS, (0.2, 0.5, 0.6), np.zeros((3, 4, 4, 3), np.uint8)),
        regions=Regions(0.5, 0.2, 0.1, 0.1, 0.1),
        agreement=Agreement(0.75, 0.5),
    )
    menu = replace(some.menu, blind=("eigencam",), random=("fc", "layer4", "layer3"))
    faces = (replace(some.faces[0], outside="dark"),)
    return replace(some, faces=faces, readings=(full,), settings=replace(some.settings, random=2), menu=menu)


def blind() -> Scene:
    """A scene whose map is of a method that knows no class."""
    some = everything()
    (reading,) = some.readings
    shown = replace(reading.shown, method="eigencam")
    return replace(some, readings=(replace(reading, results={shown: reading.result}, shown=shown, knocked=None),))


def test_a_row_names_what_was_explained_against_what_and_whose_map_was_compared(tmp_path):
    face = json.loads(write(tmp_path / "o.jsonl", everything()).read_text())["faces"][0]
    assert (face["target"], face["against"], face["random"]) == ("angry", "happy", "fc + layer4")
    assert "knows_class" not in face
    face = json.loads(write(tmp_path / "b.jsonl", blind()).read_text())["faces"][0]
    assert face["knows_class"] is False
    assert not {"target", "against"} & set(face)
    with write(tmp_path / "b.csv", blind()).open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["target"], row["against"], row["knows_class"]) == ("", "", "false")


def test_every_figure_fills_its_columns(tmp_path):
    some = everything()
    for figure in FIGURES:
        value = figure.value(blind() if figure.key == "knows_class" else some, 0, LABELS)
        assert value is not None, figure.key
        count = len(value) if isinstance(value, list | dict) else 1
        assert len(figure.columns(LABELS)) == count, figure.key
    face = json.loads(write(tmp_path / "o.jsonl", some).read_text())["faces"][0]
    assert face["drops"] == {
        "frame": 7,
        "masking": "linear",
        "hot": 0.5,
        "other_face": 0.2,
        "centre": None,
        "class_blind": None,
        "random": 0.1,
    }
    assert face["probs_off"] == {"angry": 0.6, "happy": 0.3, "neutral": 0.1}
    assert face["score_sum"] == {"logit": 1.75, "bias": 0.5, "channels": 1.25}
    assert face["heat"]["eyes"] == 0.5
    assert face["agreement"] == {"spearman": 0.75, "iou": 0.5}


def test_a_table_keeps_its_columns_where_nothing_is_known(tmp_path):
    rows = write(tmp_path / "o.csv", everything(), scene(1, (3,))).read_text().splitlines()
    assert len({len(row.split(",")) for row in rows}) == 1
    assert rows[2].endswith(",,")


def test_a_frame_drawn_anew_is_written_once(tmp_path):
    path = write(tmp_path / "out.jsonl", scene(0, (1,)), scene(0, (1,)), scene(1, (1,)), scene(1, ()))
    assert len(path.read_text().splitlines()) == 2


def test_several_files_are_named(tmp_path):
    two = Progress("a.mp4", live=False, files=2)
    scenes = scene(0, (1,), two, "a.mp4"), scene(1, (1,), two, "b, c.mp4")
    lines = [json.loads(line) for line in write(tmp_path / "o.jsonl", *scenes).read_text().splitlines()]
    assert [line["file"] for line in lines] == ["a.mp4", "b, c.mp4"]
    with write(tmp_path / "o.csv", *scenes).open(newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["a.mp4", "b, c.mp4"]


def test_each_line_is_there_when_its_frame_is_done(tmp_path):
    with DataWriter(tmp_path / "out.jsonl", LABELS) as writer:
        for i in range(5):
            writer(scene(i, (1,)), {})
            assert len((tmp_path / "out.jsonl").read_text().splitlines()) == i + 1


def test_a_face_of_which_nothing_is_remembered(tmp_path):
    some = scene(0, (3,))
    forgotten = replace(some, readings=(replace(some.readings[0], smoothed=None),))
    (line,) = write(tmp_path / "out.jsonl", forgotten).read_text().splitlines()
    face = json.loads(line)["faces"][0]
    assert face["label"] == "angry"
    assert face["probs_smooth"] == face["probs"]


def test_no_number_becomes_null(tmp_path):
    bad = scene(0, (3,))
    bad.readings[0].result.probs[0] = np.nan
    line = write(tmp_path / "out.jsonl", bad).read_text()
    assert "NaN" not in line
    assert json.loads(line)["faces"][0]["probs"]["angry"] is None


def test_a_label_with_odd_letters(tmp_path):
    with DataWriter(tmp_path / "out.jsonl", ("fröhlich", 'a"b,c', "中")) as writer:
        writer(scene(0, (3,)), {})
    assert list(json.loads((tmp_path / "out.jsonl").read_text())["faces"][0]["probs"]) == ["fröhlich", 'a"b,c', "中"]


def test_where_it_may_not_be_written(tmp_path):
    (tmp_path / "out.csv").write_text("precious")
    for path, says in ((tmp_path / "out.csv", "--overwrite"), (tmp_path / "out.txt", "jsonl"), (tmp_path, "jsonl")):
        with pytest.raises(OutputError, match=says), DataWriter(path, LABELS):
            pass
    with (
        pytest.raises(OutputError, match="input itself"),
        DataWriter(tmp_path / "out.csv", LABELS, True, [tmp_path / "out.csv"]),
    ):
        pass
    assert (tmp_path / "out.csv").read_text() == "precious"
    with DataWriter(tmp_path / "out.csv", LABELS, overwrite=True):
        pass


def test_full_disk_leaves_whole_lines(tmp_path):
    path = tmp_path / "out.jsonl"
    script = f"""
import resource, signal, sys
sys.path[:0] = [{str(SUPPORT)!r}, {str(Path(__file__).parent)!r}]
from test_data_writer import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with DataWriter(Path({str(path)!r}), LABELS) as writer:
        for i in range(100):
            writer(scene(i, (1, 2)), {{}})
except OutputError as error:
    print(error)
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "File too large" in out
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) >= 1
    assert all(line.endswith("\n") and json.loads(line) for line in lines)
