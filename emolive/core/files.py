"""Outputs: never over an input, not over another file unless the user says so, and whole or not at all."""

import errno
import hashlib
import os
import uuid
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

from emolive.core.errors import ModelError, OutputError, SourceError
from emolive.core.foreign import answered, open_regular

DEEPEST = 300
"""Folders in one another of which an output may lie in the last."""

MOST_MODEL = 4 << 30
"""Bytes of a file of weights: the largest vision transformers have some 2.5 GB."""


def real(path: Path) -> Path:
    """The whole path, without links; of links in a circle, as far as they lead."""
    return Path(os.path.realpath(path))


def make_folders(path: Path) -> None:
    """Make a folder, and those above it. Raises OSError, also where `mkdir` would call itself too often."""
    if len(path.parts) > DEEPEST:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(path))
    path.mkdir(parents=True, exist_ok=True)


def check_output(path: Path, inputs: Iterable[Path] = (), overwrite: bool = False, make: bool = True) -> None:
    """Make the folder of an output, or only see that it could be made (not `make`), and that the file may be written.

    Raises `OutputError` if it is one of the inputs under whatever name (also through links, and even with `overwrite`),
    if it exists and `overwrite` is not given, if it is a folder, or if its folder cannot be made or not be written to.
    """
    try:
        answered(path, lambda: os.path.lexists(path))
        if make:
            make_folders(path.parent)
        if path.is_dir():
            raise OutputError(f"{path} is a folder. Give the name of a file in it.")
        folder = _nearest(path.parent)
        if not folder.is_dir():
            raise OutputError(f"{folder} is a file, so nothing can be written into it. Choose another folder.")
        if not os.access(folder, os.W_OK):  # found out now, not when the network has been loaded
            raise OutputError(f"You may not write into {folder.absolute()}. Choose another folder.")
        if not os.path.lexists(path):
            return
        if path.exists() and not path.is_file():
            raise OutputError(f"{path} is a pipe or a device, not a file. Give the name of a file.")
        for source in inputs:
            if path.exists() and source.exists() and source.samefile(path):
                raise OutputError(f"{path} is the input itself. Give the output another name.")
    except OSError as error:
        raise OutputError(f"Nothing can be written to {path} ({why(error)}). Choose another folder.") from error
    if not overwrite:
        raise OutputError(f"{path} exists already. Choose another name, or add --overwrite.")


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next((one for one in (folder, *folder.parents) if os.path.lexists(one)), Path())


def reserved(path: Path) -> Path:
    """An empty file of that name, made now and by nobody else, or a folder where the name has no ending; where the name
    is taken, `name_2`, `name_3` …

    Two programs that choose the same name in the same second so get two files. Makes the folder. Raises OSError.
    """
    make_folders(path.parent)
    for name in chain([path.stem], (f"{path.stem}_{number}" for number in count(2))):
        found = path.with_name(f"{name}{path.suffix}")
        try:
            if path.suffix:
                found.open("xb").close()
            else:
                found.mkdir()
        except FileExistsError:
            continue
        return found
    raise AssertionError("There is always another number.")


def write_whole(path: Path, data: str | bytes | memoryview) -> None:
    """Write a file in one step: at every moment `path` is what it was before, or all of `data`, which is on the disk.

    Text becomes bytes as `as_bytes` says. A link stays, and leads to the new file; a device or pipe is written to.
    Raises OSError, after which nothing is left behind.
    """
    content = as_bytes(data) if isinstance(data, str) else data
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


def as_bytes(text: str) -> bytes:
    """A text in UTF-8, of which no part can be refused: halves of characters, such as in names of files that are no
    text, become escapes as JSON has them."""
    return text.encode("utf-8", "backslashreplace")


def check_model(path: Path) -> None:
    """See before it is loaded that a file of weights is a file that answers and can be held, whatever its name says.

    Raises `ModelError`.
    """
    try:
        open_regular(path, "Give --model a .safetensors, .pt or .pth file.", MOST_MODEL).close()
    except SourceError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            words = f"There is no model file {path}. Give --model the path of a .safetensors, .pt or .pth file."
            raise ModelError(words) from error
        raise ModelError(f"As a model: {error}") from error


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises `SourceError` where it cannot be opened or stops to answer."""
    found = hashlib.sha256()
    with open_regular(path) as file:
        while part := file.read(1 << 20):
            found.update(part)
    return found.hexdigest()


def why(error: Exception) -> str:
    """The reason of a failed write in plain words: "No space left on device", "Permission denied"."""
    return getattr(error, "strerror", None) or str(error)
