"""people.csv: which tracks of which videos are one person, and the groups that people are in. No face is compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath

from emolive.core.foreign import printable, read_rows, refuse, words
from emolive.training.groups import MOST_VALUES, banded

VIDEO, TRACK, PERSON = "video", "track", "person"

EVERY = ("", "*")
"""What stands for all tracks of a video that no other row names."""

INSTEAD = "It needs the columns video, track and person, and may have one for each way to make groups, like age."

NO_COLUMNS = "it has no columns video, track and person"
SIGNS = {";": "semicolons", "\t": "tabs"}
COMMAS = "Save it with commas."

MOST_NAMED, MOST_LINES = 5, 200_000


@dataclass(frozen=True)
class RosterEntry:
    """A row: `track` is None where it holds for all tracks of the video; `columns` are what else it says."""

    video: str
    track: int | None
    person: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Roster:
    """What a people.csv says: `entries` by video and track, the names of its further `columns`, those of them that make
    groups, and sentences about what of it fits nothing."""

    entries: Mapping[tuple[str, int | None], RosterEntry] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def entry(self, video: str, track: int) -> RosterEntry | None:
        """Who a track is."""
        return self.entries.get((video, track)) or self.entries.get((video, None))

    def unseen(self, tracks: Mapping[str, Sequence[int]]) -> list[str]:
        """A sentence about the tracks that it names and that are in none of these videos."""
        lost = [
            f"{video} {track}" for video, track in self.entries
            if track is not None and video in tracks and track not in tracks[video]
        ]  # fmt: skip
        return [f"people.csv names tracks that are not in the data: {_some(lost)}."] if lost else []


def read_roster(path: Path, sources: Mapping[str, str]) -> Roster:
    """Read a people.csv about videos by the names of their results; `sources` are their own paths, as far as known.

    A video is named as its result, or as its own path, from whichever folder on. Raises `SourceError`, which names the
    line, for what is no such table.
    """
    rows = list(islice(read_rows(path, INSTEAD), MOST_LINES + 1))
    if len(rows) > MOST_LINES:
        refuse(path, "", f"it has more than {MOST_LINES:,} lines", "Split the study up.")
    names = [words(name.strip()) for name in rows[0][1]] if rows else []
    if not {VIDEO, TRACK, PERSON} <= set(names):
        other = next((word for sign, word in SIGNS.items() if len(names) == 1 and sign in rows[0][1][0]), "")
        refuse(path, "", f"its cells are parted by {other}" if other else NO_COLUMNS, COMMAS if other else INSTEAD)
    if len(set(names)) < len(names):
        refuse(path, "Line 1", "a column is there twice", INSTEAD)
    called = _called(sources)
    further = tuple(name for name in names if name not in (VIDEO, TRACK, PERSON))
    found: dict[tuple[str, int | None], RosterEntry] = {}
    lost: list[str] = []
    for number, cells, whole in rows[1:]:
        place = f"Line {number}"
        if whole and not any(map(str.strip, cells)):  # what a spreadsheet leaves below a table
            continue
        if not whole or len(cells) != len(names):
            refuse(path, place, f"it has {len(cells)} cells of {len(names)}", INSTEAD)
        try:
            row = {name: words(cell.strip()) for name, cell in zip(names, cells, strict=True)}
        except ValueError as error:
            refuse(path, place, f"a cell {error}", INSTEAD)
        track = _track(path, place, row[TRACK])
        if not row[PERSON]:
            refuse(path, place, "it says no person", "Give each row one.")
        videos = called.get(row[VIDEO], ())
        if len(videos) > 1:
            refuse(path, place, f"{row[VIDEO]} may be {_some(sorted(videos))}", "Write more of its path.")
        if not videos:
            lost.append(row[VIDEO])
            continue
        (video,) = videos
        if (video, track) in found:
            refuse(path, place, f"video {video}, track {row[TRACK] or '*'} is there twice", "Leave one.")
        found[video, track] = RosterEntry(video, track, row[PERSON], {name: row[name] for name in further})
    return _grouped(found, further, list(dict.fromkeys(lost)))


def _grouped(found: dict[tuple[str, int | None], RosterEntry], further: tuple[str, ...], lost: list[str]) -> Roster:
    """With columns of many numbers in bands, and those of too many different values left as they are."""
    notes = [f"people.csv names videos that are not there: {_some(lost)}."] if lost else []
    groups = []
    values = {name: [one.columns[name] for one in found.values()] for name in further}
    for name in further:
        in_bands = [str(value) for value in banded(values[name])] if found else []
        if len(set(in_bands)) > MOST_VALUES:
            notes.append(f"The column {name} of people.csv has more than {MOST_VALUES} values, and makes no groups.")
            continue
        values[name] = in_bands
        groups.append(name)
    entries = {
        key: RosterEntry(one.video, one.track, one.person, {name: values[name][i] for name in further})
        for i, (key, one) in enumerate(found.items())
    }
    return Roster(entries, further, tuple(groups), tuple(notes))


def _called(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """What a video may be called: its result's name, or the end of its path."""
    found: dict[str, set[str]] = {}
    for name, source in sources.items():
        parts = PurePath(source).parts if source else ()
        for i in range(len(parts)):
            found.setdefault(printable(str(PurePath(*parts[i:]))), set()).add(name)
    return found | {printable(name): {name} for name in sources}


def _track(path: Path, place: str, text: str) -> int | None:
    if text in EVERY:
        return None
    text = text.removesuffix(".0")  # where some are empty, a table of numbers may have been written so
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        refuse(path, place, f"{text[:20]} is no number of a track", "Leave it empty for all tracks of the video.")
    return int(text)


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
