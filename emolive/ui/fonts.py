"""Fonts for labels in any script: DejaVu Sans, which comes with matplotlib, and what this system has beside it.

DejaVu has Latin, Greek, Cyrillic, Hebrew and Arabic letters. For others, like Chinese, Devanagari or Thai, the first
font of the system that has all of a text's characters is taken. Letters that join or change order (Arabic, Hebrew,
Indian scripts) need Pillow's raqm, which finds FriBiDi on the system.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import click
from PIL import features

from emolive.core.installed import matplotlib_data

JOINED = (
    (0x0590, 0x08FF), (0x0900, 0x0DFF), (0x0F00, 0x109F), (0x1780, 0x17FF), (0x1800, 0x18AF), (0xFB1D, 0xFDFF),
    (0xFE70, 0xFEFF),
)  # fmt: skip
"""Blocks of Unicode whose letters join, stack or run from right to left."""

EUROPEAN, PLAIN = "\u0250", "…–—−“”‘’•→≤≥●"
"""DejaVu has all characters before the first and these: for the windows' first words no font file is looked into."""


def font_files(text: str, bold: bool = False) -> list[tuple[str, Path]]:
    """A text in parts, and the font file that each is to be set in; as few parts as possible."""
    own = own_font(bold)
    if _is_plain(text):
        return [(text, own)]
    lacking = _drawn(text) - _characters(own)
    if not lacking:
        return [(text, own)]
    whole = _first_with(frozenset(_drawn(text)), bold)
    if whole:
        return [(text, whole)]
    other = _first_with(frozenset(lacking), bold)
    return _parts(text, own, other) if other else [(text, own)]


def problem(texts: Iterable[str]) -> str:
    """A sentence about what of these texts cannot be shown as it should, and what to install; "" if all can."""
    whole = "".join(texts)
    if _is_plain(whole):
        return ""
    lacking = sorted(
        {c for c in _drawn(whole) - _characters(own_font(False)) if not _first_with(frozenset((c,)), False)}
    )
    if lacking:
        shown = "".join(lacking[:12])
        return (
            f"No font on this system has the characters {shown} of the labels: they are shown as boxes. "
            "Install one that has them, like Noto (Debian: fonts-noto-cjk, fonts-noto-core)."
        )
    if not shapes() and any(low <= ord(c) <= high for c in whole for low, high in JOINED):
        return (
            "The letters of the labels are shown apart and from left to right: Pillow finds no FriBiDi to join them. "
            "Install it (Debian: libfribidi0; macOS: brew install fribidi)."
        )
    return ""


def prepare(labels: Sequence[str]) -> None:
    """Before labels are shown or plotted: let matplotlib have their fonts, and tell the user what cannot be shown."""
    use_in_plots(labels)
    words = problem(labels)
    if words:
        click.echo(words, err=True)


def use_in_plots(texts: Iterable[str]) -> None:
    """Let matplotlib set what DejaVu Sans lacks of these texts in the fonts that have it."""
    others = dict.fromkeys(path for text in texts for _, path in font_files(text) if path != own_font(False))
    if not others:
        return
    from matplotlib import font_manager, rcParams

    families = []
    for path in others:
        font_manager.fontManager.addfont(path)
        families.append(font_manager.FontProperties(fname=path).get_name())
    rcParams["font.family"] = [*dict.fromkeys(("DejaVu Sans", *families))]


def _is_plain(text: str) -> bool:
    """Whether emolive's own font has all of it, known without opening a font."""
    return all(c < EUROPEAN or c in PLAIN for c in text)


@lru_cache(maxsize=1)
def shapes() -> bool:
    """Whether letters can be joined and set from right to left."""
    return bool(features.check("raqm") and features.check("fribidi"))


@lru_cache(maxsize=2)
def own_font(bold: bool) -> Path:
    """DejaVu Sans, which comes with matplotlib, and so with MediaPipe."""
    return matplotlib_data("fonts/ttf/DejaVuSans-Bold.ttf" if bold else "fonts/ttf/DejaVuSans.ttf")


def _drawn(text: str) -> set[str]:
    """The characters of a text that leave ink, or change that of others."""
    return {c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf")}


@lru_cache(maxsize=4096)
def _characters(path: Path) -> frozenset[str]:
    """What a font file has; nothing if it is none."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(str(path)).get_charmap()))
    except (RuntimeError, OSError, ValueError):
        return frozenset()


@lru_cache(maxsize=256)
def _first_with(characters: frozenset[str], bold: bool) -> Path | None:
    """The font file of this system that has all of these, rather a plain one of the weight."""
    return next((path for path in _system(bold) if characters <= _characters(path)), None)


@lru_cache(maxsize=2)
def _system(bold: bool) -> tuple[Path, ...]:
    """The font files of this system that Pillow can set at any size, plain ones first."""
    from matplotlib.font_manager import findSystemFonts

    weight = "bold" if bold else "regular"
    styles = ("serif", "mono", "italic", "oblique", "condensed", "display", "black", "light", "thin")

    def rank(path: Path) -> tuple[bool, bool, bool, str]:
        name = path.stem.lower()
        return "noto" not in name, any(style in name for style in styles), weight not in name, str(path)

    found = {Path(name) for name in findSystemFonts()}
    return tuple(sorted((p for p in found if p.suffix.lower() in (".ttf", ".otf", ".ttc")
                         and "color" not in p.stem.lower() and "emoji" not in p.stem.lower()), key=rank))  # fmt: skip


def _parts(text: str, own: Path, other: Path) -> list[tuple[str, Path]]:
    """The text cut where the font changes; marks and spaces stay with what is before them."""
    parts: list[tuple[str, Path]] = []
    for c in text:
        stays = c.isspace() or unicodedata.combining(c) or unicodedata.category(c) in ("Mc", "Mn", "Cf")
        font = parts[-1][1] if stays and parts else own if c in _characters(own) else other
        if parts and parts[-1][1] == font:
            parts[-1] = (parts[-1][0] + c, font)
        else:
            parts.append((c, font))
    return parts
