"""What `emolive summary` found, as values that its tables and its page are made of."""

from dataclasses import dataclass

from emolive.corpus.figures import FigureRow
from emolive.corpus.roster import RosterEntry
from emolive.reports.ribbon import Row


@dataclass(frozen=True)
class Sighted(Row):
    """A face of a video, who it is, and with which kind of settings it was looked at."""

    entry: RosterEntry | None = None
    settings: str = ""


@dataclass(frozen=True)
class Summary:
    """What was found: a row per video and face, the figures of videos, people and groups, how many videos (`videos`)
    there are, with people or without, how many faces were left out because they were in sight too briefly, the further
    `columns` of people.csv, sentences about what should be known (`notes`), and about what could not be read."""

    rows: tuple[Sighted, ...]
    figures: tuple[FigureRow, ...]
    videos: int
    left_out: int
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The emotions of all rows, in their order."""
        return tuple(dict.fromkeys(label for row in self.rows for label in row.tally.share))
