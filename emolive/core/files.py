"""Where outputs may go: never over an input, and not over another file unless the user says so."""

import os
from collections.abc import Iterable
from pathlib import Path

from emolive.core.errors import OutputError


def check_output(path: Path, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
    """Make the folder of an output and see that the file may be written.

    Raises `OutputError` if it is one of the inputs under whatever name (also through links, and even with `overwrite`),
    if it exists and `overwrite` is not given, if it is a folder, or if its folder cannot be made or not be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise OutputError(f"{path} is a folder. Give the name of a file in it.")
        if not os.access(path.parent, os.W_OK):  # found out now, not when the network has been loaded
            raise OutputError(f"You may not write into {path.parent.absolute()}. Choose another folder.")
        if not os.path.lexists(path):
            return
        for source in inputs:
            if path.exists() and source.exists() and source.samefile(path):
                raise OutputError(f"{path} is the input itself. Give the output another name.")
    except OSError as error:
        raise OutputError(f"Nothing can be written to {path} ({why(error)}). Choose another folder.") from error
    if not overwrite:
        raise OutputError(f"{path} exists already. Choose another name, or add --overwrite.")


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file that is whole or not there: what had its name stays until the new one is on the disk. `OSError`."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with open(partial, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def why(error: Exception) -> str:
    """The reason of a failed write in plain words: "No space left on device", "Permission denied"."""
    return getattr(error, "strerror", None) or str(error)
