"""How pictures go into windows and windows onto the screen: sizes and places, no pixels shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emolive.core.scene import Event, Hit

Size = tuple[int, int]
"""Width and height in pixels."""

GAP = 16
TITLE_BAR = 40
SMALLEST: Size = (640, 360)
LARGEST: Size = (1280, 720)

SIZES: dict[str, Size] = {"filters": (960, 720), "proof": (960, 720), "emotions": (960, 360), "timeline": (960, 400)}
"""The pictures' sizes, and so the windows' shapes, those that get a place first at the beginning."""

READABLE, OVERLAPPING = 0.45, 0.6
"""A window is never made smaller than this part of its picture, and where it must cover others, it can be larger."""

LIMITS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
"""How large windows may be at most, tried until all have room."""

Place = tuple[tuple[int, int], Size]
"""A window's corner and size."""


@dataclass(frozen=True)
class Fit:
    """Where a picture lies in a window: enlarged by `factor`, its corner at (x, y)."""

    factor: float
    x: int
    y: int

    def back(self, x: int, y: int) -> tuple[float, float]:
        """The middle of a pixel of the window as a point of the picture."""
        return (x + 0.5 - self.x) / self.factor, (y + 0.5 - self.y) / self.factor


def fit(picture: Size, window: Size, top: int = 0) -> Fit:
    """How a picture goes into a window, as large as it can, below its first `top` rows."""
    height = max(1, window[1] - top)
    factor = min(window[0] / picture[0], height / picture[1])
    return Fit(factor, round((window[0] - picture[0] * factor) / 2), top + round((height - picture[1] * factor) / 2))


def letterboxed(picture: np.ndarray, window: Size, where: Fit) -> np.ndarray:
    """A picture of the window's size with the given picture at its place in it, and black around."""
    canvas = np.zeros((window[1], window[0], 3), np.uint8)
    width = min(max(1, round(picture.shape[1] * where.factor)), window[0] - where.x)
    height = min(max(1, round(picture.shape[0] * where.factor)), window[1] - where.y)
    if width > 0 and height > 0:
        how = cv2.INTER_AREA if where.factor < 1 else cv2.INTER_LINEAR
        part = canvas[where.y : where.y + height, where.x : where.x + width]
        cv2.resize(picture, (width, height), dst=part, interpolation=how)
    return canvas


def hit_at(hits: Sequence[Hit], x: float, y: float) -> Event | None:
    """The event of the rectangle under a point; of the last one where several lie there; None where none does."""
    under = [hit.event for hit in hits if hit.box[0] <= x < hit.box[2] and hit.box[1] <= y < hit.box[3]]
    return under[-1] if under else None


def camera_size(frame: Size, screen: Size) -> Size:
    """The camera picture's first size: the frame's own, but no larger than suits the screen, and no smaller than
    can be read."""
    room = min(LARGEST[0], round(screen[0] * 0.62)), min(LARGEST[1], screen[1] - 4 * TITLE_BAR)
    factor = min(room[0] / frame[0], room[1] / frame[1], max(1, SMALLEST[0] / frame[0], SMALLEST[1] / frame[1]))
    return max(1, round(frame[0] * factor)), max(1, round(frame[1] * factor))


def places(camera: Size, screen: Size) -> dict[str, Place]:
    """Where each view's window first lies: the camera's at the top left, the others in the largest places still free,
    each for itself, so that it does not matter which are open. Where there is no room for all, some overlap at the
    bottom right."""
    tries = [_places(camera, screen, limit) for limit in LIMITS]
    found = next((found for found in tries if len(found) > len(SIZES)), tries[0])
    return {view: found.get(view) or _overlapping(SIZES[view], screen, n) for n, view in enumerate(("camera", *SIZES))}


def _places(camera: Size, screen: Size, limit: float) -> dict[str, Place]:
    """The places of those that have one, if none but the filters' window gets larger than this part of its picture."""
    found: dict[str, Place] = {"camera": ((GAP, TITLE_BAR), camera)}
    for view, size in SIZES.items():
        place = _free(size, screen, list(found.values()), 1.0 if view == "filters" else limit)
        if place is not None:
            found[view] = place
    return found


def _free(size: Size, screen: Size, taken: Sequence[Place], limit: float) -> Place | None:
    """The place where a window of that shape is largest and touches no other; the uppermost of several."""
    ends = [(x + w, y + h) for (x, y), (w, h) in taken]
    best: tuple[float, int, int] | None = None
    for x in (GAP, *(right + GAP for right, _ in ends)):
        for y in (TITLE_BAR, *(bottom + TITLE_BAR for _, bottom in ends)):
            factor = min(limit, _largest(size, (x, y), screen, taken))
            if factor >= READABLE and (best is None or (factor, -y, -x) > (best[0], -best[2], -best[1])):
                best = factor, x, y
    return ((best[1], best[2]), _scaled(size, best[0])) if best else None


def _largest(size: Size, corner: tuple[int, int], screen: Size, taken: Sequence[Place]) -> float:
    """How large, at most 1, a window can be at a corner; 0 where it has no room."""
    x, y = corner
    factor = min(1.0, (screen[0] - GAP - x) / size[0], (screen[1] - GAP - y) / size[1])
    for (left, top), (wide, tall) in taken:
        # It must end before the other begins, in one direction at least, unless it begins after the other's end.
        if x < left + wide + GAP and y < top + tall + TITLE_BAR:
            factor = min(factor, max((left - GAP - x) / size[0], (top - TITLE_BAR - y) / size[1], 0.0))
    return max(factor, 0.0)


def _overlapping(size: Size, screen: Size, count: int) -> Place:
    """A place at the bottom right; each window's a little higher than the one before."""
    width, height = _scaled(size, min(OVERLAPPING, (screen[0] - 2 * GAP) / size[0]))
    step = TITLE_BAR * max(0, count - 1)
    return (max(0, screen[0] - GAP - width - step), max(0, screen[1] - GAP - height - step)), (width, height)


def _scaled(size: Size, factor: float) -> Size:
    return max(1, int(size[0] * factor)), max(1, int(size[1] * factor))
