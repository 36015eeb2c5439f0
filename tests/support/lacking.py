"""What is not on this machine, so that tests of it were left out: said in one line at the end of a run."""

import shutil
from collections import Counter
from collections.abc import Iterator

import pytest

PROGRAMS = (
    "Xvfb", "openbox", "xdotool", "xprop", "wmctrl", "ffmpeg", "ffprobe", "chromium", "unshare", "ip", "strace", "git",
)  # fmt: skip
"""What tests start that pip does not bring; `system_packages.sh` installs it where it can be had."""


def lacking(skipped: list[pytest.TestReport]) -> str:
    """The reasons of tests that were left out, and how many each; "" where none was."""
    reasons = Counter(_reason(report) for report in skipped)
    return "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common())


def _reason(report: pytest.TestReport) -> str:
    told = report.longrepr
    words = told[2] if isinstance(told, tuple) else str(told)
    return words.removeprefix("Skipped: ").rstrip(".")


class Lacking:
    """The plugin: it also leaves out a test that starts a program which is not installed."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        return (yield from _without_programs())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        return (yield from _without_programs())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if words := lacking(terminalreporter.getreports("skipped")):
            terminalreporter.write_line(f"Not tested here: {words}")


def _without_programs() -> Iterator[None]:
    try:
        return (yield)
    except FileNotFoundError as error:
        if error.filename in PROGRAMS and shutil.which(error.filename) is None:
            pytest.skip(f"{error.filename} is not installed")
        raise
