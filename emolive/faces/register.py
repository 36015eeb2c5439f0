"""Pictures of faces, brought onto the mean face: there a pixel is the same place of everybody's face."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from emolive.core.mesh import Mesh
from emolive.core.scene import Box
from emolive.faces.crop import moved_back
from emolive.faces.mean_mesh import mean_mesh, rotation


@dataclass(frozen=True, eq=False)
class Cover:
    """Which triangle of a mesh lies on which pixel of a picture, the nearest where several do.

    `pixels` (N,) are the indices of the pixels that a triangle lies on, in the flattened picture; `triangles` (N,) says
    which one; `weights` (N, 3) are the barycentric coordinates of the pixel's centre in it.
    """

    pixels: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray


def cover(points: np.ndarray, triangles: np.ndarray, width: int, height: int) -> Cover:
    """Lay a mesh over a picture of so many pixels: `points` (P, 3) in pixels, `triangles` (T, 3) of them.

    Triangles whose corners go round clockwise as seen show their back and are left out.
    """
    which, weights = np.full((height, width), -1), np.zeros((height, width, 3))
    corners = points[triangles]
    sides = areas(corners)
    for i in np.argsort(-corners[:, :, 2].mean(1)):  # from far to near
        if sides[i] >= 0:
            continue
        (x0, y0), (x1, y1), (x2, y2) = corners[i, :, :2] - 0.5  # a pixel's number is where its centre is
        left, right = max(0, int(np.ceil(min(x0, x1, x2)))), min(width - 1, int(np.floor(max(x0, x1, x2))))
        top, bottom = max(0, int(np.ceil(min(y0, y1, y2)))), min(height - 1, int(np.floor(max(y0, y1, y2))))
        x, y = np.arange(left, right + 1), np.arange(top, bottom + 1)[:, None]
        second = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / sides[i]
        third = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / sides[i]
        part = np.stack([1 - second - third, second, third], -1)
        inside = (part >= -1e-9).all(-1)
        which[top : bottom + 1, left : right + 1][inside] = i
        weights[top : bottom + 1, left : right + 1][inside] = part[inside]
    pixels = np.flatnonzero(which >= 0)
    return Cover(pixels, which.reshape(-1)[pixels], weights.reshape(-1, 3)[pixels])


def areas(corners: np.ndarray) -> np.ndarray:
    """Twice the areas of triangles (..., 3, 2 or more) in the picture's plane, negative where they show their face."""
    one, two = corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :]
    twice: np.ndarray = one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0]
    return twice


@lru_cache(maxsize=4)
def _mean_cover(size: int) -> Cover:
    mean = mean_mesh()
    return cover(mean.points * size, mean.triangles, size, size)


def places(mesh: Mesh, size: int) -> np.ndarray:
    """Give for each pixel of the mean face's picture its place in the frame: (size, size, 2) float32, x and y.

    NaN where there is no face, and where the head is turned so far that this part of the mean face would not be seen.
    Piecewise affine: points of the mesh come from exactly where they are.
    """
    mean, over = mean_mesh(), _mean_cover(size)
    head = mean.points @ rotation(mesh.yaw, mesh.pitch, mesh.roll).T
    seen = areas(head[mean.triangles])[over.triangles] < 0
    corners = mesh.points[mean.triangles[over.triangles[seen]], :2]
    found = np.full((size * size, 2), np.nan, np.float32)
    found[over.pixels[seen]] = np.einsum("nc,ncd->nd", over.weights[seen], corners)
    return found.reshape(size, size, 2)


def register(
    picture: np.ndarray, mesh: Mesh, size: int, shows: Box | None = None, fill: float = 0.0, turn: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Bring a picture onto the mean face: (size, size) or (size, size, C), as `picture`, and what of it was seen.

    `picture` (h, w) or (h, w, C) is uint8 or float32: the frame, or whatever shows the square `shows` of it, turned by
    `turn` degrees (a crop, a heat map of any grid). The second array (size, size) is bool; where it is False (no face,
    turned away, outside of what the picture shows) the picture is `fill`. Sampled bilinearly in one go: give a `size`
    near the face's own.
    """
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = shows or (0, 0, width, height)
    there = moved_back(places(mesh, size), (x0, y0, x1, y1), turn) if turn else places(mesh, size)
    where = (there - (x0, y0)) * (width / (x1 - x0), height / (y1 - y0))
    with np.errstate(invalid="ignore"):
        seen = ((where >= 0) & (where <= (width, height))).all(-1)
    pixels = np.where(seen[..., None], where - 0.5, 0).astype(np.float32)
    moved: np.ndarray = cv2.remap(picture, pixels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = moved.reshape(size, size, *picture.shape[2:])  # OpenCV takes a single channel's axis away
    moved[~seen] = fill
    return moved, seen
