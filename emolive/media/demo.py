"""A moving scene without a camera: faces that drift over a calm background and change their expression."""

import math
from collections.abc import Generator
from dataclasses import replace
from functools import cached_property
from itertools import count, product

import cv2
import numpy as np

from emolive.core.errors import SourceError
from emolive.media.cast import Actor, cast
from emolive.media.clips import Shot

WIDTH, HEIGHT, STEP_MS = 1280, 720, 40.0

MOST_FACES = 64
"""From 40 on the faces become too small for the detector, even in tiles."""

HEAD, FACE = (slice(0, 400), slice(0, 320)), (slice(90, 340), slice(60, 260))
"""Where head and shoulders, and only the face, are in an actor's picture: rows, columns."""

TALL = 1.25
"""How many times as high as wide both are."""

CROWD = 4
"""With more faces than this only the face is shown, so that the detector still finds each."""


class DemoClip:
    """So many faces, each drifting in a cell of its own, so that none ever covers another, and each with its rhythm.

    1280x720, 25 frames a second, without end; what is seen depends on the time alone. The faces are averages of many
    people (cast.py); with more than there are, they appear again, mirrored in turn.
    """

    name = "demo"
    duration_ms = 0.0
    frames = 0
    note = ""

    def __init__(self, faces: int) -> None:
        if not 1 <= faces <= MOST_FACES:
            raise SourceError(f"The demo shows 1 to {MOST_FACES} faces, not {faces}. Give --faces another number.")
        self._faces = faces
        self._part = HEAD if faces <= CROWD else FACE
        self._columns, self._rows = _grid(faces)

    def play(self, from_ms: float = 0.0) -> Generator[Shot, None, None]:
        for i in count(max(0, math.ceil(from_ms / STEP_MS))):
            yield i * STEP_MS, self._at(i * STEP_MS)

    def last_before(self, t_ms: float) -> Shot | None:
        i = math.ceil(t_ms / STEP_MS) - 1
        return (i * STEP_MS, self._at(i * STEP_MS)) if i >= 0 else None

    def _at(self, t_ms: float) -> np.ndarray:
        """The scene at a time."""
        bgr = self._background.copy()
        width, height = self._size
        cell_w, cell_h = WIDTH / self._columns, HEIGHT / self._rows
        for i in range(self._faces):
            row, column = divmod(i, self._columns)
            in_row = min(self._columns, self._faces - row * self._columns)
            left = (WIDTH - in_row * cell_w) / 2 + column * cell_w
            # Two slow, unequal swings for each face; the golden angle keeps neighbours out of step.
            phase = 2.4 * i
            x = left + (cell_w - width - 1) * (0.5 + 0.48 * math.sin(t_ms / 2600 + phase))
            y = row * cell_h + (cell_h - height - 1) * (0.5 + 0.48 * math.sin(t_ms / 3100 + 1.7 * phase))
            halves_x, halves_y = round(2 * x), round(2 * y)
            oval, keep = self._ovals[halves_x % 2, halves_y % 2]
            face = self._placed(i, t_ms, halves_x % 2, halves_y % 2)
            _lay(bgr, cv2.multiply(face, oval, scale=1 / 255), keep, halves_x // 2, halves_y // 2)
        return bgr

    def _placed(self, i: int, t_ms: float, right: int, down: int) -> np.ndarray:
        """How a face looks at a time, in its size in the scene, moved by so many half pixels: finer than the eye."""
        actors = self._actors
        actor = actors[i % len(actors)]
        shown = actor.shows(*acting(i, t_ms, actor.expressions)) if actor.expressions else actor.frames[0]
        (tall, wide), (width, height) = shown.shape[:2], self._size
        mirrored = (i // len(actors) + (i if len(actors) == 1 else 0)) % 2
        across, along = width / wide, height / tall
        turn = -across if mirrored else across
        start = width - across / 2 - 0.5 if mirrored else across / 2 - 0.5
        where = np.array(((turn, 0, start + right / 2), (0, along, along / 2 - 0.5 + down / 2)))
        return cv2.warpAffine(shown, where, (width + 1, height + 1), borderMode=cv2.BORDER_REPLICATE)

    @cached_property
    def _size(self) -> tuple[int, int]:
        """Width and height of a face, small enough for a cell with room to drift in it."""
        wide, tall = (part.stop - part.start for part in self._part[::-1])
        scale = min(WIDTH / self._columns * 0.86 / wide, HEIGHT / self._rows * 0.86 / tall)
        return round(wide * scale), round(tall * scale)

    @cached_property
    def _actors(self) -> list[Actor]:
        """Those who play, cut to what is shown of them; reduced here, since a later step would lose every other row."""
        width, height = self._size
        actors = []
        for actor in cast(self._faces):
            frames = actor.frames[:, self._part[0], self._part[1]]
            if height < frames.shape[1]:
                frames = np.stack([cv2.resize(f, (width, height), interpolation=cv2.INTER_AREA) for f in frames])
            actors.append(replace(actor, frames=frames))
        return actors

    @cached_property
    def _ovals(self) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
        """An oval that fades at its rim, and how much of the scene shines through it, (H, W, 3) uint8.

        Moved right and down by so many half pixels (0, 1), made once for all.
        """
        width, height = self._size
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        radius = (np.abs(x) ** 4 + np.abs(y) ** 4) ** 0.25
        mask = np.clip((1 - radius) / 0.08, 0, 1)[..., None].repeat(3, axis=2)
        ovals = {}
        for right, down in product((0, 1), repeat=2):
            shift = np.array(((1, 0, right / 2), (0, 1, down / 2)))
            moved = (255 * cv2.warpAffine(mask, shift, (width + 1, height + 1))).round().astype(np.uint8)
            ovals[right, down] = moved, 255 - moved
        return ovals

    @cached_property
    def _background(self) -> np.ndarray:
        """Dusk: a soft slope from blue-grey to dark."""
        y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
        slope = 0.75 * y + 0.25 * x
        dusk = [light * (1 - slope) + dark * slope for light, dark in ((96, 44), (78, 36), (66, 34))]
        return np.stack([channel.round().astype(np.uint8) for channel in dusk], axis=-1)


def _grid(faces: int) -> tuple[int, int]:
    """The columns and rows that leave the faces largest."""

    def size(columns: int) -> float:
        return min(WIDTH / columns, HEIGHT / math.ceil(faces / columns) / TALL)

    columns = max(range(1, faces + 1), key=size)
    return columns, math.ceil(faces / columns)


def acting(i: int, t_ms: float, expressions: int) -> tuple[int, float]:
    """Which expression a face shows at a time, counted from 0, and how much of it, 0 to 1.

    One after the other: it grows, stays, fades, and the face rests. Each face begins elsewhere, at a pace of its own.
    """
    pace = 3300 + 900 * (0.618 * i % 1)
    acts, part = divmod(t_ms / pace + 0.38 * i, 1)
    grown = np.interp(part, (0.08, 0.30, 0.70, 0.92), (0, 1, 1, 0))
    return (2 * i + int(acts)) % expressions, float(grown * grown * (3 - 2 * grown))


def _lay(bgr: np.ndarray, over: np.ndarray, keep: np.ndarray, left: int, top: int) -> None:
    """Lay a face on the scene with its corner at left, top."""
    place = bgr[top : top + over.shape[0], left : left + over.shape[1]]
    place[:] = cv2.add(cv2.multiply(place, keep, scale=1 / 255), over)
