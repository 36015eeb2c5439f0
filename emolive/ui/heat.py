"""Heat: how a map becomes colours, and the bar that says what they mean. The only place that knows the colour maps."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from emolive.core.scene import Box, Reading, Remembered, Target, Variant
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


@lru_cache(maxsize=16)
def palette(colormap: str = "inferno", low: float = 0.0) -> np.ndarray:
    """(256, 3) uint8 BGR from weak to strong, beginning at the part `low` of a colour map of `COLORMAPS`."""
    steps = np.linspace(round(255 * low), 255, 256).round().astype(np.uint8)
    colors = np.ascontiguousarray(cv2.applyColorMap(steps[:, None], COLORMAPS[colormap])[:, 0])
    colors.setflags(write=False)
    return colors


ON_FACE = 0.28
"""Heat on a face leaves out the darkest colours: weak evidence is shown by transparency, not as a shadow."""

_DENSITY = np.minimum(np.linspace(0, 2, 256), 1) ** 0.7
"""How densely each of the 256 steps of heat is painted: not at all at none, fully from the half on."""


def heat(
    image: np.ndarray, cam: np.ndarray, square: Box, scale: float, alpha: float, colormap: str = "inferno"
) -> None:
    """Lay a signed map (h, w) over `square` of the picture. Evidence of `scale` and more is full heat.

    Nothing is painted where the map has no positive evidence; the paint grows denser, up to `alpha`, with the heat.
    """
    x0, y0, x1, y1 = rounded(square)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, image.shape[1]), min(y1, image.shape[0])
    if left >= right or top >= bottom or not scale > 0 or alpha <= 0:
        return
    rows = _weights(cam.shape[0], y1 - y0)[top - y0 : bottom - y0]
    columns = _weights(cam.shape[1], x1 - x0)[left - x0 : right - x0]
    evidence = np.nan_to_num(255 * cam / scale, posinf=0, neginf=0).astype(np.float32)
    # OpenCV's product: NumPy's wakes a pool of threads, which costs more than these thin matrices do.
    nothing = np.empty((0, 0), np.float32)
    strength = cv2.gemm(cv2.gemm(rows, evidence, 1, nothing, 0), columns, 1, nothing, 0, flags=cv2.GEMM_2_T)
    steps = cv2.add(strength, 0.0, dtype=cv2.CV_8U)  # rounds, and cuts off below 0 and above 255
    over, keep = _paint(colormap, alpha)
    part = image[top:bottom, left:right]
    through = cv2.multiply(part, cv2.applyColorMap(steps, keep), scale=1 / 255)
    part[:] = cv2.add(through, cv2.applyColorMap(steps, over))


@lru_cache(maxsize=64)
def _paint(colormap: str, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """For each of the 256 steps of heat, (256, 1, 3) uint8 each: its colour, as dense as it is painted, and how much of
    the picture shines through."""
    density = alpha * _DENSITY[:, None]
    over = (palette(colormap, ON_FACE) * density).round().astype(np.uint8)
    return over[:, None], (255 * (1 - density)).round().astype(np.uint8).repeat(3, axis=1)[:, None]


def heat_scale(reading: Reading, variant: Variant, remembered: Remembered | None) -> float:
    """The evidence that counts as full heat for a variant's map: the remembered one, or the map's own maximum."""
    cam = reading.results[variant].cam
    own = float(np.nan_to_num(cam).max(initial=0)) if cam is not None else 0.0
    return remembered.scale.get(replace(variant, target=Target()), own) if remembered else own


def gradient(image: np.ndarray, rect: Rect, colormap: str = "inferno", low: float = 0.0) -> None:
    """A bar from the weakest to the strongest colour, left to right."""
    x0, y0, x1, y1 = rect
    image[y0:y1, x0:x1] = palette(colormap, low)[np.linspace(0, 255, x1 - x0).round().astype(int)]


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
