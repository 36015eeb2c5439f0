"""What can be pointed at, and one sentence about each: for the help line of the windows, and for docs/SCREEN.md."""

from collections.abc import Mapping, Sequence

from emolive.core.scene import Tip

TOPICS: Mapping[str, str] = {
    "status": "What goes on: frames per second, faces, the time in the film; below, the map and what each stage costs.",
    "heading": "What this view answers, and its answer now; on the board a click enlarges it, a second one goes back.",
    "camera": "The picture with each face's emotion and the heat on it: how much a part speaks for the target emotion.",
    "face": "A face in the colour of its likeliest emotion; a click selects it, and all views speak of it.",
    "filters": "What single filters of a layer answer to the selected face, and at the left how they add up.",
    "tile": "What one filter of the layer sees in this face, each with colours up to its own maximum; a click pins it.",
    "emotions": "The map of each emotion on the selected face, all on one scale, with the emotions' probabilities.",
    "emotion map": "The map of this emotion; a click makes it the target of all views, a second one undoes it.",
    "proof": "Tests of the map: changes are percentage points of the target's probability, maps compared by rank.",
    "timeline": "Each person's probabilities over the last seconds, 0 to 100 %, and how undecided it was, in bits.",
}
"""By the name of what is pointed at."""

HINT = "Point at anything to read what it is. h: help"
"""What the help line says where nothing is pointed at."""


def pointed(tips: Sequence[Tip], x: float, y: float) -> str:
    """The sentence about what lies at a point of a picture, the last one of several; the hint where nothing does."""
    under = [tip.topic for tip in tips if tip.box[0] <= x < tip.box[2] and tip.box[1] <= y < tip.box[3]]
    return TOPICS[under[-1]] if under else HINT


def topics_table() -> str:
    """The sentences as a Markdown table, for docs/SCREEN.md."""
    rows = [f"| {name} | {words} |" for name, words in TOPICS.items()]
    return "\n".join(["| What | What it is |", "| --- | --- |", *rows])
