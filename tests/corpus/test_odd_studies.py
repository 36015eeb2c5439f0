"""What becomes of studies over months: disks, clocks, names, tables and hands that nobody thought of. Each works, or is
said in a sentence."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from inline import InlineEngine
from test_summary import line, write

from emolive.commands.main import cli
from emolive.corpus import engines, work
from emolive.corpus.layout import MAKING, results
from emolive.corpus.result import VideoResult

root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts a disk")


@pytest.fixture(autouse=True)
def inline(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "local", InlineEngine)


@pytest.fixture(scope="module")
def once(tmp_path_factory, film) -> Path:
    """A study of one video that is done."""
    root = tmp_path_factory.mktemp("once")
    (root / "study").mkdir()
    shutil.copy(film, root / "study" / "clip.mp4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(engines.ENGINES, "local", InlineEngine)
        assert emolive("batch", root / "study", "--out", root / "out").exit_code == 0
    return root


@pytest.fixture
def root(once, tmp_path) -> Path:
    """A copy of it, as `cp -a` makes one."""
    shutil.copytree(once, tmp_path / "root")
    report = tmp_path / "root" / "out" / "clip" / "report.json"
    report.write_text(report.read_text().replace(str(once), str(tmp_path / "root")))
    return tmp_path / "root"


def emolive(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def batch(root: Path, *more: object) -> Result:
    done = emolive("batch", root / "study", "--out", root / "out", *more)
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit | Exception)
    return done


def said(done: Result) -> str:
    """All that it said, also in the error that the command ends in."""
    return f"{done.output} {done.exception or ''}"


@contextmanager
def disk(folder: Path, size: str = "8m", *more: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", *more)), "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@root_only
def test_results_that_moved_to_another_disk_are_done(root):
    with disk(root / "big") as big:
        shutil.move(root / "out", big / "out")
        (root / "out").symlink_to(big / "out", target_is_directory=True)
        assert "1 of them before" in said(batch(root))
        (root / "out").unlink()
        assert "1 of them before" in said(emolive("batch", root / "study", "--out", big / "out"))


def test_times_before_1970_in_the_future_and_to_two_seconds(root):
    """A clock that was set back, one that was wrong, and a disk of another system's kind."""
    video, data = root / "study" / "clip.mp4", root / "out" / "clip" / "data.jsonl"
    for now in (-5 * 10**9, 4 * 10**18, 1_700_000_000 * 10**9):
        os.utime(video, ns=(now, now))
        assert "1 of them before" in said(batch(root))
        os.utime(data, ns=(now, now))
        assert "1 of them before" in said(batch(root))
    assert VideoResult.read(root / "out" / "clip").mtime_ns == 1_700_000_000 * 10**9


def test_a_data_file_that_lost_its_last_byte(root):
    path = root / "out" / "clip" / "data.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    told = emolive("summary", root / "out", "--out", root / "tables")
    assert told.exit_code == 1
    assert f"its data.jsonl has {len(whole) - 1:,} bytes, not the {len(whole):,} that were written" in said(told)
    assert "data.jsonl has" in said(batch(root, "--why", root / "study" / "clip.mp4"))
    assert said(batch(root)).count("before") == 0
    assert path.read_bytes().count(b"\n") == whole.count(b"\n")


@pytest.mark.ci
def test_an_output_inside_the_study_through_a_link(root):
    """The results lie elsewhere, a link in the study leads there; annotated videos in it are no input."""
    shutil.rmtree(root / "out")
    (root / "elsewhere").mkdir()
    (root / "study" / "out").symlink_to(root / "elsewhere", target_is_directory=True)
    given = ("batch", root / "study", "--out", root / "study" / "out", "--video")
    assert "1 videos done\n" in said(emolive(*given))
    assert [path.name for path in results(root / "elsewhere")] == ["clip"]
    assert "1 videos done, 1 of them before" in said(emolive(*given))


@pytest.mark.ci
@pytest.mark.parametrize(
    "name", ["a[1]*?.mp4", "two\nlines.mp4", "-o.mp4", "'q\" $x;.mp4", " .mp4", "e\u0301ß\udcff.mp4"]
)
def test_names_of_all_kinds(root, name):
    (root / "study" / "clip.mp4").rename(root / "study" / name)
    done = batch(root)
    assert "1 of them before" in said(done)
    shutil.rmtree(root / "out")
    folder = root / "[st]udy"
    (root / "study").rename(folder)
    for video in (folder, folder / name):
        done = emolive("batch", video, "--out", root / "out")
        assert done.exit_code == 0, said(done)
    (result,) = results(root / "out")
    assert VideoResult.read(result).frames == 24
    status = json.loads(emolive("batch", folder, "--out", root / "out", "--status", "--json").stdout)
    assert status["done"] == [str(folder / name)]
    told = emolive("summary", root / "out", "--out", root / "tables")
    assert told.exit_code == 0, said(told)


@root_only
def test_a_result_on_a_disk_that_can_only_be_read(root):
    """It is done; where it is to be done again, that is said."""
    with disk(root / "other") as other:
        shutil.copytree(root / "out", other / "out")
        subprocess.run(["mount", "-o", "remount,ro", other], check=True)
        given = ("batch", root / "study", "--out", other / "out")
        assert "1 of them before" in said(emolive(*given))
        again = emolive(*given, "--method", "hirescam")
        assert again.exit_code == 1
        assert "Read-only file system" in said(again)


@pytest.mark.ci
def test_a_video_that_is_replaced_while_it_is_looked_at_is_said(root, film, monkeypatch):
    """A camera that still writes, a copy that still goes on: what is read belongs to no video that there is."""
    shutil.rmtree(root / "out")
    video, real = root / "study" / "clip.mp4", work.content_hash

    def hashed(path: Path, *more: object) -> str:
        found = real(path, *more)
        if path == video:
            with path.open("ab") as file:
                file.write(bytes(16))
        return found

    monkeypatch.setattr(work, "content_hash", hashed)
    done = batch(root)
    assert done.exit_code == 1
    assert "changed while it was looked at" in said(done)
    assert results(root / "out") == []
    monkeypatch.undo()
    monkeypatch.setitem(engines.ENGINES, "local", InlineEngine)
    assert "1 videos done\n" in said(batch(root))


@pytest.mark.ci
def test_a_results_folder_that_is_deleted_meanwhile(root, monkeypatch):
    """A whole tree of results goes while a video is being looked at: it is said, or made again."""
    shutil.rmtree(root / "out")
    real, gone = work.content_hash, []

    def hashed(path: Path, *more: object) -> str:
        if path.parent.name == "study" and not gone:
            shutil.rmtree(root / "out")
            gone.append(path)
        return real(path, *more)

    monkeypatch.setattr(work, "content_hash", hashed)
    done = batch(root)
    assert "Traceback" not in said(done)
    assert done.exit_code in (0, 1)
    monkeypatch.undo()
    monkeypatch.setitem(engines.ENGINES, "local", InlineEngine)
    assert batch(root).exit_code == 0
    assert [path.name for path in results(root / "out")] == ["clip"]
    assert not (root / "out" / MAKING).exists()


@pytest.mark.ci
def test_videos_that_go_while_others_are_done(root, film, monkeypatch):
    """Named, and then deleted before their turn."""
    (root / "study" / "gone.mp4").write_bytes(film.read_bytes() + bytes(8))
    (root / "study" / "stays.mp4").write_bytes(film.read_bytes() + bytes(4))
    real = work._whole

    def first(job, *more):
        (root / "study" / "gone.mp4").unlink(missing_ok=True)
        return real(job, *more)

    monkeypatch.setattr(work, "_whole", first)
    done = batch(root)
    assert done.exit_code == 1
    assert "gone.mp4" in said(done)
    assert sorted(path.name for path in results(root / "out")) == ["clip", "stays"]


def test_an_output_that_is_no_folder(root):
    (root / "file").write_text("mine")
    (root / "nowhere").symlink_to(root / "not there" / "at all")
    for out in ("file", "nowhere", "file/deeper"):
        done = emolive("batch", root / "study", "--out", root / out)
        assert done.exit_code in (1, 2)
        assert str(root / out) in said(done)
    assert (root / "file").read_text() == "mine"


@pytest.mark.ci
def test_two_drivers_with_other_options_leave_whole_results(root, film):
    """Real processes: who is last has the results, and each says what it did; nothing of one is in the other's."""
    for i in range(3):
        (root / "study" / f"{i}.mp4").write_bytes(film.read_bytes() + bytes(i + 1))
    command = [
        sys.executable,
        "-m",
        "emolive",
        "batch",
        root / "study",
        "--out",
        root / "out",
        "--workers",
        "1",
        "--json",
    ]
    both = [
        subprocess.Popen([*command, "--method", one], stdout=-1, stderr=-1, text=True) for one in ("cam", "hirescam")
    ]
    for driver in both:
        told, words = driver.communicate(timeout=600)
        assert driver.returncode == 0, words
        assert len(json.loads(told)["done"]) == 4
    made = [VideoResult.read(folder) for folder in results(root / "out")]
    assert len(made) == 4
    assert {one.options["method"] for one in made} <= {"cam", "hirescam"}
    for one in made:
        assert not batch_damage(root / "out" / one.name)
    assert not (root / "out" / MAKING).exists()


def batch_damage(folder: Path) -> list[str]:
    from emolive.corpus.standing import damage, record

    there = record(folder)
    assert there
    return damage(there, verify=True)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"\xef\xbb\xbfvideo,track,person\r\nclip,1,anna\r\n\r\n,,\r\n", 0, ""),  # a spreadsheet's
        (b"video,track,person\nclip,1.0,anna\n", 0, ""),  # a column of numbers of which some are missing
        (b"video;track;person\nclip;1;anna\n", 1, "its cells are parted by semicolons. Save it with commas."),
        (b"video\ttrack\tperson\nclip\t1\tanna\n", 1, "parted by tabs"),
        ("video,track,person\nclip,1,anna\n".encode("utf-16"), 1, "not text in UTF-8"),
        ("video,track,person\nclip,1,Zoë\n".encode("latin-1"), 1, "not text in UTF-8"),
        (b"video,track,person\nclip,1,anna\nclip,1,anna\n", 1, "Line 3"),
        (b'video,track,person\nclip,1,"anna\nmaria"\n', 0, ""),
        (b"video,track,person\nclip,1,anna\nclip,99,ben\nnone,1,eve\n", 0, "not in the data: clip 99"),
        (b"video,track,person\nclip,1,=HYPERLINK(1)\n", 0, ""),
    ],
)
def test_tables_of_people_as_programs_write_them(tmp_path, content, code, says):
    write(tmp_path / "out" / "clip" / "data.jsonl", *(line(t * 100.0, (1, 0.8, None)) for t in range(50)))
    (tmp_path / "people.csv").write_bytes(content)
    done = emolive("summary", tmp_path / "out", "--people", tmp_path / "people.csv", "--json")
    assert done.exit_code == code, said(done)
    assert says in said(done)
    if not code:
        assert [row["person"] != "" for row in json.loads(done.stdout)["tracks"]] == [True]
