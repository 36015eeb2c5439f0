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
import ray_work

ray = pytest.importorskip("ray")

pytestmark = [pytest.mark.endurance, pytest.mark.skipif(sys.platform == "win32", reason="sockets with names")]

PATIENCE = 600
"""Seconds that anything may take; a busy machine starts processes slowly."""


TOKEN = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": 32 * "ab"}
"""`ray start` asks for a token where there is one; who names HOST:PORT has to say that he means to give it."""

TRIES = 6
"""How often a head is started: Ray gives its own processes 30 seconds, which a busy machine may not have."""


@contextmanager
def started(*more: str) -> Iterator[dict[str, str]]:
    """A head that `ray start` made, as an environment in which it is the one that `auto` finds."""
    with tempfile.TemporaryDirectory(prefix="ray") as folder:
        for _ in range(TRIES):
            with socket.socket() as free:
                free.bind(("", 0))
                address = f"{ray.util.get_node_ip_address()}:{free.getsockname()[1]}"
            here = TOKEN | {"RAY_TMPDIR": folder, "PYTHONPATH": str(Path(__file__).parent)}
            head = started_head(folder, address, here, *more)
            if head:
                break
        assert head, "ray start failed"
        try:
            yield here | {"ADDRESS": address}
        finally:
            head.terminate()  # it ends all that it started
            head.wait(PATIENCE)


def started_head(folder: str, address: str, here: dict[str, str], *more: str) -> subprocess.Popen | None:
    """A head that is up; None where Ray gave up."""
    start = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--head", "--block"]
    where = ["--port", address.partition(":")[2], "--temp-dir", folder]
    small = ["--object-store-memory", "100000000", "--include-dashboard=false", *more]
    head = subprocess.Popen([*start, *where, *small], env=os.environ | here, stdout=subprocess.PIPE, text=True)
    assert head.stdout
    if any("Ray runtime started" in line for line in head.stdout):
        return head
    head.wait(PATIENCE)
    return None


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
    from ray._private.services import find_gcs_addresses

    if find_gcs_addresses():
        pytest.skip("another Ray runs on this machine, which is the one that auto finds")
    with tempfile.TemporaryDirectory() as nowhere:
        alone = batch(tmp_path / "other", "auto", {"RAY_TMPDIR": nowhere}, clip)
    assert alone.returncode == 1
    assert "There is no Ray cluster that can be joined at 'auto'" in alone.stderr
    assert "Traceback" not in alone.stderr


def test_a_cluster_without_a_cpu_is_said_at_once_and_that_a_token_is_asked_for(clip, tmp_path):
    with started("--num-cpus", "0") as here:
        done = batch(tmp_path / "out", here["ADDRESS"], here, clip)
        unknown = batch(tmp_path / "out", here["ADDRESS"], here | {"RAY_AUTH_MODE": "disabled"}, clip)
    assert unknown.returncode == 1
    assert "asks for a token: set RAY_AUTH_MODE=token" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    assert done.returncode == 1
    assert "The Ray cluster has no CPU to work with. Add a machine: ray start --address=" in done.stderr
    assert "Traceback" not in done.stderr


def test_gpus_are_those_that_ray_gives_and_none_where_none_are_asked_for():
    """Ray takes our word for the GPUs of a node, so it needs none to say which worker sees which."""
    with started("--num-cpus", "4", "--num-gpus", "2") as here:
        assert sorted(json.loads(seen(here, 0.5).stdout)) == ["0", "0", "1", "1"]
        assert set(json.loads(seen(here, 0).stdout)) == {""}
        none = seen(here, 3)
    assert none.returncode == 1
    assert "--gpus-per-worker 3" in none.stderr
    assert "Traceback" not in none.stderr


HOLDS = """
import ray, sys
ray.init(address=sys.argv[1])
@ray.remote(num_cpus=1)
class Holder:
    def here(self): return True
holder = Holder.remote()
assert ray.get(holder.here.remote())
print("held", flush=True)
sys.stdin.read()
"""
"""Another user of the cluster, who holds its CPU until nobody writes to him any more."""


def test_a_cluster_that_others_use_is_waited_for_and_that_is_said(clip, tmp_path):
    with started("--num-cpus", "1") as here:
        where = {"env": os.environ | here, "text": True}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", HOLDS, here["ADDRESS"]], **pipes, **where) as other:
            assert any("held" in line for line in other.stdout)
            command = [sys.executable, "-m", "emolive", "batch", str(clip), "--out", str(tmp_path / "out"), "--json"]
            command += ["--engine", "ray", "--address", here["ADDRESS"]]
            said = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            with subprocess.Popen(command, **said, **where) as driver:
                assert any("Others use all of the Ray cluster now." in line for line in driver.stderr)
                assert driver.poll() is None
                other.stdin.close()
                out, _ = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 0
    assert [each["frames"] for each in json.loads(out)["done"]] == [5]


def seen(here: dict[str, str], gpus: float) -> subprocess.CompletedProcess:
    """Which GPUs the workers of four tasks may see, as a list in JSON."""
    command = [sys.executable, str(Path(ray_work.__file__)), here["ADDRESS"], str(gpus)]
    return subprocess.run(command, env=os.environ | here, capture_output=True, text=True, timeout=PATIENCE)
