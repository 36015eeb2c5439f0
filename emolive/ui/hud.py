"""What the windows add to a picture, and no recording holds: the status lines, the help, the first words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emolive import __version__
from emolive.core.scene import Menu, Picture, Progress, Scene, Settings, Tip, base_variant
from emolive.ui import draw
from emolive.ui.fit import fit, letterboxed
from emolive.ui.legend import cold
from emolive.ui.named import mapped
from emolive.ui.palette import DIM, GROUND, NOTE, PAPER, RECORDING, Color
from emolive.ui.words import BLIND, randomised, smoothing, way


@dataclass(frozen=True)
class Part:
    """A piece of the status line. Where room is short, the parts of the highest `rank` are left out first."""

    words: str
    color: Color = PAPER
    rank: int = 0
    bold: bool = False
    plate: Color | None = None
    topic: str = "status"


def status(scene: Scene, width: int, px: int) -> Picture:
    """The status lines in text of `px`: two, and one more for each note and for slow work under way."""
    pad, row = px // 2 + 2, round(px * 1.5)
    room = width - 2 * pad
    lines = [fitting(state(scene), px, room), fitting(second_line(scene), px, room)]
    lines += [[Part(line, NOTE, topic="note")] for note in scene.notes for line in draw.wrap(note, px, room)]
    working = scene.working
    if working:
        words = f"{working.words} {working.part:.0%} · any key stops it"
        lines += [[Part(line, NOTE, topic="working")] for line in draw.wrap(words, px, room)]
    image = draw.blank(width, px // 2 + row * len(lines), GROUND)
    tips = []
    for n, line in enumerate(lines):
        x, y = pad, px // 4 + n * row
        for part in line:
            begin = x
            if part.plate:
                wide = draw.text_size(part.words, px, part.bold)[0]
                draw.panel(image, (x - px // 4, y, x + wide + px // 4, y + row - 2), part.plate, 1, radius=px // 4)
            x = draw.text(image, part.words, x, y + px // 8, px, part.color, part.bold)
            tips.append(Tip((begin, y, x, y + row), part.topic, part.words))
            x += _gap(px)
    if working:  # how far it is, below its words
        y = len(image) - max(2, px // 6)
        draw.fill(image, (pad, y, pad + round(room * working.part), y + max(2, px // 6)), NOTE)
    return Picture(image, tips=tuple(tips))


def state(scene: Scene) -> list[Part]:
    """The first status line: what is going on."""
    progress, settings = scene.progress, scene.settings
    count = len(scene.faces)
    parts = [Part("● REC", PAPER, 0, bold=True, plate=RECORDING, topic="recording")] if scene.recording else []
    if settings.frozen:
        parts.append(Part("frozen", NOTE, 0, bold=True, topic="frozen"))
    moving = progress.frames != 1  # a still picture has no time and no end
    if progress.ended and moving:
        parts.append(Part("the end", NOTE, 1, bold=True))
    if progress.speed < 0.95 and not progress.live and not settings.frozen and not progress.ended:
        digits = 1 if progress.speed >= 0.1 else 2
        speed = f"{progress.speed:.{digits}f}×" if progress.speed >= 0.01 else "< 0.01×"
        parts.append(Part(speed, NOTE, 1, bold=True, topic="speed"))
    if moving:
        parts.append(Part(f"{scene.fps:.1f} fps", PAPER, 1, topic="fps"))
    parts.append(Part(f"{count} face{'' if count == 1 else 's'}", PAPER, 2, topic="faces"))
    if not progress.live and moving:
        parts.append(Part(position(progress, scene.frame.t_ms), PAPER, 3, topic="time"))
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
        shown = mapped(scene, chosen)
    parts = [Part(shown, PAPER, 0, topic="map")]
    if not settings.heat:
        parts.append(Part("heat off", NOTE, 1, topic="map"))
    parts += [Part(words, NOTE, 1, topic="cold") for words in cold(scene)[1:]]
    parts += [Part(words, NOTE, int(n > 0), topic="proof") for n, words in enumerate(tests(settings, scene.menu))]
    if smoothing(settings) and scene.progress.frames != 1:
        parts.append(Part(smoothing(settings), DIM, 2, topic="smoothed"))
    stages = [f"{name} {ms:.0f}" for name, ms in scene.timings.items() if ms >= 0.5]
    if stages:
        parts.append(Part(f"{' · '.join(stages)} ms", DIM, 3, topic="stages"))
    parts.append(Part(scene.device, DIM, 2, topic="device"))
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
        return [replace(part, words=draw.shorten(part.words, px, room, part.bold))]
    return kept


def _line_width(parts: Sequence[Part], px: int) -> int:
    return sum(draw.text_size(part.words, px, part.bold)[0] for part in parts) + _gap(px) * (len(parts) - 1)


def _gap(px: int) -> int:
    return round(px * 1.2)


def loading(text: str, size: tuple[int, int], px: int = 16, picture: np.ndarray | None = None) -> np.ndarray:
    """The first picture, (height, width, 3): what is being waited for, below what is to be looked at (BGR), or below
    the name where nothing is seen yet. `size` is width, height."""
    width, height = size
    if picture is not None:
        row = round(1.5 * px)
        image = letterboxed(picture, size, fit(picture.shape[1::-1], (width, height - row)))
        draw.fill(image, (0, height - row, width, height), GROUND)
        draw.text(image, draw.shorten(text, px, width - px), px // 2, height - row + px // 8, px, PAPER)
        return image
    image = draw.blank(width, height, GROUND)
    draw.text(image, "emolive", width / 2, height / 2 - 4 * px, 3 * px, PAPER, bold=True, align=0.5)
    for n, line in enumerate(draw.wrap(text, px, width - 2 * px)):
        draw.text(image, line, width / 2, height / 2 + px + n * round(1.5 * px), px, DIM, align=0.5)
    draw.text(image, __version__, width - px, height - 2 * px, px, DIM, align=1)
    return image
