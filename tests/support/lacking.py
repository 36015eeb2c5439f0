"""What is not on this machine, so that tests of it were left out: said in one line at the end of a run."""

from collections import Counter

import pytest


def lacking(skipped: list[pytest.TestReport]) -> str:
    """The reasons of tests that were left out, and how many each; "" where none was."""
    reasons = Counter(_reason(report) for report in skipped)
    return "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common())


def _reason(report: pytest.TestReport) -> str:
    told = report.longrepr
    words = told[2] if isinstance(told, tuple) else str(told)
    return words.removeprefix("Skipped: ").rstrip(".")


class Lacking:
    """The plugin."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if words := lacking(terminalreporter.getreports("skipped")):
            terminalreporter.write_line(f"Not tested here: {words}")
