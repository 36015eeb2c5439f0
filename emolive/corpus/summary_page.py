"""The page of a corpus: one HTML file with every timeline in it, no scripts, nothing from a network."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from string import Template

from emolive.reports.ribbon import clock, color, legend
from emolive.reports.rows import CAUTION, RIBBON_CSS, Row, said, table
from emolive.reports.style import CSS
from emolive.ui.words import percent

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$css</style>
</head>
<body><main>
<h1>$title</h1>
<p>$counts</p>
<p class="note">$caution</p>
$failures
<h2>All together</h2>
$overall
<h2>Each video and person</h2>
$legend
<p class="small">From bottom to top each band is the probability of one emotion; where the person is out of sight there
is nothing. “Off face” is the share of the heat that lies off the face: where it is high, distrust the answer.</p>
$videos
</main></body>
</html>
""")

MOST = 400
"""Timelines on a page: a browser should open it at once."""


def page(rows: Sequence[Row], labels: tuple[str, ...], videos: int, failures: Sequence[str], title: str) -> str:
    """The HTML of a summary. Names of files are untrusted and escaped."""
    seconds = sum(row.tally.seconds for row in rows)
    groups = groupby(enumerate(rows), key=lambda item: item[1].video)
    return _PAGE.substitute(
        title=escape(title),
        caution=CAUTION,
        css=CSS + RIBBON_CSS,
        counts=f"{_count(videos, 'video')}, {_count(len(rows), 'person', 'people')}, {clock(seconds)} in sight.",
        failures="".join(f'<p class="note bad">{escape(why)}</p>' for why in failures),
        overall=_overall(rows, labels, seconds),
        legend=legend(labels),
        videos="\n".join(_video(name, list(group)) for name, group in groups) or "<p>Nobody was seen.</p>",
    )


def _overall(rows: Sequence[Row], labels: Sequence[str], seconds: float) -> str:
    """Each emotion's share of the time of everybody."""
    bars = ""
    for i, label in enumerate(labels):
        share = sum(r.tally.share.get(label, 0.0) * r.tally.seconds for r in rows) / seconds if seconds else 0.0
        style = f"width: {100 * share:.1f}%; background: {color(label, i)}"
        bar = f'<span class="bar"><i style="{style}"></i></span>'
        bars += f"<span>{escape(label)}</span>{bar}<span>{percent(share)}</span>"
    return f'<div class="bars">{bars}</div><p class="small">Share of the time of all people together.</p>'


def _video(name: str, rows: Sequence[tuple[int, Row]]) -> str:
    drawn = "".join(
        f"<figure>{row.svg}<figcaption>{said(row.tally)}</figcaption></figure>" for n, row in rows if n < MOST
    )
    more = (
        "" if rows[-1][0] < MOST else '<p class="small">Too many timelines for one page: draw it with emolive plot.</p>'
    )
    return f"<section><h3>{escape(name)}</h3>{drawn}{more}{table([row.tally for _, row in rows])}</section>"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
