"""The real command in real windows, with names that are no text and folders that may not be entered."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
import xserver as x
from waits import wait_for

pytestmark = pytest.mark.ci

TITLE = "emolive camera"

PATIENCE_S = 120


def bounded() -> list[str]:
    """What makes root somebody to whom a folder can be closed."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not there, and root may enter every folder")
    less = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", less, "--inh-caps", less]


@contextmanager
def window(*words: str) -> Iterator[subprocess.Popen]:
    """The command with its window open; at its end it is closed by `q`, must say nothing odd and exit with 0."""
    command = [*bounded(), sys.executable, "-m", "emolive", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="surrogateescape") as run:
        try:
            wait_for(lambda: run.poll() is not None or _is_there(), PATIENCE_S)
            x.focus(TITLE)
            yield run
            x.key("q")
            _, said = run.communicate(timeout=PATIENCE_S)
        finally:
            run.kill()
    assert "Traceback" not in said
    assert run.returncode == 0, said


def press_until(key: str, done: Callable[[], object]) -> None:
    """Press a key, again where the window was not yet ready for it."""
    for _ in range(PATIENCE_S // 8):
        x.key(key)
        with contextlib.suppress(TimeoutError):
            wait_for(done, 8)
            return
    raise AssertionError(f"the key {key!r} did nothing")


def _is_there() -> bool:
    return subprocess.run(["xdotool", "search", "--name", f"^{TITLE}$"], capture_output=True).returncode == 0


@pytest.fixture
def face(tmp_path, portrait) -> Path:
    path = tmp_path / os.fsdecode(b"na\xff.png")
    path.write_bytes(cv2.imencode(".png", cv2.resize(portrait, (256, 300)))[1].tobytes())
    return path


def test_recordings_and_snapshots_of_a_name_that_is_no_text(tmp_path, face, xserver):
    out = tmp_path / os.fsdecode(b"\xfe\xff")
    with window("file", str(face), "--recordings", str(out)):
        press_until("s", lambda: list(out.glob("*/snapshot.json")))
        x.key("r")
        wait_for(lambda: list(out.glob("*.mp4")), PATIENCE_S)
        x.key("r")
    assert all(rb"na\udcff" in snapshot.read_bytes() for snapshot in out.glob("*/snapshot.json"))


@pytest.mark.parametrize("kind", ["closed", "in a circle", "below a file"])
def test_a_folder_that_may_not_be_entered_is_a_note(tmp_path, face, xserver, kind):
    inner = tmp_path / "closed"
    inner.mkdir()
    out = {"closed": inner / "recordings", "in a circle": tmp_path / "circle" / "x", "below a file": face / "x"}[kind]
    (tmp_path / "circle").symlink_to("circle")
    inner.chmod(0)
    try:
        with window("file", str(face), "--recordings", str(out)) as run:
            for key in ("r", "s", "r", "s"):
                x.key(key)
            x.screenshot(str(tmp_path / "seen.png"))
            assert run.poll() is None
    finally:
        inner.chmod(0o700)
    assert list(inner.iterdir()) == []
