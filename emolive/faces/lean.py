"""Faces that lean are cut out upright, by the line through the detector's two eyes.

The network learnt from heads that hardly lean, and loses a third of its accuracy where they lean by 45°; turning them
back gives it to it again. The line of the eyes is off by some 5° itself, so that turning all heads by it would cost the
upright ones a little: these are left alone (`train/turn_experiment.py`, the table in train/README.md).

What is done to a face follows from its frame alone: the same frame gives the same crop, while it plays, when somebody
comes back to it, and in whatever part of a film it is looked at.
"""

import math

from emolive.core.scene import Face

STRAIGHT = 15.0
"""Faces that lean by less (degrees) are cut out as they are: so much the network does not mind. Others are turned back
by twice what they lean beyond it, from twice as much on wholly, so that nothing jumps where somebody leans over."""


def lean(face: Face) -> float:
    """How far a face leans by its eyes: degrees, clockwise as seen, -180 to 180; 0 where both eyes are at one place,
    or nobody knows where they are."""
    right, left = face.points[:2]
    degrees = math.degrees(math.atan2(left[1] - right[1], left[0] - right[0]))
    return degrees if math.isfinite(degrees) else 0.0


def turn(face: Face) -> float:
    """By how much the square of a face is turned before it is cut out: degrees, clockwise as seen, 0 for most faces."""
    leans = lean(face)
    beyond = max(0.0, abs(leans) - STRAIGHT)
    return math.copysign(min(abs(leans), 2 * beyond), leans) if beyond else 0.0
