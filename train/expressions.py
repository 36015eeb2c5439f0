"""Expressions as moves of the mesh's points, in distances between the outer corners of the eyes.

The directions are those of the Facial Action Coding System (Ekman and Friesen 1978), named beside each; how far they go
was tried until the faces looked natural, with the network's answers in sight: the angry face and the smile were made
stronger once because of them. What it answers is up to it; no label is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

BROW_R, BROW_L = (107, 66, 105, 63, 70, 55, 65, 52, 53, 46), (336, 296, 334, 293, 300, 285, 295, 282, 283, 276)
"""Of each brow, from the inner to the outer end: upper rim, then lower. R, L: the person's right and left."""
EYE_R, EYE_L = (133, 173, 157, 158, 159, 160, 161, 246, 33), (362, 398, 384, 385, 386, 387, 388, 466, 263)
"""Upper lids, from the inner to the outer corner."""
LOW_R, LOW_L = (155, 154, 153, 145, 144, 163, 7), (382, 381, 380, 374, 373, 390, 249)
"""Lower lids."""
UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291), (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
"""Upper lip, from the person's right to the left: outer and inner rim. The corners are in both lips."""
LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291), (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
MOUTH = (*UPPER[1], *reversed(LOWER[1][1:-1]))
CHIN = (172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397)
SIDES = (127, 234, 93, 132, 58, 356, 454, 323, 361, 288)
NOSE = (168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 129, 358)
WINGS = (129, 98, 358, 327)
CHEEKS = (50, 205, 280, 425)
TOP = (10, 109, 338, 67, 297, 54, 284, 103, 332, 21, 251)
CONTROLS = tuple(dict.fromkeys((*BROW_R, *BROW_L, *EYE_R, *EYE_L, *LOW_R, *LOW_L, *UPPER[0], *UPPER[1], *LOWER[0],
                                *LOWER[1], *CHIN, *SIDES, *NOSE, *CHEEKS, *TOP)))  # fmt: skip
"""The points that hold a picture when it is bent."""


@dataclass(frozen=True)
class Expression:
    """How far each part goes.

    `brow`: its inner end, middle and outer end, up; `together`: those inner ends, to the middle. `upper` and `lower`
    lid: up. `jaw`: down. `corners` of the mouth: outwards, up. `lip`: upper lip, up; `pout`:
    middle of the lower lip, up; `wings` of the nose: up; `press`: lips thinner, 0 to 1. `lines`: how dark furrows are,
    0 to 1, by name.
    """

    brow: tuple[float, float, float] = (0.0, 0.0, 0.0)
    together: float = 0
    upper: float = 0
    lower: float = 0
    jaw: float = 0
    corners: tuple[float, float] = (0.0, 0.0)
    lip: float = 0
    pout: float = 0
    wings: float = 0
    press: float = 0
    lines: Mapping[str, float] = field(default_factory=dict)


EXPRESSIONS = {
    # 1 + 2 + 5 + 26: brows and lids up, the jaw falls.
    "surprise": Expression(brow=(0.09, 0.12, 0.09), upper=0.025, jaw=0.21, corners=(-0.04, -0.01),
                           lines={"forehead": 0.4}),
    # 1 + 2 + 4 + 5 + 20 + 26: brows up and together, eyes wide, lips stretched.
    "fear": Expression(brow=(0.12, 0.07, 0.0), together=0.04, upper=0.035, jaw=0.09, corners=(0.06, -0.04),
                       lines={"forehead": 0.4}),
    # 1 + 4 + 15 + 17: inner brows up, corners of the mouth down, the chin pushes the lower lip up.
    "sad": Expression(brow=(0.08, 0.0, -0.05), together=0.05, upper=-0.025, corners=(0.0, -0.055), pout=0.02,
                      lines={"frown": 0.3, "folds": 0.3}),
    # 4 + 5 + 7 + 23: brows down and together, lids tight, lips pressed.
    "angry": Expression(brow=(-0.12, -0.07, 0.03), together=0.06, upper=0.01, lower=0.03, corners=(-0.03, -0.045),
                        press=0.5, lines={"frown": 1.0, "folds": 0.4}),
    # 4 + 9 + 10 + 17: nose wrinkled, upper lip up.
    "disgust": Expression(brow=(-0.08, -0.05, 0.0), together=0.03, upper=-0.015, lower=0.02, lip=0.045, wings=0.045,
                          corners=(0.03, -0.02), pout=0.015, lines={"frown": 0.4, "nose": 0.45, "folds": 0.8}),
}  # fmt: skip


def moved(shape: np.ndarray, e: Expression, level: float) -> np.ndarray:
    """A neutral shape (468, 2) in pixels with so much (0 to 1) of an expression."""
    move = np.zeros_like(shape)
    lid = np.linspace(0, 1, 9)
    arch = np.sin(np.pi * lid)
    for side, brow, eye, low, cheek, wings in (
        (1, BROW_R, EYE_R, LOW_R, CHEEKS[:2], WINGS[:2]),
        (-1, BROW_L, EYE_L, LOW_L, CHEEKS[2:], WINGS[2:]),
    ):
        along = np.tile(np.linspace(0, 1, 5), 2)
        move[list(brow), 1] = -np.interp(along, (0, 0.5, 1), e.brow)
        move[list(brow), 0] = side * e.together * (1 - along) ** 1.5
        move[list(eye), 1] = -arch * (e.upper + 0.15 * np.interp(lid, (0, 0.5, 1), e.brow))  # lids follow the brows
        move[list(low), 1] = -arch[1:-1] * e.lower
        move[list(wings), 1] = -e.wings
        move[list(cheek), 1] = -0.6 * e.wings + e.jaw * np.array((0.06, 0.18))
    across = np.linspace(-1, 1, 11)
    middle, corner = 1 - across**2, np.abs(across) == 1
    outwards, up = e.corners
    seam, size = (shape[13, 1] + shape[14, 1]) / 2, shape[263, 0] - shape[33, 0]
    for top, bottom in zip((list(rim) for rim in UPPER), (list(rim) for rim in LOWER), strict=True):
        move[top, 0] = move[bottom, 0] = across * np.abs(across) * outwards
        move[top, 1] = -up * across**2 - e.jaw * 0.06 * middle - np.where(corner, 0, e.lip * (0.35 + 0.65 * middle))
        fallen = np.where(corner, 0.18, 0.25 + 0.75 * middle**0.7)
        move[bottom, 1] = -up * across**2 - e.pout * middle + e.jaw * fallen
    for rim in (list(UPPER[0]), list(LOWER[0])):
        move[rim, 1] += e.press * (seam - shape[rim, 1]) / size * middle
    move[list(CHIN), 1] = e.jaw * (1 - 0.5 * np.linspace(-1, 1, 13) ** 2) - 0.3 * e.pout
    return shape + level * size * move


def drawn(picture: np.ndarray, shape: np.ndarray, e: Expression, level: float) -> np.ndarray:
    """The bent picture with what bending cannot show: the inside of an open mouth, furrows."""
    for name, dark in e.lines.items():
        picture = furrowed(picture, shape, name, dark * level)
    return opened(picture, shape) if e.jaw or e.lip else picture


def opened(picture: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """The mouth's inside: dark, a little lighter and redder towards the tongue."""
    ring = shape[list(MOUTH)]
    height = np.ptp(ring[:, 1])
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [(ring * 16).round().astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(mask, None, 0.9).astype(np.float32)[..., None] / 255 * min(1.0, height / 6)
    y = (np.mgrid[: picture.shape[0], : picture.shape[1]][0] - ring[:, 1].min()) / max(height, 1)
    low = np.clip((y - 0.55) / 0.45, 0, 1)[..., None] ** 1.5
    inside = np.array((22, 18, 34)) * (1 - low) + np.array((62, 60, 105)) * low
    return picture * (1 - soft) + inside.astype(np.float32) * soft


def furrowed(picture: np.ndarray, shape: np.ndarray, name: str, dark: float) -> np.ndarray:
    """The picture with soft dark lines where skin folds, `dark` 0 to 1."""
    size = shape[263, 0] - shape[33, 0]
    shade = np.zeros(picture.shape[:2], np.float32)
    for line in furrows(shape, name, size):
        at = np.linspace(0, len(line) - 1, 40)
        curve = np.stack([np.interp(at, np.arange(len(line)), line[:, k]) for k in (0, 1)], -1)
        curve = cv2.GaussianBlur(curve[:, None], None, 5, borderType=cv2.BORDER_REPLICATE)[:, 0]
        ends = (curve * 16).round().astype(int).tolist()
        one = np.zeros_like(shade)
        for p, q, fade in zip(ends, ends[1:], np.sin(np.linspace(0.15, np.pi - 0.15, 39)), strict=False):
            cv2.line(one, p, q, float(fade), 2, cv2.LINE_AA, 4)
        shade = np.maximum(shade, one)
    shade = cv2.GaussianBlur(shade, None, 0.012 * size)
    folded: np.ndarray = picture * (1 - 0.45 * dark * shade[..., None])
    return folded


def furrows(shape: np.ndarray, name: str, size: float) -> list[np.ndarray]:
    """Where the furrows of a name run: each (P, 2) in pixels."""
    if name == "frown":  # upright, beside the inner ends of the brows
        ends = np.array([(0.05, -0.10), (0.055, -0.03), (0.035, 0.04)]) * size
        return [shape[inner] + ends * (side, 1) for inner, side in ((55, 1), (285, -1))]
    if name == "forehead":  # across, above the brows
        arch = shape[[105, 66, 107, 9, 336, 296, 334]]
        arch[3, 1] = (arch[2, 1] + arch[4, 1]) / 2
        return [arch - (0, lift * size) for lift in (0.12, 0.2)]
    if name == "nose":  # across its root
        ends = np.array([(-0.09, -0.02), (0, 0.015), (0.09, -0.02)]) * size
        return [shape[6] + ends + (0, down * size) for down in (0, 0.07)]
    out = []
    for wing, corner, side in ((129, 61, -1), (358, 291, 1)):  # folds: from the nose past the corners of the mouth
        a, b, outside = shape[wing], shape[corner], np.array((side * 0.06 * size, 0))
        out.append(np.array([a + outside * 0.5, (a + b) / 2 + outside * 1.3, b + outside * 1.6]))
    return out
