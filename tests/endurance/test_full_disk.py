"""Disks that fill up, and folders that may not be written to."""

import json
import os
import resource
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from films import noise, write_video
from PIL import Image
from recording import QUICK, WHOLE, decoded
from thinned import dear

from emolive.commands.main import cli


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Sixteen seconds that compress badly."""
    return write_video(
        tmp_path_factory.mktemp("film") / "film.mp4", [40.0 * i for i in range(400)], lambda i: noise(i, 160).bgr
    )


@pytest.mark.parametrize("count", [*dear(1), pytest.param(30, marks=pytest.mark.endurance)])
def test_a_disk_that_fills_up(tmp_path, film, mount, tally, count):
    """The disk of a recording and its data is full after 0.3 to 2 MB: a file system of that size, or, where one may not
    mount, the system's limit on a file; by all of emolive every third time, else by its loop without the network."""
    for i in range(count):
        kilobytes = int(np.random.default_rng(i).integers(300, 2000))
        disk = mount(f"size={kilobytes}k")
        folder, limit = disk or tmp_path, None if disk else partial(_limit_files, kilobytes * 1024)
        out, data = folder / f"{i}.mp4", folder / f"{i}.jsonl"
        whole = count > 1 and i % 3 == 0
        command = (
            [*WHOLE, film, "--headless", "--out", out, "--data", data] if whole else [*QUICK, film, out, data, "fast"]
        )
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, timeout=300)
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        assert "Make room or choose another folder" in done.stderr
        rows = [json.loads(line) for line in data.read_text().splitlines()]
        assert len(rows) - decoded(out) < 50  # two seconds
        assert decoded(out) >= 5
        tally("exit status 1 and a sentence; the recording plays and the data are whole up to then")


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture
def locked(tmp_path, mount) -> Path:
    """A folder that may not be written to; root may write anywhere but on what is mounted so."""
    folder = mount("ro")
    if folder is None:
        if os.geteuid() == 0:
            pytest.skip("root may write into every folder, and nothing can be mounted here")
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o555)
    return folder


WRITES = (
    ["file", "{film}", "--headless", "--out", "{locked}/o.mp4"],
    ["file", "{film}", "--headless", "--data", "{locked}/o.jsonl"],
    ["file", "{film}", "--headless", "--data", "{locked}/o.csv"],
    ["file", "{film}", "--headless", "--out", "{locked}/new/o.mp4"],
    ["file", "{film}", "--headless", "--recordings", "{locked}/new"],
    ["file", "{film}", "--headless", "--record", "--recordings", "{locked}"],
    ["file", "{photo}", "--headless", "--out", "{locked}/o.png"],
    ["file", "{photo}", "{film}", "--headless", "--out", "{locked}/all"],
    ["explain", "{photo}", "--out", "{locked}/page"],
    ["plot", "{numbers}", "--out", "{locked}/o.png"],
)


@pytest.mark.parametrize("count", [*dear(4), pytest.param(len(WRITES), marks=pytest.mark.endurance)])
def test_a_read_only_folder(tmp_path, film, portrait, locked, tally, count):
    """Each way to write something, into a folder that may not be written to."""
    photo, numbers = tmp_path / "photo.png", tmp_path / "numbers.jsonl"
    Image.fromarray(portrait[..., ::-1]).save(photo)
    face = {"face": 1, "probs_smooth": {"happy": 0.7, "sad": 0.3}}
    numbers.write_text("".join(json.dumps({"t_ms": 40.0 * i, "faces": [face]}) + "\n" for i in range(99)))
    names = {"film": film, "photo": photo, "numbers": numbers, "locked": locked}
    for command in WRITES[:count]:
        done = CliRunner().invoke(cli, [word.format(**names) for word in command])
        assert done.exit_code == 1, (command, done.output, done.exception)
        assert isinstance(done.exception, SystemExit), (command, done.exception)
        assert "Choose another folder" in done.output, (command, done.output)
        assert not list(locked.iterdir())
        tally("exit status 1 and a sentence, nothing written")
