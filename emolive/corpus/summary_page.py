"""The page of a corpus: one HTML file with every timeline in it, no scripts, nothing from a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from emolive.corpus.figures import ALL, OF_GROUP, OF_PERSON, OF_VIDEO, FigureRow, of_level
from emolive.corpus.study import Summary
from emolive.reports.html import rendered

MOST = 400
"""Timelines on a page, and lines of a table: a browser should open it at once. The tables have all."""


@dataclass(frozen=True)
class PageLine:
    """A line of a table with intervals: of whom, how long that was in sight, in how many videos and of how many people,
    the figures by emotion and by name, and why there are no intervals."""

    name: str
    seconds: float
    videos: int
    people: int | None
    share: Mapping[str, FigureRow]
    other: Mapping[str, FigureRow]
    missing: str


def page(found: Summary, title: str) -> str:
    """The HTML of a summary."""
    groups, left = [], MOST
    lines = _lines(found, OF_VIDEO)
    of_video = {(line_of.settings, line_of.video): line for line_of, line in lines}
    for (kind, name), rows in groupby(found.rows, key=lambda row: (row.settings, row.video)):
        group = list(rows)
        drawn = min(left, len(group))
        if not drawn:
            break
        groups.append((_titled(name, kind), group, drawn, of_video.get((kind, name))))
        left -= drawn
    return rendered(
        "summary.html",
        heading=title,
        rows=found.rows,
        videos=found.videos,
        notes=found.notes,
        failures=found.failures,
        seconds=sum(row.tally.seconds for row in found.rows),
        labels=found.labels,
        overall=[line for _, line in _lines(found, ALL)],
        people_lines=[line for _, line in _lines(found, OF_PERSON)][:MOST],
        of_groups=[line for _, line in _lines(found, OF_GROUP)][:MOST],
        groups=groups,
        not_drawn=len(found.rows) - sum(len(group) for _, group, _, _ in groups),
    )


def _lines(found: Summary, level: str) -> list[tuple[FigureRow, PageLine]]:
    """A line for each of whom there are figures on a level."""
    return [(rows[0], _line(rows)) for rows in of_level(found.figures, level).values()]


def _line(rows: list[FigureRow]) -> PageLine:
    first = rows[0]
    who = first.video or first.person or (f"{first.column}: {first.group}" if first.column else first.group)
    return PageLine(
        _titled(who or "all videos", first.settings),
        first.seconds,
        first.videos,
        first.people,
        {row.emotion: row for row in rows if row.figure == "share"},
        {row.figure: row for row in rows if not row.emotion},
        next((row.missing for row in rows if row.missing), ""),
    )


def _titled(name: str, kind: str) -> str:
    return f"{name} (settings {kind})" if kind else name
