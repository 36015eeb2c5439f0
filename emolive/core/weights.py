"""The files that travel with emolive: networks, detectors, the mean face. They lie in `model/` and are installed as the
package `emolive.weights`."""

from importlib import resources
from pathlib import Path

import emolive


def weights(name: str = "") -> Path:
    """The path of a file that travels with emolive, or of their folder."""
    try:
        folder = Path(str(resources.files("emolive.weights")))
    except ModuleNotFoundError:  # run in a source tree that is not itself what is installed
        folder = Path(emolive.__file__).resolve().parent.parent / "model"
    return folder / name
