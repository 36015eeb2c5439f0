"""How much of the accuracy is left for faces that are turned, small, dark, blurred or covered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from emolive.core.scene import Face, Frame
from emolive.faces import limits
from emolive.faces.mesh import Mesher
from emolive.training.dataset import Faces
from emolive.training.groups import wilson

PICTURES = 1000
"""How many pictures are spoilt, drawn at random where there are more."""

WIDER = 1.15
"""A face crop is so many times as wide as the detector's box of its face (FER2013's, median)."""

TURNED = (10, 20, 30, 45)
SIZES = (32, 28, 24, 20, 16, 12, 8)
LIGHTS = (2.0, 0.5, 0.25, 0.12, 0.06)
BLURS = (1.0, 1.5, 2.0, 2.5, 3.0)
COVERED = (0.05, 0.1, 0.2, 0.4)
POSES = (0, 10, 20, 30, 35, 40, 90)

Spoil = Callable[[np.ndarray], np.ndarray]
"""Crops (N, S, S, 3) uint8 to crops of that shape."""

Network = Callable[[np.ndarray], np.ndarray]
"""Crops to probabilities (N, K)."""


def turned(crops: np.ndarray, degrees: float) -> np.ndarray:
    """Turned in the plane, every second one the other way, about the centre; what comes in is mirrored at the edge."""
    side = crops.shape[1]
    centre = ((side - 1) / 2, (side - 1) / 2)
    ways = [cv2.getRotationMatrix2D(centre, degrees * way, 1.0) for way in (1, -1)]
    return np.stack(
        [
            cv2.warpAffine(crop, ways[i % 2], (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            for i, crop in enumerate(crops)
        ]
    )


def small(crops: np.ndarray, side: int) -> np.ndarray:
    """Reduced to so many pixels a side, and enlarged again as a small face in a frame is."""
    whole = crops.shape[1]
    reduced = [cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA) for crop in crops]
    return np.stack([cv2.resize(crop, (whole, whole), interpolation=cv2.INTER_LINEAR) for crop in reduced])


def lit(crops: np.ndarray, part: float, draw: np.random.Generator) -> np.ndarray:
    """With so much of their light, in whole grey levels that end at 255, with a camera's noise of one level."""
    noise = draw.normal(0, 1, (*crops.shape[:3], 1))
    return np.clip(np.round(crops * part + noise), 0, 255).astype(np.uint8)


def blurred(crops: np.ndarray, sigma: float) -> np.ndarray:
    """Blurred by a Gaussian of so many pixels."""
    return np.stack([cv2.GaussianBlur(crop, (0, 0), sigma) for crop in crops])


def covered(crops: np.ndarray, part: float, draw: np.random.Generator) -> np.ndarray:
    """A grey square over so much of each picture's area, anywhere in it."""
    spoilt, whole = crops.copy(), crops.shape[1]
    side = round(whole * float(np.sqrt(part)))
    for picture, (x, y) in zip(spoilt, draw.integers(0, whole - side + 1, (len(crops), 2)), strict=True):
        picture[y : y + side, x : x + side] = 128
    return spoilt


def half_covered(crops: np.ndarray, lower: bool) -> np.ndarray:
    """The lower half of each picture in grey, as a mask covers it, or the upper one, as a hand before the eyes."""
    spoilt, half = crops.copy(), crops.shape[1] // 2
    spoilt[:, half:] = 128 if lower else spoilt[:, half:]
    spoilt[:, :half] = spoilt[:, :half] if lower else 128
    return spoilt


def poses(crops: np.ndarray) -> np.ndarray:
    """How far the head of each picture is turned to the side or up or down, in degrees (N,), by the face mesh; NaN
    where it sees no face."""
    read, found = Mesher(), []
    for crop in crops:
        canvas = np.full((240, 240, 3), 128, np.uint8)
        canvas[60:180, 60:180] = cv2.resize(crop[..., ::-1], (120, 120), interpolation=cv2.INTER_CUBIC)
        half, x, y = 120 / WIDER / 2, 120, 126  # where the detector's box lies on such pictures
        level = np.array([(x - 20, y - 20), (x + 20, y - 20), *[(x, y)] * 4], float)
        face = Face((x - half, y - half, x + half, y + half), 1.0, level)
        mesh = read(Frame(0, 0.0, canvas), [face])[0]
        found.append(limits.turn(mesh) if mesh.present else np.nan)
    return np.array(found)


def spoilers(whole: int, seed: int = 0) -> list[tuple[str, float, str, Spoil]]:
    """What is done to pictures of `whole` pixels: its kind, how much, in words, and the function."""
    draw = np.random.default_rng(seed)
    sizes, blurs = [round(whole * side / 48) for side in SIZES], [sigma * whole / 48 for sigma in BLURS]
    return [
        ("none", 0.0, "as they are", np.copy),
        *[("turn", d, f"turned {d}° in the plane", partial(turned, degrees=d)) for d in TURNED],
        *[("size", s / WIDER, f"a face of {s / WIDER:.0f} pixels", partial(small, side=s)) for s in sizes],
        *[("light", p, f"{p:.0%} of the light", partial(lit, part=p, draw=draw)) for p in LIGHTS],
        *[("blur", s, f"blurred by {s:g} pixels of {whole}", partial(blurred, sigma=s)) for s in blurs],
        *[("cover", p, f"{p:.0%} covered by a square", partial(covered, part=p, draw=draw)) for p in COVERED],
        ("half", 0.0, "upper half covered", partial(half_covered, lower=False)),
        ("half", 1.0, "lower half covered", partial(half_covered, lower=True)),
    ]


def swept(network: Network, faces: Faces, probabilities: np.ndarray, seed: int = 0) -> list[dict[str, Any]]:
    """Accuracy of what a network answers on pictures that are spoilt on purpose, and by how far heads are turned.

    Rows of {"kind", "amount", "what": in words, "n", "accuracy", "low", "high": Wilson's interval of 95 %, "light",
    "sharpness": of the pictures, medians as `faces.limits` measures them}. At most `PICTURES` are spoilt. A flat
    picture cannot be turned to the side: the rows "yaw" are all pictures by what the face mesh says of them, whose
    answers are the `probabilities` (N, K) that they got as they are.
    """
    some = np.sort(np.random.default_rng(seed).permutation(len(faces))[:PICTURES])
    crops, truth = faces.crops[some], faces.truth[some]
    rows = []
    for kind, amount, what, spoil in tqdm(spoilers(crops.shape[1], seed), unit="curve point", desc="spoiling"):
        spoilt = spoil(crops)
        right = network(spoilt).argmax(1) == truth
        seen = {
            "light": float(np.median([limits.light(crop) for crop in spoilt])),
            "sharpness": float(np.median([limits.sharpness(crop) for crop in spoilt])),
        }
        rows.append({"kind": kind, "amount": float(amount), "what": what, **_share(right), **seen})
    right, away = probabilities.argmax(1) == faces.truth, poses(faces.crops)
    for least, most in pairwise(POSES):
        which = (away >= least) & (away < most)
        what = f"heads turned {least}° or more" if most == POSES[-1] else f"heads turned {least} to {most}°"
        if which.any():
            rows.append({"kind": "yaw", "amount": float(least), "what": what, **_share(right[which])})
    return rows


def _share(right: np.ndarray) -> dict[str, Any]:
    low, high = wilson(float(right.mean()), len(right))
    return {"n": len(right), "accuracy": float(right.mean()), "low": low, "high": high}
