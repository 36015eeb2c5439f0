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
import subprocess
@pytest.fixture(scope="session")
def screen(): subprocess.Popen(["Xvfb"])
def test_window(screen): pass
def test_second_window(screen): pass
def test_film(): subprocess.run(["ffprobe"])
def test_other(): subprocess.run(["no-such-program"])
"""


def run(folder: Path, name: str, path: str = os.environ["PATH"]) -> str:
    environment = os.environ | {"PYTHONPATH": str(SUPPORT), "PATH": path}
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


@pytest.mark.ci
def test_a_program_that_is_not_installed_is_named_and_others_are_failures(tmp_path):
    (tmp_path / "test_some.py").write_text(TESTS)
    said = run(tmp_path, "window or film or other", path="")
    assert "Not tested here: Xvfb is not installed (2); ffprobe is not installed (1)\n" in said
    assert "1 failed, 3 skipped" in said
    assert "No such file or directory: 'no-such-program'" in said
