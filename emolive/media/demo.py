"""A moving scene without a camera: portraits that drift over a calm background."""

import math
from collections.abc import Generator
from functools import cached_property
from itertools import count, product
from pathlib import Path

import cv2
import numpy as np

from emolive.core.errors import SourceError
from emolive.media.clips import Shot
from emolive.media.pictures import read_picture

WIDTH, HEIGHT, STEP_MS = 1280, 720, 40.0

MOST_FACES = 64
"""From 40 on the portraits become too small for the detector, even in tiles."""

HEAD, FACE = (slice(0, 420), slice(95, 425)), (slice(60, 370), slice(135, 385))
"""Where head and shoulders, and only the face, are in the portrait: rows, columns."""

TALL = 1.25
"""How many times as high as wide the portrait is."""

CROWD = 4
"""With more portraits than this only the face is shown, so that the detector still finds each."""


class DemoClip:
    """Grace Hopper's portrait `faces` times, each drifting in a cell of its own, so that none ever covers another.

    1280x720, 25 frames a second, without end; what is seen depends on the time alone. The portrait is in the public
    domain and comes with matplotlib.
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
        height, width = self._layers[0, 0, 0][0].shape[:2]
        cell_w, cell_h = WIDTH / self._columns, HEIGHT / self._rows
        for i in range(self._faces):
            row, column = divmod(i, self._columns)
            in_row = min(self._columns, self._faces - row * self._columns)
            left = (WIDTH - in_row * cell_w) / 2 + column * cell_w
            # Two slow, unequal swings for each portrait; the golden angle keeps neighbours out of step.
            phase = 2.4 * i
            x = left + (cell_w - width) * (0.5 + 0.48 * math.sin(t_ms / 2600 + phase))
            y = row * cell_h + (cell_h - height) * (0.5 + 0.48 * math.sin(t_ms / 3100 + 1.7 * phase))
            halves_x, halves_y = round(2 * x), round(2 * y)
            over, keep = self._layers[i % 2, halves_x % 2, halves_y % 2]
            _lay(bgr, over, keep, halves_x // 2, halves_y // 2)
        return bgr

    @cached_property
    def _portrait(self) -> np.ndarray:
        """The portrait, small enough for a cell with room to drift in it."""
        picture = _hopper()[self._part]
        height, width = picture.shape[:2]
        scale = min(WIDTH / self._columns * 0.86 / width, HEIGHT / self._rows * 0.86 / height)
        return cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)

    @cached_property
    def _layers(self) -> dict[tuple[int, int, int], tuple[np.ndarray, np.ndarray]]:
        """The portrait in an oval that fades at its rim, and how much of the scene shines through it, (H, W, 3) uint8.

        As it is or mirrored (0, 1), moved right and down by so many half pixels (0, 1): finer than the eye sees, and
        made once for all.
        """
        height, width = self._portrait.shape[:2]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        radius = (np.abs(x) ** 4 + np.abs(y) ** 4) ** 0.25
        mask = np.clip((1 - radius) / 0.08, 0, 1)[..., None].repeat(3, axis=2)
        layers = {}
        for mirrored, right, down in product((0, 1), repeat=3):
            over = self._portrait[:, ::-1] if mirrored else self._portrait
            shift = np.array(((1, 0, right / 2), (0, 1, down / 2)))
            moved = [cv2.warpAffine(whole, shift, (width + 1, height + 1)) for whole in (over * mask, mask)]
            layers[mirrored, right, down] = moved[0].round().astype(np.uint8), (255 - 255 * moved[1]).astype(np.uint8)
        return layers

    @cached_property
    def _background(self) -> np.ndarray:
        """Dusk: a soft slope from blue-grey to dark."""
        y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
        slope = (0.75 * y + 0.25 * x)[..., None]
        dusk: np.ndarray = np.array((96, 78, 66)) * (1 - slope) + np.array((44, 36, 34)) * slope
        return dusk.round().astype(np.uint8)


def _grid(faces: int) -> tuple[int, int]:
    """The columns and rows that leave the portraits largest."""

    def size(columns: int) -> float:
        return min(WIDTH / columns, HEIGHT / math.ceil(faces / columns) / TALL)

    columns = max(range(1, faces + 1), key=size)
    return columns, math.ceil(faces / columns)


def _hopper() -> np.ndarray:
    import matplotlib

    return read_picture(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"))


def _lay(bgr: np.ndarray, over: np.ndarray, keep: np.ndarray, left: int, top: int) -> None:
    """Lay a portrait on the scene with its corner at left, top."""
    place = bgr[top : top + over.shape[0], left : left + over.shape[1]]
    place[:] = cv2.add(cv2.multiply(place, keep, scale=1 / 255), over)
