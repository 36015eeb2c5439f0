"""What the folder of a video's result may be called: a name that any file system takes, and never a way out of it."""

import hashlib
import re
import unicodedata
from pathlib import Path

LONGEST = 140
"""Bytes of a name: file systems allow 255, encrypted ones 143."""

_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
"""Control characters and those that turn text around, bytes that are no text, and what Windows does not allow."""

_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names that Windows gives to devices, with any ending."""

_OURS = frozenset(
    ("summary.csv", "summary.html", "summary-figures.csv", "summary-columns.csv", "summary.parquet",
     "summary-figures.parquet", "people.csv")
)  # fmt: skip
"""What `emolive summary` writes beside the results."""


def plain_name(text: str) -> str:
    """A name for a folder: no dots or spaces at its ends, nothing that a file system refuses. It may be empty or too
    long; `is_name` says so."""
    return _UNFIT.sub("_", text).strip(". ")


def is_name(name: str) -> bool:
    """Whether a plain name can be a result's: not empty, not too long, and neither a device's nor one of our files'."""
    fits = 0 < len(name.encode()) <= LONGEST
    return fits and not _DEVICE.fullmatch(name) and folded(name) not in _OURS


def hashed_name(name: str, video: Path, digits: int) -> str:
    """A plain name with so many digits of the hash of the video's path at its end, cut so that it is short enough."""
    tail = "-" + hashlib.sha256(str(video).encode("utf-8", "surrogateescape")).hexdigest()[:digits]
    head = name.encode()[: LONGEST - len(tail)].decode(errors="ignore").rstrip(". ")
    return (head or "video") + tail


def folded(name: str) -> str:
    """What two names share that some file system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()
