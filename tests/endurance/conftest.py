"""Fixtures of the endurance tests, and the plugin that writes what they find into docs/RELIABILITY.md."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from reliability import Rows, Tally


def pytest_configure(config: pytest.Config) -> None:
    # Not this file's own hooks: those would hear of the tests in this folder only.
    config.pluginmanager.register(Rows(), "reliability")


@pytest.fixture
def tally(record_property) -> Iterator[Tally]:
    """Counts what happened; at the end of the test this becomes its row's words."""
    counted = Tally()
    yield counted
    record_property("happened", str(counted))
    if counted.outcomes:
        record_property("often", f"{counted.outcomes.total():,}")


@pytest.fixture
def mount(tmp_path) -> Iterator["Mount"]:
    """Makes small file systems; only root may."""
    mounted = Mount(tmp_path)
    yield mounted
    mounted.close()


class Mount:
    """Mounts file systems in memory, and unmounts them at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._mounted = folder, []

    def __call__(self, options: str) -> Path | None:
        """A new file system with these options of `mount -t tmpfs`; None where that is not allowed."""
        path = self._folder / f"mounted-{len(self._mounted)}"
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            path.rmdir()
            return None
        self._mounted.append(path)
        return path

    def close(self) -> None:
        for path in self._mounted:
            subprocess.run(["umount", "-l", path], check=True)
