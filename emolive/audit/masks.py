"""Faithfulness: blur a part of the face that the map calls important and see what happens to the probability.

Areas are cells of the map's own grid, and the random area has as many cells as the hot one: random *pixels* would prove
nothing, since single pixels carry little for any network. Blurring keeps the picture natural, where a black patch would
be an edge of its own (Fong and Vedaldi, arXiv:1704.03296, section 4.3).
"""

import cv2
import numpy as np

PART = 0.2
"""The share of the face that is blurred."""


def masked_faces(crop: np.ndarray, cam: np.ndarray, seed: int = 0, part: float = PART) -> np.ndarray:
    """Three copies of a crop (S, S, 3) uint8 RGB with the hottest, as many random, and the coldest cells of `cam`
    blurred: (3, S, S, 3) uint8 RGB."""
    return np.stack([blurred(crop, cells) for cells in masks(cam, seed, part)])


def masks(cam: np.ndarray, seed: int = 0, part: float = PART) -> np.ndarray:
    """Which cells of a map (h, w) are hottest, random and coldest: (3, h, w) bool, the same number of cells in each, at
    least one. Cells of equal heat are taken in a seeded random order."""
    rng = np.random.default_rng(seed)
    flat = cam.ravel()
    count = max(1, round(part * flat.size))
    order = np.lexsort((rng.permutation(flat.size), flat))
    picks = order[::-1][:count], rng.choice(flat.size, count, replace=False), order[:count]
    out = np.zeros((3, flat.size), bool)
    for row, cells in zip(out, picks, strict=True):
        row[cells] = True
    return out.reshape(3, *cam.shape)


def blurred(crop: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The crop with the cells (h, w) bool blurred beyond recognition; the rest is untouched."""
    size = crop.shape[0]
    veil = cv2.GaussianBlur(crop, (0, 0), size / 8, borderType=cv2.BORDER_REPLICATE)
    where = cv2.resize(cells.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST_EXACT).astype(bool)
    return np.where(where[..., None], veil, crop)
