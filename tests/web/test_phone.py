"""Every page on a phone, 390 × 844 pixels in a real browser: nothing is cut, nothing has to be pushed sideways."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from emolive.audit.curves import Curves, Gain
from emolive.audit.sanity import Sanity
from emolive.audit.verdict import verdict
from emolive.core.evidence import CONTROLS, MASKINGS, Difference, Evidence
from emolive.core.reading import Agreement
from emolive.corpus import summary_page
from emolive.corpus.figures import StudyFigures
from emolive.corpus.roster import Roster, RosterEntry
from emolive.corpus.seconds import Sums
from emolive.corpus.study import Sighted, Summary
from emolive.reports import explain_page, session_page
from emolive.reports.audit_page import audit_page, audit_plots
from emolive.reports.audit_table import AuditRow, judged
from emolive.reports.figures import Cell, Drops, FaceReport, Figures, PictureReport, Report
from emolive.reports.html import clock, digits_of
from emolive.reports.people import Person
from emolive.reports.ribbon import Row
from emolive.reports.session_page import Page as Session
from emolive.reports.session_page import Still
from emolive.reports.tally import tally

pytestmark = pytest.mark.ci

WIDTH, HEIGHT = 390, 844
LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
LONG = "a_film_whose_name_nobody_ever_shortened_and_that_has_no_space_in_it_2026-11-30.mp4"
SAME = Sanity("does not react", "it shows the picture.", 0.97, -0.52, 0.61)
GREY = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='390' height='219'/%3E"

CUT = """() => [...document.querySelectorAll('body *')].filter(e => {
  const r = e.getBoundingClientRect(), style = getComputedStyle(e);
  if (r.width < 2 || r.height < 2 || style.visibility == 'hidden') return false;
  return r.right > innerWidth + 1 || (/auto|scroll|hidden/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1);
}).map(e => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`)"""
"""What reaches over the right edge, or has more in it than it shows."""

SMALL = """() => [...document.querySelectorAll('body *')].filter(e => {
  const words = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
  if (!words || !e.getClientRects().length) return false;
  const drawn = e.getScreenCTM ? e.getScreenCTM().d : 1;
  return drawn * parseFloat(getComputedStyle(e).fontSize) < 10.95;
}).map(e => `${e.tagName}.${e.className} ${getComputedStyle(e).fontSize} ${e.textContent.slice(0, 40)}`)"""
"""Text of less than 11 pixels."""

SHOWN = "emotions", "sheet", "curves"
"""The pictures of a face."""


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2, is_mobile=True)
    yield context.new_page()
    context.close()


def person(track: int) -> Person:
    probs = np.random.default_rng(track).dirichlet(np.ones(len(LABELS)), 300)
    return Person(track, LABELS, np.arange(300), np.arange(300) * 40.0, probs, np.full(300, 0.2), "")


def session() -> str:
    strip = tuple(Still(0.4 * i, GREY) for i in range(12))
    faces = {("", 1): {label: Still(0.32 * i, GREY, 0.9) for i, label in enumerate(LABELS)}}
    return session_page.page(Session(LONG, (person(1), person(2)), strip, faces, {"model": LONG}, "0" * 64, {"a": "1"}))


def summary() -> str:
    people = (person(1), person(2))
    rows = tuple(Sighted(LONG, tally(one), Row.of(LONG, one, tally(one), 12.0).svg) for one in people)
    sums = Sums(LABELS)
    who = {(LONG, n): RosterEntry(LONG, n, f"person_{n}_{LONG}", {"group": LONG}) for n in (1, 2)}
    study = StudyFigures(sums, Roster(who, ("group",), ("group",)), "", 0)
    of_video = study.add(LONG, {n + 1: sums.of(one) for n, one in enumerate(people)})
    figures = (*study.rows(), *of_video)
    found = Summary(rows, figures, 1, 0, ("group",), (f"{LONG} is a note.",), (f"{LONG} cannot be read.",))
    return summary_page.page(found, "Summary of results")


def audit(folder: Path) -> str:
    """A page with every figure that a row can have; plots as large as they come."""
    lead, steps = Difference(-0.0712, -0.1204, 0.0181, 200), dict.fromkeys(("fc", "layer4", "layer3", "conv1"), SAME)
    rows = [
        AuditRow(method, layer, 200, "", dict.fromkeys(CONTROLS, lead), dict.fromkeys(CONTROLS, 0.4), 0.05, 0.03, 0.02,
                 steps, 0.93, 1.2, 0.4, 0.5, dict.fromkeys(CONTROLS, (lead, lead)), 0.5, 0.4)
        for method in ("gradcam", "layercam", "eigencam") for layer in ("layer3", "layer4")
    ]  # fmt: skip
    for name, content in audit_plots(rows).items():
        (folder / name).write_bytes(content)
    key = {"model": "0" * 64, "methods": ["gradcam", "layercam", "eigencam"], "layers": ["layer3", "layer4"], "seed": 0}
    return audit_page(rows, judged(rows, 200), 200, 0.7, [f"happy/{LONG}.jpg"], key)


def explain(folder: Path) -> str:
    """A page with every column that a table can have; its pictures are wider than any phone."""
    pixels, line = np.zeros((48, 48, 3), np.uint8), np.linspace(0, 1, 3)
    curves = Curves(line, line, line)
    steps = dict.fromkeys(("fc", "layer4", "layer3", "layer2", "layer1", "conv1"), SAME)
    asked = {(how, of): Difference(0.1, -0.05, 0.25, 8) for how in MASKINGS for of in CONTROLS}
    said = verdict(Evidence(asked, 0.8), "happy")
    gain = dict.fromkeys(CONTROLS, Gain(-0.12, 0.34))
    figures = Figures(0.42, 0.58, Drops(0.6, 0.1, -0.1), asked, said, None, Agreement(0.9, 0.5), steps, gain)
    cells = [
        Cell(method, layer, "", line.reshape(1, 3), curves, figures)
        for method in ("gradcam", "layercam", "eigencam")
        for layer in ("layer3", "layer4")
    ]
    face = FaceReport(1, (0, 0, 48, 48), 0.9, LABELS, np.full(7, 1 / 7), 0, pixels, pixels, tuple(cells),
                      {"layer3": curves, "layer4": curves}, None, "layer4")  # fmt: skip
    picture = PictureReport(LONG, "01", 48, 48, (face,))
    for what, width in (("emotions", 1610), ("sheet", 980), ("curves", 770), *((f"{n}-narrow", 490) for n in SHOWN)):
        cv2.imwrite(str(folder / picture.file(face, what)), np.full((500, width, 3), 200, np.uint8))
    cv2.imwrite(str(folder / picture.marked), np.full((900, 1200, 3), 200, np.uint8))
    report = Report((picture,), {}, ("gradcam", "layercam", "eigencam"), ("layer3", "layer4"), LABELS, LONG, "0" * 64,
                    {"setting": LONG}, {"version": "1"})  # fmt: skip
    return explain_page.page(report, ".")


@pytest.mark.parametrize("kind", ["session", "summary", "explain", "audit"])
def test_a_report_is_not_cut(phone, tmp_path, kind):
    text = {
        "session": session,
        "summary": summary,
        "explain": lambda: explain(tmp_path),
        "audit": lambda: audit(tmp_path),
    }[kind]()
    (tmp_path / "index.html").write_text(text)
    phone.goto((tmp_path / "index.html").as_uri())
    assert phone.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert phone.evaluate(CUT) == []
    assert phone.evaluate(SMALL) == []
    if kind == "explain":
        shown = phone.evaluate("[...document.images].map(i => i.currentSrc)")
        assert all(any(f"{name}-narrow" in source for source in shown) for name in SHOWN)
    if kind not in ("summary", "audit"):
        assert phone.title().startswith(LONG)


def test_the_page_with_a_result_is_not_cut(visit):
    opened = visit("", WIDTH, HEIGHT)
    opened.done()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    wide = """() => [...document.querySelectorAll('[data-testid=stMain] *')].filter(e => {
      const r = e.getBoundingClientRect();
      return r.width > 2 && r.height > 2 && (r.right > innerWidth + 1 || r.left < -1);
    }).map(e => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`)"""
    assert opened.page.evaluate(wide) == []


def test_times_on_a_page_differ_where_the_frames_do():
    words = re.findall(r"<figcaption><bdi>(\d[^<]*)</bdi>", session())
    assert len(words) == 12 == len(set(words))
    assert [clock(65.25, digits) for digits in range(4)] == ["1:05", "1:05.2", "1:05.25", "1:05.250"]
    assert clock(59.96, 1) == "1:00.0"
    assert [digits_of(times) for times in ([0, 1, 2], [0, 0.5], [0.01, 0.04], [0.001, 0.002], [1.0, 1.0])] == [
        0, 1, 2, 3, 0,
    ]  # fmt: skip
