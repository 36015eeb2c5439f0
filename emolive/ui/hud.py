"""What the windows add to a picture, and no recording holds: the status lines, the help, the first words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emolive import __version__
from emolive.core.scene import Menu, Progress, Scene, Settings, Working, base_variant
from emolive.ui import draw
from emolive.ui.draw import AMBER, DIM, PAPER, RED, Color
from emolive.ui.keys import BINDINGS, key_name
from emolive.ui.words import BLIND, caption, randomised, smoothing, way

GROUND: Color = (24, 20, 18)

TITLES = {
    "map": "Heat map",
    "proof": "Put it to the test",
    "filters": "Filters",
    "picture": "Picture",
    "time": "Time",
    "keep": "Keep",
}


@dataclass(frozen=True)
class Part:
    """A piece of the status line. Where room is short, the parts of the highest `rank` are left out first."""

    words: str
    color: Color = PAPER
    rank: int = 0
    bold: bool = False


def text_height(width: int, height: int) -> int:
    """The size of the text in a window of that size, in pixels."""
    return int(min(max(min(width / 52, height / 32), 11), 19))


def status_height(width: int, height: int) -> int:
    """How much of a window's top the two status lines take."""
    px = text_height(width, height)
    return 2 * round(px * 1.5) + px // 2


def status(scene: Scene, width: int, height: int) -> np.ndarray:
    """The status lines for a window of that size: (h, width, 3), `status_height` high, more if notes need it."""
    px = text_height(width, height)
    pad, row = px // 2 + 2, round(px * 1.5)
    room = width - 2 * pad
    notes = [line for note in scene.notes for line in draw.wrap(note, px, room)]
    first = fitting(state(scene), px, room)
    second = fitting(second_line(scene), px, room)
    image = np.full((px // 2 + row * (2 + len(notes)), width, 3), GROUND, np.uint8)
    for n, line in enumerate([first, second, *[[Part(note, AMBER)] for note in notes]]):
        x, y = pad, px // 4 + n * row
        for part in line:
            x = draw.text(image, part.words, x, y + px // 8, px, part.color, part.bold) + _gap(px)
    return image


def state(scene: Scene) -> list[Part]:
    """The first status line: what is going on."""
    progress, settings = scene.progress, scene.settings
    count = len(scene.faces)
    parts = [Part("● REC", RED, 0, bold=True)] if scene.recording else []
    if settings.frozen:
        parts.append(Part("frozen", AMBER, 0, bold=True))
    moving = progress.frames != 1  # a still picture has no time and no end
    if progress.ended and moving:
        parts.append(Part("the end", AMBER, 1, bold=True))
    if progress.speed < 0.95 and not progress.live and not settings.frozen and not progress.ended:
        parts.append(Part(f"{progress.speed:.{1 if progress.speed >= 0.1 else 2}f}×", AMBER, 1, bold=True))
    if moving:
        parts.append(Part(f"{scene.fps:.1f} fps", PAPER, 1))
    parts.append(Part(f"{count} face{'' if count == 1 else 's'}", PAPER, 2))
    if not progress.live and moving:
        parts.append(Part(position(progress, scene.frame.t_ms), PAPER, 3))
    if progress.files > 1:
        parts.append(Part(f"file {progress.file + 1} of {progress.files}", DIM, 4))
    if scene.frame.name or progress.name:
        parts.append(Part(scene.frame.name or progress.name, DIM, 6))
    parts.append(Part("h: help", DIM, 5))
    return parts


def second_line(scene: Scene) -> list[Part]:
    """The second status line: what is shown, and what it costs."""
    settings = scene.settings
    chosen = scene.chosen
    if chosen is None:
        shown = way(base_variant(settings))
        if settings.method in scene.menu.blind:
            shown = f"{shown} · {BLIND}"
        else:
            shown += f" → {settings.target or 'top'}{f', not {settings.against}' if settings.against else ''}"
    else:
        reading = chosen.reading
        shown = caption(reading.shown, scene.menu, reading.painted.target)
    parts = [Part(shown, PAPER, 0)]
    if not settings.heat:
        parts.append(Part("heat off", AMBER, 1))
    parts += [Part(words, AMBER, int(n > 0)) for n, words in enumerate(tests(settings, scene.menu))]
    if smoothing(settings) and scene.progress.frames != 1:
        parts.append(Part(smoothing(settings), DIM, 2))
    stages = [f"{name} {ms:.0f}" for name, ms in scene.timings.items() if ms >= 0.5]
    if stages:
        parts.append(Part(f"{' · '.join(stages)} ms", DIM, 3))
    parts.append(Part(scene.device, DIM, 2))
    return parts


def tests(settings: Settings, menu: Menu) -> list[str]:
    """What is being tested, in a few words each."""
    marks = []
    if settings.random:
        marks.append(f"heat random: {randomised(menu, settings.random)}")
    if settings.compare:
        marks.append(f"A/B: {way(settings.compare)}")
    if settings.off:
        marks.append(f"off: {len(settings.off)} filter{'' if len(settings.off) == 1 else 's'}")
    if settings.proof:
        marks.append("proof")
    return marks


def position(progress: Progress, t_ms: float) -> str:
    """Where a file stands, and how long it is where that is known."""
    return f"{clock(t_ms)} / {clock(progress.duration_ms)}" if progress.duration_ms > 0 else clock(t_ms)


def clock(ms: float) -> str:
    """A time as minutes and seconds, with hours where there are any."""
    seconds = int(ms / 1000)
    minutes = (
        f"{seconds // 60 % 60:02d}:{seconds % 60:02d}" if seconds >= 3600 else f"{seconds // 60}:{seconds % 60:02d}"
    )
    return f"{seconds // 3600}:{minutes}" if seconds >= 3600 else minutes


def fitting(parts: Sequence[Part], px: int, room: int) -> list[Part]:
    """As many of the parts, in their order, as fit; the last one that is left is shortened if it must be."""
    kept = list(parts)
    while len(kept) > 1 and _line_width(kept, px) > room:
        kept.remove(max(kept, key=lambda part: part.rank))
    if kept and _line_width(kept, px) > room:
        part = kept[0]
        return [Part(draw.shorten(part.words, px, room, part.bold), part.color, part.rank, part.bold)]
    return kept


def _line_width(parts: Sequence[Part], px: int) -> int:
    return sum(draw.text_size(part.words, px, part.bold)[0] for part in parts) + _gap(px) * (len(parts) - 1)


def _gap(px: int) -> int:
    return round(px * 1.2)


def working_overlay(image: np.ndarray, top: int, working: Working) -> None:
    """Say in the upper right corner, below `top`, what is being worked out, how far it is, and how to stop it."""
    height, width = image.shape[:2]
    px = text_height(width, height)
    words = f"{working.words} {working.part:.0%} · any key stops it"
    wide = draw.text_size(words, px)[0]
    x1, pad = width - px // 2, px // 2
    x0, y1 = max(0, x1 - wide - 2 * pad), top + pad + round(px * 2.1)
    draw.panel(image, (x0, top + pad, x1, y1), opacity=0.85, radius=px // 2)
    draw.text(image, words, x0 + pad, top + pad + px // 4, px, AMBER)
    draw.fill(image, (x0 + pad, y1 - px // 2, x0 + pad + wide, y1 - px // 4), DIM)
    draw.fill(image, (x0 + pad, y1 - px // 2, x0 + pad + round(wide * working.part), y1 - px // 4), AMBER)


def help_overlay(image: np.ndarray) -> None:
    """Lay all keys over a picture, in two columns, as large as they can be read."""
    height, width = image.shape[:2]
    lines: list[tuple[str, str]] = []
    for group, title in TITLES.items():
        lines += [("", title)]
        lines += [(" ".join(key_name(k) for k in b.keys), b.help) for b in BINDINGS if b.group == group]
    half = min((n for n, (key, _) in enumerate(lines) if not key), key=lambda n: abs(2 * n - len(lines)))
    columns = (lines[:half], lines[half:])
    px = next((px for px in range(22, 8, -1) if _help_fits(columns, px, width, height)), 8)
    widths = [_column_width(column, px) for column in columns]
    row, pad = round(px * 1.42), px
    total = sum(widths) + 3 * pad, row * max(map(len, columns)) + round(1.5 * pad)
    x, y = max(0, (width - total[0]) // 2), max(0, (height - total[1]) // 2)
    draw.panel(image, (x, y, x + total[0], y + total[1]), opacity=0.9, radius=px)
    for column, wide in zip(columns, widths, strict=True):
        keys = _keys_width(column, px)
        for n, (key, words) in enumerate(column):
            top = y + round(0.7 * pad) + n * row
            if key:
                draw.text(image, key, x + pad + keys, top, px, AMBER, bold=True, align=1)
                draw.text(image, words, x + pad + keys + px, top, px)
            else:
                draw.text(image, words, x + pad, top, px, DIM, bold=True)
        x += wide + pad


def _help_fits(columns: Sequence[Sequence[tuple[str, str]]], px: int, width: int, height: int) -> bool:
    wide = sum(_column_width(column, px) for column in columns) + 3 * px
    return wide <= width and round(px * 1.42) * max(map(len, columns)) + round(1.5 * px) <= height


def _column_width(column: Sequence[tuple[str, str]], px: int) -> int:
    return _keys_width(column, px) + px + max(draw.text_size(words, px)[0] for _, words in column)


def _keys_width(column: Sequence[tuple[str, str]], px: int) -> int:
    return max(draw.text_size(key, px, bold=True)[0] for key, _ in column)


def loading(text: str, size: tuple[int, int]) -> np.ndarray:
    """The first picture, (height, width, 3): the name, and what is being waited for. `size` is width, height."""
    width, height = size
    image = np.full((height, width, 3), GROUND, np.uint8)
    px = text_height(width, height)
    draw.text(image, "emolive", width / 2, height / 2 - 4 * px, 3 * px, PAPER, bold=True, align=0.5)
    for n, line in enumerate(draw.wrap(text, px, width - 2 * px)):
        draw.text(image, line, width / 2, height / 2 + px + n * round(1.5 * px), px, DIM, align=0.5)
    draw.text(image, __version__, width - px, height - 2 * px, px * 3 // 4, DIM, align=1)
    return image
