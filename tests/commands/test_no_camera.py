"""`emolive cam` where there is no camera: a sentence at once, and nothing left behind."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from thinned import dear

MOST_S = 2.0
"""Seconds of computing: how long it takes on a machine that has nothing else to do."""


@pytest.mark.parametrize("words", [*dear(["--headless"], []), ["--headless", "--out", "new/folder/film.mp4"]])
def test_it_says_so_in_two_seconds_and_leaves_nothing(request, tmp_path, words):
    if Path("/dev/video99").exists():
        pytest.skip("it has a hundred cameras")
    if not words:
        request.getfixturevalue("xserver")
    before = _used()
    run = [sys.executable, "-m", "emolive", "cam", "--camera", "99", *words]
    done = subprocess.run(run, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=120)
    used = _used() - before
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Error: There is no camera 99. See which there are: emolive cameras"
    assert not list(tmp_path.iterdir())
    assert used < MOST_S


def _used() -> float:
    """Seconds of computing that finished children took."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
