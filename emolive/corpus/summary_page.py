"""The page of a corpus: one HTML file with every timeline in it, no scripts, nothing from a network."""

from collections.abc import Sequence
from itertools import groupby

from emolive.reports.html import rendered
from emolive.reports.ribbon import Row

MOST = 400
"""Timelines on a page: a browser should open it at once."""


def page(rows: Sequence[Row], labels: tuple[str, ...], videos: int, failures: Sequence[str], title: str) -> str:
    """The HTML of a summary."""
    seconds = sum(row.tally.seconds for row in rows)
    groups, left = [], MOST
    for name, found in groupby(rows, key=lambda row: row.video):
        group = list(found)
        groups.append((name, group, min(left, len(group))))
        left -= groups[-1][2]
    return rendered(
        "summary.html",
        heading=title,
        rows=rows,
        videos=videos,
        failures=failures,
        seconds=seconds,
        overall={label: _share(label, rows, seconds) for label in labels},
        groups=groups,
    )


def _share(label: str, rows: Sequence[Row], seconds: float) -> float:
    """An emotion's share of the time of everybody."""
    return sum(row.tally.share.get(label, 0.0) * row.tally.seconds for row in rows) / seconds if seconds else 0.0
