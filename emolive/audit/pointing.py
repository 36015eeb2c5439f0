"""The pointing game by parts of the face: is a map hottest on the part that the network needs most?

Zhang, Lin, Brandt, Shen, Sclaroff, "Top-down Neural Attention by Excitation Backprop", ECCV 2016, arXiv:1608.00507,
section 4.1: a map hits where its hottest point lies on what was asked for. Nobody has marked that on faces, so it is
asked of the network: the part is masked as a whole, in both ways, and the one that costs most is the one to be hit.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from emolive.audit.masks import blurred, imputed
from emolive.core.evidence import MASKINGS

POINTS: Mapping[str, Sequence[Sequence[int]]] = {
    "eyes": (
        (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7, 70, 63, 105, 66, 107),
        (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249, 300, 293, 334, 296, 336),
    ),
    "nose": ((6, 197, 129, 358, 98, 327, 2, 48, 278),),
    "mouth": ((61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185),),
}
"""The points of MediaPipe's mesh around each part: both eyes with their brows, the nose, the lips."""

REST = "rest"
"""Where the hottest point lies on none of the parts."""

GROWN = 0.03
"""How far a part reaches beyond its points, in sides of the crop."""


def parts(points: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """The pixels (S, S) bool of each part of a face whose mesh `points` (468, 2 or 3) lie in pixels of its crop. They
    share no pixel: what two would cover belongs to the first."""
    found: dict[str, np.ndarray] = {}
    taken = np.zeros((size, size), bool)
    for name, outlines in POINTS.items():
        image = np.zeros((size, size), np.uint8)
        for outline in outlines:
            hull = cv2.convexHull(points[list(outline), :2].astype(np.float32))
            cv2.fillConvexPoly(image, np.round(hull).astype(np.int32), 1)
        reach = max(1, round(GROWN * size))
        grown = cv2.dilate(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
        found[name] = grown.astype(bool) & ~taken
        taken |= found[name]
    return found


def without(crop: np.ndarray, areas: Mapping[str, np.ndarray]) -> np.ndarray:
    """A crop (S, S, 3) uint8 RGB without each of the areas, under each masking: (areas × maskings, S, S, 3)."""
    ways = {"blur": blurred, "linear": imputed}
    return np.stack([ways[how](crop, area) for area in areas.values() for how in MASKINGS])


def needed(before: float, after: np.ndarray, areas: Mapping[str, np.ndarray]) -> tuple[str, dict[str, float]]:
    """The part that costs most, and what each costs: how much the target's probability `before` falls, the mean of both
    maskings; `after` (areas × maskings,) are the probabilities without them."""
    drops = before - np.asarray(after).reshape(len(areas), len(MASKINGS)).mean(1)
    costs = dict(zip(areas, drops.tolist(), strict=True))
    return max(costs, key=lambda name: costs[name]), costs


def points_at(cam: np.ndarray, areas: Mapping[str, np.ndarray]) -> str:
    """The part under the middle of a map's (h, w) hottest cell; `REST` where there is none."""
    row, column = np.unravel_index(int(np.argmax(cam)), cam.shape)
    size = next(iter(areas.values())).shape[0]
    y, x = (int((at + 0.5) / n * size) for at, n in ((row, cam.shape[0]), (column, cam.shape[1])))
    return next((name for name, area in areas.items() if area[y, x]), REST)
