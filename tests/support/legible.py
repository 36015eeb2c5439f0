"""Measures how legible a picture of the windows is: what is cut, written over another, drawn over, small or pale."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emolive.core.scene import Picture, Scene, Select
from emolive.ui.draw import Written

CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, level AA."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line, and with which."""

    what: str
    words: str
    figure: float = 0.0


def shortened(lines: Sequence[Written]) -> list[Fault]:
    """Lines that end in the middle: right for names of people and files, wrong for what emolive says itself."""
    cut = [line.words for line in lines if line.words.endswith("…") and not line.words.endswith(" …")]
    return [Fault("shortened", words) for words in cut]


def faults(bgr: np.ndarray, lines: Sequence[Written], least: int) -> list[Fault]:
    """All that is wrong with the lines of a picture whose text is to have `least` pixels."""
    found = [Fault("too small", line.words, line.px) for line in lines if line.px < least]
    found += [Fault("cut", line.words) for line in lines if not _inside(line.rect, line.room)]
    found += [Fault("cut", line.words) for line in lines if not _inside(line.rect, (0, 0, *bgr.shape[1::-1]))]
    found += [Fault("pale", line.words, c) for line in lines if (c := contrast(line)) < CONTRAST]
    found += [Fault("drawn over", line.words) for line in lines if _drawn_over(bgr, line)]
    for n, one in enumerate(lines):
        found += [Fault("overlap", f"{one.words} | {other.words}") for other in lines[n + 1 :] if _touch(one, other)]
    return found


def untold(picture: Picture, lines: Sequence[Written], scene: Scene) -> list[Fault]:
    """Faces whose number stands nowhere in the picture where a click selects them: at the face, or at the end of a line
    to it. In the list alone nobody could tell which face it is. One fault where the picture says how many these are."""
    places = [(hit.event.track, hit.box) for hit in picture.hits if isinstance(hit.event, Select)]
    written = [(line.words, line.rect) for line in lines]
    missing = [
        face.track
        for face in scene.faces
        if not any(words == str(face.track) and _inside(_middle(rect), box)
                   for track, box in places if track == face.track for words, rect in written)
    ]  # fmt: skip
    said = [words for words, _ in written if words.startswith(f"{len(missing)} ") and " number" in words]
    return [Fault("said", words) for words in said] or [Fault("no number", f"face {track}") for track in missing]


def _middle(rect: Sequence[int]) -> tuple[int, int, int, int]:
    x, y = (rect[0] + rect[2]) // 2, (rect[1] + rect[3]) // 2
    return x, y, x, y


def contrast(line: Written) -> float:
    """The least contrast ratio of a line with any pixel that it stands on."""
    if not line.ground.size:
        return 21.0
    even = (line.ground == line.ground[0, 0]).all()
    grounds = luminance(line.ground[0, :1]) if even else cv2.transform(cv2.LUT(line.ground, LINEAR), WEIGHTS)
    own = luminance(np.array([line.color]))[0]
    ratios = (np.maximum(grounds, own) + 0.05) / (np.minimum(grounds, own) + 0.05)
    return float(ratios.min())


def linear(v: np.ndarray) -> np.ndarray:
    """Values of sRGB from 0 to 1 as parts of full light."""
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


WEIGHTS = np.array([[0.0722, 0.7152, 0.2126]])
"""What blue, green and red add to the luminance, by WCAG 2."""

LINEAR = linear(np.arange(256) / 255.0)
"""The light of each of the 256 values: sorting the pixels of a 4K board by colour took four fifths of a test's time."""


def luminance(bgr: np.ndarray) -> np.ndarray:
    """The relative luminance of colours (N, 3) uint8 BGR, by WCAG 2."""
    return np.asarray(LINEAR[bgr] @ WEIGHTS[0])


def _inside(rect: Sequence[int], room: Sequence[int]) -> bool:
    return rect[0] >= room[0] and rect[1] >= room[1] and rect[2] <= room[2] and rect[3] <= room[3]


def _touch(one: Written, other: Written) -> bool:
    """Whether two lines share pixels; the topmost fifth of a line's height holds no ink but accents."""
    a, b = one.rect, other.rect
    slack = min(one.px, other.px) // 5
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) - slack > max(a[1], b[1])


def _drawn_over(bgr: np.ndarray, line: Written) -> bool:
    """Whether the ink of a line is not in the picture any more: the part that it was written on looks as before."""
    x0, y0, x1, y1 = line.rect
    part = bgr[max(y0, 0) : y1, max(x0, 0) : x1]
    if part.shape != line.ground.shape or not part.size:
        return part.shape != line.ground.shape
    want = np.abs(np.array(line.color) - cv2.mean(line.ground)[:3]).max()
    return bool(cv2.norm(part, line.ground, cv2.NORM_INF) < 0.5 * want)
