"""Missing system libraries, met for real; and what native code says at its start."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emolive.core.errors import EmoliveError
from emolive.faces.native import explain_missing_libraries, load_mediapipe, quiet_stderr

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the loader's ways are Linux's")
LOAD = """
from emolive.core.errors import EmoliveError
from emolive.faces.native import load_mediapipe
try:
    load_mediapipe()
except EmoliveError as error:
    print("said:", error)
"""


@LINUX
@pytest.mark.parametrize(("library", "package"), [("libEGL.so.1", "libegl1"), ("libGLESv2.so.2", "libgles2")])
def test_a_missing_library_is_named_with_its_package(tmp_path: Path, library: str, package: str) -> None:
    """A broken file of that name lies first in the loader's path, so that the real loader fails."""
    (tmp_path / library).write_bytes(b"")
    env = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", LOAD], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "said:" in done.stdout
    assert library in done.stdout
    assert "apt-get install" in done.stdout
    assert package in done.stdout.split("install")[1].split()


def test_what_is_there_is_loaded() -> None:
    assert load_mediapipe().__name__ == "mediapipe"


def test_a_missing_package_says_what_to_do() -> None:
    with pytest.raises(EmoliveError, match=r"nowhere_to_be_found.*pip"), explain_missing_libraries():
        import nowhere_to_be_found  # noqa: F401


def test_chatter_goes_to_the_log_and_the_rest_to_the_terminal(
    capfd: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), quiet_stderr():
        os.write(2, b"INFO: [environment.cc:36] Creating LiteRT environment with options\n")
        os.write(2, b"W0000 00:00:1795.365131 7518 runner.cc:1418] Input tensor memory is not aligned\n")
        os.write(2, b"E0000 00:00:1795.365131 7518 runner.cc:99] the disk is on fire\n")
        os.write(2, b"WARNING: the user should know\n")
    said = capfd.readouterr().err
    assert said == "E0000 00:00:1795.365131 7518 runner.cc:99] the disk is on fire\nWARNING: the user should know\n"
    assert "Creating LiteRT" in caplog.text
    os.write(2, b"INFO: [environment.cc:36] loud again\n")
    assert "loud again" in capfd.readouterr().err


def test_an_error_inside_gets_out_and_what_was_written_before_it_too(capfd: pytest.CaptureFixture) -> None:
    def interrupted() -> None:
        with quiet_stderr():
            os.write(2, b"last words\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capfd.readouterr().err == "last words\n"


def test_no_file_is_left_open() -> None:
    before = os.listdir("/proc/self/fd") if Path("/proc/self/fd").is_dir() else []
    for _ in range(20):
        with quiet_stderr():
            pass
    after = os.listdir("/proc/self/fd") if Path("/proc/self/fd").is_dir() else []
    assert len(after) == len(before)


@LINUX
def test_a_process_without_stderr_is_served_too() -> None:
    code = "import os; os.close(2)\nfrom emolive.faces.native import quiet_stderr\nwith quiet_stderr(): print('fine')"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout == "fine\n"
