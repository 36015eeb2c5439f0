"""Names of files, labels and models come out of every page as text, whatever they are."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolive.audit.curves import Curves
from emolive.core.evidence import Difference
from emolive.corpus import summary_page
from emolive.corpus.figures import FigureRow, StudyFigures
from emolive.corpus.roster import Roster, RosterEntry
from emolive.corpus.seconds import Sums
from emolive.corpus.study import Sighted, Summary
from emolive.reports import explain_page, session_page
from emolive.reports.audit_page import audit_page
from emolive.reports.audit_table import AuditRow, AuditVerdict
from emolive.reports.figures import Cell, FaceReport, PictureReport, Report
from emolive.reports.html import color, plain
from emolive.reports.people import Person
from emolive.reports.ribbon import Row
from emolive.reports.session_page import Page, Still
from emolive.reports.tally import tally

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></svg><h1>",
    "**bold** [link](javascript:alert(1)) `code` # head",
    "{{ 7 * 7 }} {% raw %} {# no #}",
    "\u202egpj.exe \u05e9\u05dc\u05d5\u05dd",
    "a\x00b\x07c\x1b[31m\x7f\x85",
    "half \udc80 a letter",
    "&amp; &lt; &#60;",
    "two\nlines\tand a tab",
]


class Parsed(HTMLParser):
    """The tags of a page with the names of their attributes, its text, and the attributes' values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text, self.values = "", []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value for _, value in attrs]

    def handle_data(self, data):
        self.text += data


def person(name: str, file: str = "") -> Person:
    probs = np.tile([0.9, 0.1], (30, 1))
    return Person(1, (name, "other"), np.arange(30), np.arange(30) * 40.0, probs, np.full(30, 0.2), file)


def session(name: str) -> str:
    stills = (Still(0.5, "data:image/jpeg;base64,AAAA", 0.9),)
    faces = {(name, 1): {name: stills[0]}}
    return session_page.page(Page(name, (person(name, name),), stills, faces, {name: name}, name, {name: name}))


def summary(name: str) -> str:
    one = person(name)
    figures = tally(one)
    row = Sighted(name, figures, Row.of(name, one, figures, 1.2).svg)
    return summary_page.page(Summary((row,), figures_of(name, one), 1, 0, (name,), (name,), (name,)), name)


def figures_of(name: str, one: Person) -> tuple[FigureRow, ...]:
    """What a study of one person in one group says."""
    roster = Roster({(name, 1): RosterEntry(name, 1, name, {name: name})}, (name,), (name,))
    sums = Sums(one.labels)
    study = StudyFigures(sums, roster, "", 0)
    rows = study.add(name, {1: sums.of(one)})
    return (*study.rows(), *rows)


def explain(name: str) -> str:
    pixels, curve = np.zeros((8, 8, 3), np.uint8), np.linspace(0, 1, 3)
    cells = (Cell("gradcam", name, why=name),)
    face = FaceReport(1, (0, 0, 8, 8), 0.9, (name, "other"), np.array([0.9, 0.1]), 0, pixels, pixels, cells,
                      {name: Curves(curve, curve, curve)}, None, name)  # fmt: skip
    pictures = (PictureReport(name, "01", 8, 8, (face,)), PictureReport(name, "02", 8, 8, ()))
    return explain_page.page(
        Report(pictures, {name: name}, ("gradcam",), (name,), face.labels, name, name, {name: name}, {name: name}),
        "sheets",
    )


def audited(name: str) -> str:
    row = AuditRow("gradcam", name, 3, difference={"random": Difference(0.1, 0.0, 0.2)}, wins={"random": 1.0}, won=0.0)
    verdict = AuditVerdict(row, name, True)
    key = {"model": name, "methods": ["gradcam"], "layers": [name], "seed": 0}
    return audit_page([row], verdict, 3, 0.5, [name], key)


PAGES = [session, summary, explain]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_and_nothing_else(page, name):
    found, harmless = Parsed(page(name)), Parsed(page("harmless"))
    assert found.tags == harmless.tags
    assert plain(name) in found.text
    assert any(plain(name) in value for value in found.values if value)  # in an alt or aria-label
    # What is not the name is what it would be without.
    assert found.text.replace(plain(name), "harmless").split() == harmless.text.split()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_on_the_page_of_an_audit(name):
    found = Parsed(audited(name))
    assert found.tags == Parsed(audited("harmless")).tags
    assert found.text.count(plain(name)) >= 3


@pytest.mark.parametrize("page", PAGES)
@settings(deadline=None, max_examples=20)
@given(name=st.text(st.characters(), min_size=1))
def test_any_name_leaves_the_page_as_it_is(page, name):
    html = page(name)
    html.encode("utf-8")
    assert Parsed(html).tags == Parsed(page("harmless")).tags


@pytest.mark.parametrize("page", PAGES)
def test_what_runs_from_right_to_left_turns_only_itself_around(page):
    """Where other words follow a name in its line it is in an element that browsers keep apart."""
    name = "\u202eevil"
    body = page(name).partition("<body")[2]
    assert body.count(f"<bdi>{name}</bdi>") >= 3
    assert not re.search(rf"<(h1|h2|h3|p|a|span|figcaption)[^>]*>[^<]*{name}[^<]+<", body)


def test_control_characters_cannot_be_in_a_page():
    assert plain("a\x00b\r\udc80\n\tc") == "a\ufffdb\ufffd\ufffd\n\tc"
    assert plain(7) == 7


def test_a_color_is_what_css_reads():
    assert color("happy", 0) != color("sad", 0)
    assert all(len(color(name, 3)) == 7 for name in HOSTILE)


def test_a_page_has_no_more_timelines_than_a_browser_opens_at_once(monkeypatch):
    monkeypatch.setattr(summary_page, "MOST", 3)
    one = person("happy")
    row = Sighted("a", tally(one), Row.of("a", one, tally(one), 1.2).svg)
    rows = (row, row, replace(row, video="b"), replace(row, video="b"), replace(row, video="c"))
    html = summary_page.page(Summary(rows, (), 3, 0), "x")
    assert html.count("<svg") == 3
    assert html.count("Too many timelines") == 1
    assert html.count('<th scope="row">1</th>') == 4
    assert "And 1 more faces" in html
