"""The table in docs/RELIABILITY.md: one row for each endurance test, written by the tests when they run in full."""

import os
import platform
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest

TABLE = Path(__file__).resolve().parent.parent.parent / "docs" / "RELIABILITY.md"

HEAD = ("What was tried", "How often", "What happened", "Seconds", "On", "Test")

BEGIN, END = "<!-- table: written by make endurance -->", "<!-- /table -->"


@dataclass(frozen=True)
class Row:
    """What is known of one test; all of it text."""

    tried: str
    often: str
    happened: str
    seconds: str
    on: str
    test: str


class Tally:
    """Counts outcomes and keeps facts; as a string it is a sentence of both."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.facts: list[str] = []

    def __call__(self, outcome: str, times: int = 1) -> None:
        """Something happened once more."""
        self.outcomes[outcome] += times

    def say(self, fact: str) -> None:
        """Something that was measured."""
        self.facts.append(fact)

    def __str__(self) -> str:
        counted = [f"{count} × {outcome}" for outcome, count in self.outcomes.most_common()]
        return "; ".join([*counted, *self.facts])


def read(text: str) -> list[Row]:
    """The rows of the table in a text."""
    table = text.partition(BEGIN)[2].partition(END)[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][2:]
    return [Row(*(cell.strip().strip("`") for cell in line.strip("|").split(" | "))) for line in lines]


def replaced(text: str, rows: Iterable[Row]) -> str:
    """The text with these rows in its table, in the order of their tests."""
    lines = [HEAD, ("---",) * len(HEAD)]
    lines += [(*astuple(row)[:-1], f"`{row.test}`") for row in sorted(rows, key=lambda row: row.test)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    return f"{before}{BEGIN}\n\n{table}\n\n{_machine()}\n\n{END}{after}"


def _machine() -> str:
    versions = [f"{name} {version(name)}" for name in ("torch", "av", "opencv-contrib-python", "pillow", "safetensors")]
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"Last run: {date.today()}, {system}, {', '.join(versions)}."


class Rows:
    """A pytest plugin: knows the endurance tests, and puts the results of those that ran into the table."""

    def __init__(self) -> None:
        self.tests: dict[str, pytest.Item] = {}
        self._reports: dict[str, pytest.TestReport] = {}
        self._said: dict[str, dict[str, str]] = {}

    @pytest.hookimpl(tryfirst=True)  # before -m leaves some out
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.tests = {item.nodeid: item for item in items if item.get_closest_marker("endurance")}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self.tests:
            return
        if report.when == "call" or not report.passed:
            self._reports.setdefault(report.nodeid, report)
        self._said[report.nodeid] = dict(report.user_properties)

    def pytest_sessionfinish(self) -> None:
        if self._reports:
            text = TABLE.read_text(encoding="utf-8")
            rows = {row.test: row for row in read(text)} | {row.test: row for row in map(self._row, self._reports)}
            TABLE.write_text(replaced(text, rows.values()), encoding="utf-8")

    def _row(self, test: str) -> Row:
        report, said = self._reports[test], self._said[test].get("happened", "")
        often = self._said[test].get("often") or _often(self.tests[test])
        if report.skipped:
            said = f"skipped: {report.longrepr[2]}"
        elif report.failed:
            said = f"**FAILED**; {said}".strip("; ")
        cells = (_tried(self.tests[test]), often, said or "passed")
        return Row(*(_cell(text) for text in cells), f"{report.duration:.0f}", str(date.today()), test)


def _tried(item: pytest.Item) -> str:
    """The first paragraph of a test's docstring, or its name as words; and what words its parameters hold."""
    function = item.function  # type: ignore[attr-defined]
    tried = (function.__doc__ or function.__name__.removeprefix("test_").replace("_", " ")).partition("\n\n")[0]
    return " ".join([tried, *(f"({value})" for value in _parameters(item) if isinstance(value, str))])


def _often(item: pytest.Item) -> str:
    """The number in a test's parameters."""
    return next((f"{value:,}" for value in _parameters(item) if type(value) is int), "1")


def _parameters(item: pytest.Item) -> Iterable[object]:
    return item.callspec.params.values() if hasattr(item, "callspec") else ()


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("|", "/")
