"""Whether a video is done: what its record says beside what is there now, and in words what differs."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from emolive.core.errors import SourceError, Unanswered
from emolive.core.files import why
from emolive.core.foreign import answered, printable
from emolive.corpus.layout import FAILED, making, results
from emolive.corpus.manifest import content_hash
from emolive.corpus.result import FORMAT, FileFacts, VideoResult

READERS, TOGETHER = 16, 64
"""So many threads look at records, videos and results, each at so many in a row: on a network disk each look is a wait,
and on any disk handing over costs more than a look."""

MOST_DIFFERENT = 12
"""Settings that are named where they differ."""

LONGEST = 60
"""Characters of a value in a sentence."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Record:
    """A result's folder, and what of its report (`VideoResult`) says whether it is done: a driver holds thousands."""

    folder: Path
    source: str
    content: str
    size: int
    mtime_ns: int
    settings: str
    options: Mapping[str, Any]
    data: str
    files: Mapping[str, FileFacts]
    frames: int
    faces: int
    notes: tuple[str, ...]
    format: int


_OF_REPORT = tuple(one.name for one in fields(Record) if one.name != "folder")


@dataclass(frozen=True)
class Standing:
    """A video, the record of its result, if there is one, and why it would be done again; nothing of that: it is done.

    `now` is what the video is now, with its hash where it had to be known. `seen_elsewhere`: it is done, but its record
    names another path or time, and can be brought up to date. `is_other`: it is not what was done under its path.
    """

    video: Path
    record: Record | None
    reasons: tuple[str, ...]
    now: FileFacts
    seen_elsewhere: bool = False
    is_other: bool = False


NEVER = ("it was never done",)


@dataclass(frozen=True)
class Wanted:
    """What results should depend on: `settings` is the hash of `key`. `verify`: contents are compared, whatever size
    and time say."""

    settings: str
    key: Mapping[str, Any] = field(default_factory=dict)
    verify: bool = False
    _said: dict[str, list[str]] = field(default_factory=dict)  # thousands of records differ in the same

    def differences(self, one: Record) -> list[str]:
        """In words what a result was made with that is another now."""
        if one.settings == self.settings:
            return []
        if one.settings not in self._said:
            said = differences(one.options, self.key) or ["it was made with other settings"]
            self._said[one.settings] = said
        return self._said[one.settings]


def records(out: Path) -> tuple[Record, ...]:
    """The records of all results in a folder, by name; what cannot be read is none."""
    same: dict[str, Mapping[str, Any]] = {}  # thousands of records say the same of their settings

    def shared(one: Record) -> Record:
        options = same.setdefault(one.settings, one.options)
        return replace(one, options=options) if options == one.options else one

    def some(folders: Sequence[Path]) -> list[Record]:
        return [shared(one) for folder in folders if (one := record(folder))]

    def row(folders: Sequence[Path]) -> list[Record]:
        try:
            return answered(out, lambda: some(folders))  # one thread that may hang for all of them
        except Unanswered:
            return some(folders)  # so that only what hangs is missing

    folders = results(out)
    with ThreadPoolExecutor(READERS) as pool:
        return tuple(one for found in pool.map(row, _rows(folders)) for one in found)


def _rows(things: Sequence[T]) -> list[Sequence[T]]:
    return [things[i : i + TOGETHER] for i in range(0, len(things), TOGETHER)]


def _looked_at(look: Callable[[T], U], things: Sequence[T]) -> list[U]:
    """What `look` says of each, in order."""
    with ThreadPoolExecutor(READERS) as pool:
        return [one for row in pool.map(lambda row: [look(thing) for thing in row], _rows(things)) for one in row]


def record(folder: Path) -> Record | None:
    """The record of a result's folder, if there is one that can be read."""
    try:
        result = VideoResult.read(folder)
    except SourceError:
        return None
    return Record(folder, **{name: getattr(result, name) for name in _OF_REPORT})


def known_among(known: Sequence[Record]) -> Callable[[Path], bool]:
    """Whether a file is one of the videos that records know, of the same size and time as then."""
    facts = {one.source: (one.size, one.mtime_ns) for one in known}

    def is_known(path: Path) -> bool:
        then = facts.get(str(path))
        try:
            now = path.stat() if then else None
        except OSError:
            return False
        return now is not None and then == (now.st_size, now.st_mtime_ns)

    return is_known


def standings(
    videos: Sequence[Path], known: Sequence[Record], wanted: Wanted, looked: Callable[[], None] = lambda: None
) -> list[Standing]:
    """How each video stands, in their order, beside what is `wanted` of its result.

    A video without a record of its own under its path, or of another content than that says, may have been renamed,
    moved, or swapped with another one: then one of the same bytes has a record whose video is no longer where it was.
    """
    by_source: dict[str, list[Record]] = {}
    for one in known:
        by_source.setdefault(one.source, []).append(one)

    def own(video: Path) -> Standing:
        try:
            found = _best([_stand(video, one, wanted) for one in by_source.get(str(video), ())])
            found = found or Standing(video, None, NEVER, facts_of(video), is_other=True)
        except (OSError, SourceError) as error:  # whoever makes it will say what is wrong with it
            found = Standing(video, None, (f"it cannot be read ({_plain(error)})",), FileFacts(-1, 0))
        looked()
        return found

    found = _looked_at(own, videos)
    theirs = {id(one.record) for one in found if not one.is_other}
    free: dict[int, list[Record]] = {}  # by the size of their videos, which are not where they were
    for one in known:
        if id(one) not in theirs and one.format >= FORMAT:
            free.setdefault(one.size, []).append(one)
    hashed = _looked_at(lambda one: _hashed(one) if one.is_other and one.now.size in free else one, found)
    return [_moved(one, free.get(one.now.size, []), wanted) if one.is_other else one for one in hashed]


def standing(video: Path, folder: Path, settings: str) -> Standing | None:
    """How a video stands beside the result in a folder; None where it has none there that was made of it as it is."""
    there = record(folder)
    try:
        now = facts_of(video)
        if there is None or there.source != str(video):
            return None
        if (there.size, there.mtime_ns) != (now.size, now.mtime_ns):  # no need to read it for that
            return None
        return _stand(video, there, Wanted(settings))
    except (OSError, SourceError):
        return None


def _stand(video: Path, one: Record, wanted: Wanted) -> Standing:
    now = facts_of(video)
    reasons: list[str] = []
    same_facts = (now.size, now.mtime_ns) == (one.size, one.mtime_ns)
    is_other = False
    if one.format < FORMAT:
        reasons.append("its record is of an earlier emolive, which did not say all that it depends on")
    elif now.size != one.size:
        is_other = True
        reasons.append(f"the video has {now.size:,} bytes; when it was done it had {one.size:,}")
    elif wanted.verify or not same_facts:
        now = FileFacts(now.size, now.mtime_ns, content_hash(video))
        if now.sha256 != one.content:
            is_other = True
            reasons.append("the video's content is another one than when it was done")
    reasons += wanted.differences(one) if one.format >= FORMAT else ()
    reasons += damage(one, wanted.verify)
    return Standing(video, one, tuple(reasons), now, not reasons and not same_facts, is_other)


def _hashed(one: Standing) -> Standing:
    """The same with the hash of its video."""
    try:
        return one if one.now.sha256 else replace(one, now=replace(one.now, sha256=content_hash(one.video)))
    except SourceError:
        return one


def _moved(one: Standing, maybe: list[Record], wanted: Wanted) -> Standing:
    """How a video stands for which one of these records may speak, which then is no other's."""
    for record in maybe:
        if record.content == one.now.sha256:
            maybe.remove(record)
            reasons = (*wanted.differences(record), *damage(record, wanted.verify))
            return Standing(one.video, record, reasons, one.now, not reasons)
    return one


def _best(found: Sequence[Standing]) -> Standing | None:
    """Of several results of one video the one that is done, or the first."""
    return min(found, key=lambda one: len(one.reasons), default=None)


def damage(one: Record, verify: bool = False) -> list[str]:
    """What is wrong with the files of a result, in words. A file that was copied has another time: its content counts
    then, as with `verify`."""
    wrong = []
    for name, was in one.files.items():
        path = one.folder / name
        try:
            now = facts_of(path)
            if now.size != was.size:
                wrong.append(f"its {name} has {now.size:,} bytes, not the {was.size:,} that were written")
            elif (verify or now.mtime_ns != was.mtime_ns) and content_hash(path) != was.sha256:
                wrong.append(f"its {name} is not what was written")
        except FileNotFoundError:
            wrong.append(f"its {name} is gone")
        except (OSError, SourceError) as error:
            wrong.append(f"its {name} cannot be read ({_plain(error)})")
    return wrong


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """In words what of the settings of a result (`manifest.settings_of`) is another now."""
    before, after = _flat(then), _flat(now)
    for one in (before, after):  # networks are known by their content
        one.pop("model", None)
        one.pop("model_b", None)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)] if now else []
    words = [f"{name.replace('_', '-')}: {_said(before.get(name))} → {_said(after.get(name))}" for name in names]
    more = len(words) - MOST_DIFFERENT
    return [*words[:MOST_DIFFERENT], *([f"and {more} more settings"] if more > 0 else [])]


def failure(out: Path) -> str:
    """Why the result `out` could not be made when it was tried last; "" where nothing is known of that."""
    from emolive.core.foreign import read_json

    try:
        said = read_json(making(out) / FAILED, most=100_000)
        return printable(str(said["error"]))
    except (SourceError, KeyError, TypeError):
        return ""


def facts_of(path: Path) -> FileFacts:
    """A file's size and time. Raises `OSError`."""
    facts = path.stat()
    return FileFacts(facts.st_size, facts.st_mtime_ns)


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings by one name each: `networks.1.color`; lists as tuples, as JSON does not tell them apart."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            found |= _flat({str(i + 1): one for i, one in enumerate(value)}, f"{before}{name}.")
        else:
            found[before + name] = list(value) if isinstance(value, tuple) else value
    return found


def _said(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "–"
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return printable(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def _plain(error: Exception) -> str:
    return why(error) if isinstance(error, OSError) else str(error)
