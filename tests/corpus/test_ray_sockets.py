"""A Ray that emolive starts itself: nobody on another machine can reach any socket of it."""

import os

import psutil
import pytest
from ray_work import play

from emolive.corpus.contract import Resources
from emolive.corpus.engines import open_engine

pytest.importorskip("ray")

pytestmark = pytest.mark.ci

LOOPBACK = ("127.", "::1", "::ffff:127.")


def sockets() -> list[tuple[str, str]]:
    """Processes below this one, itself too, and the addresses at which each can be reached."""
    found = []
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            lines = process.net_connections("inet")
        except psutil.Error:
            continue  # it has ended meanwhile
        found += [(process.name(), line.laddr.ip) for line in lines if line.laddr and not line.raddr]
    return found


def test_every_socket_is_on_loopback(monkeypatch):
    """Also where the environment says otherwise. Two tasks: the workers' sockets are open, too."""
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "1")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    before = sockets()
    with open_engine("ray", play, Resources(workers=2)) as engine:
        for n in range(2):
            engine.submit(("name", str(n)))
        done = []
        while found := engine.wait(60):
            done += found
        assert len(done) == 2
        own = [each for each in sockets() if each not in before]
    assert {name for name, _ in own} >= {"raylet", "gcs_server"}, own
    assert [(name, ip) for name, ip in own if not ip.startswith(LOOPBACK)] == []
