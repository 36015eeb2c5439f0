"""What a process costs: how soon it shows a picture, and how much memory it took at most."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from emolive.core.errors import EmoliveError
from emolive.live.loop import FIRST_PICTURE


def first_picture_s(headless: bool, more: Sequence[str] = (), times: int = 3) -> float:
    """Seconds from the start of `emolive demo`, in a process of its own, to its first picture: the median of several.

    `more` are further options of the command. Raises `EmoliveError` if it shows none.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = ["--headless", "--out", str(Path(folder, "out.mp4")), "--overwrite"] if headless else []
        command = [sys.executable, "-m", "emolive", "demo", "-v", "--frames", "1", *out, *more]
        return statistics.median(_started(command) for _ in range(times))


def _started(command: Sequence[str]) -> float:
    began, took, last = time.perf_counter(), None, ""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:  # to its end: a full pipe would stop it
            last = line.strip() or last
            if took is None and FIRST_PICTURE in line:
                took = time.perf_counter() - began
    if took is None:
        raise EmoliveError(f"emolive demo showed no picture in a process of its own. Its last words: {last}")
    return took


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
