"""The engine of a cluster, on a small Ray of this machine's own."""

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from ray_work import play
from waits import wait_for

from emolive.core.errors import EmoliveError
from emolive.corpus.contract import ATTEMPTS, Failure, Resources
from emolive.corpus.engines import open_engine

ray_engine = pytest.importorskip("emolive.corpus.ray")
cluster = pytest.importorskip("emolive.corpus.cluster")


@pytest.mark.endurance
def test_everything_that_can_become_of_a_task(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # where workers find `ray_work`
    before = signal.getsignal(signal.SIGTERM)
    tasks = [("name", str(n)) for n in range(5)]
    tasks += [("die once", str(tmp_path / "died")), ("die", "poison"), ("broken video", "a.mp4")]
    tasks += [("full disk", "/results"), ("bug", "b.mp4")]
    with open_engine("ray", play, Resources(workers=2)) as engine:
        assert engine.workers == 2
        for task in tasks:
            engine.submit(task)
        done, end = {}, time.monotonic() + 300
        while len(done) <= len(tasks) and time.monotonic() < end:
            for each in engine.wait(5):  # nothing is heard of one whose worker died, and that is tried again
                assert each.task not in done
                if each.task == tasks[0]:
                    engine.submit(("name", "late"))
                done[each.task] = each
        processes = descendants()
    assert set(done) == {*tasks, ("name", "late")}
    named = [each for task, each in done.items() if task[0] in ("name", "die once")]
    assert all(each.result[0] == each.task[1] for each in named)
    threads = {each.result[2][name] for each in named for name in ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")}
    assert threads == {str(max(1, (os.cpu_count() or 1) // 2))}
    assert done["die once", str(tmp_path / "died")].attempts == 2
    assert done["die", "poison"].attempts == ATTEMPTS
    assert isinstance(done["die", "poison"].result, Failure)
    assert done["broken video", "a.mp4"].result == Failure("a.mp4 is broken.")
    assert done["full disk", "/results"].result == Failure("/results is full.", fatal=True)
    assert "ZeroDivisionError: b.mp4" in done["bug", "b.mp4"].result.error
    assert signal.getsignal(signal.SIGTERM) is before
    assert processes
    assert gone(processes)
    out, err = capfd.readouterr()
    assert "ray" not in (out + err).lower()  # not a word on the terminal


def descendants() -> set[int]:
    """All processes below this one."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return below - {os.getpid()}


def gone(processes: set[int], patience: float = 60.0) -> bool:
    """Whether none of the processes is left, after a while at most."""
    with suppress(TimeoutError):
        return bool(wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes), patience))
    return False


@pytest.mark.parametrize(
    ("nodes", "resources", "plan"),
    [
        ([{"CPU": 8.0}], Resources(), (8, 1, 1)),
        ([{"CPU": 8.0}], Resources(workers=2), (2, 4, 4)),
        ([{"CPU": 8.0}], Resources(workers=3), (3, 2, 2)),
        ([{"CPU": 2.0}], Resources(workers=4), (4, 0.5, 1)),
        ([{"CPU": 2.0}], Resources(workers=3), (3, 0.6666, 1)),
        ([{}, {"CPU": 4.0}, {"CPU": 16.0}], Resources(workers=2), (2, 4, 4)),  # fits on the small node too
        ([{"CPU": 16.0, "GPU": 1.0}, {"CPU": 16.0}], Resources(gpus=0.25), (4, 8, 8)),
        ([{"CPU": 16.0, "GPU": 3.0}], Resources(gpus=2), (1, 16, 16)),
    ],
)
def test_a_cluster_is_shared_evenly(nodes: list, resources: Resources, plan: tuple) -> None:
    assert ray_engine.plan_for(nodes, resources) == ray_engine.Plan(*plan)


@pytest.mark.parametrize(
    ("nodes", "resources", "says"),
    [([{}], Resources(), "no CPU"), ([{"CPU": 4.0}], Resources(gpus=0.5), "--gpus-per-worker 0.5")],
)
def test_a_cluster_on_which_nothing_fits(nodes: list, resources: Resources, says: str) -> None:
    with pytest.raises(EmoliveError, match=says):
        ray_engine.plan_for(nodes, resources)


def test_nobody_at_the_address_is_said_within_seconds() -> None:
    with socket.socket() as taken:  # bound, but it does not listen: nobody else can
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(EmoliveError, match="There is no Ray cluster"), open_engine("ray", play, to(address)):
            pass
    assert time.monotonic() - began < 2 * cluster.PATIENCE


@pytest.mark.parametrize("address", ["nonsense", "host:", ":6379", "host:port"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(EmoliveError, match="is no address"), open_engine("ray", play, to(address)):
        pass


def test_without_ray_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("emolive.corpus.ray", "emolive.corpus.cluster"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ray", None)  # the import system's own way to say that there is none
    with pytest.raises(EmoliveError, match=r"pip install 'emolive\[ray\]'"):
        open_engine("ray", play, Resources())


def to(address: str) -> Resources:
    return Resources(address=address)
