"""A batch among files that are not its own: whatever lies in its way, whenever it is stopped, they stay as they are."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import av
import cv2
import numpy as np
import pytest
from thinned import dear

from emolive.core.errors import OutputError
from emolive.corpus.batch import _tidy
from emolive.corpus.layout import AFTER, MAKING, REPORT, VIDEO, WRITTEN, data_name, draft, making, results
from emolive.corpus.manifest import videos
from emolive.corpus.result import VideoResult

STEMS = (
    "P00", "P01", "a b", ".", "...", ".hidden", "con", "summary.html", "x" * 250, "ü" * 120, "line\nbreak", "-rf",
    "making", ".making", "data", "report.json", "e\u0301", "\u00e9", "P00-notes", "tab\tb", "\u202egnp", " ",
)  # fmt: skip
"""What videos are called."""

FOREIGN = (
    REPORT,
    "data.jsonl",
    "data.parquet",
    VIDEO,
    "notes.txt",
    ".report.json.before",
    "sub/notes.txt",
    "video.mp4.txt",
)
"""What a user puts into a folder."""


class Stopped(BaseException):
    """The process is killed here."""


def content(path: Path) -> dict[str, tuple[str, bytes]]:
    """All that lies below a folder, links not followed: kind and bytes by path."""
    found = {}
    for place, folders, files in os.walk(path):
        for name in (*folders, *files):
            one = Path(place, name)
            if one.is_symlink():
                found[str(one.relative_to(path))] = "link", os.readlink(one).encode()
            elif one.is_file():
                found[str(one.relative_to(path))] = "file", one.read_bytes()
    return found


def make_result(out: Path, video: Path, kind: str, annotated: bool, marked: bytes, steps: int = 10**9) -> None:
    """What a worker does once it has looked: write the files of a result. It is killed at the `steps`th rename or
    removal."""
    left = steps

    def counted(real):
        def call(*values, **named):
            nonlocal left
            left -= 1
            if left < 0:
                raise Stopped
            return real(*values, **named)

        return call

    facts = data_name(kind), VIDEO if annotated else None, 1, 1, 0.0, 0.0
    report = VideoResult(out.name, str(video), "", "", {}, "", ("a", "b"), {"emolive": "0"}, *facts)
    names = ("replace", "rename", "unlink", "rmdir")
    with draft(out) as folder:
        (folder / data_name(kind)).write_bytes(marked)
        if annotated:
            (folder / VIDEO).write_bytes(marked)
        report.write(folder)
        patches = [mock.patch.object(os, name, counted(getattr(os, name))) for name in names]
        for patch in patches:
            patch.start()
    for patch in patches:
        patch.stop()


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    """Whatever a test has patched is put back."""
    yield
    mock.patch.stopall()


def litter(out: Path, outside: Path, draw: np.random.Generator) -> None:
    """Put a user's own things where results would go, and into results."""
    for stem in draw.choice(STEMS[:6], 3, replace=False):
        place = out / (str(stem).strip(". ") or "video")
        match int(draw.integers(5)):
            case 0 if not os.path.lexists(place):
                place.write_text("a file")
            case 1 if not os.path.lexists(place):
                place.symlink_to(outside, target_is_directory=True)
            case 2 if not os.path.lexists(place):
                place.symlink_to(outside / "nowhere")
            case _ if not place.is_file() and not place.is_symlink():
                taken = (place / AFTER).exists()  # a replacement was stopped: what it writes next has emolive's name
                for name in draw.choice(FOREIGN, int(draw.integers(4))):
                    if not (place / str(name)).exists() and not (taken and str(name) in WRITTEN):
                        (place / str(name)).parent.mkdir(parents=True, exist_ok=True)
                        (place / str(name)).write_text(f"mine {draw.integers(99)}")
    if draw.random() < 0.3:
        (out / MAKING / "P00").mkdir(parents=True, exist_ok=True)
        (out / MAKING / "P00" / "notes.txt").write_text("mine")
    elif draw.random() < 0.1 and not (out / MAKING).exists():
        (out / MAKING).symlink_to(outside, target_is_directory=True)


@pytest.mark.parametrize("count", [*dear(20), pytest.param(200, marks=pytest.mark.endurance)])
def test_nothing_that_emolive_did_not_make_is_deleted_or_replaced(tmp_path, tally, count):
    """Batches of videos with odd names into a folder with a user's own files, folders and links where results would go
    and in results; with other options each time, every second one killed at a random moment. (The network's answers
    are made up.)"""
    for seed in range(count):
        draw = np.random.default_rng(seed)
        root = tmp_path / str(seed)
        study, out, outside = root / "study", root / "out", root / "outside"
        for folder in (study, out, outside):
            folder.mkdir(parents=True)
        (outside / "precious.txt").write_text("precious")
        (outside / REPORT).write_text("{}")
        for stem in draw.choice(STEMS, 4, replace=False):
            (study / f"{stem}.mp4").write_text("a video")
        for turn in range(4):
            litter(out, outside, draw)
            foreign = {p: c for p, c in content(out).items() if not c[1].startswith(b"emolive") and not ours(out / p)}
            before = content(outside), content(study)
            kind, annotated = str(draw.choice(["jsonl", "parquet"])), bool(draw.random() < 0.5)
            kill = int(draw.integers(12)) if turn % 2 else 10**9
            said = attempt(study, out, kind, annotated, kill)
            after = content(out)
            assert {p: after.get(p) for p in foreign} == foreign, (seed, turn)
            assert (content(outside), content(study)) == before, (seed, turn)
            for folder in results(out):
                assert not folder.is_symlink() or folder.name in foreign
            if said == "done" and kill == 10**9:
                made = [one for one in results(out) if ours(one / REPORT)]
                sources = {VideoResult.read(one).source for one in made}
                assert sources == {str(path) for path in study.iterdir()}, (seed, turn)
            assert said in ("done", "refused with a sentence"), (seed, turn)
            tally(said if kill == 10**9 else f"{said} or killed")


def ours(path: Path) -> bool:
    """Whether the file is a report that this test's emolive wrote, finished or not."""
    return "report.json" in path.name and not path.is_symlink() and b'"emolive": "0"' in path.read_bytes()


def attempt(study: Path, out: Path, kind: str, annotated: bool, kill: int) -> str:
    """A batch; in words how it ended."""
    try:
        writes = frozenset((data_name(kind), *([VIDEO] if annotated else [])))
        for video, name in videos([str(path) for path in study.iterdir()], out, writes).items():
            assert (out / name).parent == out
            assert name not in ("", ".", "..")
            make_result(out / name, video, kind, annotated, b"emolive", kill)
        _tidy(out)
    except Stopped:
        mock.patch.stopall()
    except OutputError as error:
        mock.patch.stopall()
        return "refused with a sentence" if "link to another place" in str(error) else f"refused: {error}"
    return "done"


def test_a_stopped_replacement_is_taken_up_again(tmp_path):
    """At whichever step it ends: there is the old result, none, or the new one, and the next batch completes it."""
    video, out = tmp_path / "clip.mp4", tmp_path / "out" / "clip"
    video.write_text("a video")
    for steps in range(12):
        make_result(out, video, "jsonl", True, b"old")
        (out / "notes.txt").write_text("mine")
        try:
            make_result(out, video, "parquet", False, b"new", steps)
        except Stopped:
            mock.patch.stopall()
        if (out / REPORT).exists():
            said = VideoResult.read(out)
            assert (out / said.data).read_bytes() == (b"old" if said.data == "data.jsonl" else b"new")
        _tidy(out.parent)
        assert videos([str(video)], out.parent, frozenset(("data.jsonl", VIDEO))) == {video: "clip"}
        make_result(out, video, "jsonl", True, b"last")
        names = {"data.jsonl", VIDEO, REPORT, "notes.txt"}
        assert {path.name for path in out.iterdir()} == names, steps
        assert (out / "data.jsonl").read_bytes() == b"last"
        assert not making(out).exists()


def test_a_file_that_is_put_there_meanwhile_stays(tmp_path):
    out = tmp_path / "out" / "clip"

    def make() -> None:
        with draft(out) as folder:
            (folder / REPORT).write_text("{}")
            out.mkdir()
            (out / "notes.txt").write_text("mine")

    with pytest.raises(OutputError, match="did not make it"):
        make()
    assert content(out) == {"notes.txt": ("file", b"mine")}


@pytest.fixture(scope="module")
def film(tmp_path_factory, portrait) -> Path:
    """Six pictures of a face."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for i in range(6):
            picture = np.full((240, 320, 3), 90, np.uint8)
            picture[10:230, 20 + 4 * i : 208 + 4 * i] = cv2.resize(portrait, (188, 220))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode())
    return path


@pytest.mark.endurance
def test_the_real_command_among_a_users_own_files(tmp_path, film, tally):
    """`emolive batch` where a user's own folder has the name of a video, a user's file lies in a result, and a video is
    called `..mp4`; again with other options, and with --force."""
    study, out = tmp_path / "study", tmp_path / "analysis"
    for folder in (study, out / "P00"):
        folder.mkdir(parents=True)
    for name in ("P00.mp4", "P01.mp4", "..mp4", f"{'x' * 240}.mp4"):
        os.link(film, study / name)
    (out / "P00" / "notes.txt").write_text("precious")
    for options in ((), ("--force",), ("--method", "layercam"), ("--video", "--data", "parquet")):
        foreign = {p: c for p, c in content(out).items() if p.endswith("notes.txt")}
        names = [str(path) for path in sorted(study.iterdir())]
        command = [sys.executable, "-m", "emolive", "batch", *names, "--out", str(out), "--workers", "1", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        after = content(out)
        assert {path: after[path] for path in foreign} == foreign
        assert len(results(out)) == 4
        for folder in results(out):
            (folder / "notes.txt").write_text("mine, too")
        tally("all four results, and the user's files as they were")
