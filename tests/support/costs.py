"""What each test costs: the CPU seconds of its process and of all that it started, which a busy machine changes little.

A pytest plugin. At the end it says what the whole run cost, and which tests are too dear for the default layer.
`EMOLIVE_COSTS=file.tsv python -m pytest` writes down all of them: seconds, what fixtures of the session cost included
with the first test that asked for them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

MOST = 4.0
"""CPU seconds that one test of the default layer may cost, with some patience for slow machines."""

LAYERS = ("ci", "endurance")
"""The markers of the longer layers."""


def spent() -> float:
    """CPU seconds that this process and its children have taken: those that ended, and those that still run (Linux)."""
    return sum(os.times()[:4]) + sum(_taken(pid) for pid in _descendants("self"))


def _descendants(pid: str) -> Iterator[str]:
    for listed in Path("/proc", pid, "task").glob("*/children"):
        try:
            children = listed.read_text().split()
        except OSError:  # it ended meanwhile
            continue
        for child in children:
            yield child
            yield from _descendants(child)


def _taken(pid: str) -> float:
    try:
        words = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")  # utime, stime and both of children, see proc(5)


class Costs:
    """The plugin."""

    def __init__(self) -> None:
        self._before = spent()
        self._by_test: dict[str, float] = {}
        self._dear: dict[str, float] = {}

    def pytest_collection_finish(self) -> None:
        self._before = spent()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        report = yield
        if report.when == "teardown":
            now = spent()
            report.cost, self._before = max(0.0, now - self._before), now
            report.is_long = any(map(item.get_closest_marker, LAYERS))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self._by_test[report.nodeid] = report.cost
            if report.cost > MOST and not report.is_long:
                self._dear[report.nodeid] = report.cost

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"CPU seconds: {sum(self._by_test.values()):.0f}")
        if self._dear:
            dearest = sorted(self._dear.items(), key=lambda one: -one[1])
            named = ", ".join(f"{test} ({cost:.0f} s)" for test, cost in dearest)
            terminalreporter.write_line(f"Too dear for `make test` (mark them ci, or make them cheaper): {named}")
        if path := os.environ.get("EMOLIVE_COSTS"):
            lines = [f"{cost:.2f}\t{test}\n" for test, cost in self._by_test.items()]
            Path(path).write_text("".join(lines), encoding="utf-8")
