"""Parquet says what the CSV table says, with types; a file of that name is whole."""

import csv
import math
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import scene_of
from test_data_writer import BGR, LABELS, doubted, everything, scene

from emolive.core.errors import EmoliveError, OutputError
from emolive.core.scene import Frame, Progress
from emolive.media.data import data_writer
from emolive.reports.people import read_people

pa = pytest.importorskip("pyarrow")
from pyarrow import parquet as pq  # noqa: E402

from emolive.media import parquet  # noqa: E402

SUPPORT = Path(__file__).resolve().parents[1] / "support"


def write(path: Path, *scenes, labels=LABELS) -> Path:
    with data_writer(path, labels) as writer:
        for each in scenes:
            writer(each, {})
    return path


def walk(count: int, files: int = 1) -> list:
    """People who come and go, everything known of some of them, some of them doubted for a while."""
    progress = Progress("a.mp4", live=False, files=files)
    scenes = [
        replace(
            doubted(i, tuple(range(1, 1 + i % 4)), (4,) if i % 5 == 0 else (1,) if not i % 4 else ()),
            progress=progress,
            frame=Frame(i, 400 / 3 * i, BGR, name=f"{'ab'[i > count / 2]}.mp4"),
        )
        for i in range(count)
    ]
    return [*scenes, replace(everything(), frame=Frame(count, 40.0 * count, BGR), progress=progress)]


@pytest.mark.parametrize("files", [1, 2])
def test_the_same_as_the_table(tmp_path, files, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS", 7)
    table = pq.read_table(write(tmp_path / "o.parquet", *walk(40, files)))
    with write(tmp_path / "o.csv", *walk(40, files)).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert table.column_names == list(rows[0])
    assert table.num_rows == len(rows)
    for written, row in zip(table.to_pylist(), rows, strict=True):
        for name, value in written.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            assert ("" if value is None else text) == row[name], name


def test_types(tmp_path):
    table = pq.read_table(write(tmp_path / "o.parquet", *walk(5, files=2)))
    kinds = {str(field.type): {f.name for f in table.schema if f.type == field.type} for field in table.schema}
    assert kinds["int64"] == {"frame", "face", "drop_frame"}
    assert kinds["string"] == {"file", "label", "outside", "target", "against", "random", "drop_masking"}
    assert kinds["bool"] == {"confirmed", "knows_class"}
    assert set(kinds) == {"int64", "string", "bool", "double"}
    assert table["drop_hot"].null_count == table.num_rows - 1


def test_rows_go_out_in_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS", 10)
    with data_writer(tmp_path / "o.parquet", LABELS) as writer:
        sizes = []
        for i in range(100):
            writer(scene(i, (1,)), {})
            sizes.append((tmp_path / ".o.parquet.part").stat().st_size)
            assert not (tmp_path / "o.parquet").exists()
    assert sizes[20] < sizes[50] < sizes[-1]
    assert [p.name for p in tmp_path.iterdir()] == ["o.parquet"]
    file = pq.ParquetFile(tmp_path / "o.parquet")
    assert file.metadata.num_row_groups == 10
    assert file.read()["frame"].to_pylist() == list(range(100))


def test_nobody_and_nothing(tmp_path):
    empty = pq.read_table(write(tmp_path / "none.parquet"))
    nobody = pq.read_table(write(tmp_path / "nobody.parquet", scene(0, ())))
    assert empty.schema == nobody.schema
    assert (empty.num_rows, nobody.num_rows) == (0, 0)
    assert read_people(tmp_path / "nobody.parquet") == []


def test_a_frame_drawn_anew_and_no_number(tmp_path):
    bad = scene(1, (3,))
    bad.readings[0].result.probs[0] = math.nan
    table = pq.read_table(write(tmp_path / "o.parquet", scene(0, (3,)), scene(0, (3,)), bad))
    assert table["frame"].to_pylist() == [0, 1]
    assert table["prob_angry"].to_pylist() == [0.7, None]


@pytest.mark.parametrize("files", [1, 2])
def test_people_are_the_same_from_every_kind_of_file(tmp_path, files):
    scenes = [s for s in walk(60, files) if s.found]  # a table has no row for a frame without faces
    found = [read_people(write(tmp_path / f"o.{kind}", *scenes)) for kind in ("jsonl", "csv", "parquet")]
    for others in found[1:]:
        assert [(p.file, p.track, p.labels) for p in others] == [(p.file, p.track, p.labels) for p in found[0]]
        for one, other in zip(found[0], others, strict=True):
            for field in ("frame", "t_ms", "probs", "off"):
                np.testing.assert_array_equal(getattr(other, field), getattr(one, field), field)
    assert len(found[0]) == (3 if files == 1 else 7)
    confirmed = sum(len(s.faces) for s in scenes)
    assert sum(len(person.frame) for person in found[0]) == confirmed < sum(len(s.found) for s in scenes)


def test_an_error_in_the_loop_keeps_the_rows_under_the_unfinished_name(tmp_path):
    def write() -> None:
        with data_writer(tmp_path / "o.parquet", LABELS) as writer:
            writer(scene(0, (1, 2)), {})
            writer(None, {})

    with pytest.raises(AttributeError):
        write()
    assert [p.name for p in tmp_path.iterdir()] == [".o.parquet.part"]
    assert pq.read_table(tmp_path / ".o.parquet.part").num_rows == 2


def test_kill_leaves_nothing_of_that_name(tmp_path):
    script = f"""
import sys
sys.path[:0] = [{str(SUPPORT)!r}, {str(Path(__file__).parent)!r}]
from test_data_writer import *
from emolive.media.data import data_writer
with data_writer(Path({str(tmp_path / "o.parquet")!r}), LABELS) as writer:
    for i in range(10_000_000):
        writer(scene(i, (1, 2)), {{}})
        if i == 5000:
            print("go", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "go\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert [p.name for p in tmp_path.iterdir()] == [".o.parquet.part"]
    write(tmp_path / "o.parquet", scene(0, (1,)))  # what was left is no hindrance
    assert [p.name for p in tmp_path.iterdir()] == ["o.parquet"]


def test_rows_that_an_error_left_are_not_replaced(tmp_path):
    part = tmp_path / ".o.parquet.part"
    pq.write_table(pa.table({"x": [1]}), part)
    before = part.read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        write(tmp_path / "o.parquet", scene(0, (1,)))
    assert part.read_bytes() == before
    for torn in (b"", b"PA", b"PAR1", before[:-1]):
        part.write_bytes(torn)
        write(tmp_path / "o.parquet", scene(0, (1,)))
        (tmp_path / "o.parquet").unlink()


def test_a_full_disk_says_so_and_leaves_nothing(tmp_path):
    script = f"""
import resource, signal, sys
sys.path[:0] = [{str(SUPPORT)!r}, {str(Path(__file__).parent)!r}]
from test_data_writer import *
from emolive.media import parquet
parquet.ROWS = 20
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    with parquet.ParquetWriter(Path({str(tmp_path / "o.parquet")!r}), LABELS) as writer:
        for i in range(2000):
            writer(scene(i, (1, 2)), {{}})
except OutputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "File too large" in done.stdout, done.stderr
    assert ".jsonl" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_where_it_may_not_be_written(tmp_path):
    (tmp_path / "o.parquet").write_text("precious")
    with pytest.raises(OutputError, match="--overwrite"):
        write(tmp_path / "o.parquet", scene_of(Frame(0, 0.0, BGR)))
    with pytest.raises(OutputError, match="written"), data_writer(Path("/proc/x.parquet"), ()):
        pass
    assert (tmp_path / "o.parquet").read_text() == "precious"


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "o.parquet").write_bytes(b"PAR1 and then a crash")
    with pytest.raises(EmoliveError, match="no whole Parquet"):
        read_people(tmp_path / "o.parquet")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(EmoliveError, match="no columns"):
        read_people(tmp_path / "x.parquet")


def test_without_pyarrow_it_says_what_to_install(tmp_path):
    script = f"""
import sys
sys.modules["pyarrow"] = None
from pathlib import Path
from emolive.core.errors import EmoliveError
from emolive.media.data import data_writer
try:
    data_writer(Path({str(tmp_path / "o.parquet")!r}), ())
except EmoliveError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "pip install 'emolive[parquet]'" in done.stdout, done.stderr
