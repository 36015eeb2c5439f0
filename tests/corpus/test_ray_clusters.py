"""Clusters as they are found: one of `ray start` that is joined by `auto`, one without a CPU, one with GPUs."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
from ray_work import play

from emolive.core.errors import EmoliveError
from emolive.corpus.contract import Resources
from emolive.corpus.engines import open_engine

pytest.importorskip("ray")

pytestmark = [pytest.mark.endurance, pytest.mark.skipif(sys.platform == "win32", reason="sockets with names")]

PATIENCE = 600
"""Seconds that anything may take; a busy machine starts processes slowly."""

HIDES = "CUDA_VISIBLE_DEVICES"


@contextmanager
def started(*more: str) -> Iterator[dict[str, str]]:
    """A head that `ray start` made, as an environment in which it is the one that `auto` finds."""
    ray = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
    with (
        tempfile.TemporaryDirectory(prefix="ray") as folder,
        socket.socket() as free,
    ):
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        here = {"RAY_TMPDIR": folder, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(Path(__file__).parent)}
        given = ["--head", "--block", "--port", port, "--include-dashboard=false", "--temp-dir", folder]
        memory = ["--object-store-memory", "100000000", "--node-ip-address", "127.0.0.1"]
        head = subprocess.Popen(
            [*ray, "start", *given, *memory, *more], env=os.environ | here, stdout=subprocess.PIPE, text=True
        )
        try:
            assert head.stdout
            assert any("Ray runtime started" in line for line in head.stdout), "ray start failed"
            yield here | {"ADDRESS": f"127.0.0.1:{port}"}
        finally:
            head.terminate()  # it ends all that it started
            head.wait(PATIENCE)


def batch(out: Path, address: str, here: dict[str, str], *videos: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "emolive", "batch", *map(str, videos), "--out", str(out), "--json"]
    to = ["--engine", "ray", "--address", address]
    return subprocess.run([*command, *to], env=os.environ | here, capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture
def clip(tmp_path, portrait) -> Path:
    film = cv2.VideoWriter(str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (188, 220))
    for _ in range(5):
        film.write(cv2.resize(portrait, (188, 220)))
    film.release()
    return tmp_path / "clip.mp4"


def test_auto_joins_the_cluster_of_this_machine_and_says_so_where_there_is_none(clip, tmp_path):
    with started("--num-cpus", "1") as here:
        done = batch(tmp_path / "out", "auto", here, clip)
    assert done.returncode == 0, done.stderr
    assert [each["frames"] for each in json.loads(done.stdout)["done"]] == [5]
    assert "ray" not in (done.stdout + done.stderr).lower()  # not a word of Ray's own
    with tempfile.TemporaryDirectory() as nowhere:
        alone = batch(tmp_path / "other", "auto", {"RAY_TMPDIR": nowhere}, clip)
    assert alone.returncode == 1
    assert "There is no Ray cluster that can be joined at 'auto'" in alone.stderr
    assert "Traceback" not in alone.stderr


def test_a_cluster_without_a_cpu_is_said_at_once(clip, tmp_path):
    with started("--num-cpus", "0") as here:
        done = batch(tmp_path / "out", here["ADDRESS"], here, clip)
    assert done.returncode == 1
    assert "The Ray cluster has no CPU to work with. Add a machine: ray start --address=" in done.stderr
    assert "Traceback" not in done.stderr


def test_gpus_are_those_that_ray_gives_and_none_where_none_are_asked_for(monkeypatch):
    """Ray takes our word for the GPUs of a node, so it needs none to say which worker sees which."""
    with started("--num-cpus", "4", "--num-gpus", "2") as here:
        for name, value in here.items():
            monkeypatch.setenv(name, value)
        tasks = [("sleep", f"{n / 10 + 2}") for n in range(4)]  # so long that no worker does two at first
        assert sorted(seen(tasks, Resources(address=here["ADDRESS"], gpus=0.5))) == ["0", "0", "1", "1"]
        assert set(seen(tasks, Resources(address=here["ADDRESS"]))) == {""}
        with (
            pytest.raises(EmoliveError, match="--gpus-per-worker 3"),
            open_engine("ray", play, Resources(address=here["ADDRESS"], gpus=3)),
        ):
            pass


def seen(tasks: list[tuple[str, str]], resources: Resources) -> list[str]:
    """Which GPUs each task's worker may see."""
    found: list[str] = []
    with open_engine("ray", play, resources) as engine:
        for task in tasks:
            engine.submit(task)
        while len(found) < len(tasks):
            found += [done.result[2].get(HIDES, "not said") for done in engine.wait(60)]
    return found
