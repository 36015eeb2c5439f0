"""Leases: one of many takes a task, who stands still loses it, and who lost it writes nothing."""

import dataclasses
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from thinned import dear
from waits import wait_for

from emolive.corpus import leases as module
from emolive.corpus.batch import _tidy
from emolive.corpus.layout import DRIVERS, MAKING, making
from emolive.corpus.leases import Holder, Lease, LeaseLost, Leases, check, has_ended, holders, leased_draft

SHORT_S = 0.6


@pytest.fixture
def elsewhere(monkeypatch):
    """All drivers seem to be on other machines: nobody knows whether their processes live."""
    monkeypatch.setattr(module, "_process", lambda pid: "")


def hearts(out: Path) -> list[Path]:
    return list((out / MAKING / DRIVERS).iterdir())


def taken_over(driver: Leases, folder: Path) -> Lease:
    """The lease, as soon as the driver may have it."""
    return wait_for(lambda: one if isinstance(one := driver.take(folder), Lease) else None, 20)


def test_of_many_who_want_a_task_one_gets_it(tmp_path):
    folder = making(tmp_path / "clip")
    got, ready = [], threading.Barrier(8)

    def want(mine: Leases) -> None:
        ready.wait()
        got.append(mine.take(folder))

    drivers = [Leases(tmp_path, 60) for _ in range(8)]
    for driver in drivers:
        driver.__enter__()
    threads = [threading.Thread(target=want, args=(driver,)) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, Lease) for one in got) == 1
    assert sum(isinstance(one, Holder) for one in got) == 7
    for driver in drivers:
        driver.__exit__()
    assert not (tmp_path / MAKING).exists()  # nothing is left


def test_a_heart_that_beats_keeps_the_lease_and_one_that_stands_still_loses_it(tmp_path, elsewhere):
    folder = making(tmp_path / "clip")
    with Leases(tmp_path, SHORT_S) as alive, Leases(tmp_path, SHORT_S) as other:
        lease = alive.take(folder)
        assert isinstance(lease, Lease)
        for _ in range(12):
            threading.Event().wait(SHORT_S / 6)  # beats pass
            assert isinstance(other.take(folder), Holder)
        alive._stop.set()  # its heart stands still, as if the process was stopped
        taken = taken_over(other, folder)
        assert taken.number == 2
        check(taken)
        with pytest.raises(LeaseLost):
            check(lease)
        alive.release(lease)  # what it lost is not its to remove
        check(taken)


def test_an_observer_that_stood_still_itself_takes_nothing(monkeypatch):
    """Its own clock ran on while it was stopped: that says nothing of others."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    watch = module.Watch(step=2.0)
    assert watch.still("heart", b"1") == 0
    now[0] = 1000.0
    assert watch.still("heart", b"1") == 2.0
    now[0] = 1001.0
    assert watch.still("heart", b"1") == 3.0
    assert watch.still("heart", b"2") == 0.0


def test_who_wakes_after_losing_its_lease_writes_nothing(tmp_path, elsewhere):
    """It is taken over while a draft is written; the other's result is there already, or not yet."""
    for is_done in (False, True):
        out = tmp_path / f"{is_done}" / "clip"
        out.parent.mkdir()
        with Leases(out.parent, SHORT_S) as sleeper, Leases(out.parent, SHORT_S) as other:
            lease = sleeper.take(making(out))
            # What is in the block happens while the draft is written.
            with pytest.raises(LeaseLost):  # noqa: PT012, SIM117
                with leased_draft(out, lease) as folder:
                    (folder / "report.json").write_text("of who slept")
                    sleeper._stop.set()
                    taken = taken_over(other, making(out))
                    if is_done:
                        with leased_draft(out, taken) as its:
                            (its / "report.json").write_text("of the other")
            assert out.exists() == is_done
            assert not is_done or (out / "report.json").read_text() == "of the other"
            assert not list(making(out).glob("draft-*"))
            assert not list(making(out).glob("lost-*"))


def test_a_draft_is_fenced_even_between_the_last_look_and_the_last_step(tmp_path, elsewhere, monkeypatch):
    """The worst moment: the sleeper has looked, its lease was its own, and it is stopped before it renames."""
    from emolive.corpus import layout

    out = tmp_path / "clip"
    with Leases(tmp_path, SHORT_S) as sleeper, Leases(tmp_path, SHORT_S) as other:
        lease = sleeper.take(making(out))
        real = layout._publish

        def stopped(folder: Path, place: Path) -> None:
            sleeper._stop.set()
            wait_for(lambda: isinstance(other.take(making(out)), Lease), 20)
            real(folder, place)

        monkeypatch.setattr(layout, "_publish", stopped)
        with pytest.raises(LeaseLost), leased_draft(out, lease) as folder:
            (folder / "report.json").write_text("of who slept")
        assert not out.exists()


def test_a_driver_that_was_killed_on_this_machine_is_known_to_be_gone_at_once(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from emolive.corpus.leases import Leases; "
        "one = Leases(Path(sys.argv[1]), 600); one.__enter__(); one.take(Path(sys.argv[1]) / '.making' / 'clip'); "
        "print('has it', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as driver:
        try:
            assert driver.stdout.readline() == "has it\n"
            with Leases(tmp_path, 600) as mine:
                held = mine.take(making(tmp_path / "clip"))
                assert isinstance(held, Holder)
                assert (held.pid, has_ended(held)) == (driver.pid, False)
                driver.kill()
                driver.wait()
                assert has_ended(held)
                taken = mine.take(making(tmp_path / "clip"))
                assert isinstance(taken, Lease)
                assert taken.number == 2
        finally:
            driver.kill()


@pytest.mark.parametrize("text", ["", "{", *dear("[]", '{"driver": 1}', "null", '{"token": {}}')])
def test_a_lease_that_says_nothing_is_taken_over_when_it_has_stood_still(tmp_path, text):
    folder = making(tmp_path / "clip")
    folder.mkdir(parents=True)
    (folder / "lease-result-0007").write_text(text)
    with Leases(tmp_path, SHORT_S) as mine:
        assert not isinstance(mine.take(folder), Lease)
        taken = taken_over(mine, folder)
        assert taken.number == 8
        assert list(holders(folder)) == ["result"]
        assert json.loads(taken.path.read_text())["pid"] == os.getpid()
        assert dataclasses.is_dataclass(holders(folder)["result"])


@pytest.mark.parametrize("taken", [True, False])
def test_how_far_a_task_was_goes_where_nobody_is_at_work_on_it(tmp_path, taken):
    """A worker that was killed in a hurry left it behind."""
    folder, other = tmp_path / MAKING / "clip", 32 * "a"
    with Leases(tmp_path, 600) as leases:
        folder.mkdir(parents=True)
        left = folder / f"progress-{other}"
        left.write_text("1 2 60 3\n")
        if taken:
            leases.take(folder)
        _tidy(tmp_path)
        assert left.exists() == taken
