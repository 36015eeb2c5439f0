"""Files that emolive did not make just now, and may not trust: the one door through which JSON and tables come in.

Size, depth, rows and columns have bounds, every value is checked to be of its kind (`kinds.py`), and what is wrong is
said in one sentence that names the file and the place in it.
"""

import csv
import errno
import io
import json
import math
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn, TypeVar

from emolive.core.errors import SourceError, Unanswered
from emolive.core.patience import NoAnswer, within
from emolive.core.tables import plain_text

T = TypeVar("T")

PATIENCE_S = 10.0
"""How long a path may do nothing: a network drive that is gone, a file system that hangs."""

AT_ONCE = 1 << 16
"""Bytes that are read at least when a file is asked for some, since each read costs a thread."""

MOST_AT_ONCE = 1 << 20
"""And at most, so that a slow drive answers in time."""

MOST_BYTES = 64_000_000
"""Of a JSON file that is read as one."""

LONGEST_LINE = 8_000_000
"""Bytes of a line of JSON or of a table."""

MOST_COLUMNS = 10_000
MOST_ROWS = 5_000_000
"""Of a table, or lines of JSON: two days of one face."""

LONGEST_WORDS = 1024
"""Characters of a name in a table."""


def refuse(path: Path, place: str, reason: str, then: str) -> NoReturn:
    """Raise the `SourceError` of a file: where in it ("" for all of it) what is wrong, and what to do."""
    where = f"{place} of {path}" if place else f"{path} cannot be read"
    raise SourceError(f"{where}: {reason}. {then}")


def answered(path: Path, call: Callable[[], T]) -> T:
    """What a call gives that asks the system about a path, given up with `Unanswered` after `PATIENCE_S`: it cannot be
    interrupted where a file system hangs. As long as that question stays open no other one is asked about the path."""
    if not hangs(path):
        try:
            return within(PATIENCE_S, call, f"ask {path.name}")
        except NoAnswer as error:
            _open_questions[path] = error.thread
    raise Unanswered(f"{path} has not answered for {PATIENCE_S:.0f} s. Is the drive that it lies on there?")


def hangs(path: Path) -> bool:
    """Whether a question about a path was given up and is open still."""
    asking = _open_questions.get(path)
    return asking is not None and asking.is_alive()


_open_questions: dict[Path, Thread] = {}
"""What each path that did not answer was asked last, as the thread that waits for it."""


def is_file(path: Path) -> bool:
    """Whether a path is a file, or a link to one. Raises `SourceError` where it does not answer."""
    return answered(path, path.is_file)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, or a link to one. Raises `SourceError` where it does not answer."""
    return answered(path, path.is_dir)


def open_regular(path: Path, instead: str = "Name a file.", most: int | None = None) -> io.BufferedReader:
    """Open a file for reading. `instead` says what to name where it is none; `most` are its bytes.

    Raises `SourceError` where there is none, it is empty or too large, it does not answer, or it is a folder, a pipe or
    a device: those can be without end, or give nothing for ever. Reading on raises `Unanswered` where the file does not
    answer any more.
    """

    def opened() -> tuple[int, os.stat_result, bytes]:
        # Without O_NONBLOCK opening a pipe would wait for a writer.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            facts = os.fstat(number)
            # The beginning is read at once: so the file is known to answer, and small ones cost no second thread.
            return number, facts, _read_at(number, 0, AT_ONCE) if stat.S_ISREG(facts.st_mode) else b""
        except OSError:
            os.close(number)
            raise

    try:
        number, facts, head = answered(path, opened)
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {path}. Check the name.") from error
    except (OSError, ValueError) as error:
        if isinstance(error, IsADirectoryError) or (isinstance(error, PermissionError) and path.is_dir()):
            raise SourceError(f"{path} is a folder. {instead}") from error  # the latter on Windows
        if isinstance(error, PermissionError):
            raise SourceError(f"{path} may not be read by you. Change its permissions.") from error
        raise SourceError(f"{path} cannot be opened ({error}). Check the name.") from error
    wrong = ""
    if stat.S_ISDIR(facts.st_mode):
        wrong = f"{path} is a folder. {instead}"
    elif not stat.S_ISREG(facts.st_mode):
        wrong = f"{path} is a pipe or a device, not a file. {instead}"
    elif not facts.st_size:
        wrong = f"{path} cannot be read: it is empty (0 bytes). Copy or download it again."
    elif most is not None and facts.st_size > most:
        sizes = f"{facts.st_size / 1e6:,.1f} MB, more than the {most / 1e6:,.0f} of any such file"
        wrong = f"{path} cannot be read: it has {sizes}. {instead}"
    if wrong:
        os.close(number)
        raise SourceError(wrong)
    return io.BufferedReader(_Patient(path, number, facts.st_size, head), AT_ONCE)


class _Patient(io.RawIOBase):
    """An open file of which each read is given up after a while (`answered`), and none is tried after that.

    It keeps its own place in the file: the system's cannot be asked for while a read hangs. `head` is what its
    beginning was when it was opened.
    """

    def __init__(self, path: Path, number: int, size: int, head: bytes) -> None:
        self._path, self._number, self._size, self._place = path, number, size, 0
        self._head = head
        self._gone: Unanswered | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        place = offset + (0, self._place, self._size)[whence]
        if place < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._place = place
        return place

    def readinto(self, buffer: Any) -> int:
        if self._gone:
            raise self._gone
        part = self._part(min(len(buffer), MOST_AT_ONCE))
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)

    def _part(self, most: int) -> bytes:
        """The bytes from here on, `most` at most; none at the end."""
        if self._place < len(self._head) or self._size <= len(self._head):
            return self._head[self._place : self._place + most]
        try:
            return answered(self._path, partial(_read_at, self._number, self._place, most))
        except Unanswered as error:
            self._gone = error
            raise

    def close(self) -> None:
        if not self.closed and not self._gone:  # a drive that hangs would hang in closing, too
            os.close(self._number)
        super().close()


def _read_at(number: int, place: int, most: int) -> bytes:
    """Bytes of an open file from a place on."""
    if hasattr(os, "pread"):
        return os.pread(number, most, place)
    os.lseek(number, place, os.SEEK_SET)  # Windows
    return os.read(number, most)


def parsed(text: str | bytes, finite: bool = True) -> Any:
    """What a text of JSON says, of which every number is finite, unless that is looked at later (not `finite`).

    Raises `ValueError` with its reason.

    The depth is bounded by the parser, which gives up beyond some hundreds of brackets in one another.
    """
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite) if finite else json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None


def read_json(path: Path, most: int = MOST_BYTES, instead: str = "Name another file.", finite: bool = True) -> Any:
    """What a JSON file says (`parsed`). Raises `SourceError` as `open_regular` does, and for what is no JSON."""
    try:
        with open_regular(path, instead, most) as file:
            return parsed(file.read(most + 1)[:most], finite)  # it may have grown
    except (OSError, ValueError) as error:
        refuse(path, "", getattr(error, "strerror", None) or str(error), instead)


def read_lines(path: Path, instead: str) -> Iterator[tuple[str, bool]]:
    """The lines of a text file, and whether each is whole: the last one of a file may be cut off by a crash.

    Raises `SourceError` as `open_regular` does, and for what is no text, too long, or too many lines.
    """
    with open_regular(path, instead) as file:
        number = 0
        while True:
            number += 1
            try:
                line = file.readline(LONGEST_LINE + 1)
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except OSError as error:
                refuse(path, f"Line {number}", f"it cannot be read ({error.strerror or error})", "Try again.")
            except UnicodeDecodeError:
                if not line.endswith(b"\n") and number > 1 and not file.peek(1):
                    yield line.decode("utf-8", "replace"), False
                    return
                refuse(path, f"Line {number}", "it is not text in UTF-8", instead)
            if not line:
                return
            if len(line) > LONGEST_LINE:
                refuse(path, f"Line {number}", f"it is longer than {LONGEST_LINE // 1_000_000} MB", instead)
            if number > MOST_ROWS:
                refuse(path, f"Line {number}", f"more than {MOST_ROWS:,} lines", "Split it into several files.")
            yield text, line.endswith(b"\n")


def read_rows(path: Path, instead: str) -> Iterator[tuple[int, list[str], bool]]:
    """The rows of a table as `tables.csv_line` was given them: the number of each one's line, its cells, and whether it
    is whole. Raises `SourceError` as `read_lines` does, and for what is no row."""
    csv.field_size_limit(LONGEST_LINE + 1)  # no row is longer than that
    begun, first = "", 1
    for number, (line, is_whole) in enumerate(read_lines(path, instead), start=1):
        first = first if begun else number
        begun += line
        if begun.count('"') % 2 and is_whole and len(begun) <= LONGEST_LINE:  # a text with a new line in it
            continue
        try:
            rows = list(csv.reader(io.StringIO(begun, newline=""), strict=is_whole))
        except csv.Error as error:
            refuse(path, f"Line {first}", str(error), instead)
        if len(rows) != 1 or len(rows[0]) > MOST_COLUMNS:
            refuse(path, f"Line {first}", f"more than {MOST_COLUMNS:,} cells" if rows else "it is empty", instead)
        yield first, [plain_text(cell) for cell in rows[0]], is_whole
        begun = ""
    if begun.count("\n") > 1:  # a crash cuts one row off, not many
        refuse(path, f"Line {first}", "a text that begins there has no end", instead)
    if begun:
        yield first, [], False


def words(value: object) -> str:
    """A name that a file says, with the bytes that are no text, and all that cannot be printed, as escapes.

    Raises `ValueError` for what is none.
    """
    if not isinstance(value, str):
        raise ValueError("is no text")
    if len(value) > LONGEST_WORDS:
        raise ValueError(f"is longer than {LONGEST_WORDS} characters")
    return printable(value)


def printable(text: str) -> str:
    """A text that every file and console with UTF-8 takes: what cannot be printed stands in it as an escape."""
    if text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text
    )


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no finite number")
    return number
