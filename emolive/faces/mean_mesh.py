"""The mean face: a mesh that other meshes are compared with, and how far a head is turned from it."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from emolive.core.errors import EmoliveError
from emolive.core.installed import weights

MEAN = "mean_face.safetensors"


@dataclass(frozen=True, eq=False)
class MeanMesh:
    """The average face of `train/mean_face.py`, looking straight ahead, alike on both sides.

    `points` is (468, 3) float, in the order of MediaPipe's mesh, in sides of the square picture that faces are
    registered to: x to the right and y down from its corner (0 to 1, the face in the middle), z on the same scale,
    smaller towards the viewer. `triangles` (898, 3) are indices of points; they cover the face without a gap, eyes and
    mouth too.
    """

    points: np.ndarray
    triangles: np.ndarray


@cache
def mean_mesh() -> MeanMesh:
    """Give the shipped mean face. Raises `EmoliveError` where its file is missing or broken."""
    try:
        parts = load(weights(MEAN).read_bytes())
        points, triangles = parts["points"].astype(np.float64), parts["triangles"].astype(np.intp)
    except (OSError, SafetensorError, KeyError) as error:
        raise EmoliveError(f"The mean face cannot be loaded ({error}). Install emolive again.") from error
    points.setflags(write=False)
    triangles.setflags(write=False)
    return MeanMesh(points, triangles)


def fit(points: np.ndarray, onto: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the similarity that brings `onto` (P, 3) nearest to each of `points` (..., P, 3), by least squares.

    Gives rotations (..., 3, 3), scales (...) and shifts (..., 3): points ≈ scale · onto · rotationᵀ + shift.
    S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.
    """
    middle, mean = points.mean(-2, keepdims=True), onto.mean(0)
    u, sizes, vt = np.linalg.svd((points - middle).swapaxes(-1, -2) @ (onto - mean))
    sizes[..., 2] *= np.sign(np.linalg.det(u @ vt))  # a turn, never a mirror image
    u[..., 2] *= np.sign(np.linalg.det(u @ vt))[..., None]
    rotation = u @ vt
    scale = sizes.sum(-1) / np.square(onto - mean).sum()
    shift = middle[..., 0, :] - scale[..., None] * (rotation @ mean)
    return rotation, scale, shift


def turned(points: np.ndarray) -> np.ndarray:
    """How far heads are turned from the mean face: yaw, pitch, roll (..., 3) in degrees for points (..., 468, 3).

    In the conventions of `Mesh`: rotation = roll about z · yaw about y · pitch about x.
    """
    rotation, _, _ = fit(points, mean_mesh().points)
    yaw = np.arcsin(np.clip(rotation[..., 2, 0], -1, 1))
    pitch = -np.arctan2(rotation[..., 2, 1], rotation[..., 2, 2])
    roll = np.arctan2(rotation[..., 1, 0], rotation[..., 0, 0])
    angles: np.ndarray = np.degrees(np.stack([yaw, pitch, roll], -1))
    return angles


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Give the rotation (3, 3) that turns a head which looks straight ahead so, in degrees: the inverse of `turned`."""
    a, b, c = np.radians([-yaw, -pitch, roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    head: np.ndarray = about_z @ about_y @ about_x
    return head
