"""Outputs never hurt what is there."""

import errno
import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from films import pictures_of, scene_of

from emolive.core.errors import OutputError
from emolive.core.files import write_output, write_whole
from emolive.core.scene import Frame
from emolive.media.record import PictureWriter, check_output

UMASK = os.umask(0)
os.umask(UMASK)


def test_the_folder_is_made(tmp_path):
    check_output(tmp_path / "a" / "b" / "out.mp4")
    assert (tmp_path / "a" / "b").is_dir()
    assert not (tmp_path / "a" / "b" / "out.mp4").exists()


def test_it_is_only_seen_that_the_folder_could_be_made(tmp_path):
    check_output(tmp_path / "a" / "b" / "out.mp4", make=False)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Choose another folder"):
        check_output(tmp_path / "file" / "sub" / "out.mp4", make=False)


NAMES = 24


def test_names_reserved_at_once_by_several_programs_differ(tmp_path):
    """All of them ask for the same name at the same moment: nobody gets another's."""
    words = (
        "import sys; from pathlib import Path; from emolive.core.files import reserved; sys.stdin.readline(); "
        f"[print(reserved(Path(sys.argv[1]) / 'new' / 'film.mp4').name) for _ in range({NAMES // 3})]"
    )
    run = [sys.executable, "-c", words, str(tmp_path)]
    asking = [subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for one in asking:
        one.stdin.write("\n")
        one.stdin.flush()
    found = [name for one in asking for name in one.communicate(timeout=60)[0].split()]
    assert len(found) == len(set(found)) == NAMES
    assert sorted(found) == sorted(path.name for path in (tmp_path / "new").iterdir())
    assert "film.mp4" in found


def test_an_existing_file_only_with_overwrite(tmp_path):
    (tmp_path / "out.mp4").write_text("precious")
    with pytest.raises(OutputError, match="--overwrite"):
        check_output(tmp_path / "out.mp4")
    check_output(tmp_path / "out.mp4", overwrite=True)
    assert (tmp_path / "out.mp4").read_text() == "precious"


@pytest.mark.parametrize("kind", ["same", "symlink", "hardlink", "dots"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_never_the_input(tmp_path, kind, overwrite):
    film, other = tmp_path / "in.mp4", tmp_path / "out.mp4"
    film.write_text("precious")
    (tmp_path / "sub").mkdir()
    if kind == "same":
        other = film
    elif kind == "symlink":
        other.symlink_to(film)
    elif kind == "hardlink":
        os.link(film, other)
    else:
        other = tmp_path / "sub" / ".." / "in.mp4"
    with pytest.raises(OutputError, match="the input itself"):
        check_output(other, [tmp_path / "none.mp4", film], overwrite)


def test_folders(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path, overwrite=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Choose another folder"):
        check_output(tmp_path / "file" / "sub" / "out.mp4")


FRAME = Frame(0, 0.0, np.random.default_rng(0).integers(0, 255, (31, 45, 3), np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_is_written_once(tmp_path, suffix):
    path = tmp_path / "new" / f"out{suffix}"
    with PictureWriter(path) as write:
        write(scene_of(FRAME), pictures_of(FRAME))
        path.rename(tmp_path / f"first{suffix}")
        write(scene_of(FRAME), pictures_of(FRAME))  # drawn anew
        assert not path.exists()
        assert write.notes() == ()
    bgr = cv2.imread(str(tmp_path / f"first{suffix}"))
    assert bgr.shape == FRAME.bgr.shape
    if suffix == ".png":
        assert np.array_equal(bgr, FRAME.bgr)
    assert list(path.parent.iterdir()) == []  # nothing half done is left


def test_a_second_picture_is_an_error(tmp_path):
    second = Frame(1, 40.0, FRAME.bgr)
    with PictureWriter(tmp_path / "out.png") as write:
        write(scene_of(FRAME), pictures_of(FRAME))
        with pytest.raises(OutputError, match=r"\.mp4"):
            write(scene_of(second), pictures_of(second))


def test_pictures_with_a_wrong_ending(tmp_path):
    for name in ("out.xyz", "out"):
        with pytest.raises(OutputError, match=r"out\.png"), PictureWriter(tmp_path / name):
            pass


def test_a_picture_that_cannot_be_written(tmp_path):
    with PictureWriter(tmp_path / "gone" / "out.png") as write:
        (tmp_path / "gone").rmdir()
        with pytest.raises(OutputError, match="Choose another folder"):
            write(scene_of(FRAME), pictures_of(FRAME))


@pytest.mark.parametrize("data", ["täxt\nof lines\r\n", b"\x00bytes\xff"])
@pytest.mark.parametrize("name", ["a.json", "x" * 250 + ".json"])
def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path, data, name):
    for _ in range(2):
        write_whole(tmp_path / name, data)
    assert (tmp_path / name).read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~UMASK


def test_a_link_stays_and_a_pipe_is_written_to(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "elsewhere" / "real.json")
    write_whole(tmp_path / "link.json", "new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "elsewhere" / "real.json").read_text() == "new"
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as cat:
        write_whole(tmp_path / "pipe", "through")
        assert cat.stdout.read() == b"through"
    assert (tmp_path / "pipe").is_fifo()


def test_what_is_no_text_is_written_as_json_reads_it(tmp_path):
    write_whole(tmp_path / "a.json", json.dumps("half \udc80", ensure_ascii=False))
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == "half \udc80"


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_what_was_there_stays_where_writing_fails(tmp_path, monkeypatch, step):
    """A disk can be full at each of the steps; the last two are made to fail, the first one is too large a file."""
    path = tmp_path / "a.json"
    path.write_text("old")
    if step == "write":
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            with pytest.raises(OutputError, match=r"a\.json cannot be written .* Make room\."):
                write_output(path, "x" * 1000, "Make room.")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, before)
    else:

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, step, full)
        with pytest.raises(OutputError, match=r"a\.json cannot be written \(No space left on device\)"):
            write_output(path, "new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"


def test_who_reads_meanwhile_sees_the_old_or_the_new(tmp_path):
    """Another process reads all the time; it never sees half a file, nor none."""
    path, texts = tmp_path / "a.txt", ["a" * 200_000, "b" * 200_000]
    write_whole(path, texts[0])
    code = """
import sys, pathlib
print("ready", flush=True)
while True:
    seen = pathlib.Path(sys.argv[1]).read_text()
    assert len(seen) == 200_000 and len(set(seen)) == 1, len(seen)
"""
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        assert reader.stdout.readline() == b"ready\n"
        for n in range(100):
            write_whole(path, texts[n % 2])
        still_there = reader.poll() is None
        reader.kill()
        assert still_there, reader.stderr.read()


def test_files_are_written_in_one_place():
    """Nothing in the package writes or replaces a small file by itself, but in folders that nobody sees yet."""
    streams = {"media/parquet.py", "corpus/answers.py"}
    drafts = {"corpus/layout.py", "reports/folder.py", "ui/snapshot.py", "media/tonemap.py"}
    beats = {"corpus/progress.py"}  # in a lease's folder, and gone with it
    help_texts = {"commands/options.py"}  # click's formatter has a method of that name
    root = Path(__file__).parents[2] / "emolive"
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"os\.replace\(|\.write_text\(|_part\.replace\(|save_file\(", path.read_text(encoding="utf-8"))
    }
    assert found <= {"core/files.py"} | streams | drafts | beats | help_texts
