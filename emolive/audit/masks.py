"""Taking a part of the face away that a map calls important, to see what happens to the probability.

Areas are cells of the map's own grid, and a control's area has as many: random *pixels* would prove nothing, since
single pixels carry little for any network; so a map finer than `FINEST` cells a side is averaged down first. Two ways
to mask, since each leaves its own traces: blurring keeps the picture natural, where a black patch would be an edge
of its own (Fong and Vedaldi, arXiv:1704.03296, section 4.3), but its outline shows what was taken; noisy linear
imputation hides that (Rong, Leemann, Borisov, Kasneci, Kasneci, "ROAD", ICML 2022, arXiv:2202.00449, section 5).
"""

from functools import lru_cache

import cv2
import numpy as np

PART = 0.2
"""The share of the face that is masked."""

FINEST = 28
"""Cells a side at most."""

NOISE = 0.01
"""The standard deviation of the noise on imputed pixels, of the whole range of grey."""

NEIGHBOURS = np.array([[1, 2, 1], [2, 0, 2], [1, 2, 1]], np.float32) / 12
"""What each neighbour of a pixel weighs: 1/6 beside, 1/12 across a corner."""


def masked_faces(crop: np.ndarray, cam: np.ndarray, seed: int = 0, part: float = PART) -> np.ndarray:
    """Three copies of a crop (S, S, 3) uint8 RGB with the hottest, as many random, and the coldest cells of `cam`
    blurred: (3, S, S, 3) uint8 RGB."""
    return np.stack([blurred(crop, cells) for cells in masks(cam, seed, part)])


def grid(cam: np.ndarray) -> np.ndarray:
    """A map (h, w) on the grid that its cells are taken from: its own, or one that is coarse enough."""
    if max(cam.shape) <= FINEST:
        return cam
    size = min(FINEST, cam.shape[1]), min(FINEST, cam.shape[0])
    coarse: np.ndarray = cv2.resize(np.asarray(cam, np.float32), size, interpolation=cv2.INTER_AREA)
    return coarse


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


def masked(crop: np.ndarray, cells: np.ndarray, how: str, seed: int = 0) -> np.ndarray:
    """The crop (S, S, 3) uint8 RGB without the cells (h, w) bool, by one of `MASKINGS`; the rest is untouched."""
    return blurred(crop, cells) if how == "blur" else imputed(crop, cells, seed)


def blurred(crop: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The crop with the cells (h, w) bool blurred beyond recognition; the rest is untouched."""
    size = crop.shape[0]
    return np.where(_pixels(cells, size)[..., None], _veil(crop.tobytes(), crop.shape), crop)


@lru_cache(4)  # one crop is masked in hundreds of ways
def _veil(pixels: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """A whole crop, blurred beyond recognition."""
    crop = np.frombuffer(pixels, np.uint8).reshape(shape)
    return cv2.GaussianBlur(crop, (0, 0), shape[0] / 8, borderType=cv2.BORDER_REPLICATE)


def imputed(crop: np.ndarray, cells: np.ndarray, seed: int = 0, noise: float = NOISE) -> np.ndarray:
    """The crop with the cells (h, w) bool filled in from their edge: each pixel is the weighted mean of its neighbours
    (`NEIGHBOURS`, those outside the picture left out), with a little noise, the same in all colours.

    That is a linear system, of as many unknowns as there are pixels to fill; it is solved by conjugate gradients.
    Where nothing is left to fill in from, the picture's mean stands there.
    """
    hole = _pixels(cells, crop.shape[0])
    grey = bool((crop[..., :1] == crop).all())
    planes = crop[..., :1] if grey else crop
    values = planes.astype(np.float32) / 255
    if hole.all():
        filled = np.broadcast_to(values.mean((0, 1)), values.shape)
    else:
        filled = np.stack([_filled(values[..., k], hole) for k in range(values.shape[-1])], axis=-1)
    grain = np.random.default_rng(seed).normal(0, noise, hole.shape)[..., None] if noise else 0.0
    levels = np.round(255 * np.clip(filled + grain, 0, 1)).astype(np.uint8)
    return np.where(hole[..., None], levels, crop)


def _pixels(cells: np.ndarray, size: int) -> np.ndarray:
    """The pixels (S, S) bool of cells (h, w)."""
    return cv2.resize(cells.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST_EXACT).astype(bool)


def _filled(plane: np.ndarray, hole: np.ndarray, precise: float = 1e-5, most: int = 500) -> np.ndarray:
    """A plane (S, S) float32 with the hole's pixels as the weighted means of their neighbours."""

    def around(values: np.ndarray) -> np.ndarray:
        return cv2.filter2D(values, -1, NEIGHBOURS, borderType=cv2.BORDER_CONSTANT)

    inside = hole.astype(np.float32)
    known = plane * (1 - inside)
    weight = around(np.ones_like(plane))
    found = inside * known.sum() / (1 - inside).sum()
    rest = inside * (around(known + found) - weight * found)
    step, left = rest, float((rest * rest).sum())
    goal = precise**2 * hole.sum()
    for _ in range(most):
        if left <= goal:
            break
        moved = inside * (weight * step - around(step))
        length = left / float((step * moved).sum())
        found, rest = found + length * step, rest - length * moved
        left, before = float((rest * rest).sum()), left
        step = rest + left / before * step
    filled: np.ndarray = known + found
    return filled
