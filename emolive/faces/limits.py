"""What lies outside of what a network of faces knows: faces turned away, small, dark, blurred.

The numbers were measured (`train/limits.py`, the table in model/README.md): beyond them the shipped network, which
learnt from pictures of 48×48, names the emotion clearly less often than otherwise.
"""

import math

import cv2
import numpy as np

from emolive.core.mesh import Mesh

SIZE, MARGIN = 48, 1.1
"""Light and sharpness are judged in a square of so many pixels, so many times as wide as the detector's box."""

TURN = 40.0
SMALL = 16.0
DARK = 12.0
BLURRED = 0.01


def turn(mesh: Mesh) -> float:
    """How far a head is turned away from the camera, up, down or to the side: degrees, 0 to 180."""
    yaw, pitch = math.radians(mesh.yaw), math.radians(mesh.pitch)
    return math.degrees(math.acos(math.cos(yaw) * math.cos(pitch)))


def light(crop: np.ndarray) -> float:
    """The mean grey of a crop (S, S, 3) uint8 RGB, 0 to 255."""
    return float(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).mean())


def sharpness(crop: np.ndarray) -> float:
    """How much of the contrast of a crop (S, S, 3) uint8 RGB is in its finest details: the variance of its Laplacian
    by that of its grey, which neither light nor contrast changes. 0 for one that is all alike."""
    gray = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    spread = float(gray.var())
    return float(cv2.Laplacian(gray, cv2.CV_32F).var()) / spread if spread > 1 else 0.0
