"""Faces that lean are cut out upright, by the line through the detector's two eyes.

The network learnt from heads that hardly lean, and loses a third of its accuracy where they lean by 45°; turning them
back gives it to it again. The line of the eyes is off by some 5° itself, so that turning upright heads by it would cost
a little: these are left alone (`train/turn_experiment.py`, the table in train/README.md).

What is done to a face follows from its frame alone: the same frame gives the same crop, while it plays, when somebody
comes back to it, and in whatever part of a film it is looked at.
"""

import math

from emolive.core.scene import Face

STRAIGHT, UPRIGHT = 10.0, 20.0
"""Faces that lean by less than the first (degrees) are cut out as they are, those from the second on upright; those in
between are turned by a part of it that grows evenly, so that nothing jumps where somebody leans over slowly."""


def lean(face: Face) -> float:
    """How far a face leans by its eyes: degrees, clockwise as seen, -180 to 180; 0 where both eyes are at one place,
    or nobody knows where they are."""
    right, left = face.points[:2]
    degrees = math.degrees(math.atan2(left[1] - right[1], left[0] - right[0]))
    return degrees if math.isfinite(degrees) else 0.0


def turn(face: Face) -> float:
    """By how much the square of a face is turned before it is cut out: degrees, clockwise as seen, 0 for most faces."""
    leans = lean(face)
    part = min(max((abs(leans) - STRAIGHT) / (UPRIGHT - STRAIGHT), 0.0), 1.0)
    return leans * part
