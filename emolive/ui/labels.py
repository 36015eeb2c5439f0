"""What is written at the faces of a picture: who it is, the emotion, and bars. Nothing is written over another, and
nothing over a face, unless faces cover most of the picture."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
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
    gaps,
    inside,
    mostly_covered,
    within,
)
from emolive.ui.words import percent

Act = Callable[[], object]
"""Draws something."""

TagParts = Sequence[tuple[str, Color]]
"""The words of a tag, each with its ground's colour."""

Leader = tuple[tuple[int, int], tuple[int, int]]
"""From a number to its face, in pixels."""

NEAREST = 40
"""So many free places are tried for a number that has no room at its face."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A face as it is labelled: its track, where it lies in the picture, the probabilities (classes,), if selected, why
    no emotion is named ("dark", "unsure"), if so; and whether the network can know it: else no bars are shown."""

    track: int
    rect: Rect
    probs: np.ndarray
    selected: bool
    doubt: str = ""
    known: bool = True

    @property
    def top(self) -> int:
        """The likeliest class."""
        return int(np.argmax(self.probs))


WAYS = (
    ("names", False, True),
    ("numbers", False, True),
    ("numbers", True, True),
    ("bare", True, True),
    ("bare", True, False),
)
"""How faces are told apart, the first that tells all of them: by name and number at each face, by numbers but for the
selected one's name, or all by numbers; then also with a line from a number to its face, where there is no room at it;
and whether what stands at a face must be clearly nearer to it than to any other."""


class Labeller:
    """Writes into one picture in text of about `px`. `names` are the classes, `faces` rectangles that are to be seen,
    those of what may be no face too, `taken` rectangles that must stay free; to them it adds what it writes. `tags` is
    where each face's number stands, by its track, `lines` go from numbers to faces that they are not beside; `untold`
    says how many faces had no room for a number."""

    def __init__(
        self, image: np.ndarray, names: Sequence[str], taken: Sequence[Rect], faces: Sequence[Rect], px: int
    ) -> None:
        self.taken = list(taken)
        self.tags: dict[int, Rect] = {}
        self.untold = 0
        self.lines: list[Leader] = []
        self._acts: list[Act] | None = None
        self._has_panel = False
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

    def place(self, people: Sequence[Labelled], bars: bool = True) -> None:
        """Find places for what tells all faces apart, and draw nothing yet. Who comes first gets the best one; the
        selected face gets all bars if there is room, but the numbers of all faces matter more than those."""
        before, plans = list(self.taken), []
        for form, far, clear in WAYS:
            self.taken, self.lines = list(before), []
            tags: dict[int, tuple[Rect, TagParts]] = {}
            panel: list[Act] = []
            for n, person in enumerate(people):
                tag = self._tag(person, form, far, clear)
                if tag:
                    tags[n] = tag
                if person.selected and bars and form != WAYS[-1][0]:
                    panel += self._panel(person, around_all([person.rect, *([tag[0]] if tag else [])]))
            plans.append((tags, panel, self.taken, self.lines))
            if len(tags) == len(people):
                break
        tags, panel, self.taken, self.lines = max(plans, key=lambda plan: len(plan[0]))
        self.tags = {people[n].track: place for n, (place, _) in tags.items()}
        self.untold = len(people) - len(tags)
        self._acts = [partial(draw.leader, self._image, *line, self._px) for line in self.lines]
        self._acts += [partial(draw.tag, self._image, place, parts, self._px) for place, parts in tags.values()]
        self._acts += panel
        self._has_panel = bool(panel)

    def write(self, people: Sequence[Labelled], bars: bool = True) -> None:
        """Label all faces, where they were placed or as `place` does."""
        if self._acts is None:
            self.place(people, bars)
        assert self._acts is not None
        for act in self._acts:
            act()
        for person in people:
            if not bars or not person.known or (person.selected and self._has_panel):
                continue
            found = self._panel(person, person.rect)
            for act in found:
                act()
            if not found and not person.selected:
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

    def _tag(self, person: Labelled, form: str, far: bool, clear: bool) -> tuple[Rect, TagParts] | None:
        """Where number, emotion and probability go, and as much of them as that holds; None where there is no room."""
        name, color = person.doubt or self.name(person.top), self.color_of(person)
        px = self._px
        full = (person.doubt or f"{name} {percent(float(person.probs[person.top]))}", color)
        number = [(str(person.track), INK)] if person.track else []
        short = ("?" if person.doubt else name[:3], color)
        least = [(str(person.track), color)] if person.track else [short]
        forms = ([*number, full], [*number, (name, color)], least)
        named = form == "names" or (form == "numbers" and person.selected)
        wide = person.rect[2] - person.rect[0]
        for n, parts in enumerate(forms):
            size = draw.tag_size(parts, px)
            if n < 2 and not named:
                continue
            if n < 2 and not person.selected and size[0] > max(2 * wide, 8 * px):
                continue  # a small face in a crowd would lie under a long label of its neighbour's
            spots = list(around(person.rect, size, self._bounds, self._gap))
            spots = self._clear(spots, person.rect) if clear else spots
            place = self._free([spot for spot in spots if not self._hides_a_line(spot)])
            if place:
                self.taken.append(place)
                return place, parts
        return self._far_tag(person, least) if far else None

    def _clear(self, spots: list[Rect], rect: Rect) -> list[Rect]:
        """The places that nobody takes for another face's; all of them where faces cover most of the picture."""
        face = within(rect, (0, 0, self._image.shape[1], self._image.shape[0]))
        others = [other for other in self.faces if other != face]
        if self._crowded or face is None or not others or not spots:
            return spots
        nearer = gaps(spots, others).min(axis=1) > gaps(spots, [face])[:, 0] + self._gap
        return [spot for spot, good in zip(spots, nearer, strict=True) if good]

    def _far_tag(self, person: Labelled, parts: "TagParts") -> tuple[Rect, "TagParts"] | None:
        """The place nearest to a face that is free for its number, with a line to it that crosses as little as may
        be."""
        face = within(person.rect, (0, 0, self._image.shape[1], self._image.shape[0]))
        if face is None:
            return None
        spots = self._anywhere(person.rect, draw.tag_size(parts, self._px))
        spots = [spot for spot in spots if not self._hides_a_line(spot)][:NEAREST]
        others = [rect for rect in (*self.taken, *self.faces) if rect != face]
        lines = [_between(spot, face) for spot in spots]
        crossed = [sum(_crosses(line, rect) for rect in others) for line in lines]
        if not spots:
            return None
        best = crossed.index(min(crossed))
        self.taken.append(spots[best])
        self.lines.append(lines[best])
        return spots[best], parts

    def _hides_a_line(self, rect: Rect) -> bool:
        """Whether something there would lie over a line from another number to its face."""
        return any(_crosses(line, rect) for line in self.lines)

    def _panel(self, person: Labelled, anchor: Rect) -> list[Act]:
        """What draws bars with names beside a face, if there is room. The selected one's may also lie elsewhere, then
        with a title."""
        if not person.known:
            return []
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
                    self.taken.append(place)
                    return [partial(draw_bars, self._image, place, rows, px, title)]
        return []

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


def _between(place: Rect, face: Rect) -> Leader:
    """The shortest line from a rectangle to another one."""
    ends = []
    for low, high in ((0, 2), (1, 3)):
        middle = (max(place[low], face[low]) + min(place[high], face[high])) // 2  # of what they share, if they do
        ends.append((min(max(middle, place[low]), place[high]), min(max(middle, face[low]), face[high])))
    (ax, bx), (ay, by) = ends
    return (ax, ay), (bx, by)


def _crosses(line: Leader, rect: Rect) -> bool:
    """Whether a line goes through a rectangle."""
    x0, y0, x1, y1 = rect
    return bool(cv2.clipLine((x0, y0, x1 - x0, y1 - y0), *line)[0])
