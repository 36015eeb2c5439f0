"""Heat: how a map becomes colours, and the bar that says what they mean. The only place that knows the colour maps."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from emolive.core.scene import Box, Measure, Reading, Remembered, Target, Variant
from emolive.faces.crop import placed
from emolive.ui.draw import Rect, rounded

COLORMAPS = {
    "inferno": cv2.COLORMAP_INFERNO,
    "magma": cv2.COLORMAP_MAGMA,
    "viridis": cv2.COLORMAP_VIRIDIS,
    "cividis": cv2.COLORMAP_CIVIDIS,
    "plasma": cv2.COLORMAP_PLASMA,
    "gray": cv2.COLORMAP_BONE,
}
"""Even to the eye and safe for any colour vision: brighter always means more. The first is the usual one."""


FOR, AGAINST = "for", "against"
"""The two arms of the diverging colours: orange speaks for an emotion, blue against it, both as bright at each step."""

_ARMS = {FOR: ((42.0, 55.0, 48.0), (80.0, 72.0, 72.0)), AGAINST: ((42.0, 45.0, 268.0), (80.0, 38.0, 240.0))}
"""Where an arm begins and ends: lightness, chroma, and hue in degrees of CIE L*a*b*."""


@lru_cache(maxsize=16)
def palette(colormap: str = "inferno", low: float = 0.0) -> np.ndarray:
    """(256, 3) uint8 BGR from weak to strong, beginning at the part `low` of a colour map of `COLORMAPS`; or an arm of
    the diverging colours, whole."""
    if colormap in _ARMS:
        return _arm(*_ARMS[colormap])
    steps = np.linspace(round(255 * low), 255, 256).round().astype(np.uint8)
    colors = np.ascontiguousarray(cv2.applyColorMap(steps[:, None], COLORMAPS[colormap])[:, 0])
    colors.setflags(write=False)
    return colors


def _arm(weak: tuple[float, float, float], strong: tuple[float, float, float]) -> np.ndarray:
    lightness, chroma, hue = (np.linspace(a, b, 256) for a, b in zip(weak, strong, strict=True))
    lab = np.stack([lightness, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))], axis=1)
    colors: np.ndarray = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_Lab2BGR)[0]
    colors = np.rint(255 * np.clip(colors, 0, 1)).astype(np.uint8)
    colors.setflags(write=False)
    return colors


ON_FACE = 0.28
"""Heat on a face leaves out the darkest colours: weak evidence is shown by transparency, not as a shadow."""

_DENSITY = np.minimum(np.linspace(0, 2, 256), 1) ** 0.7
"""How densely each of the 256 steps of heat is painted: not at all at none, fully from the half on."""


def heat(
    image: np.ndarray,
    cam: np.ndarray,
    square: Box,
    scale: float,
    alpha: float,
    colormap: str = "inferno",
    turn: float = 0.0,
) -> None:
    """Lay a signed map (h, w) over `square` of the picture, turned about its centre by `turn` degrees, clockwise as
    seen. Evidence of `scale` and more is full heat.

    Nothing is painted where the map has no positive evidence; the paint grows denser, up to `alpha`, with the heat.
    """
    whole = rounded(_around(square, turn) if turn else square)
    x0, y0, x1, y1 = whole
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, image.shape[1]), min(y1, image.shape[0])
    if left >= right or top >= bottom or not scale > 0 or alpha <= 0:
        return
    evidence = np.nan_to_num(255 * cam / scale, posinf=0, neginf=0).astype(np.float32)
    shown = left, top, right, bottom
    strength = _turned(evidence, square, turn, shown) if turn else _enlarged(evidence, whole, shown)
    steps = cv2.add(strength, 0.0, dtype=cv2.CV_8U)  # rounds, and cuts off below 0 and above 255
    over, keep = _paint(colormap, alpha)
    part = image[top:bottom, left:right]
    through = cv2.multiply(part, cv2.applyColorMap(steps, keep), scale=1 / 255)
    part[:] = cv2.add(through, cv2.applyColorMap(steps, over))


def _enlarged(evidence: np.ndarray, whole: Rect, shown: Rect) -> np.ndarray:
    """The part `shown` of a map (h, w) float32 that lies over the rectangle `whole`."""
    x0, y0, x1, y1 = whole
    left, top, right, bottom = shown
    rows = _weights(evidence.shape[0], y1 - y0)[top - y0 : bottom - y0]
    columns = _weights(evidence.shape[1], x1 - x0)[left - x0 : right - x0]
    # OpenCV's product: NumPy's wakes a pool of threads, which costs more than these thin matrices do.
    nothing = np.empty((0, 0), np.float32)
    return cv2.gemm(cv2.gemm(rows, evidence, 1, nothing, 0), columns, 1, nothing, 0, flags=cv2.GEMM_2_T)


FINEST = 512
"""Pixels a side that a map is enlarged to at most before it is turned; they are so smooth that no more is seen."""


def _turned(evidence: np.ndarray, square: Box, turn: float, shown: Rect) -> np.ndarray:
    """The part `shown` of a map (h, w) float32 that lies over a turned square; 0 beside it."""
    left, top, right, bottom = shown
    side = min(FINEST, max(1, round(square[2] - square[0])))
    straight = _enlarged(evidence, (0, 0, side, side), (0, 0, side, side))
    place = placed(square, turn)
    step = place[:, :2] / side
    to_picture = np.column_stack([step, place[:, 2] + step.sum(1) / 2 - 0.5 - (left, top)])
    return cv2.warpAffine(straight, to_picture, (right - left, bottom - top), flags=cv2.INTER_LINEAR)


def _around(square: Box, turn: float) -> Box:
    """The box around a turned square."""
    place = placed(square, turn)
    corners = np.array([(0, 0), (1, 0), (0, 1), (1, 1)]) @ place[:, :2].T + place[:, 2]
    (x0, y0), (x1, y1) = corners.min(0).tolist(), corners.max(0).tolist()
    return x0, y0, x1, y1


@lru_cache(maxsize=64)
def _paint(colormap: str, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """For each of the 256 steps of heat, (256, 1, 3) uint8 each: its colour, as dense as it is painted, and how much of
    the picture shines through."""
    density = alpha * _DENSITY[:, None]
    over = (palette(colormap, ON_FACE) * density).round().astype(np.uint8)
    return over[:, None], (255 * (1 - density)).round().astype(np.uint8).repeat(3, axis=1)[:, None]


@dataclass(frozen=True)
class Scale:
    """What heat means: `full` evidence and more is full heat; `fixed`, for every face alike, or relative to one's own
    map, and then `why`, unless that was asked for. In `unit`, and whether negative values speak `against` the target.
    """

    full: float
    fixed: bool = False
    why: str = ""
    unit: str = ""
    against: bool = False

    @property
    def kind(self) -> str:
        """In words: "fixed scale"."""
        return "fixed scale" if self.fixed else "relative scale" + (f": {self.why}" if self.why else "")

    @property
    def most(self) -> str:
        """The end of the bar: on a fixed scale there may be more."""
        return f"{'≥ ' if self.fixed else ''}{self.full:.2g}"

    def told(self) -> dict[str, object]:
        """The same for files."""
        full = float(f"{self.full:.4g}") if math.isfinite(self.full) else None
        return {"full": full, "kind": "fixed" if self.fixed else "relative", "unit": self.unit or None}


NO_SCALE, UNLEARNT = "no fixed one in the file", "no fixed one for random weights"
NORMALISED = "weights add up to 1 for any score"
"""Why a scale is relative although a fixed one was asked for."""


def scale_of(measure: Measure, own: float, wish: str, random: bool = False) -> Scale:
    """The scale of a map whose own strongest evidence is `own`; `wish` is `Settings.scale`."""
    if wish == "fixed" and measure.full > 0:
        return Scale(measure.full, True, "", measure.unit, measure.against)
    why = UNLEARNT if random else NORMALISED if measure.normalised else NO_SCALE
    why = "" if wish == "relative" else why
    return Scale(own, False, why, measure.unit, measure.against)


def heat_scale(reading: Reading, variant: Variant, remembered: Remembered | None, wish: str = "fixed") -> Scale:
    """What counts as full heat for a variant's map. A relative scale follows the map's maximum, as it is remembered."""
    result = reading.results[variant]
    own = float(np.nan_to_num(result.cam).max(initial=0)) if result.cam is not None else 0.0
    own = remembered.scale.get(replace(variant, target=Target()), own) if remembered else own
    return scale_of(result.measure, own, wish, random=variant.net.startswith("a~"))


def gradient(image: np.ndarray, rect: Rect, colormap: str = "inferno", low: float = 0.0) -> None:
    """A bar from the weakest to the strongest colour, left to right."""
    x0, y0, x1, y1 = rect
    image[y0:y1, x0:x1] = palette(colormap, low)[np.linspace(0, 255, x1 - x0).round().astype(int)]


def diverging(image: np.ndarray, rect: Rect, alpha: float) -> None:
    """A bar of the diverging colours as they are painted on something grey: against, nothing, for."""
    x0, y0, x1, y1 = rect
    image[y0:y1, x0:x1] = 108
    middle = (x0 + x1) // 2
    ramp = np.linspace(0, 1, max(2, x1 - middle))[None]
    heat(image, ramp, (middle, y0, x1, y1), 1.0, alpha, FOR)
    heat(image, ramp[:, ::-1], (x0, y0, middle, y1), 1.0, alpha, AGAINST)


def colored(values: np.ndarray, full: float | np.ndarray, colormap: str = "inferno") -> np.ndarray:
    """Colours (…, 3) uint8 BGR of values (…) from 0 (and below) to `full` (and above), which may differ among them."""
    parts = np.divide(np.nan_to_num(values), full, out=np.zeros(np.shape(values)), where=np.greater(full, 0))
    colors: np.ndarray = palette(colormap)[(np.clip(parts, 0, 1) * 255).round().astype(np.uint8)]
    return colors


@lru_cache(maxsize=256)
def _weights(cells: int, pixels: int) -> np.ndarray:
    """(pixels, cells) float32: how much each cell of a map's row counts for each pixel.

    Between the middles of two cells the value goes over from one to the other along 3t² - 2t³: smooth to the eye, and
    never above or below the cells' own values, as the common cubic interpolation is.
    """
    place = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    cell = np.minimum(place.astype(int), max(cells - 2, 0))
    t = place - cell
    t = t * t * (3 - 2 * t)
    weights = np.zeros((pixels, cells), np.float32)
    weights[np.arange(pixels), cell] = 1 - t
    weights[np.arange(pixels), np.minimum(cell + 1, cells - 1)] += t
    return weights
