"""What a process costs: how soon it shows a picture and reads a face, and how much memory it took at most."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from emolive.bench.result import Start
from emolive.core.errors import EmoliveError
from emolive.live.loading import PICTURE, WINDOW
from emolive.live.loop import FIRST_FACE

LINES = (WINDOW, PICTURE, FIRST_FACE)
"""What is said of how far a start is, in this order."""

FRAMES = 10
"""Frames in which a face is read: it is confirmed in the third one."""


def started(headless: bool, more: Sequence[str] = (), times: int = 3) -> Start:
    """How far `emolive demo` is when, in a process of its own: medians of several, after one that is not counted.
    `more` are further options of the command. Raises `EmoliveError` if it reads no face."""
    with tempfile.TemporaryDirectory() as folder:
        out = ["--headless", "--out", str(Path(folder, "out.mp4")), "--overwrite"] if headless else []
        command = [sys.executable, "-m", "emolive", "demo", "-v", "--frames", str(FRAMES), *out, *more]
        # As at every start but the first, Python finds what it compiled, even where it is told not to keep that.
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        kept["PYTHONPYCACHEPREFIX"] = str(Path(folder, "compiled"))
        each = [_seconds(command, kept) for _ in range(1 + times)][1:]
    median = {line: statistics.median(one[line] for one in each) for line in LINES if all(line in one for one in each)}
    return Start(median.get(WINDOW), median.get(PICTURE), median[FIRST_FACE])


def _seconds(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, float]:
    """After how many seconds each of `LINES` was said first."""
    began, last = time.perf_counter(), ""
    found: dict[str, float] = {}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", env=environment
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:  # to its end: a full pipe would stop it
            last = line.strip() or last
            for words in LINES:
                if words in line:
                    found.setdefault(words, time.perf_counter() - began)
    if FIRST_FACE not in found:
        raise EmoliveError(f"emolive demo read no face in a process of its own. Its last words: {last}")
    return found


def peak_memory_mb() -> float | None:
    """The most memory that this process has had resident, in MB (10^6 bytes); None where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage on Linux also counts what the parent had when it started this process
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6 if "VmHWM" in lines else None
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS
