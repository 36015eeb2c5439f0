"""Outputs: never over an input, not over another file unless the user says so, and whole or not at all."""

import os
import uuid
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


def write_whole(path: Path, data: str | bytes) -> None:
    """Write a file in one step: at every moment `path` is what it was before, or all of `data`, which is on the disk.

    Text is UTF-8; halves of characters, such as in names of files that are no text, become escapes as JSON has them. A
    link stays, and leads to the new file; a device or pipe is written to. Raises OSError, after which nothing is left
    behind.
    """
    content = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    part = target.with_name(f".{uuid.uuid4().hex}.part")  # in the same folder, so on the same disk; and never too long
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def write_output(path: Path, data: str | bytes, hint: str = "Choose another folder.") -> None:
    """`write_whole`, whose failure is an `OutputError`; `hint` says what to do next."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({why(error)}). {hint}") from error


def why(error: Exception) -> str:
    """The reason of a failed write in plain words: "No space left on device", "Permission denied"."""
    return getattr(error, "strerror", None) or str(error)
