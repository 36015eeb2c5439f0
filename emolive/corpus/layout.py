"""Where the results of a corpus lie: one folder for each video, which appears whole or not at all.

results/NAME/report.json     what was done, and with what (`result.py`)
results/NAME/data.jsonl      the numbers of each frame (or data.parquet)
results/NAME/video.mp4       the annotated video, where asked for
results/.making/             what is not finished; nobody reads it but emolive
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emolive.core.errors import OutputError
from emolive.core.files import why

REPORT, VIDEO, MAKING = "report.json", "video.mp4", ".making"


def data_name(kind: str) -> str:
    """The data file's name in a result's folder; `kind` is "jsonl" or "parquet"."""
    return f"data.{kind}"


def results(folder: Path) -> list[Path]:
    """The folders of all finished results in a results folder, sorted by name."""
    return sorted(path.parent for path in folder.glob(f"*/{REPORT}") if path.parent.name != MAKING)


def making(out: Path) -> Path:
    """The folder beside the result `out` in which it, and what is kept on the way to it, is made."""
    return out.parent / MAKING / out.name


@contextmanager
def draft(out: Path) -> Iterator[Path]:
    """A new empty folder that becomes `out` when the block is left without an error, and is removed otherwise.

    A result that was there before is replaced. Raises `OutputError` where nothing can be written.
    """
    folder = making(out) / uuid.uuid4().hex[:8]
    try:
        with as_output_error(out):
            folder.mkdir(parents=True)
        yield folder
        with as_output_error(out):
            for path in folder.iterdir():
                with path.open("rb+") as file:  # on the disk before it gets its name
                    os.fsync(file.fileno())
            if out.exists():
                os.replace(out, folder.with_suffix(".old"))
            os.replace(folder, out)
        shutil.rmtree(making(out), ignore_errors=True)  # also what was left there by workers that were killed
    finally:
        for left in (folder, folder.with_suffix(".old")):
            shutil.rmtree(left, ignore_errors=True)  # what cannot be removed lies out of sight in .making


@contextmanager
def as_output_error(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write into an `OutputError` that says what to do."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({why(error)}). Finished results are whole; make room or choose another "
            "folder, then run the same command again."
        ) from error
