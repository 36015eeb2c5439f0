"""Asking a disk about thousands of files: several at once, and never for ever.

On a network disk each question is a wait, so some threads ask; on any disk handing over costs more than a question, so
each takes a row of them. Where a file system hangs nothing can be interrupted: a row is asked in a thread that can be
left behind, and where it does not come back each of its questions is asked alone, so that only what hangs is missing.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from emolive.core.errors import Unanswered
from emolive.core.foreign import PATIENCE_S, answered, hangs
from emolive.core.patience import NoAnswer, within

READERS, TOGETHER = 16, 64
"""So many threads ask, each so many questions in a row."""

A_DRIVE = 3
"""Where so many files in a row, and no other, do not answer, it is their drive that hangs."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file was when it was written or seen: its bytes, the time of its last change, its sha256 ("": unknown)."""

    size: int
    mtime_ns: int
    sha256: str = ""


def in_rows(look: Callable[[Sequence[T]], Iterable[U]], things: Sequence[T]) -> list[U]:
    """What `look` gives for rows of things, in order."""
    rows = [things[i : i + TOGETHER] for i in range(0, len(things), TOGETHER)]
    with ThreadPoolExecutor(READERS) as pool:
        return [one for found in pool.map(look, rows) for one in found]


def asked(question: Callable[[Path], T], paths: Sequence[Path]) -> list[T | Unanswered]:
    """The answers of a question about each of a row of paths, in order; `Unanswered` where one hangs.

    Raises `Unanswered` where all do, and what the question raises.
    """

    def alone(path: Path) -> T | Unanswered:
        try:
            return answered(path, lambda: question(path))
        except Unanswered as error:
            return error

    if not paths:
        return []
    try:
        if not any(map(hangs, paths)):
            return within(PATIENCE_S, lambda: [question(path) for path in paths], "ask a row")
    except (NoAnswer, Unanswered):
        pass  # of one of them, or more
    with ThreadPoolExecutor(len(paths)) as pool:
        found = list(pool.map(alone, paths))
    hung = [one for one in found if isinstance(one, Unanswered)]
    if len(hung) == len(found) >= A_DRIVE:
        raise hung[0]
    return found


def facts_of(path: Path) -> FileFacts:
    """A file's size and time. Raises `OSError`, and `Unanswered`."""
    facts = answered(path, path.stat)
    return FileFacts(facts.st_size, facts.st_mtime_ns)


class RowFacts:
    """The facts of a row of files, all asked for together: gives them one by one, or raises what became of the
    question."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._found = dict(zip(paths, asked(_facts_or_error, paths), strict=True))

    def __call__(self, path: Path) -> FileFacts:
        found = self._found[path]
        if isinstance(found, Exception):
            raise found
        return found


def _facts_or_error(path: Path) -> FileFacts | OSError:
    try:
        return facts_of(path)
    except OSError as error:
        return error
