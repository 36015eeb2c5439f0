"""The folder of a report: it appears whole or not at all, and over nothing that is not to be replaced."""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from emolive.core.errors import OutputError
from emolive.core.files import check_output, why, write_whole
from emolive.reports.explain_page import page
from emolive.reports.figures import Report, as_json

SHEETS = "sheets"
"""The folder beside the page that its pictures lie in."""


def slug(text: str) -> str:
    """A short part of a file name that is safe everywhere: letters a to z, digits, "-", "_"."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")[:60] or "picture"


def check_folder(out: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """See beforehand that a report may be written into a folder: explaining takes long."""
    for name in ("index.html", "report.json"):
        check_output(out / name, inputs, overwrite)
    sheets = (out / SHEETS).resolve()
    if any(sheets in path.resolve().parents for path in inputs):
        raise OutputError(
            f"The report's pictures would be written among the inputs, in {out / SHEETS}. Choose another --out."
        )
    if os.path.lexists(out / SHEETS) and not sheets.is_dir():
        raise OutputError(f"{out / SHEETS} is no folder, so the report's pictures have no place. Choose another --out.")
    if sheets.exists() and not overwrite:
        raise OutputError(f"{out / SHEETS} exists already. Choose another --out, or add --overwrite.")


@contextmanager
def drafted(out: Path) -> Iterator[Path]:
    """A folder in `out` to write into, gone on any way out, so that a report appears whole or not at all."""
    try:
        made = tempfile.TemporaryDirectory(prefix=".explain-", dir=out, ignore_cleanup_errors=True)
        (Path(made.name) / SHEETS).mkdir()
    except OSError as error:
        raise OutputError(f"Nothing can be written to {out} ({why(error)}). Choose another folder.") from error
    with made as draft:
        try:
            yield Path(draft)
        except OSError as error:
            raise OutputError(f"The report in {out} could not be written ({why(error)}). Is there room?") from error


def write(report: Report, draft: Path) -> None:
    """Write the page and the numbers of a report. Raises OSError."""
    text = json.dumps(as_json(report, SHEETS), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(draft / "report.json", text + "\n")
    write_whole(draft / "index.html", page(report, SHEETS))


def publish(draft: Path, out: Path) -> None:
    """Move everything to its place, the page last."""
    (out / SHEETS).mkdir(exist_ok=True)
    for file in sorted((draft / SHEETS).iterdir()):
        os.replace(file, out / SHEETS / file.name)
    for name in ("report.json", "index.html"):
        os.replace(draft / name, out / name)


def save_picture(path: Path, bgr: np.ndarray) -> None:
    """Write (H, W, 3) uint8 BGR, encoded as the ending says. Raises OSError.

    Encoded and written in two steps: OpenCV's own writer does not say why it failed.
    """
    path.write_bytes(cv2.imencode(path.suffix, bgr)[1].tobytes())
