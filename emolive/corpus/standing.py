"""Whether a video is done: what its record says beside what is there now, and in words what differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from emolive.core.errors import OutputError, SourceError, Unanswered
from emolive.core.files import why
from emolive.core.foreign import printable
from emolive.corpus.asked import FileFacts, RowFacts, asked, facts_of, in_rows
from emolive.corpus.layout import FAILED, making, results
from emolive.corpus.manifest import content_hash
from emolive.corpus.result import FORMAT, VideoResult

MOST_DIFFERENT = 12
"""Settings that are named where they differ."""

LONGEST = 60
"""Characters of a value in a sentence."""

FactsOf = Callable[[Path], FileFacts]


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
    """The records of all results in a folder, by name; what cannot be read is none. Raises `Unanswered`."""
    same: dict[str, Mapping[str, Any]] = {}  # thousands of records say the same of their settings

    def shared(one: Record) -> Record:
        options = same.setdefault(one.settings, one.options)
        return replace(one, options=options) if options == one.options else one

    def row(folders: Sequence[Path]) -> list[Record]:
        found = asked(record, folders)
        for one in found:
            if isinstance(one, Unanswered):  # it is not to be done again for that
                raise one
        return [shared(one) for one in found if isinstance(one, Record)]

    return tuple(in_rows(row, results(out)))


def record(folder: Path) -> Record | None:
    """The record of a result's folder, if there is one that can be read. Raises `Unanswered`."""
    try:
        result = VideoResult.read(folder)
    except Unanswered:
        raise
    except SourceError:
        return None
    return Record(folder, **{name: getattr(result, name) for name in _OF_REPORT})


def known_among(known: Sequence[Record]) -> Callable[[Sequence[Path]], set[Path]]:
    """Which files are among the videos that records know, of the same size and time as then. Raises `Unanswered`."""
    then = {one.source: (one.size, one.mtime_ns) for one in known}

    def row(paths: Sequence[Path]) -> list[Path]:
        named = [path for path in paths if str(path) in then]
        facts = RowFacts(named)
        return [path for path in named if _is(facts, path, then[str(path)])]

    return lambda paths: set(in_rows(row, paths))


def _is(facts: RowFacts, path: Path, then: tuple[int, int]) -> bool:
    try:
        now = facts(path)
    except (OSError, SourceError):
        return False
    return then == (now.size, now.mtime_ns)


def standings(
    videos: Sequence[Path], known: Sequence[Record], wanted: Wanted, looked: Callable[[], None] = lambda: None
) -> list[Standing]:
    """How each video stands, in their order, beside what is `wanted` of its result.

    A video without a record of its own under its path, or of another content than that says, may have been renamed,
    moved, or swapped with another one: then one of the same bytes has a record whose video is no longer where it was.

    Raises `Unanswered` where none of many videos answers, and `OutputError` where a result does not.
    """
    by_source: dict[str, list[Record]] = {}
    for one in known:
        by_source.setdefault(one.source, []).append(one)

    def own(video: Path, facts: RowFacts) -> Standing:
        try:
            found = _best([_stand(video, one, wanted, facts) for one in by_source.get(str(video), ())])
            found = found or Standing(video, None, NEVER, facts(video), is_other=True)
        except (OSError, SourceError) as error:  # whoever makes it will say what is wrong with it
            found = Standing(video, None, (f"it cannot be read ({_plain(error)})",), FileFacts(-1, 0))
        looked()
        return found

    def row(videos: Sequence[Path]) -> list[Standing]:
        records = [one for video in videos for one in by_source.get(str(video), ())]
        facts = RowFacts([*videos, *(one.folder / name for one in records for name in one.files)])
        return [own(video, facts) for video in videos]

    found = in_rows(row, videos)
    theirs = {id(one.record) for one in found if not one.is_other}
    free: dict[int, list[Record]] = {}  # by the size of their videos, which are not where they were
    for one in known:
        if id(one) not in theirs and one.format >= FORMAT:
            free.setdefault(one.size, []).append(one)
    hashed = in_rows(lambda row: [_hashed(one) if one.now.size in free else one for one in row], found)
    return [_moved(one, free.get(one.now.size, []), wanted) if one.reasons else one for one in hashed]


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


def _stand(video: Path, one: Record, wanted: Wanted, facts: FactsOf = facts_of) -> Standing:
    now = facts(video)
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
    reasons += damage(one, wanted.verify, facts)
    return Standing(video, one, tuple(reasons), now, not reasons and not same_facts, is_other)


def _hashed(one: Standing) -> Standing:
    """The same with the hash of its video."""
    try:
        return (
            one
            if one.now.sha256 or not one.is_other
            else replace(one, now=replace(one.now, sha256=content_hash(one.video)))
        )
    except SourceError:
        return one


def _moved(one: Standing, maybe: list[Record], wanted: Wanted) -> Standing:
    """How a video stands for which one of these records may speak, which then is no other's. A video that has a record
    of its own, made otherwise or damaged, takes one under which it is done only."""
    own = one.record
    content = own.content if own and own.format >= FORMAT and not one.is_other else one.now.sha256
    for record in maybe:
        if record.content == content:
            reasons = (*wanted.differences(record), *damage(record, wanted.verify))
            if one.is_other or not reasons:
                maybe.remove(record)
                return Standing(one.video, record, reasons, one.now, not reasons)
    return one


def _best(found: Sequence[Standing]) -> Standing | None:
    """Of several results of one video the one that is done, or the first."""
    return min(found, key=lambda one: len(one.reasons), default=None)


def damage(one: Record, verify: bool = False, facts: FactsOf = facts_of) -> list[str]:
    """What is wrong with the files of a result, in words. A file that was copied has another time: its content counts
    then, as with `verify`. Raises `OutputError` where one does not answer: it is not to be made again for that."""
    wrong = []
    for name, was in one.files.items():
        path = one.folder / name
        try:
            now = facts(path)
            if now.size != was.size:
                wrong.append(f"its {name} has {now.size:,} bytes, not the {was.size:,} that were written")
            elif (verify or now.mtime_ns != was.mtime_ns) and content_hash(path) != was.sha256:
                wrong.append(f"its {name} is not what was written")
        except FileNotFoundError:
            wrong.append(f"its {name} is gone")
        except Unanswered as error:
            raise OutputError(str(error)) from error
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
