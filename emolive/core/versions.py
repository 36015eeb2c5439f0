"""Which emolive this is, and with what it computes: said in bundles, snapshots, reports and results."""

from importlib import metadata

from emolive import __version__

PACKAGES = ("torch", "torchvision", "mediapipe", "opencv-contrib-python", "numpy")


def versions() -> dict[str, str | None]:
    """The versions of emolive and of what it computes with."""
    return {"emolive": __version__, **{name: _version(name) for name in PACKAGES}}


def _version(package: str) -> str | None:
    """The version of an installed package; None where it came in some other way, such as another build of OpenCV."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
