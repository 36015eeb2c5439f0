"""Every key and clicks all over, in real windows under a window manager, on small and large screens."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import xserver as x

from emolive.ui.keys import BINDINGS

KEYS = tuple(key for binding in BINDINGS for key in binding.keys if binding.fields != ("quit",))
UNBOUND = ("A", "8", "F5", "Return", "BackSpace")
"""Keys that mean nothing here, by X's names."""

ACROSS, DOWN = 6, 5
"""Clicks in so many columns and rows."""

pytestmark = [pytest.mark.skipif(shutil.which("openbox") is None, reason="openbox is not installed")]


@pytest.mark.parametrize(
    ("size", "options", "end"),
    [
        pytest.param((1366, 768), ["--board"], "q", marks=pytest.mark.ci),
        pytest.param((1366, 768), [], "esc", marks=pytest.mark.ci),
        pytest.param((1920, 1080), ["--board"], "q", marks=pytest.mark.endurance),
        pytest.param((3840, 2160), ["--board"], "q", marks=pytest.mark.endurance),
    ],
)
def test_every_key_and_click_is_survived_and_q_ends_it(
    tmp_path: Path, size: tuple[int, int], options: list[str], end: str
):
    with x.running(size), x.managed(), (tmp_path / "said").open("w+") as said:
        command = [sys.executable, "-m", "emolive", "demo", "-v", *options]
        command += ["--recordings", str(tmp_path / "recordings")]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=said)
        try:
            x.wait_for(window, 120)
            x.wait_for(lambda: x.has_picture(tmp_path / "said"), 240)
            for key in (*KEYS, *UNBOUND):
                press(key, process)
            for n in range(ACROSS * DOWN):
                click(((n % ACROSS + 0.5) / ACROSS, (n // ACROSS + 0.5) / DOWN), process)
            x.wait_for(lambda: {"clip", "snapshot"} <= kinds(tmp_path / "recordings"), 240)
            press(end, process)
            assert process.wait(120) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(20)
        said.seek(0)
        words = said.read()
    assert "Traceback" not in words
    assert {"clip", "snapshot"} <= kinds(tmp_path / "recordings")


def kinds(folder: Path) -> set[str]:
    """What lies in a folder of recordings: clips that play, snapshots."""
    if not folder.is_dir():
        return set()
    clips = {"clip" for path in folder.glob("*_clip.mp4") if path.stat().st_size}
    return clips | {"snapshot" for _ in folder.glob("*-snapshot")}


def window() -> str:
    """The title of a window that is open, "" where there is none at this moment."""
    titles = ("emolive board", "emolive camera", "emolive filters")
    return next((title for title in titles if x.titled(title)), "")


def settled() -> tuple[int, int, int, int]:
    """Where a window lies that has the focus now: windows close and open under a key."""
    while True:
        title = str(x.wait_for(window))
        try:
            x.focus(title)
            return x.place(title)
        except subprocess.CalledProcessError:
            continue  # it closed meanwhile


def press(key: str, process: subprocess.Popen[bytes]) -> None:
    assert process.poll() is None
    settled()
    x.key(key)


def click(part: tuple[float, float], process: subprocess.Popen[bytes]) -> None:
    assert process.poll() is None
    left, top, width, height = settled()
    x.click(left + round(part[0] * width), top + round(part[1] * height))
