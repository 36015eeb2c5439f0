"""Beside other programs the network gets fewer threads and what is next is fetched meanwhile; all else stays."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from waits import wait_for

from emolive.attribution.hooks import passed
from emolive.bench.neighbours import busy
from emolive.core.scene import Frame, Menu, Progress, Settings
from emolive.live import loop
from emolive.live.cores import EVERY_S, Cores, TakenByOthers, own_cores
from emolive.networks.checkpoint import Model, load
from emolive.networks.fast import fast
from emolive.ui.keys import press

THREADS = 2

LAST = 5
"""Number of the last frame of a run of the loop."""


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def two_cores(monkeypatch) -> None:
    monkeypatch.setattr("emolive.live.cores.own_cores", lambda: (0, 1))


def seen(taken: list[float]) -> list[tuple[bool, int]]:
    """Whether it is crowded, and the number of threads, as others take so many cores; all are given back then."""
    now = itertools.count(step=EVERY_S)
    with Cores(iter(taken).__next__, now.__next__) as cores:
        told = [(cores(), torch.get_num_threads()) for _ in taken]
    assert torch.get_num_threads() == THREADS
    return told


def test_a_busy_program_on_one_of_two_cores_leaves_the_network_one_thread_until_it_ends(two_cores):
    assert seen([0.1, 0.9, 1.0, 0.2, 0.0]) == [(False, 2), (True, 1), (True, 1), (False, 2), (False, 2)]


def test_there_is_always_one_thread(two_cores):
    assert seen([2.0, 5.0]) == [(True, 1)] * 2


@given(load=st.lists(st.floats(0.41, 0.59), min_size=1, max_size=9), other=st.sampled_from([0.0, 1.0]))
def test_half_a_core_changes_nothing_either_way(load, other):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emolive.live.cores.own_cores", lambda: (0, 1))
        first, *rest = seen([other, *load])
    assert set(rest) == {first}


def test_who_has_one_thread_anyway_is_never_crowded(two_cores):
    torch.set_num_threads(1)
    with Cores(lambda: pytest.fail("asked")) as cores:
        assert not cores()
    torch.set_num_threads(THREADS)


def test_it_is_asked_twice_a_second_not_in_every_frame(two_cores):
    asked: list[float] = []
    now = itertools.count(step=1 / 60)  # it looks at the clock once or twice a frame
    with Cores(lambda: asked.append(0.0) or 0.0, now.__next__) as cores:
        for _ in range(60):
            cores()
    assert 1 <= len(asked) <= 4


def test_a_program_beside_this_one_is_seen_and_this_one_is_not_taken_for_one():
    """By the system's own figures: the control is as busy, in this process."""
    cores = len(own_cores())

    def taken_while(work: Callable[[float], object]) -> float:
        taken = TakenByOthers()
        work(time.monotonic() + 0.5)
        return taken()

    def spin(until: float) -> None:
        while time.monotonic() < until:
            pass

    wait_for(lambda: taken_while(spin) < 0.5 * cores, 120)
    with busy(cores):
        wait_for(lambda: taken_while(spin) > 0.5 * cores - 0.2, 120)


def test_where_the_system_says_nothing_nobody_takes_anything(monkeypatch):
    def hidden(**_: object) -> list[float]:
        raise PermissionError("/proc/stat")

    monkeypatch.setattr(psutil, "cpu_percent", hidden)
    assert TakenByOthers()() == 0


def test_only_cores_that_this_process_may_use_count():
    """A program that keeps another core busy takes nothing from a process that may not use it anyway."""
    every = sorted(os.sched_getaffinity(0))
    if len(every) < 2:
        pytest.skip("one core")
    code = "import os; os.sched_setaffinity(0, {%d})\nfrom emolive.live.cores import own_cores; print(own_cores())"
    told = subprocess.run([sys.executable, "-c", code % every[-1]], capture_output=True, text=True, check=True).stdout
    assert told.strip() == f"({every[-1]},)"


# the loop


class Marked:
    """A source that notes when each is read: while the network reads the one before, or later."""

    def __init__(self, log: list[str]) -> None:
        self._log, self._count = log, -1

    def read(self, _: Settings) -> Frame:
        self._count += 1
        self._log.append(f"fetched {self._count}")
        return Frame(self._count, 40.0 * self._count, np.zeros((8, 8, 3), np.uint8))

    def progress(self) -> Progress:
        return Progress("frames")

    def notes(self) -> tuple[str, ...]:
        return ()


def log_of(crowded: bool) -> list[str]:
    """What happened when, with a network that waits a moment for the next frame to be fetched."""
    log: list[str] = []
    looked = iter(range(9))

    def look(*_: object) -> tuple:
        frame = next(looked)
        if crowded and frame < LAST:
            wait_for(lambda: f"fetched {frame + 1}" in log)
        log.append(f"read {frame}")
        return ()

    parts = loop.Parts(
        Marked(log), lambda frame: (), lambda faces, frame: (), look, {}, [], Menu((), (), ()), press,
        lambda scene: (), max_frames=LAST + 1, crowded=lambda: crowded,
    )  # fmt: skip
    assert loop.run(parts, Settings(views=())) == LAST + 1
    return log


def test_what_comes_next_is_fetched_while_the_network_reads_where_others_need_cores():
    log = log_of(crowded=True)
    assert all(log.index(f"fetched {i + 1}") < log.index(f"read {i}") for i in range(LAST))


def test_and_after_it_has_read_where_they_do_not():
    log = log_of(crowded=False)
    assert all(log.index(f"read {i}") < log.index(f"fetched {i + 1}") for i in range(LAST))


# the network


@pytest.mark.parametrize("backend", ["torch", "openvino"])
@pytest.mark.parametrize("faces", [1, 3])
def test_the_network_says_the_same_with_any_number_of_threads(backend, faces):
    model: Model = fast(load(), backend)
    size = model.spec.crop_size
    x = model.prepare(np.random.default_rng(faces).integers(0, 256, (faces, size, size, 3), np.uint8))
    two = passed(model, x, set(model.layers), {"layer3"})
    torch.set_num_threads(1)
    one = passed(model, x, set(model.layers), {"layer3"})
    assert torch.equal(one[0], two[0])
    assert all(torch.equal(one[1][name], two[1][name]) for name in model.layers)
