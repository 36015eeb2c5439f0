"""What a report says of a face in words: whether its maps found what the network needed."""

from emolive.reports.figures import Drops, FaceReport, title
from emolive.ui.words import percent

LITTLE = 0.1
"""A probability below which drops say next to nothing: there is little that could fall."""

CLEAR = 0.05
"""Drops that differ by less than this are called equal."""


def verdict(face: FaceReport, layers: tuple[str, ...]) -> str:
    """One or two sentences (plain text) on what the drops say of the first map of the last layer."""
    cell = next((c for c in face.cells if c.figures is not None and c.layer == layers[-1]), None)
    if cell is None or cell.figures is None:
        return ""
    drops, probability = cell.figures.drops, float(face.probs[face.target])
    map_of = f"{title(cell.method)} at {cell.layer}"
    if probability < LITTLE:
        return (
            f"The network gives {face.goal} only {percent(probability)} here, so next to nothing can drop: "
            f"the maps say where the little evidence is, and the drops say nothing."
        )
    told = (
        f"Blurring the hottest fifth of {map_of} takes {points(drops.hot)} off {face.goal}; a random fifth takes "
        f"{points(drops.random)}, the coldest {points(drops.cold)}."
    )
    return f"{told} {_judged(drops)}"


def points(drop: float) -> str:
    """A drop in percentage points."""
    whole = round(100 * drop)
    return f"{whole} point{'' if abs(whole) == 1 else 's'}".replace("-", "−")


def _judged(drops: Drops) -> str:
    if drops.hot > drops.random + CLEAR:
        return "So this map found something that the network needed here."
    if drops.hot < drops.random - CLEAR:
        return "So this map did worse than chance here: do not believe it on this face."
    return "So this map did no better than chance here: do not believe it on this face."
