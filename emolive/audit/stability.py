"""Does a map stay where it is on the face when the crop moves a little? A detector's boxes tremble that much."""

import cv2
import numpy as np

from emolive.audit.agreement import registered, spearman
from emolive.audit.masks import grid

STEP = 1 / 24
"""How far the crop moves, in its sides: two pixels of 48."""

MOVES = ((STEP, 0.0), (-STEP, 0.0), (0.0, STEP), (0.0, -STEP))
"""To the right, left, down and up."""


def moved(crop: np.ndarray) -> np.ndarray:
    """A crop (S, S, 3) uint8 RGB after each of `MOVES`: (4, S, S, 3); what comes in from outside repeats the edge."""
    size = crop.shape[0]
    pad = round(size * STEP)
    wide = cv2.copyMakeBorder(crop, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    corners = [(round(x * size) + pad, round(y * size) + pad) for x, y in MOVES]
    return np.stack([wide[y : y + size, x : x + size] for x, y in corners])


def stability(cam: np.ndarray, others: list[np.ndarray]) -> float:
    """The mean rank correlation of a map (h, w) with those of the crop after each of `MOVES`, over the part of the face
    that both show: 1 where the map moves with the face. NaN where one of them is constant."""
    own = grid(cam)
    found = []
    for (x, y), other in zip(MOVES, others, strict=True):
        pair = registered(own, (0.0, 0.0, 1.0, 1.0), grid(other), (x, y, 1 + x, 1 + y))
        found.append(spearman(*pair))
    return float(np.mean(found))
