"""What is installed: which emolive, with what it computes (said in bundles, snapshots, reports and results), and the
files that travel with it (networks, detectors, the mean face)."""

from importlib import metadata, resources, util
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


def matplotlib_data(name: str = "") -> Path:
    """The path of a file that comes with matplotlib (fonts, sample pictures), or of their folder; matplotlib itself,
    which takes a quarter of a second, is not loaded for it. Raises `ModuleNotFoundError` where it is missing."""
    found = util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("matplotlib is not installed.")
    return Path(found.origin).parent / "mpl-data" / name
