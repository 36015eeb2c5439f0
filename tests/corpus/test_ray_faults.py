"""`emolive batch` on a Ray cluster of several nodes on this machine, while parts of it are killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
from waits import wait_for

cluster_utils = pytest.importorskip("ray.cluster_utils")

pytestmark = pytest.mark.endurance

PATIENCE = 600
"""Seconds that anything may take; a busy machine starts processes slowly."""

FRAMES = 60

NONE_LEFT = "No machine of the Ray cluster has the 1 CPUs"
OWN_IS_GONE = "through which this machine joined it is gone"


SMALL = {"object_store_memory": 100_000_000}


@contextmanager
def three_nodes() -> Iterator:
    """A head that does no work, and two nodes of one core each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **SMALL})
    try:
        for _ in range(2):
            made.add_node(num_cpus=1, **SMALL)
        yield made
    finally:
        made.shutdown()


@pytest.fixture(scope="module")
def cluster() -> Iterator:
    with three_nodes() as made:
        yield made


@pytest.fixture(scope="module")
def study(tmp_path_factory, portrait) -> Path:
    """Five videos, and one that is none."""
    folder = films(tmp_path_factory.mktemp("study"), portrait, FRAMES)
    (folder / "broken.mp4").write_text("no video")
    return folder


@pytest.fixture(scope="module")
def long_study(tmp_path_factory, portrait) -> Path:
    """Five videos that take longer than a cluster may be silent, on a fast machine too."""
    return films(tmp_path_factory.mktemp("long_study"), portrait, 10 * FRAMES)


def films(folder: Path, portrait, frames: int) -> Path:
    for n in range(5):
        film = cv2.VideoWriter(str(folder / f"clip{n}.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (188 + 2 * n, 220))
        for _ in range(frames):
            film.write(cv2.resize(portrait, (188 + 2 * n, 220)))
        film.release()
    return folder


def start(cluster, videos: str, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "emolive", "batch", videos, "--out", str(out), "--json"]
    to = ["--engine", "ray", "--address", cluster.address]
    return subprocess.Popen([*command, *to], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def soon(what: Callable, driver: subprocess.Popen):
    """What `what` gives as soon as it gives something."""

    def found() -> object:
        assert driver.poll() is None, driver.communicate()
        return what()

    return wait_for(found, PATIENCE)


def working(cluster) -> dict[int, object]:
    """The processes that do a task just now, and the node of each."""
    raylets = {node.all_processes["raylet"][0].process.pid: node for node in cluster.worker_nodes}
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent in raylets and (folder / "cmdline").read_bytes().startswith(b"ray::_serve"):
                found[int(folder.name)] = raylets[parent]
        except OSError:
            continue  # it ended meanwhile
    return found


def reports(out: Path) -> dict[str, float]:
    return {path.parent.name: path.stat().st_mtime for path in out.glob("clip*/report.json")}


def test_a_killed_worker_a_lost_node_and_a_broken_video(cluster, study, tmp_path):
    out = tmp_path / "results"
    driver = start(cluster, str(study), out)
    os.kill(next(iter(soon(lambda: working(cluster), driver))), signal.SIGKILL)
    soon(lambda: reports(out), driver)
    lost = next(iter(soon(lambda: working(cluster), driver).values()))
    cluster.remove_node(lost, allow_graceful=False)
    cluster.add_node(num_cpus=1, **SMALL)
    told, said = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 1, said
    facts = json.loads(told)
    assert sorted(Path(each["video"]).name for each in facts["done"]) == [f"clip{n}.mp4" for n in range(5)]
    assert {each["frames"] for each in facts["done"]} == {FRAMES}
    assert [Path(each["video"]).name for each in facts["failed"]] == ["broken.mp4"]
    assert "broken.mp4" in said
    assert len(reports(out)) == 5


def test_ctrl_c_and_again(cluster, study, tmp_path):
    out = tmp_path / "results"
    driver = start(cluster, f"{study}/clip*.mp4", out)
    soon(lambda: reports(out), driver)
    driver.send_signal(signal.SIGINT)
    _, said = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 130, said
    before = reports(out)
    again = start(cluster, f"{study}/clip*.mp4", out)
    told, said = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, said
    assert len(reports(out)) == 5
    assert before.items() <= reports(out).items()  # what was done is not done twice
    assert sum(each["kept"] for each in json.loads(told)["done"]) == len(before)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes a small disk")
def test_a_full_disk_ends_the_batch_with_a_sentence(cluster, study, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        driver = start(cluster, f"{study}/clip*.mp4", disk / "results")
        told, said = driver.communicate(timeout=PATIENCE)
        assert driver.returncode == 1
        assert json.loads(told)["fatal"]
        assert "Traceback" not in said
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGSTOP"])
def test_a_head_that_is_gone_or_hangs_is_said_and_the_same_command_goes_on(long_study, tmp_path, how):
    """Ray itself would end the driver after a minute, without a sentence."""
    out = tmp_path / "results"
    with three_nodes() as cluster:
        driver = start(cluster, f"{long_study}/clip*.mp4", out)
        soon(lambda: reports(out), driver)
        head = cluster.head_node.all_processes["gcs_server"][0].process
        head.send_signal(getattr(signal, how))
        began = time.monotonic()
        try:
            _, said = driver.communicate(timeout=PATIENCE)
        finally:
            head.send_signal(signal.SIGCONT)
        took = time.monotonic() - began
    assert driver.returncode == 1, said
    assert "has not answered for" in said
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert took < 60, said
    before = reports(out)
    with three_nodes() as cluster:
        again = start(cluster, f"{long_study}/clip*.mp4", out)
        told, said = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, said
    assert len(reports(out)) == 5
    assert before.items() <= reports(out).items()
    assert sum(each["kept"] for each in json.loads(told)["done"]) == len(before)


def test_when_no_machine_is_left_that_can_work_it_says_so_and_goes_on_with_the_next(long_study, tmp_path):
    """The driver joins through any of the nodes: where that one is gone, it says so, and the same command goes on."""
    out, said = tmp_path / "results", tmp_path / "said"
    with three_nodes() as cluster:
        command = [sys.executable, "-m", "emolive", "batch", f"{long_study}/clip*.mp4", "--out", str(out)]
        to = ["--engine", "ray", "--address", cluster.address]
        with said.open("w") as file:
            driver = subprocess.Popen([*command, *to], stderr=file)
        wait_for(lambda: reports(out) or driver.poll() is not None, PATIENCE)
        assert driver.poll() is None, said.read_text()
        for node in tuple(cluster.worker_nodes):
            cluster.remove_node(node, allow_graceful=False)
        wait_for(lambda: NONE_LEFT in said.read_text() or driver.poll() is not None, PATIENCE)
        cluster.add_node(num_cpus=1, **SMALL)
        if driver.poll() is not None:
            assert driver.poll() == 1, said.read_text()
            assert OWN_IS_GONE in said.read_text()
            driver = subprocess.Popen([*command, *to])
        assert driver.wait(PATIENCE) == 0, said.read_text()
    assert len(reports(out)) == 5


def test_somebody_listens_who_is_no_ray(study, tmp_path):
    """A firewall's black hole, another program, a head that hangs: each within 20 seconds of being asked."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(50)
        command = [sys.executable, "-m", "emolive", "batch", f"{study}/clip*.mp4", "--out", str(tmp_path / "out")]
        to = ["--engine", "ray", "--address", f"127.0.0.1:{deaf.getsockname()[1]}"]
        done = subprocess.run([*command, *to], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert "There is no Ray cluster that can be joined" in done.stderr
    assert "nothing answered within 20 s" in done.stderr
    assert "Traceback" not in done.stderr
