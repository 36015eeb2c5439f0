"""Whether a video is done: what its record says beside what is there now, and in words what differs."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolive.core.errors import SourceError
from emolive.core.files import why
from emolive.core.foreign import printable
from emolive.corpus.layout import FAILED, making, results
from emolive.corpus.manifest import content_hash
from emolive.corpus.result import FORMAT, FileFacts, VideoResult

READERS = 16
"""Records, videos and results that are looked at together: on a network disk each look is a wait."""

MOST_DIFFERENT = 12
"""Settings that are named where they differ."""

LONGEST = 60
"""Characters of a value in a sentence."""


@dataclass(frozen=True)
class Record:
    """A result's folder and what it says of itself."""

    folder: Path
    result: VideoResult


@dataclass(frozen=True)
class Standing:
    """A video, the record of its result, if there is one, and why it would be done again; nothing of that: it is done.

    `now` is what the video is now, `content` its hash where it had to be known. `seen_elsewhere`: it is done, but its
    record names another path or time, and can be brought up to date.
    """

    video: Path
    record: Record | None
    reasons: tuple[str, ...]
    now: FileFacts
    seen_elsewhere: bool = False


def records(out: Path) -> tuple[Record, ...]:
    """The records of all results in a folder, by name; what cannot be read is none."""
    with ThreadPoolExecutor(READERS) as pool:
        return tuple(filter(None, pool.map(record, results(out))))


def record(folder: Path) -> Record | None:
    """The record of a result's folder, if there is one that can be read."""
    try:
        return Record(folder, VideoResult.read(folder))
    except SourceError:
        return None


def standings(
    videos: Sequence[Path],
    known: Sequence[Record],
    settings: str,
    key: Mapping[str, Any],
    verify: bool = False,
    looked: Callable[[], None] = lambda: None,
) -> list[Standing]:
    """How each video stands, in their order. `settings` is the hash of `key`, all that its result should depend on.

    A video that has no record under its path may have been renamed or moved: then one of the same bytes has a record
    whose video is no longer where it was. `verify`: whatever size and time say, contents are compared.
    """
    by_source: dict[str, list[Record]] = {}
    for one in known:
        by_source.setdefault(one.result.source, []).append(one)
    named = set(map(str, videos))
    lost: dict[int, list[Record]] = {}  # by the size of their videos
    for one in known:
        if one.result.source not in named and one.result.format >= FORMAT:
            lost.setdefault(one.result.size, []).append(one)

    def stand(video: Path) -> Standing:
        try:
            found = _best([_stand(video, one, settings, key, verify) for one in by_source.get(str(video), ())])
            found = found or _moved(video, lost, settings, key, verify)
        except (OSError, SourceError) as error:  # whoever makes it will say what is wrong with it
            found = Standing(video, None, (f"it cannot be read ({_plain(error)})",), FileFacts(-1, 0))
        looked()
        return found

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(stand, videos))


def standing(video: Path, folder: Path, settings: str) -> Standing | None:
    """How a video stands beside the result in a folder; None where it has none there."""
    there = record(folder)
    try:
        return _stand(video, there, settings, {}, False) if there and there.result.source == str(video) else None
    except (OSError, SourceError):
        return None


def _stand(video: Path, one: Record, settings: str, key: Mapping[str, Any], verify: bool) -> Standing:
    result, now = one.result, facts_of(video)
    reasons: list[str] = []
    same_facts = (now.size, now.mtime_ns) == (result.size, result.mtime_ns)
    if result.format < FORMAT:
        reasons.append("its record is of an earlier emolive, which did not say all that it depends on")
    elif now.size != result.size:
        reasons.append(f"the video has {now.size:,} bytes; when it was done it had {result.size:,}")
    elif verify or not same_facts:
        now = FileFacts(now.size, now.mtime_ns, content_hash(video))
        if now.sha256 != result.content:
            reasons.append("the video's content is another one than when it was done")
    if result.settings != settings and result.format >= FORMAT:
        reasons += differences(result.options, key) or ["it was made with other settings"]
    reasons += damage(one, verify)
    return Standing(video, one, tuple(reasons), now, not reasons and not same_facts)


def _moved(
    video: Path, lost: Mapping[int, Sequence[Record]], settings: str, key: Mapping[str, Any], verify: bool
) -> Standing:
    """How a video stands that has no record under its path."""
    now = facts_of(video)
    maybe = lost.get(now.size, ())
    if not maybe:
        return Standing(video, None, ("it was never done",), now)
    now = FileFacts(now.size, now.mtime_ns, content_hash(video))
    for one in maybe:
        if one.result.content == now.sha256:
            other = () if one.result.settings == settings else differences(one.result.options, key)
            reasons = (*other, *damage(one, verify))
            return Standing(video, one, reasons, now, not reasons)
    return Standing(video, None, ("it was never done",), now)


def _best(found: Sequence[Standing]) -> Standing | None:
    """Of several results of one video the one that is done, or the first."""
    return min(found, key=lambda one: len(one.reasons), default=None)


def damage(one: Record, verify: bool = False) -> list[str]:
    """What is wrong with the files of a result, in words. A file that was copied has another time: its content counts
    then, as with `verify`."""
    wrong = []
    for name, was in one.result.files.items():
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
