"""The line that says what was not tested, from a run of pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"

TESTS = """
import pytest
@pytest.mark.parametrize("n", [1, 2])
def test_radio(n): pytest.skip("there is no radio")
@pytest.mark.skipif(True, reason="the moon is not up")
def test_moon(): pass
def test_here(): pass
"""


def run(folder: Path, name: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    words = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider", "--rootdir", str(folder)]
    (folder / "conftest.py").write_text(
        "from lacking import Lacking\n"
        "def pytest_configure(config): config.pluginmanager.register(Lacking(), 'lacking')\n"
    )
    done = subprocess.run([*words, str(folder), "-k", name], env=environment, capture_output=True, text=True)
    return done.stdout


@pytest.mark.ci
def test_what_is_not_there_is_said_in_one_line(tmp_path):
    (tmp_path / "test_some.py").write_text(TESTS)
    assert "Not tested here: there is no radio (2); the moon is not up (1)\n" in run(
        tmp_path, "radio or moon or test_here"
    )
    assert "Not tested" not in run(tmp_path, "test_here")
