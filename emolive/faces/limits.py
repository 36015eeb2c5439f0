"""What lies outside of what a network of faces knows: faces turned away, small, dark, blurred.

The numbers were measured (`train/limits.py`, the table in model/README.md): beyond them the shipped network, which
learnt from pictures of 48×48, names the emotion clearly less often than otherwise.
"""

import math

import cv2
import numpy as np

from emolive.core.mesh import Mesh
from emolive.core.scene import Face, Frame
from emolive.faces.crop import crop_face, square

SIZE, MARGIN = 48, 1.1
"""Light and sharpness are judged in a square of so many pixels, so many times as wide as the detector's box."""

TURN, SMALL, DARK, BLURRED = 40.0, 16.0, 16.0, 0.02
"""Degrees from which on, and pixels of the box, mean grey and sharpness up to which, ten points of accuracy are lost:
of a hundred faces ten more are named wrongly."""


def outside(frame: Frame, face: Face, mesh: Mesh) -> str:
    """Why a face lies outside of what the network knows, in a word or two for a label: "14 pixels", "dark",
    "turned 50°", "blurred"; "" where it does not."""
    x0, y0, x1, y1 = face.box
    side = max(x1 - x0, y1 - y0)
    if side <= SMALL:
        return f"{side:.0f} pixels"
    crop = crop_face(frame.bgr, square(face.box, MARGIN), SIZE, finest=3 * SIZE)
    if light(crop) <= DARK:
        return "dark"
    if turn(mesh) >= TURN:
        return f"turned {turn(mesh):.0f}°"
    return "blurred" if sharpness(crop) <= BLURRED else ""


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
