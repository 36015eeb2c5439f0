"""A file system that never answers: a real one, by FUSE without a server; only root may mount it."""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from films import write_video

LIMIT_S = 40.0
"""Ten seconds of patience, and the start of a process on a busy machine."""


@pytest.fixture
def hung(tmp_path) -> Iterator[Path]:
    """A folder of which no question is ever answered."""
    if sys.platform != "linux" or os.geteuid() != 0 or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("FUSE needs root on Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    folder, device = tmp_path / "hung", os.open("/dev/fuse", os.O_RDWR)
    folder.mkdir()
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"nobody", os.fsencode(folder), b"fuse", 0, options):
        os.close(device)
        pytest.skip(f"mount: {os.strerror(ctypes.get_errno())}")
    yield folder
    os.close(device)  # which ends all that still waits
    libc.umount2(os.fsencode(folder), 2)


@pytest.mark.ci
@pytest.mark.parametrize(
    "command",
    [
        ["plot", "{}/x.jsonl"],
        ["summary", "{}"],
        ["layers", "--model", "{}/m.pt"],
        ["file", "{}/x.mp4", "--headless"],
        ["explain", "{}"],
        ["replay", "{}/x", "--headless"],
        ["batch", "{}/x.mp4"],
        ["evaluate", "{}"],
        ["train", "{}"],
        ["bench", "--source", "{}/x.mp4"],
        ["demo", "--headless", "--data", "{}/x.jsonl"],
    ],
    ids=" ".join,
)
def test_a_path_that_does_nothing_is_given_up(hung, command):
    words = [word.format(hung) for word in command]
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "emolive", *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "has not answered for 10 s" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < LIMIT_S


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
