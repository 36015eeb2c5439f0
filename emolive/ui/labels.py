"""What is written at the faces of a picture: who it is, the emotion, and bars. Nothing is written over another, and
nothing over a face, unless faces cover most of the picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from emolive.ui import draw
from emolive.ui.bars import ROWS, SHORT, bars_size, draw_bars, rows_of
from emolive.ui.draw import Rect
from emolive.ui.palette import DIM, INK, Color, hue
from emolive.ui.place import (
    around,
    around_all,
    at_edges,
    beside,
    first_free,
    free_spots,
    inside,
    mostly_covered,
    within,
)
from emolive.ui.words import percent


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
    """Writes into one picture in text of about `px`. `names` are the classes, `faces` rectangles that are to be seen,
    those of what may be no face too, `taken` rectangles that must stay free; to them it adds what it writes."""

    def __init__(
        self, image: np.ndarray, names: Sequence[str], taken: Sequence[Rect], faces: Sequence[Rect], px: int
    ) -> None:
        self.taken = list(taken)
        self._image, self._names, self._px = image, names, px
        height, width = image.shape[:2]
        self._gap = gap = max(2, px // 5)
        self._bounds = (gap, gap, width - gap, height - gap)
        self.faces = [found for face in faces if (found := within(face, (0, 0, width, height)))]
        self._crowded = mostly_covered(self.faces, width, height)

    def name(self, index: int) -> str:
        """What a class is called."""
        return self._names[index] if index < len(self._names) else f"class {index}"

    def color(self, index: int) -> Color:
        """The colour of a class."""
        return hue(self.name(index), int(index))

    def color_of(self, person: Labelled) -> Color:
        """The colour of a face's emotion; grey where none is named."""
        return DIM if person.doubt else self.color(person.top)

    def legend(self, sizes: Sequence[tuple[int, int]]) -> tuple[int, Rect] | None:
        """A place for a legend of the first of these sizes that has one, the lower left corner where that is free:
        which size, and where. None where there is none."""
        left, _, _, bottom = self._bounds
        for n, size in enumerate(sizes):
            corner = (left, bottom, left, bottom)
            place = self._free([*at_edges(corner, size, self._bounds), *self._anywhere(corner, size)])
            if place:
                self.taken.append(place)
                return n, place
        return None

    def write(self, people: Sequence[Labelled], bars: bool = True) -> None:
        """Label all faces. Who comes first gets the best place; the selected one gets all bars if there is room."""
        for person in people:
            tag = self._tag(person)
            if person.selected and bars:
                self._panel(person, around_all([person.rect, *tag]))
        for person in people:
            if bars and not person.selected and not self._panel(person, person.rect):
                self._strip(person)

    def mark(self, rect: Rect) -> None:
        """A question mark beside what may be no face."""
        parts = [("?", DIM)]
        place = self._free(around(rect, draw.tag_size(parts, self._px), self._bounds, self._gap))
        if place:
            draw.tag(self._image, place, parts, self._px)
            self.taken.append(place)

    def _free(self, places: Iterator[Rect] | Sequence[Rect], faces: bool = True) -> Rect | None:
        """The first place that touches neither what is written nor a face; where faces cover most of the picture, the
        one that hides least of them."""
        found = list(places)
        hard = self.taken if self._crowded or not faces else [*self.taken, *self.faces]
        return first_free(found, hard, self.faces if self._crowded else ())

    def _anywhere(self, anchor: Rect, size: tuple[int, int]) -> list[Rect]:
        return free_spots(anchor, size, self._bounds, [*self.taken, *self.faces], self._gap)

    def _tag(self, person: Labelled) -> list[Rect]:
        """Number, emotion and probability, as fully as there is room for. Gives back where, or nothing."""
        name, color = person.doubt or self.name(person.top), self.color_of(person)
        px = self._px
        full = (person.doubt or f"{name} {percent(float(person.probs[person.top]))}", color)
        number = [(str(person.track), INK)] if person.track else []
        short = ("?" if person.doubt else name[:3], color)
        least = [(str(person.track), color)] if person.track else [short]
        forms = ([*number, full], [*number, (name, color)], least)
        wide = person.rect[2] - person.rect[0]
        for n, parts in enumerate(forms):
            size = draw.tag_size(parts, px)
            if n < 2 and not person.selected and size[0] > max(2 * wide, 8 * px):
                continue  # a small face in a crowd would lie under a long label of its neighbour's
            place = self._free(around(person.rect, size, self._bounds, self._gap))
            if place:
                draw.tag(self._image, place, parts, px)
                self.taken.append(place)
                return [place]
        return []

    def _panel(self, person: Labelled, anchor: Rect) -> bool:
        """Bars with names beside a face, if there is room. The selected one's may also lie elsewhere, then with a
        title."""
        names, colors = self._all_names(person), [self.color(i) for i in range(len(person.probs))]
        for most in (ROWS, SHORT) if person.selected else (ROWS,):
            rows = rows_of(person.probs, names, colors, most)
            shown = [row[0] for row in rows]
            for px in sorted({self._px, max(11, round(self._px * 0.75))}, reverse=True):
                size = bars_size(shown, px)
                place = self._free(beside(anchor, size, self._bounds, gap=max(3, px // 3)))
                title = ""
                if not place and person.selected:
                    title = f"face {person.track}" if person.track and len(self.faces) > 1 else ""
                    size = bars_size(shown, px, title)
                    place = self._free([*at_edges(anchor, size, self._bounds), *self._anywhere(anchor, size)])
                if place:
                    draw_bars(self._image, place, rows, px, title)
                    self.taken.append(place)
                    return True
        return False

    def _all_names(self, person: Labelled) -> list[str]:
        return [self.name(i) for i in range(len(person.probs))]

    def _strip(self, person: Labelled) -> None:
        """Small upright bars, one per class in the usual order, below or above a face without room for names."""
        (x0, y0, x1, y1), count = person.rect, len(person.probs)
        wide = min(self._px, (x1 - x0) // count)
        if wide < 3 or count > 2 * ROWS:
            return
        width, height = wide * count + 4, min(round(self._px * 1.5), (y1 - y0) // 4)
        left = (x0 + x1 - width) // 2
        places = [(left, y, left + width, y + height) for y in (y1 + self._gap, y0 - height - self._gap)]
        place = self._free([place for place in places if inside(place, self._bounds)])
        if not place:
            return
        draw.panel(self._image, place, opacity=0.6, radius=self._px // 5)
        foot = place[3] - 2
        for i, p in enumerate(person.probs):
            x, tall = left + 2 + i * wide, max(1, round((height - 4) * float(p)))
            draw.fill(self._image, (x + (wide > 4), foot - tall, x + wide - 1, foot), self.color(i))
        self.taken.append(place)
