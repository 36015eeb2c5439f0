"""The page of a session: one HTML file with every picture in it, no scripts, nothing from a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Any

from emolive.reports.people import Person
from emolive.reports.ribbon import clock, legend
from emolive.reports.rows import CAUTION, RIBBON_CSS, Row, said, table
from emolive.reports.style import CSS
from emolive.reports.tally import tally
from emolive.ui.words import percent

LEAST_S = 0.5
"""Who is in sight for less is left out, unless there are only pictures."""

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$css
.stills { display: flex; flex-wrap: wrap; gap: .8rem; }
.stills figure { margin: 0; } .stills figcaption { max-width: 26rem; }
</style>
</head>
<body><main>
<h1>$title</h1>
<p>$counts</p>
<p class="note">$caution</p>
<h2>The session</h2>
<div class="stills">$strip</div>
<h2>Each person</h2>
$legend
$people
<h2>How this page was made</h2>
<ul class="small"><li>Weights: sha256 $sha256</li><li>Settings: $settings</li><li>Versions: $versions</li>
<li>All numbers: <a href="data.jsonl">data.jsonl</a></li></ul>
</main></body>
</html>
""")


@dataclass(frozen=True)
class Still:
    """A picture of the session: its time, itself as the source of an <img>, and how probable its emotion was then."""

    t_s: float
    source: str
    probability: float = 0.0


@dataclass(frozen=True, eq=False)
class Page:
    """All that the page says. `faces` are stills by person (file, number) and emotion."""

    name: str
    people: tuple[Person, ...]
    strip: tuple[Still, ...]
    faces: Mapping[tuple[str, int], Mapping[str, Still]]
    settings: Mapping[str, Any]
    sha256: str
    versions: Mapping[str, str | None]


def page(known: Page) -> str:
    """The HTML. Names are untrusted and escaped."""
    end_s = max((float(p.t_ms.max()) for p in known.people), default=0.0) / 1e3
    long = [p for p in known.people if p.t_ms.max() - p.t_ms.min() >= LEAST_S * 1e3] or list(known.people)
    left_out = len(known.people) - len(long)
    labels = tuple(dict.fromkeys(label for p in long for label in p.labels))
    more = f" {left_out} in sight for less than {LEAST_S:g} s are left out." if left_out else ""
    return _PAGE.substitute(
        title=escape(f"A session: {known.name or 'camera'}"),
        css=CSS + RIBBON_CSS,
        caution=CAUTION,
        counts=f"{len(long)} {'person' if len(long) == 1 else 'people'}, {clock(end_s)} long.{more}",
        strip="".join(_still(still, clock(still.t_s), "A frame of the session") for still in known.strip),
        legend=legend(labels),
        people="\n".join(_person(p, known, end_s) for p in long) or "<p>Nobody was seen.</p>",
        sha256=escape(known.sha256),
        settings=escape(
            ", ".join(f"{k} {_words(v)}" for k, v in known.settings.items() if v not in (None, "", [], ()))
        ),
        versions=escape(", ".join(f"{k} {v}" for k, v in known.versions.items() if v)),
    )


def _person(person: Person, known: Page, end_s: float) -> str:
    figures = tally(person)
    row = Row.of(person.file or known.name, person, figures, end_s)
    stills = known.faces.get((person.file, person.track), {})
    shown = sorted(stills.items(), key=lambda item: -figures.share.get(item[0], 0.0))
    faces = "".join(
        _still(still, f"{escape(label)} {percent(still.probability)} at {clock(still.t_s)}", f"Most {label}")
        for label, still in shown
    )
    heading = escape(f"Person {person.track}" + (f" in {person.file}" if person.file else ""))
    return (
        f"<section><h3>{heading}</h3><figure>{row.svg}<figcaption>{said(figures)}</figcaption></figure>"
        f'<div class="stills">{faces}</div>{table([figures])}</section>'
    )


def _still(still: Still, caption: str, alt: str) -> str:
    words = escape(alt, quote=True)
    return f'<figure><img src="{still.source}" alt="{words}"><figcaption>{caption}</figcaption></figure>'


def _words(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
