"""What is written at the faces: who it is, the emotion, and bars for all classes. Nothing is written over another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emolive.ui import draw
from emolive.ui.draw import Color, Rect
from emolive.ui.place import around, around_all, at_edges, beside, covered, first_free, inside
from emolive.ui.words import percent

Bar = tuple[str, float, Color, bool]
"""Name, value from 0 to 1, colour, and whether it is the highest."""

ROWS = 8
"""A panel of bars shows this many classes at most: all of them, or the likeliest."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A face as it is labelled: its track, where it lies in the picture, the probabilities (classes,), if selected, and
    why no emotion is named ("dark", "unsure"), if so."""

    track: int
    rect: Rect
    probs: np.ndarray
    selected: bool
    doubt: str = ""

    @property
    def top(self) -> int:
        """The likeliest class."""
        return int(np.argmax(self.probs))


class Labeller:
    """Writes into one picture. `names` are the classes, `taken` rectangles that must stay free."""

    def __init__(self, image: np.ndarray, names: Sequence[str], taken: Sequence[Rect]) -> None:
        self.taken = list(taken)
        self._image, self._names = image, names
        height, width = image.shape[:2]
        self._u = draw.unit(width, height)
        self._gap = gap = max(2, self._u // 5)
        self._bounds = (gap, gap, width - gap, height - gap)

    def name(self, index: int) -> str:
        """What a class is called."""
        return self._names[index] if index < len(self._names) else f"class {index}"

    def color(self, index: int) -> Color:
        """The colour of a class."""
        return draw.hue(self.name(index), int(index))

    def color_of(self, person: Labelled) -> Color:
        """The colour of a face's emotion; grey where none is named."""
        return draw.DIM if person.doubt else self.color(person.top)

    def write(self, people: Sequence[Labelled]) -> None:
        """Label all faces. Who comes first gets the best place; the selected one gets all bars, whatever it takes."""
        faces = [person.rect for person in people]
        for person in people:
            tag = self._tag(person, faces)
            if person.selected:
                self._panel(person, around_all([person.rect, *tag]), faces)
        for person in people:
            if not person.selected and not self._panel(person, person.rect, faces):
                self._strip(person)

    def _tag(self, person: Labelled, faces: Sequence[Rect]) -> list[Rect]:
        """Number, emotion and probability, as fully as there is room for. Gives back where, or nothing."""
        name, color = person.doubt or self.name(person.top), self.color_of(person)
        small = max(min(self._u, (person.rect[2] - person.rect[0]) // 6), round(self._u * 0.7), 10)
        px = round(self._u * 1.1) if person.selected else small
        others = [face for face in faces if face is not person.rect]
        full = (person.doubt or f"{name} {percent(float(person.probs[person.top]))}", color)
        number = [(str(person.track), draw.INK)] if person.track else []
        best: tuple[int, Rect, list[tuple[str, Color]]] | None = None
        for parts in ([*number, full], [full], [(name, color)], [("?" if person.doubt else name[:3], color)]):
            size = draw.tag_size(parts, px)
            place = first_free(around(person.rect, size, self._bounds, self._gap), self.taken, faces)
            # A shorter form must be worth it: it counts only if it leaves clearly more of other faces to be seen.
            if place and (best is None or 2 * covered(place, others) < best[0]):
                best = covered(place, others), place, parts
            if best and not best[0]:
                break
        if best is None:
            return []
        draw.tag(self._image, best[1], best[2], px)
        self.taken.append(best[1])
        return [best[1]]

    def _panel(self, person: Labelled, anchor: Rect, faces: Sequence[Rect]) -> bool:
        """Bars with names beside a face, if there is room. The selected one's may also go to the picture's edges, then
        with a title, and cover faces if there is no other way."""
        likeliest = np.argsort(-person.probs, kind="stable")
        order = likeliest[:ROWS] if len(person.probs) > ROWS else np.arange(len(person.probs))
        rows = [(self.name(i), float(person.probs[i]), self.color(i), i == likeliest[0]) for i in order]
        names, title = [row[0] for row in rows], ""
        for part in (0.85, 0.7) if person.selected else (0.7,):
            px = max(10, round(self._u * part))
            near = beside(anchor, panel_size(names, px), self._bounds, gap=max(3, self._u // 3))
            place = first_free(near, [*self.taken, *faces])
            if place:
                break
        if not place and person.selected:
            title = f"face {person.track}" if person.track and len(faces) > 1 else ""
            size = panel_size(names, px, title)
            near = beside(anchor, size, self._bounds, gap=max(3, self._u // 3))
            place = first_free([*near, *at_edges(anchor, size, self._bounds)], self.taken, faces)
        if not place:
            return False
        draw_bars(self._image, place, rows, px, title)
        self.taken.append(place)
        return True

    def _strip(self, person: Labelled) -> None:
        """Small upright bars, one per class in the usual order, below or in a face without room for names."""
        (x0, y0, x1, y1), count = person.rect, len(person.probs)
        wide = min(self._u, (x1 - x0) // count)
        if wide < 3 or count > 2 * ROWS:
            return
        width, height = wide * count + 4, min(round(self._u * 1.5), (y1 - y0) // 4)
        left = (x0 + x1 - width) // 2
        places = [(left, y, left + width, y + height) for y in (y1 + self._gap, y1 - height - self._gap)]
        place = first_free([place for place in places if inside(place, self._bounds)], self.taken)
        if not place:
            return
        draw.panel(self._image, place, opacity=0.6, radius=self._u // 5)
        foot = place[3] - 2
        for i, p in enumerate(person.probs):
            x, tall = left + 2 + i * wide, max(1, round((height - 4) * float(p)))
            draw.fill(self._image, (x + (wide > 4), foot - tall, x + wide - 1, foot), self.color(i))
        self.taken.append(place)


def panel_size(names: Sequence[str], px: int, title: str = "") -> tuple[int, int]:
    """The size of a panel of bars with these names, in text of `px`, under a title if there is one."""
    pad = round(px * 0.6)
    widest = max(draw.text_size(name, px, bold=True)[0] for name in names)
    figures = draw.text_size("100 %", px, bold=True)[0]
    return widest + round(px * 5.5) + figures + 4 * pad, round(px * 1.45) * (len(names) + bool(title)) + 2 * pad


def draw_bars(image: np.ndarray, place: Rect, rows: Sequence[Bar], px: int, title: str = "") -> None:
    """A panel with one row per class: name, bar, percent. `place` has the size that `panel_size` gives."""
    pad, row = round(px * 0.6), round(px * 1.45)
    thin = round(row * 0.22)
    figures = draw.text_size("100 %", px, bold=True)[0]
    right = place[2] - 2 * pad - figures
    left = right - round(px * 5.5)
    draw.panel(image, place, radius=px // 2)
    if title:
        draw.text(image, title, (place[0] + place[2]) / 2, place[1] + pad, px, draw.PAPER, bold=True, align=0.5)
    for n, (name, value, color, best) in enumerate(rows, start=bool(title)):
        y = place[1] + pad + n * row
        ink = draw.PAPER if best else draw.DIM
        draw.text(image, name, left - pad, y + px * 0.1, px, ink, bold=best, align=1)
        draw.panel(image, (left, y + thin, right, y + row - thin), draw.PAPER, 0.13, radius=px // 5)
        end = left + max(1, round((right - left) * value))
        draw.panel(image, (left, y + thin, end, y + row - thin), color, 1, radius=px // 5)
        draw.text(image, percent(value), place[2] - pad, y + px * 0.1, px, ink, bold=best, align=1)
