"""A person as a row of a page: timeline and figures, in the summary of a corpus and in the report of a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Self

from emolive.reports.people import Person
from emolive.reports.ribbon import ribbon
from emolive.reports.tally import Tally
from emolive.ui.words import percent

CAUTION = """A network sorted pictures of facial expressions into words. These are figures about its answers, smoothed
as on the screen; they do not say what anybody felt."""

RIBBON_CSS = """
.ribbon { width: 100%; height: auto; display: block; }
.ribbon .out { fill: var(--card); }
.ribbon text { fill: var(--soft); font-size: 11px; }
.legend span { margin-right: 1rem; white-space: nowrap; }
.legend i { display: inline-block; width: .9em; height: .9em; border-radius: 3px; margin-right: .35em;
  vertical-align: -.08em; box-shadow: inset 0 0 0 1px rgba(0, 0, 0, .25); }
"""


@dataclass(frozen=True)
class Row:
    """A person of a video: the figures, and the timeline as SVG."""

    video: str
    tally: Tally
    svg: str

    @classmethod
    def of(cls, video: str, person: Person, tally: Tally, end_s: float) -> Self:
        """A person's row; the timeline spans the video up to `end_s`."""
        name = f"Timeline of person {tally.track} of {video}: mostly {tally.likeliest}"
        return cls(video, tally, ribbon(person, end_s, name))


def table(tallies: Sequence[Tally]) -> str:
    """The figures of some people of one video, as HTML."""
    labels = list(tallies[0].share)
    heads = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels)
    body = "".join(_figures(tally, labels) for tally in tallies)
    return (
        '<div class="scroll"><table><caption>Share of time as the likeliest, and in brackets the mean probability, in '
        f'%</caption><thead><tr><th scope="col">person</th><th scope="col">seen</th>{heads}<th scope="col">changes a '
        f'min</th><th scope="col">off face, %</th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def _figures(tally: Tally, labels: Sequence[str]) -> str:
    """A row of a table."""
    cells = "".join(f"<td>{_whole(tally.share.get(x))} ({_whole(tally.mean.get(x))})</td>" for x in labels)
    changes = "–" if tally.changes is None else f"{tally.changes:.1f}"
    return (
        f'<tr><th scope="row">{tally.track}</th><td>{tally.seconds:.1f} s</td>{cells}<td>{changes}</td>'
        f"<td>{_whole(tally.off)}</td></tr>"
    )


def said(tally: Tally) -> str:
    """Who it is, in a line of HTML."""
    return (
        f"Person {tally.track}, mostly {escape(tally.likeliest)} ({percent(tally.share[tally.likeliest])} of the time)"
    )


def _whole(part: float | None) -> str:
    return "–" if part is None else str(round(100 * part))
