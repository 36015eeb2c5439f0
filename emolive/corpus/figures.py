"""The figures of a study: of each video, person and group, with intervals, added up video by video."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from emolive.corpus.bootstrap import FEWEST, Bounds, chance, over_people, over_seconds, over_videos
from emolive.corpus.roster import Roster, RosterEntry
from emolive.corpus.seconds import Seconds, Sums, together

ALL, OF_VIDEO, OF_PERSON, OF_GROUP = "all", "video", "person", "group"
"""The levels: all videos together, a video with all who are in it, a person in all videos, a group of people."""


@dataclass(frozen=True)
class FigureRow:
    """A figure of somebody, a row of the tidy table; `tables.FIGURES` says what each field is. None: not known."""

    settings: str
    level: str
    video: str
    person: str
    column: str
    group: str
    figure: str
    emotion: str
    value: float | None
    low: float | None
    high: float | None
    over: str
    missing: str
    seconds: float
    videos: int
    people: int | None


@dataclass
class _Gathered:
    """What is known of a person: the sums of each video, and their seconds while there are too few videos."""

    totals: list[np.ndarray] = field(default_factory=list)
    series: list[np.ndarray] = field(default_factory=list)

    def add(self, of: Seconds) -> None:
        self.totals.append(of.total)
        self.series = [*self.series, of.rows] if len(self.totals) < FEWEST else []

    def bounds(self, sums: Sums, draw: np.random.Generator) -> Bounds:
        if self.series:
            return over_seconds(self.series, sums.ratios, draw)
        return over_videos(np.stack(self.totals), sums.ratios, draw)


class StudyFigures:
    """Adds up the videos of one kind of settings; without a roster there are no people and groups."""

    def __init__(self, sums: Sums, roster: Roster, settings: str, seed: int) -> None:
        self._sums, self._roster, self._settings, self._seed = sums, roster, settings, seed
        self._all = _Gathered()
        self._people: dict[str, _Gathered] = {}
        self._groups: dict[tuple[str, str], dict[str, np.ndarray]] = {}
        self._videos: dict[tuple[str, str], set[str]] = {}
        self.twice: list[str] = []

    def add(self, video: str, tracks: Mapping[int, Seconds]) -> list[FigureRow]:
        """A video's tracks; gives the video's own figures. `twice` names who is in sight twice at once."""
        tracks = {number: one for number, one in tracks.items() if len(one.rows)}
        if not tracks:
            return []
        everybody = together(list(tracks.values()))
        self._all.add(everybody)
        by_person: dict[str, list[tuple[RosterEntry, Seconds]]] = {}
        for number, one in tracks.items():
            entry = self._roster.entry(video, number)
            if entry:
                by_person.setdefault(entry.person, []).append((entry, one))
        for person, found in by_person.items():
            joined = together([one for _, one in found])
            self._people.setdefault(person, _Gathered()).add(joined)
            if (joined.rows[:, 0] > 1.1).any():
                self.twice.append(f"{person} in {video}")
            for entry, one in found:
                groups = [("", "everybody"), *((name, entry.columns[name]) for name in self._roster.groups)]
                for group in filter(lambda group: group[1], groups):
                    sums = self._groups.setdefault(group, {})
                    sums[person] = sums.get(person, 0.0) + one.total
                    self._videos.setdefault(group, set()).add(video)
        bounds = over_seconds([everybody.rows], self._sums.ratios, self._chance(OF_VIDEO, video))
        return list(self._rows(OF_VIDEO, everybody.total, bounds, 1, len(tracks), video=video))

    def rows(self) -> Iterator[FigureRow]:
        """The figures of all videos together, of each person and of each group."""
        if self._all.totals:
            bounds, n = self._all.bounds(self._sums, self._chance(ALL, "")), len(self._all.totals)
            yield from self._rows(ALL, np.sum(self._all.totals, axis=0), bounds, n)
        for (column, group), of in sorted(self._groups.items()):
            totals = np.stack(list(of.values()))
            value, bounds = over_people(totals, self._sums.ratios, self._chance(OF_GROUP, f"{column}={group}"))
            n = len(self._videos[column, group])
            yield from self._rows(OF_GROUP, totals.sum(0), bounds, n, len(of), value, column=column, group=group)
        for person, known in sorted(self._people.items()):
            bounds = known.bounds(self._sums, self._chance(OF_PERSON, person))
            yield from self._rows(OF_PERSON, np.sum(known.totals, axis=0), bounds, len(known.totals), 1, person=person)

    def _chance(self, level: str, name: str) -> np.random.Generator:
        return chance(self._seed, f"{self._settings}\0{level}\0{name}")

    def _rows(
        self,
        level: str,
        total: np.ndarray,
        bounds: Bounds,
        videos: int,
        people: int | None = None,
        value: np.ndarray | None = None,
        **names: str,
    ) -> Iterator[FigureRow]:
        values = self._sums.ratios.of(total) if value is None else value
        who = {"video": "", "person": "", "column": "", "group": "", **names}
        seconds = float(total[0])
        changes = float(total[2 + 2 * len(self._sums.labels)]) / 60
        yield FigureRow(
            self._settings, level, **who, figure="changes", emotion="", value=changes, low=None, high=None, over="",
            missing="", seconds=seconds, videos=videos, people=people,
        )  # fmt: skip
        for i, (figure, emotion) in enumerate(self._sums.names):
            if figure == "changes_per_min" and seconds < 60:  # of one change nobody should read twenty a minute
                continue
            yield FigureRow(
                self._settings,
                level,
                **who,
                figure=figure,
                emotion=emotion,
                value=_number(values[i]),
                low=_number(bounds.low[i]),
                high=_number(bounds.high[i]),
                over=bounds.over,
                missing=bounds.missing,
                seconds=seconds,
                videos=videos,
                people=people,
            )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def of_level(rows: Sequence[FigureRow], level: str) -> dict[tuple[str, ...], list[FigureRow]]:
    """The rows of a level, by whom they are of."""
    found: dict[tuple[str, ...], list[FigureRow]] = {}
    for row in rows:
        if row.level == level:
            found.setdefault((row.settings, row.video, row.person, row.column, row.group), []).append(row)
    return found
