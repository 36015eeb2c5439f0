"""`emolive batch` as a user gives it, with real videos and real worker processes."""

import json
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from emolive.commands.main import cli
from emolive.corpus.manifest import videos
from emolive.corpus.result import VideoResult


def emolive(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def film(path: Path, portrait: np.ndarray, frames: int = 24, shift: int = 0) -> Path:
    """The portrait drifting, uneven times, a key frame every six pictures; away for three frames in the middle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    small = cv2.resize(portrait, (188, 220))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.time_base, stream.codec_context.gop_size = Fraction(1, 1000), 6
        for i in range(frames):
            picture = np.full((240, 320, 3), 90, np.uint8)
            if i not in (10, 11, 12):
                picture[10:230, 20 + 4 * i + shift : 208 + 4 * i + shift] = small
            frame = av.VideoFrame.from_ndarray(picture, "bgr24")
            frame.pts, frame.time_base = i * 40 + i % 3 * 7, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory, portrait) -> Path:
    """Two videos of the same name in two folders, and one that is none."""
    folder = tmp_path_factory.mktemp("study")
    film(folder / "day1" / "clip.mp4", portrait)
    film(folder / "day2" / "clip.mp4", portrait, 8, 5)
    (folder / "broken.mp4").write_text("no video")
    return folder


@pytest.fixture(scope="module")
def first(study, tmp_path_factory) -> tuple[Result, Path]:
    """A first batch over the study, and its results."""
    out = tmp_path_factory.mktemp("batch") / "results"
    return emolive("batch", f"{study}/**/*.mp4", "--out", out, "--workers", 2, "--video"), out


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.ci
def test_a_broken_video_is_named_and_all_others_are_done(first):
    done, out = first
    assert done.exit_code == 1
    assert "broken.mp4" in done.output
    assert "2 videos done" in done.output
    assert sorted(path.name for path in out.iterdir()) == [".making", "day1_clip", "day2_clip"]
    kept = {str(path.relative_to(out / ".making")) for path in (out / ".making").rglob("*")}
    assert kept == {"broken", "broken/failed.json"}
    report = VideoResult.read(out / "day1_clip")
    seen = [face["confirmed"] for row in rows(out / "day1_clip" / "data.jsonl") for face in row["faces"]]
    assert (len(seen), sum(seen)) == (21, 19)  # with its third look a face is one
    assert (report.frames, report.faces, report.segments) == (24, 19, 1)
    assert sum(person.frames for person in report.people) == 19
    assert sum(report.people[0].shares.values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.ci
def test_it_is_the_engine_of_the_file_command(first, study, tmp_path):
    _, out = first
    same = ("--headless", "--out", tmp_path / "o.mp4", "--data", tmp_path / "o.jsonl")
    assert emolive("file", study / "day1" / "clip.mp4", *same).exit_code == 0
    for a, b in zip(rows(out / "day1_clip" / "data.jsonl"), rows(tmp_path / "o.jsonl"), strict=True):
        assert a["t_ms"] == b["t_ms"]
        assert_same_faces(a["faces"], b["faces"])
    with av.open(str(out / "day1_clip" / "video.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 24


def assert_same_faces(mine: list[dict], theirs: list[dict]) -> None:
    for a, b in zip(mine, theirs, strict=True):
        assert (a["face"], a["box"], a.get("label"), a.keys()) == (b["face"], b["box"], b.get("label"), b.keys())
        for key in ("probs", "probs_smooth", "heat") if a["confirmed"] else ():
            assert a[key] == pytest.approx(b[key], abs=2e-5)  # 1e-5, and what rounding to five digits adds


@pytest.mark.endurance
def test_a_full_disk_ends_it_with_a_sentence_and_running_again_completes(study, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        given = ("batch", study / "day1" / "clip.mp4", "--out", disk / "out", "--workers", 1)
        full = emolive(*given)
        assert full.exit_code == 1
        assert "No space left" in full.output
        assert not list((disk / "out").glob("*/report.json"))
        subprocess.run(["mount", "-o", "remount,size=1m", disk], check=True)
        assert emolive(*given).exit_code == 0
        assert VideoResult.read(disk / "out" / "clip").frames == 24
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_every_result_has_a_name_of_its_own(study, tmp_path):
    found = videos([f"{study}/**/clip.mp4", str(study / "day1" / "clip.mp4")], tmp_path)
    assert sorted(found.values()) == ["day1_clip", "day2_clip"]
    alike = videos([str(study / "day1" / "clip.mp4"), str(study / "day2" / "clip.mp4")], tmp_path)
    assert len({name.casefold() for name in alike.values()}) == 2


def test_what_is_wrong_for_all_is_said_at_once(study, tmp_path):
    wrong = emolive("batch", study, "--out", tmp_path, "--method", "gradcan")
    assert wrong.exit_code == 1
    assert "Did you mean 'gradcam'" in wrong.output
    nothing = emolive("batch", f"{study}/*.avi", "--out", tmp_path)
    assert nothing.exit_code == 1
    assert "no video" in nothing.output
