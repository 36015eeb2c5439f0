"""Pictures that are the same, or nearly: what is learnt must not be among what is judged by.

Candidates are found by a perceptual hash (64 bits of a picture's low frequencies: Zauner, "Implementation and
Benchmarking of Perceptual Image Hash Functions", 2010; OpenCV's `img_hash`), of the picture and of its mirror image,
since training mirrors pictures too. Candidates that correlate are twins.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emolive.core.tables import write_csv
from emolive.training.dataset import Faces

TWINS_TABLE, TWINS_PICTURE = "twins.csv", "twins.png"

BITS = 10
"""Two hashes that differ in at most so many of 64 bits are looked at."""
ALIKE = 0.98
"""From this correlation of their pixels on (SMALL a side) two pictures are twins: the same picture, scaled, compressed
or a little retouched. Different pictures of one person are under it."""
SMALL = 24
ROWS = 512
"""So many pictures are compared with all others at once: the differences of their hashes take 64 MB for 16,000."""


@dataclass(frozen=True)
class Twins:
    """Pairs of rows (n, 2) int64 of two sets of pictures, and how alike they are: (n,) float32, 1 is identical."""

    rows: np.ndarray
    alike: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def seconds(self) -> np.ndarray:
        """The rows of the second set that have a twin, each once, sorted."""
        return np.unique(self.rows[:, 1])


def twins(crops: np.ndarray, others: np.ndarray | None = None) -> Twins:
    """The twins between `crops` and `others` (N, S, S, 3) uint8; without `others`, among `crops`, each pair once."""
    first, second = _hashed(crops), _hashed(crops if others is None else others)
    rows, alike = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for start in range(0, len(crops), ROWS):
        part = slice(start, start + ROWS)
        near = [np.bitwise_count(bits[part, None] ^ second.bits[None]) <= BITS for bits in (first.bits, first.mirrored)]
        a, b = np.nonzero(near[0] | near[1])
        a = a + start
        if others is None:
            a, b = a[a < b], b[a < b]
        found = np.maximum((first.pixels[a] * second.pixels[b]).sum(1), (first.turned[a] * second.pixels[b]).sum(1))
        close = found >= ALIKE
        rows.append(np.stack([a[close], b[close]], axis=1))
        alike.append(found[close].astype(np.float32))
    return Twins(np.concatenate(rows), np.concatenate(alike))


def same_group(count: int, pairs: np.ndarray) -> np.ndarray:
    """For `count` things, of which `pairs` (n, 2) belong together, the number of each one's group: (count,) int64."""
    group = np.arange(count)

    def head(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = int(group[i])
        return i

    for a, b in pairs:
        group[head(int(b))] = head(int(a))
    return np.array([head(i) for i in range(count)], np.int64)


def write_twins(learnt: Faces, held: Faces, found: Twins, out: Path, most: int = 24) -> None:
    """Write all pairs to OUT/twins.csv and the first `most` as a grid, side by side, to OUT/twins.png."""
    pairs = zip(found.rows, found.alike, strict=True)
    rows = ([learnt.files[a], held.files[b], f"{alike:.4f}"] for (a, b), alike in pairs)
    with open(out / TWINS_TABLE, "w", newline="", encoding="utf-8") as stream:
        write_csv(stream, [["learnt", "judged", "correlation"], *rows])
    from emolive.training.pictures import draw_pairs

    draw_pairs([(learnt.crops[a], learnt.files[a], held.crops[b], held.files[b]) for a, b in found.rows[:most]],
               out / TWINS_PICTURE)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Hashed:
    """Hashes (N,) uint64 and pixels (N, SMALL * SMALL) float32 of length 1 around 0; of the mirror images too."""

    bits: np.ndarray
    mirrored: np.ndarray
    pixels: np.ndarray
    turned: np.ndarray


def _hashed(crops: np.ndarray) -> _Hashed:
    gray = [cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY) for crop in crops]
    turned = [np.ascontiguousarray(picture[:, ::-1]) for picture in gray]
    return _Hashed(_bits(gray), _bits(turned), _pixels(gray), _pixels(turned))


def _bits(pictures: list[np.ndarray]) -> np.ndarray:
    if not pictures:
        return np.empty(0, np.uint64)
    return np.concatenate([cv2.img_hash.pHash(picture).reshape(8) for picture in pictures]).view(np.uint64)


def _pixels(pictures: list[np.ndarray]) -> np.ndarray:
    small = np.stack([cv2.resize(p, (SMALL, SMALL), interpolation=cv2.INTER_AREA).ravel() for p in pictures])
    centred = small.astype(np.float32) - small.mean(1, keepdims=True, dtype=np.float32)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    # A blank picture is alike to nothing but another blank one.
    blank = np.full_like(centred, 1 / SMALL)
    pixels: np.ndarray = np.where(length > SMALL, centred / np.maximum(length, 1e-9), blank)
    return pixels
