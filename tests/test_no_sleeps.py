"""Tests wait for conditions: no test sleeps, hoping that what it waits for has happened meanwhile."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent

SLEEPERS = {
    "support/waits.py",  # the one place that waits
    "support/visit.py",  # waits for a page without blocking what else it does
    "corpus/chores.py",  # work for workers that is long on purpose
    "corpus/ray_work.py",
    "live/test_freeze.py",  # a clock that runs faster
}


def sleeps(source: str) -> list[int]:
    """The lines that call something named `sleep`; words in a script for a child are no call."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) == "sleep"]


def test_no_test_sleeps():
    found = {
        str(path.relative_to(TESTS)): lines
        for path in TESTS.rglob("*.py")
        if (lines := sleeps(path.read_text(encoding="utf-8")))
    }
    assert set(found) <= SLEEPERS, f"use waits.wait_for: {found}"


def test_a_sleep_is_found():
    assert sleeps("import time\n\ntime.sleep(1)") == [3]
    assert sleeps("async def f():\n    await asyncio.sleep(1)") == [2]
    assert sleeps("from time import sleep\nsleep(1)") == [2]
    assert sleeps("script = 'time.sleep(60)'") == []
