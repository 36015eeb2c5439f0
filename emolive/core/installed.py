"""What is installed: which emolive, with what it computes (said in bundles, snapshots, reports and results), and the
files that travel with it (networks, detectors, the mean face)."""

from importlib import metadata, resources
from pathlib import Path

import emolive

PACKAGES = ("torch", "torchvision", "mediapipe", "opencv-contrib-python", "numpy")


def versions() -> dict[str, str | None]:
    """The versions of emolive and of what it computes with."""
    return {"emolive": emolive.__version__, **{name: _version(name) for name in PACKAGES}}


def _version(package: str) -> str | None:
    """The version of an installed package; None where it came in some other way, such as another build of OpenCV."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def weights(name: str = "") -> Path:
    """The path of a file that travels with emolive, or of their folder."""
    try:
        folder = Path(str(resources.files("emolive.weights")))
    except ModuleNotFoundError:  # run in a source tree that is not itself what is installed
        folder = Path(emolive.__file__).resolve().parent.parent / "model"
    return folder / name
