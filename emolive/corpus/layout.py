"""Where the results of a corpus lie: one folder for each video, which appears whole or not at all.

results/NAME/report.json     what was done, and with what (`result.py`)
results/NAME/data.jsonl      the numbers of each frame (or data.parquet)
results/NAME/video.mp4       the annotated video, where asked for
results/.making/             what is not finished; nobody reads it but emolive
results/.making/NAME/        drafts, answers of segments, leases (`leases.py`), progress, and why it failed last time
results/.making/.drivers/    a heart for each driver that is at work

Only files are ever removed or replaced, by name, and only those that a report names as emolive's own. A folder is
removed when it is empty. Nothing is written through a link.
"""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolive.core.errors import EmoliveError, OutputError, SourceError
from emolive.core.files import make_folders, why
from emolive.core.foreign import answered, read_json
from emolive.corpus.asked import asked, in_rows

REPORT, VIDEO, MAKING, DRIVERS = "report.json", "video.mp4", ".making", ".drivers"

FAILED, PROGRESS, BEGUN = "failed.json", "progress", "begun"
"""In a folder of `making`: why the result could not be made, how far it is, and a byte for each time it was begun."""

BEFORE, AFTER = ".report.json.before", ".report.json.after"
"""The reports of a result that is being replaced and of the one that takes its place, for as long as that takes."""

DATA = ("data.jsonl", "data.parquet")
HALF = tuple(f".{name}.part" for name in DATA)
WRITTEN = frozenset((REPORT, VIDEO, *DATA, *HALF))
"""All names that emolive gives to files while a result is made."""

_DRAFT = re.compile(r"(draft|lost)-[0-9a-f]{32}")
_NOTED = re.compile(rf"[0-9a-f]{{16}}-[0-9]{{5}}\.answers|[0-9a-f]{{16}}\.split|{re.escape(FAILED)}|{BEGUN}")
_PROGRESS = re.compile(rf"{PROGRESS}-[0-9a-f]{{32}}")
_HALF_ANSWERS = re.compile(r"[0-9a-f]{16}-[0-9]{5}\.[0-9a-f]+\.part")


def data_name(kind: str) -> str:
    """The data file's name in a result's folder; `kind` is "jsonl" or "parquet"."""
    return f"data.{kind}"


def results(folder: Path) -> list[Path]:
    """The folders of all finished results in a results folder, sorted by name. Raises `Unanswered`."""
    try:
        names = answered(folder, lambda: os.listdir(folder))
    except OSError:
        return []
    inside = [folder / name for name in sorted(names) if name != MAKING]
    there = in_rows(lambda row: asked(lambda path: (path / REPORT).exists(), row), inside)
    return [path for path, is_one in zip(inside, there, strict=True) if is_one]


@dataclass(frozen=True)
class Owned:
    """What emolive says that it wrote in a folder: of which video, and the names of the files, reports too."""

    source: str
    files: frozenset[str]


def owned(folder: Path) -> Owned | None:
    """What a result's folder holds of emolive's; None where it is no result (or a link, or not there)."""
    if folder.is_symlink() or not folder.is_dir():
        return None
    said = {name: facts for name in (REPORT, BEFORE, AFTER) if (facts := _said(folder / name))}
    if not said:
        return None
    first = next(iter(said.values()))
    claims = [first] if REPORT in said else said.values()  # without a report a replacement was stopped half-way
    named = {facts.get(key) for facts in claims for key in ("data", "video")}
    files = frozenset(name for name in (VIDEO, *DATA) if name in named)
    return Owned(str(first.get("source", "")), files | said.keys())


def _said(path: Path) -> dict[str, Any] | None:
    """What a report of emolive's says; None for any other file."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        facts = read_json(path)
        is_ours = "emolive" in facts["versions"] and isinstance(facts["data"], str)
        return facts if is_ours and isinstance(facts.get("video"), str | None) else None
    except (SourceError, TypeError, KeyError, IndexError):
        return None


def is_free(out: Path, video: Path, writes: frozenset[str] = frozenset()) -> bool:
    """Whether the result of a video, the files `writes` besides its report, may lie in the folder `out`: nothing is
    there, or an empty folder, or an earlier result of the same video without foreign files of those names. Raises
    `Unanswered`."""

    def free() -> bool:
        mine = owned(out)
        if mine is None:
            return not os.path.lexists(out) or _is_empty(out)
        return mine.source == str(video) and not _foreign(out, mine.files, writes)

    try:
        return answered(out, free)
    except OSError:  # a folder that may not be looked into is not emolive's
        return False


def is_result_of(video: Path) -> bool:
    """Whether a video is one that emolive made, in the folder of its result."""
    try:
        mine = answered(video, lambda: owned(video.parent))
    except (OSError, SourceError):
        return False
    return mine is not None and video.name in mine.files


def making(out: Path) -> Path:
    """The folder beside the result `out` in which it, and what is kept on the way to it, is made."""
    return out.parent / MAKING / out.name


def make_folder(folder: Path) -> None:
    """Make a folder for what is not finished, and see that it is none that a link leads to. Raises `OutputError`."""
    with as_output_error(folder):
        make_folders(folder)
    if folder.is_symlink():
        raise OutputError(f"{folder} is a link to another place. Remove it, or choose another folder with --out.")


@contextmanager
def draft(out: Path, check: Callable[[], None] = lambda: None, lease: str = "") -> Iterator[Path]:
    """A new empty folder whose files become the result `out` when the block is left without an error; they are removed
    otherwise.

    A result that was there before is replaced: its own files, by name; what else lies there stays. Other drafts of it
    are put aside (`fence`), so that of several who make the same result only the last one's appears. `check` raises
    where another has taken over (`leases.leased_draft`), and nothing is written then; `lease` is the name of the own
    lease. Raises `OutputError` where nothing can be written, and where something stands in the way that emolive did not
    make.
    """
    make_folder(out.parent / MAKING)
    make_folder(making(out))
    check()
    with as_output_error(out):
        fence(making(out))
        folder = making(out) / f"draft-{uuid.uuid4().hex}"
        folder.mkdir()
    try:
        yield folder
        with as_output_error(out):
            for path in folder.iterdir():
                with path.open("rb+") as file:  # on the disk before it gets its name
                    os.fsync(file.fileno())
            check()
            _publish(folder, out)
        clear(making(out), answers=not _others(making(out), lease))
    except (OSError, EmoliveError):
        check()  # which says so, in place of what came of it
        raise
    finally:
        _remove_draft(folder)


def fence(folder: Path) -> None:
    """Put the drafts in a folder of `making` aside, each in one step, and remove them: whoever still writes into one,
    though another took over, finds nothing to publish."""
    for left in tuple(folder.iterdir()):
        if _DRAFT.fullmatch(left.name) and not left.is_symlink():
            aside = folder / f"lost-{uuid.uuid4().hex}"
            with suppress(OSError):
                os.rename(left, aside)
                _remove_draft(aside)


def clear(folder: Path, answers: bool, nobody: bool = False) -> None:
    """Remove from a folder of `making` what emolive left half made there, and with `answers` what segments have kept
    and what was noted of the work, or, where `nobody` is at work, how far it was; then the folder, if it is empty. What
    cannot be removed lies out of sight."""
    if folder.is_symlink() or not folder.is_dir():
        return
    dead = [_HALF_ANSWERS, *([_NOTED] if answers else []), *([_PROGRESS] if answers or nobody else [])]
    for left in tuple(folder.iterdir()):
        if _DRAFT.fullmatch(left.name):
            _remove_draft(left)
        elif any(kind.fullmatch(left.name) for kind in dead):
            with suppress(OSError):
                left.unlink()
    with suppress(OSError):
        folder.rmdir()


def _others(folder: Path, lease: str) -> bool:
    """Whether somebody else, with other settings, is at work in a folder of `making`."""
    return any(path.name.startswith("lease-") and path.name != lease for path in folder.iterdir())


def _publish(folder: Path, out: Path) -> None:
    """Give a finished draft its place."""
    try:
        os.rename(folder, out)  # in one step, where nothing is there; never over files, nor through a link
        return
    except OSError:
        mine = owned(out)
        if mine is None and not _is_empty(out):
            if os.path.lexists(out):
                raise _in_the_way(out) from None
            raise
    before = mine.files if mine else frozenset()
    new = frozenset(path.name for path in folder.iterdir())
    for foreign in _foreign(out, before, new):
        raise _in_the_way(out / foreign)
    # From here on there is no result until the last step: nobody takes new data for old, whenever this ends. The
    # reports beside it say which files are emolive's until then. The first step fails where the draft was put aside.
    os.replace(folder / REPORT, out / AFTER)
    if (out / REPORT).exists():
        os.replace(out / REPORT, out / BEFORE)
    for name in before - new - {BEFORE, AFTER}:
        (out / name).unlink(missing_ok=True)
    for name in new - {REPORT}:
        os.replace(folder / name, out / name)
    os.replace(out / AFTER, out / REPORT)
    (out / BEFORE).unlink(missing_ok=True)


def _in_the_way(path: Path) -> OutputError:
    return OutputError(f"{path} is there already, and emolive did not make it. Move it away, or choose another --out.")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def _foreign(out: Path, own: frozenset[str], names: frozenset[str]) -> list[str]:
    """Those of the names, and of the reports', that lie in a result's folder without being the result's `own`."""
    return sorted(name for name in (names | {REPORT, BEFORE, AFTER}) - own if os.path.lexists(out / name))


def _remove_draft(folder: Path) -> None:
    """Remove a folder that a result was made in: the files that emolive writes, and then the folder, if it is empty."""
    if folder.is_symlink():
        return
    for name in WRITTEN:
        with suppress(OSError):
            (folder / name).unlink()
    with suppress(OSError):
        folder.rmdir()


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
