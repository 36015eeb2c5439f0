"""The page of a session: one HTML file with every picture in it, no scripts, nothing from a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emolive.reports.html import digits_of, rendered
from emolive.reports.people import Person
from emolive.reports.ribbon import Row
from emolive.reports.tally import durations_ms, tally

LEAST_S = 0.5
"""Who is in sight for less is left out, unless there are only pictures."""


@dataclass(frozen=True)
class Still:
    """A picture of the session: its time, itself as the source of an <img>, and how probable its emotion was then."""

    t_s: float
    source: str
    probability: float = 0.0


@dataclass(frozen=True, eq=False)
class Page:
    """All that the page says. `faces` are stills by person (file, number) and emotion; `scales`
    what full heat was on them, in words."""

    name: str
    people: tuple[Person, ...]
    strip: tuple[Still, ...]
    faces: Mapping[tuple[str, int], Mapping[str, Still]]
    settings: Mapping[str, Any]
    sha256: str
    versions: Mapping[str, str | None]
    scales: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A person on the page: timeline and figures, and the stills of each emotion, the longest seen first."""

    row: Row
    stills: tuple[tuple[str, Still], ...]


def page(known: Page) -> str:
    """The HTML."""
    end_s = max((float(p.t_ms.max()) for p in known.people), default=0.0) / 1e3
    stills = [*known.strip, *(still for one in known.faces.values() for still in one.values())]
    long = [p for p in known.people if durations_ms(p).sum() >= LEAST_S * 1e3] or list(known.people)
    return rendered(
        "session.html",
        known=known,
        shown=[_shown(person, known, end_s) for person in long],
        left_out=len(known.people) - len(long),
        least_s=LEAST_S,
        end_s=end_s,
        digits=digits_of(still.t_s for still in stills),
        labels=list(dict.fromkeys(label for person in long for label in person.labels)),
    )


def _shown(person: Person, known: Page, end_s: float) -> Shown:
    figures = tally(person)
    stills = known.faces.get((person.file, person.track), {})
    shown = sorted(stills.items(), key=lambda item: -figures.share.get(item[0], 0.0))
    return Shown(Row.of(person.file or known.name, person, figures, end_s), tuple(shown))
