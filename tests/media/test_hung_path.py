"""A file system that never answers: a real one, by FUSE without a server; only root may mount it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from films import noise, scene_of, write_video
from stalling import silent, stalling

from emolive.core.scene import Frame
from emolive.media.data import data_writer
from emolive.networks.described import default_model

LIMIT_S = 100.0
"""Ten seconds of patience, and the start of a process on a busy machine."""


@pytest.fixture
def hung(tmp_path) -> Iterator[Path]:
    """A folder of which no question is ever answered."""
    with silent(tmp_path / "hung") as folder:
        yield folder


Ended = tuple[subprocess.CompletedProcess[str], float]
"""What became of a command, and the seconds that it took."""

NEVER = [
    ["plot", "{}/x.jsonl"],
    ["summary", "{}"],
    ["layers", "--model", "{}/m.pt"],
    ["file", "{}/x.mp4", "--headless"],
    ["explain", "{}"],
    ["replay", "{}/x", "--headless"],
    ["batch", "{}/x.mp4"],
    ["evaluate", "{}"],
    ["train", "{}"],
    ["train", ".", "--out", "{}/run", "--resume"],
    ["bench", "--source", "{}/x.mp4"],
    ["demo", "--headless", "--data", "{}/x.jsonl"],
]
"""Commands that ask for what never answers."""


def started(pool: ThreadPoolExecutor, commands: list[list[str]], folder: Path, made: Path) -> dict[str, Future[Ended]]:
    """The commands, of which some run beside one another: most of their time they wait. Each is in a folder of its
    own below `made`; `{}` in them is `folder`."""

    def run(at: int, command: list[str]) -> Ended:
        words = [word.format(folder) for word in command]
        (where := made / str(at)).mkdir()
        began = time.monotonic()
        run = [sys.executable, "-m", "emolive", *words]
        done = subprocess.run(run, capture_output=True, text=True, timeout=300, cwd=where)
        return done, time.monotonic() - began

    return {" ".join(command): pool.submit(run, at, command) for at, command in enumerate(commands)}


@pytest.fixture(scope="module")
def of_what_never_answers(tmp_path_factory) -> Iterator[dict[str, Future[Ended]]]:
    made = tmp_path_factory.mktemp("never")
    with silent(made / "hung") as folder, ThreadPoolExecutor(4) as pool:
        yield started(pool, NEVER, folder, made)


@pytest.mark.ci
@pytest.mark.parametrize("command", map(" ".join, NEVER))
def test_a_path_that_does_nothing_is_given_up(of_what_never_answers, command):
    done, seconds = of_what_never_answers[command].result()
    assert done.returncode == 1, done.stderr
    assert "has not answered for 10 s" in done.stderr
    assert "Traceback" not in done.stderr
    assert seconds < LIMIT_S


@pytest.mark.ci
def test_a_batch_leaves_out_what_does_not_answer_and_does_the_rest(hung, portrait):
    """The folder with a drive in it that hangs, and a film that is cut off before its index."""
    study = hung.parent
    film = write_video(study / "a.mp4", [0, 40, 80], lambda _: cv2.resize(portrait, (160, 192)))
    (study / "broken.mp4").write_bytes(film.read_bytes()[:500])
    out = study.parent / f"{study.name}-out"
    command = [sys.executable, "-m", "emolive", "batch", str(study), "--out", str(out), "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stderr  # not all of it could be done
    assert "Traceback" not in done.stderr
    assert "do not answer: hung" in done.stderr
    assert "broken.mp4" in done.stderr + done.stdout
    assert (out / "a" / "report.json").exists()


@pytest.fixture(scope="module")
def halves(tmp_path_factory, portrait) -> Iterator[Path]:
    """A folder of whole files of each kind, of which the second half never comes."""
    made = tmp_path_factory.mktemp("made")
    write_video(made / "film.mp4", [40.0 * i for i in range(60)], lambda i: noise(i, 192).bgr)
    (made / "clean.mp4").write_bytes((made / "film.mp4").read_bytes())
    cv2.imwrite(str(made / "face.png"), portrait)
    frame = Frame(0, 0.0, portrait)
    for name in ("rows.jsonl", "rows.csv", "rows.parquet"):
        with data_writer(made / name, ("sad", "happy"), False) as writer:
            for i in range(400):
                writer(scene_of(replace(frame, index=i, t_ms=40.0 * i)), {})
    (made / "net.safetensors").write_bytes(default_model().read_bytes())
    (made / "net.pt").write_bytes(b"PK\x03\x04" + bytes(40_000))
    (made / "settings.json").write_text(json.dumps({"options": {"method": "cam"}, "some": "x" * 40_000}))
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    with stalling(tmp_path_factory.mktemp("drive") / "halves", files, 0.5) as folder:
        yield folder


STOPPING = [
    ["file", "{}/film.mp4", "--headless"],
    ["file", "{}/face.png", "--headless"],
    ["file", "{}/film.mp4", "--headless", "--start", "0:01"],
    ["demo", "--headless", "--model", "{}/net.safetensors"],
    ["demo", "--headless", "--model", "{}/net.pt"],
    ["demo", "--headless", "--model-b", "{}/net.safetensors"],
    ["layers", "--model", "{}/net.safetensors"],
    ["plot", "{}/rows.jsonl"],
    ["plot", "{}/rows.csv"],
    ["plot", "{}/rows.parquet"],
    ["summary", "{}", "--out", "out"],
    ["explain", "{}/face.png", "--out", "out"],
    ["replay", "{}", "--headless"],
    ["batch", "{}/film.mp4", "--out", "out"],
    ["bench", "--source", "{}/film.mp4"],
    ["train", "{}", "--settings", "{}/settings.json"],
]
"""Commands that ask for what comes half."""


@pytest.fixture(scope="module")
def of_halves(halves, tmp_path_factory) -> Iterator[dict[str, Future[Ended]]]:
    with ThreadPoolExecutor(4) as pool:
        yield started(pool, STOPPING, halves, tmp_path_factory.mktemp("stopping"))


@pytest.mark.ci
@pytest.mark.parametrize("command", map(" ".join, STOPPING))
def test_a_file_that_stops_in_its_middle_is_given_up(of_halves, command):
    done, _ = of_halves[command].result()
    assert done.returncode == 1, done.stderr
    assert "has not answered for 10 s" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.ci
def test_a_word_without_a_folder_is_asked_for_too(hung):
    """The drive itself is named, from the folder that it is in."""
    run = [sys.executable, "-m", "emolive", "explain", "hung"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, cwd=hung.parent)
    assert done.returncode == 1, done.stderr
    assert "hung has not answered for 10 s" in done.stderr


@pytest.mark.ci
def test_the_same_files_are_read_where_they_come_whole(tmp_path):
    """The control: it is the stalling that is seen, not the file system."""
    with stalling(tmp_path / "whole", {"rows.jsonl": b'{"frame": 0, "t_ms": 0, "faces": []}\n' * 2000}, 1.0) as folder:
        assert len((folder / "rows.jsonl").read_bytes()) == 74_000
