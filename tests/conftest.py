"""What many tests share: the data folder, the portrait, one loaded model."""

import faulthandler
import os
import signal
from collections.abc import Iterator
from pathlib import Path

# One thread each: threads that wait for one another make small batches many times slower on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import pytest
import xserver as x
from costs import Costs
from lacking import Lacking

# Half a second for each of hundreds of sessions; tests/networks/test_front.py and tests/live/test_backends.py try both.
for command in ("CAM", "FILE", "DEMO", "REPLAY", "BATCH", "EXPLAIN", "AUDIT", "BENCH"):
    os.environ.setdefault(f"EMOLIVE_{command}_BACKEND", "torch")

# A SIGPROF from a library that nobody named yet once ended whole runs without a word, after the training tests. Say
# where it comes, and go on.
faulthandler.register(signal.SIGPROF, all_threads=True, chain=False)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Costs(), "costs")
    config.pluginmanager.register(Lacking(), "lacking")


ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real videos and photos, which is no part of the project."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared/data is not there")
    return SHARED


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """Grace Hopper, 512×600, BGR: the public-domain picture that matplotlib ships."""
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    picture = cv2.imread(str(path))
    picture.setflags(write=False)
    return picture


@pytest.fixture(scope="session")
def model():
    """The shipped network, loaded once."""
    from emolive.networks.checkpoint import load

    return load()


@pytest.fixture(scope="session")
def xserver() -> Iterator[str]:
    """A real X server; its display's name, which is also DISPLAY. One for all: Qt cannot go to another display."""
    with x.running() as name:
        yield name
