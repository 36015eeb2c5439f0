"""The tables that `emolive summary` writes, and their dictionary: each column is one row here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolive.core.files import write_output
from emolive.core.tables import CsvCell, csv_line
from emolive.corpus.figures import FigureRow
from emolive.corpus.study import Sighted, Summary

TRACKS_NAME, FIGURES_NAME, COLUMNS_NAME = "summary", "summary-figures", "summary-columns"
"""The tables' names, without .csv or .parquet."""

DIGITS = 6


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: its name (LABEL stands for each emotion, COLUMN for each further one of people.csv), the
    kind of its values ("text", "whole" or "number"), their unit, and what it says."""

    name: str
    kind: str
    unit: str
    says: str


TRACKS = (
    TableColumn("video", "text", "", "the video, by the name of its result, or of its data file"),
    TableColumn("track", "whole", "", "the number of the face in that video; in another video it is another face"),
    TableColumn("person", "text", "", "who that is, as people.csv says; empty: it says nothing of this track"),
    TableColumn("COLUMN", "text", "", "what people.csv says in its further columns; many numbers are joined in bands"),
    TableColumn("settings", "text", "", "with which settings it was made, where there are several (--by-settings)"),
    TableColumn("frames", "whole", "", "in how many frames the face was in sight and confirmed"),
    TableColumn("seconds", "number", "s", "how long it was in sight: gaps do not count"),
    TableColumn("first_s", "number", "s", "when it was in sight first, from the beginning of the video"),
    TableColumn("last_s", "number", "s", "when it was in sight last"),
    TableColumn("likeliest", "text", "", "the emotion with the largest share of its time"),
    TableColumn("changes", "whole", "", "how often the likeliest emotion changed, both held for --hold seconds"),
    TableColumn("off_face", "number", "share", "how much of the map's heat lies off the face"),
    TableColumn("share_LABEL", "number", "share", "in what part of the time in sight the emotion was the likeliest"),
    TableColumn("mean_LABEL", "number", "probability", "the emotion's mean probability over the time in sight"),
)
"""summary.csv: a row for each video and face."""

FIGURES = (
    TableColumn("settings", "text", "", "with which settings it was made, where there are several (--by-settings)"),
    TableColumn("level", "text", "", "of what it is a figure: all, video, person or group"),
    TableColumn("video", "text", "", "level video: which one, with all faces in it"),
    TableColumn("person", "text", "", "level person: who, in all videos together"),
    TableColumn("column", "text", "", "level group: the column of people.csv; empty: everybody in it"),
    TableColumn("group", "text", "", "level group: its value in that column"),
    TableColumn("figure", "text", "", "share, mean, changes, changes_per_min or off_face, as in summary.csv"),
    TableColumn("emotion", "text", "", "of which emotion: share and mean"),
    TableColumn("value", "number", "", "the figure; of a group the mean of its people's, each counting alike"),
    TableColumn("low", "number", "", "the lower end of its 95 % interval; empty: there is none"),
    TableColumn("high", "number", "", "the upper end"),
    TableColumn("over", "text", "", "what was drawn for the interval: seconds (in blocks), videos or people"),
    TableColumn("missing", "text", "", "why there is no interval"),
    TableColumn("seconds", "number", "s", "for how long faces were in sight, all together"),
    TableColumn("videos", "whole", "", "in how many videos"),
    TableColumn("people", "whole", "", "how many people; of a video: how many faces"),
)
"""summary-figures.csv: a row for each figure, tidy."""

Rows = list[list[CsvCell]]


def tables(found: Summary) -> dict[str, tuple[list[TableColumn], Rows]]:
    """The columns and rows of each table, by name."""
    return {
        TRACKS_NAME: (_columns(TRACKS, found), [_track(row, found) for row in found.rows]),
        FIGURES_NAME: (list(FIGURES), [[_cell(getattr(row, c.name)) for c in FIGURES] for row in found.figures]),
        COLUMNS_NAME: (
            [TableColumn(name, "text", "", "") for name in ("table", "column", "kind", "unit", "says")],
            list(_dictionary()),
        ),
    }


def write_tables(found: Summary, out: Path, parquet: bool) -> list[Path]:
    """Write them as CSV, and as Parquet too, each whole or not at all; gives their paths."""
    paths = []
    for name, (columns, rows) in tables(found).items():
        lines = [csv_line([column.name for column in columns]), *(csv_line(row) for row in rows)]
        write_output(out / f"{name}.csv", "".join(lines), "Choose another folder with --out.")
        paths.append(out / f"{name}.csv")
        if parquet and name != COLUMNS_NAME:
            _parquet(out / f"{name}.parquet", columns, rows)
            paths.append(out / f"{name}.parquet")
    return paths


def names(parquet: bool) -> list[str]:
    """The files that `write_tables` writes."""
    tidy = [f"{name}.parquet" for name in (TRACKS_NAME, FIGURES_NAME) if parquet]
    return [*(f"{name}.csv" for name in (TRACKS_NAME, FIGURES_NAME, COLUMNS_NAME)), *tidy]


def _columns(columns: Sequence[TableColumn], found: Summary) -> list[TableColumn]:
    """With one for each emotion, and for each further column of people.csv; those that say nothing are left out."""
    made = []
    for one in columns:
        stem, _, rest = one.name.partition("LABEL")
        if one.name == "COLUMN":
            taken = {column.name for column in columns}
            made += [TableColumn(_free(name, taken), one.kind, one.unit, one.says) for name in found.columns]
        elif one.name != stem:
            made += [TableColumn(stem + label + rest, one.kind, one.unit, one.says) for label in found.labels]
        else:
            made.append(one)
    return made


def _free(name: str, taken: set[str]) -> str:
    return f"{name}_" if name in taken else name


def _track(row: Sighted, found: Summary) -> list[CsvCell]:
    t, entry = row.tally, row.entry
    further = [entry.columns[name] if entry else "" for name in found.columns]
    who: list[CsvCell] = [row.video, t.track, entry.person if entry else "", *further, row.settings, t.frames]
    said: list[CsvCell] = [t.likeliest, t.changes, _cell(t.off)]
    return [
        *who,
        *map(_cell, (t.seconds, t.first_s, t.last_s)),
        *said,
        *(_cell(t.share.get(label)) for label in found.labels),
        *(_cell(t.mean.get(label)) for label in found.labels),
    ]


def _dictionary() -> Iterator[list[CsvCell]]:
    for table, columns in ((TRACKS_NAME, TRACKS), (FIGURES_NAME, FIGURES)):
        for one in columns:
            yield [table, one.name, one.kind, one.unit, one.says]


def _cell(value: Any) -> CsvCell:
    return round(value, DIGITS) if isinstance(value, float) else value


def _parquet(path: Path, columns: Sequence[TableColumn], rows: Rows) -> None:
    from emolive.media.parquet import table_bytes

    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    named = [
        (c.name, c.kind, values, {"unit": c.unit, "says": c.says}) for c, values in zip(columns, cells, strict=True)
    ]
    write_output(path, table_bytes(named), "Choose another folder with --out.")


def dictionary_of(rows: Sequence[TableColumn]) -> str:
    """A dictionary as a table for a document."""
    lines = ["| column | kind | unit | what it says |", "| --- | --- | --- | --- |"]
    return "\n".join([*lines, *(f"| `{c.name}` | {c.kind} | {c.unit} | {c.says} |" for c in rows)])


def as_dict(row: FigureRow) -> dict[str, Any]:
    """A figure for machines."""
    return {column.name: getattr(row, column.name) for column in FIGURES}
