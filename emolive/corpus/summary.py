"""The figures of a corpus: per video, person and group, read from the data files of a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from emolive.core.errors import EmoliveError
from emolive.core.files import check_output, write_output
from emolive.core.foreign import is_folder
from emolive.corpus.figures import FigureRow, StudyFigures
from emolive.corpus.layout import REPORT
from emolive.corpus.roster import Roster, RosterEntry, read_roster
from emolive.corpus.seconds import Seconds, Sums
from emolive.corpus.settings import MadeWith, check_alike, kinds_of, made_with, told_apart
from emolive.corpus.study import Sighted, Summary
from emolive.corpus.summary_page import MOST, page
from emolive.corpus.tables import as_dict, names, write_tables
from emolive.media import folders
from emolive.reports.people import SUFFIXES, Person, read_people
from emolive.reports.ribbon import named
from emolive.reports.tally import HOLD_S, Tally, tally

PAGE, PEOPLE = "summary.html", "people.csv"

OURS = frozenset((PAGE, PEOPLE, *names(True)))
"""Files beside results that hold no data."""


@dataclass(frozen=True)
class SummaryWish:
    """How to count: `people`, the file that says who is who; `min_seconds` in sight that a face needs to count;
    `hold_s` seconds that an emotion needs for a change; whether kinds of settings are told apart; the `seed` of all
    chance."""

    people: Path | None = None
    min_seconds: float = 0.5
    hold_s: float = HOLD_S
    by_settings: bool = False
    seed: int = 0


def find(folder: Path) -> tuple[dict[str, Path], list[Path]]:
    """The data files in a folder and the folders in it, by the name of their video, sorted: what `emolive batch` wrote,
    recordings made with --bundle, or any data files. Of several files of one result the Parquet one is taken. And the
    folders that may not be read, or do not answer.

    Raises `EmoliveError` where there are none.
    """
    if not is_folder(folder):
        raise EmoliveError(f"There is no folder {folder}. Name one that `emolive batch` wrote, or one of data files.")
    data: list[Path] = []
    closed: list[Path] = []
    for here in folders.walk(folder):
        closed += [] if here.readable else [here.path]
        is_made = any(path.name == REPORT for path in here.files)
        data += [
            path
            for path in here.files
            if path.suffix in SUFFIXES and path.name not in OURS and (not is_made or path.stem == "data")
        ]
    found: dict[str, Path] = {}
    for path in sorted(data, key=lambda path: (SUFFIXES.index(path.suffix), path)):
        inside = path.relative_to(folder)
        is_result = path.stem == "data" and len(inside.parts) > 1
        found[str(inside.parent if is_result else inside.with_suffix(""))] = path
    if not found:
        raise EmoliveError(
            f"There is no data file ({', '.join(SUFFIXES)}) in {folder}. Make some: emolive batch."
            + (f" {_closed(closed)}" if closed else "")
        )
    return dict(sorted(found.items())), closed


def _closed(closed: Sequence[Path]) -> str:
    return f"Folders that you may not read, or that do not answer: {folders.named(closed)}."


def summarise(folder: Path, wish: SummaryWish = SummaryWish()) -> Summary:
    """Read all data files of a folder (`find`) and count. Those that cannot be read are named in `failures`.

    Raises `EmoliveError` for results of different settings that are not told apart, and for a people.csv that is none.
    """
    files, closed = find(folder)
    made = {name: made_with(path) for name, path in files.items()}
    notes, failures = _counted_once(files, made)
    failures += [_closed(closed)] if closed else []
    kinds = kinds_of({name: made[name] for name in files})
    if not wish.by_settings:
        check_alike(folder, made, kinds)
    roster = read_roster(wish.people, {name: one.source for name, one in made.items()}) if wish.people else Roster()
    study = _Study(roster, wish)
    for name, path in files.items():
        try:
            people = read_people(path)
        except EmoliveError as error:
            failures.append(str(error))
            continue
        study.add(name, people, kinds[name] if wish.by_settings else "")
    notes += [f"Settings {said}." for said in told_apart(made, kinds)]
    return study.summary(notes, failures)


def _counted_once(files: dict[str, Path], made: Mapping[str, MadeWith]) -> tuple[list[str], list[str]]:
    """Take out of `files` what is not what was written, and every second result of one video; says so."""
    failures, notes, first = [], [], dict[tuple[str, str], str]()
    for name in tuple(files):
        one = made[name]
        if one.wrong:
            failures.append(one.wrong)
            del files[name]
        elif one.content and (before := first.setdefault((one.content, str(one.settings)), name)) != name:
            notes.append(f"{name} is the same video as {before}, and is not counted.")
            del files[name]
    return notes, failures


class _Study:
    """What was read so far, video by video."""

    def __init__(self, roster: Roster, wish: SummaryWish) -> None:
        self._roster, self._wish = roster, wish
        self._rows: list[Sighted] = []
        self._figures: list[FigureRow] = []
        self._studies: dict[str, StudyFigures] = {}
        self._labels: dict[str, tuple[str, ...]] = {}
        self._tracks: dict[str, list[int]] = {}
        self._videos = self._left_out = self._nobody = self._old = 0

    def add(self, name: str, people: Sequence[Person], kind: str) -> None:
        """The people of a data file. Raises `EmoliveError` where its emotions are others than those before."""
        self._videos += 1
        end_s = max((float(p.t_ms.max()) for p in people), default=0.0) / 1e3
        by_file: dict[str, list[Person]] = {}
        for person in people:
            by_file.setdefault(f"{name}/{person.file}" if person.file else name, []).append(person)
        self._tracks[name] = []
        for video, found in by_file.items():
            self._tracks[video] = [person.track for person in found]
            seconds: dict[int, Seconds] = {}
            for person in found:
                figures, entry = tally(person, self._wish.hold_s), self._roster.entry(video, person.track)
                named_by_track = entry is not None and entry.track is not None
                if figures.seconds < self._wish.min_seconds and not named_by_track:
                    self._left_out += 1
                    continue
                self._nobody += entry is None
                self._old += not person.checked
                sums = self._sums(kind, person, video)
                seconds[person.track] = sums.of(person, self._wish.hold_s)
                self._rows.append(self._track(video, person, figures, end_s, entry, kind))
            if seconds:
                self._figures += self._studies[kind].add(video, seconds)

    def summary(self, notes: Sequence[str], failures: Sequence[str]) -> Summary:
        """All of it."""
        more = list(self._roster.notes)
        if self._wish.people:
            more += self._roster.unseen(self._tracks)
            if self._nobody:
                more.append(f"people.csv says nothing of {self._nobody} faces: they count in their videos only.")
        twice = [who for one in self._studies.values() for who in one.twice]
        if twice:
            more.append(f"In sight twice at once, so people.csv joins two people: {', '.join(twice[:5])}.")
        if self._old:
            more.append(f"The data of {self._old} faces do not say whether they are confirmed to be faces: all count.")
        whole = [row for one in self._studies.values() for row in one.rows()]
        return Summary(
            tuple(self._rows),
            (*whole, *self._figures),
            self._videos,
            self._left_out,
            self._roster.columns,
            (*notes, *more),
            tuple(failures),
        )

    def _sums(self, kind: str, person: Person, video: str) -> Sums:
        labels = self._labels.setdefault(kind, person.labels)
        if set(labels) != set(person.labels):
            raise EmoliveError(
                f"{video} has other emotions ({', '.join(person.labels)}) than the data before it "
                f"({', '.join(labels)}): they cannot be added up. Summarise them in folders of their own."
            )
        sums = Sums(labels)
        self._studies.setdefault(kind, StudyFigures(sums, self._roster, kind, self._wish.seed))
        return sums

    def _track(
        self, video: str, person: Person, figures: Tally, end_s: float, entry: RosterEntry | None, kind: str
    ) -> Sighted:
        """A face's row, with a timeline while there is room for it on a page."""
        drawn = named(video, person, figures, end_s) if len(self._rows) < MOST else Markup()
        return Sighted(video, figures, drawn, entry, kind)


def write(summary: Summary, out: Path, title: str, overwrite: bool = False, parquet: bool = False) -> list[Path]:
    """Write the tables and the page into the folder `out`, each whole or not at all, and give their paths."""
    check(out, overwrite, parquet)
    paths = write_tables(summary, out, parquet)
    write_output(out / PAGE, page(summary, title), "Choose another folder with --out.")
    return [*paths, out / PAGE]


def check(out: Path, overwrite: bool, parquet: bool = False) -> None:
    """See beforehand that all files may be written: reading a corpus takes long."""
    for name in (*names(parquet), PAGE):
        check_output(out / name, (), overwrite)


def as_json(summary: Summary) -> dict[str, Any]:
    """The same for machines; what is not known is null."""
    tracks = [
        {
            "video": row.video,
            **asdict(row.tally),
            "person": row.entry.person if row.entry else "",
            **({"columns": dict(row.entry.columns)} if row.entry and row.entry.columns else {}),
            **({"settings": row.settings} if row.settings else {}),
        }
        for row in summary.rows
    ]
    return {
        "videos": summary.videos,
        "left_out": summary.left_out,
        "notes": list(summary.notes),
        "failures": list(summary.failures),
        "tracks": tracks,
        "figures": [as_dict(row) for row in summary.figures],
    }
