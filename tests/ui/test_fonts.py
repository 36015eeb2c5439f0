"""Labels in any script: the right font, letters that join, or a sentence that says what to install."""

import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image, ImageDraw, ImageFont

from emolive.ui import draw, fonts

PX = 40


@pytest.fixture(autouse=True)
def forgetful():
    """What is remembered of fonts belongs to the test that looked."""
    kept = (fonts._first_with, fonts._system, fonts.shapes, draw._runs, draw._written)
    before = list(matplotlib.rcParams["font.family"])
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()
    matplotlib.rcParams["font.family"] = before


def ink(text: str, bold: bool = False) -> np.ndarray:
    """Where a line leaves ink, (h, w) bool, cut to it."""
    image = np.zeros((2 * PX, 12 * PX, 3), np.uint8)
    draw.text(image, text, PX, PX // 2, PX, (255, 255, 255), bold=bold)
    return cut(image[..., 0] > 127)


def cut(seen: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    return seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def by_pillow(text: str, path: Path) -> np.ndarray:
    """The same line by Pillow itself in one font."""
    image = Image.new("L", (12 * PX, 3 * PX))
    ImageDraw.Draw(image).text((PX, 2 * PX), text, fill=255, font=ImageFont.truetype(str(path), PX), anchor="ls")
    return cut(np.asarray(image) > 127)


def font_of_squares(path: Path, characters: str) -> Path:
    """A font in which these characters are filled squares."""
    pen = TTGlyphPen(None)
    for move, point in ((pen.moveTo, (0, 0)), (pen.lineTo, (0, 800)), (pen.lineTo, (800, 800)), (pen.lineTo, (800, 0))):
        move(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(c): "square" for c in characters})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": square})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def with_fonts(monkeypatch, *paths: Path) -> None:
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [str(path) for path in paths])


def test_a_character_that_dejavu_lacks_is_set_in_a_font_of_the_system(tmp_path, monkeypatch):
    path = font_of_squares(tmp_path / "squares.ttf", "愤怒")
    with_fonts(monkeypatch, tmp_path / "torn.ttf", path)
    (tmp_path / "torn.ttf").write_bytes(b"no font")
    seen = ink("愤")
    assert seen.all()
    assert seen.shape == pytest.approx((0.8 * PX, 0.8 * PX), abs=1)
    assert fonts.font_files("sad 愤怒 42 %") == [
        ("sad ", fonts.own_font(False)),
        ("愤怒 ", path),
        ("42 %", fonts.own_font(False)),
    ]
    assert draw.text_size("愤怒", PX)[0] == 2 * PX
    assert fonts.problem(["愤怒", "sad"]) == ""
    fonts.use_in_plots(["愤怒", "sad"])
    assert matplotlib.rcParams["font.family"] == ["DejaVu Sans", "Squares"]


def test_what_nobody_has_is_a_sentence(monkeypatch, capsys):
    with_fonts(monkeypatch)
    assert fonts.problem(["angry", "wütend", "грустный", "غاضب", "שמח"]) == ""
    fonts.prepare(["angry", "愤怒", "क्रोध"])
    said = capsys.readouterr().err
    assert "No font on this system has the characters" in said
    assert all(c in said for c in "愤怒करध")
    assert "fonts-noto-cjk" in said
    assert "a" not in said.split("characters ")[1].split(" of")[0]


def test_without_fribidi_letters_that_join_are_a_sentence(monkeypatch):
    monkeypatch.setattr(fonts.features, "check", lambda name: name != "fribidi")
    assert "libfribidi0" in fonts.problem(["غاضب"])
    assert fonts.problem(["angry", "грустный"]) == ""


needs_shaping = pytest.mark.skipif(not fonts.shapes(), reason="Pillow finds no FriBiDi here")


@needs_shaping
def test_arabic_letters_join_and_run_from_right_to_left():
    apart = sum(ink(letter).shape[1] for letter in "بيت")
    assert ink("بيت").shape[1] < 0.8 * apart
    alef = ink("ا")
    np.testing.assert_array_equal(ink("اب")[-alef.shape[0] :, -alef.shape[1] :][: alef.shape[0] // 2].any(1), True)
    np.testing.assert_array_equal(ink("בא"), by_pillow("בא", fonts.own_font(False)))


def installed(text: str) -> Path:
    path = fonts._first_with(frozenset(text), False)
    if path is None:
        pytest.skip(f"no font here has {text}: Debian's fonts-noto-cjk and fonts-noto-core do")
    return path


@pytest.mark.parametrize("text", ["愤怒", "高兴", "かなしい", "행복", "โกรธ"])
def test_other_scripts_are_no_boxes(text):
    path = installed(text)
    np.testing.assert_array_equal(ink(text), by_pillow(text, path))
    first, second = ink(text[0]), ink(text[1])
    assert first.shape != second.shape or (first != second).any(), "all characters look alike: boxes"


@needs_shaping
def test_devanagari_letters_make_a_conjunct():
    path = installed("क्ष")
    np.testing.assert_array_equal(ink("क्ष"), by_pillow("क्ष", path))
    assert ink("क्ष").shape[1] < ink("क").shape[1] + ink("ष").shape[1] - 2


def test_latin_labels_look_for_no_font(monkeypatch):
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: pytest.fail("it looked"))
    assert fonts.font_files("happy 42 % …") == [("happy 42 % …", fonts.own_font(False))]
    assert fonts.problem(["happy", "trïste"]) == ""


def test_dejavu_has_what_is_set_in_it_without_a_look():
    plain = {chr(code) for code in range(ord(fonts.EUROPEAN))} | set(fonts.PLAIN)
    for bold in (False, True):
        assert fonts._drawn("".join(plain)) <= fonts._characters(fonts.own_font(bold))
    assert fonts.own_font(False).parents[2] == Path(matplotlib.get_data_path())


def test_first_words_need_nothing_heavy():
    code = """
import sys
import emolive.live.session, emolive.ui.windows, emolive.ui.hud, emolive.media.sources
emolive.ui.hud.loading("Opening the source …", (640, 360))
print({"torch", "mediapipe", "matplotlib", "scipy", "pandas"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
