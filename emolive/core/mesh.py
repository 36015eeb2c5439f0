"""What is known of a face's shape: the value that `faces/mesh.py` reads."""

from dataclasses import dataclass

import numpy as np

PRESENT = 0.5
"""Presence from which on a face is one."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """What the mesh tells of one face. `presence` (0 to 1) says whether it is a face at all: 0.5 and more is one.

    `points` is (468, 3) float: x and y in frame pixels (as `Face.points`: the frame's corner is at 0, 0), z on the same
    scale, smaller towards the viewer, 0 near the head's middle; in the order of MediaPipe's mesh, and none is left out
    where hair or the frame's border hides it. Where there is no face they mean nothing.

    The head's angles are in degrees, 0 where the average person looks straight into the camera. `roll`: clockwise as
    seen; `yaw`: to the right as seen, where the nose points; `pitch`: up. They are the turns that take a head looking
    into the camera to this one: first up by `pitch`, then to the side by `yaw` (-90 to 90), then in the picture's plane
    by `roll`. So a mirrored picture changes the signs of `yaw` and `roll`, and a turned picture `roll` alone.
    """

    presence: float
    points: np.ndarray
    yaw: float
    pitch: float
    roll: float

    @property
    def present(self) -> bool:
        """Whether there is a face."""
        return self.presence >= PRESENT
