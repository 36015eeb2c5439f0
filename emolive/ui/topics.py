"""What can be pointed at, and one sentence about each: for the help line of the windows, and for docs/SCREEN.md."""

from collections.abc import Mapping, Sequence

from emolive.core.scene import Tip

TOPICS: Mapping[str, str] = {
    "face": "A face in the colour of its likeliest emotion; a click selects it, and all views speak of it.",
    "selected": "The selected face, in white brackets: bars, filters, maps and tests are about this one.",
    "doubt": "Something that may be no face: the face mesh does not confirm it, so it is not read or counted.",
    "list": "Each face with its number and its likeliest emotion; a click selects it.",
    "probability": "How likely the network finds an emotion, in percent: together 100 % for each face.",
    "heat": "Heat: how much a part of the face speaks for the target emotion; nothing is painted where nothing does.",
    "scale": "The colours of heat from no evidence to the most there was lately, in the unit written beside it.",
    "caption": "The method and the layer that the map comes from, and the emotion it is to explain.",
    "remark": "What one must know before believing the map.",
    "status": "What goes on: frames per second, faces, the time in the film; below, the map and what each stage costs.",
    "heading": "What this view answers, and its answer now; on the board a click enlarges it, a second one goes back.",
    "tile": "What one filter of the layer sees in this face, each with colours up to its own maximum; a click pins it.",
    "strength": "The bar of a filter: its mean activation in this face, smoothed over time; the strongest come first.",
    "share": "A filter's share of the target's score, in its points: for it to the right, against it to the left.",
    "crop": "The selected face as the network gets it: cut out, grey, and small.",
    "layer": "The layer whose filters are shown, how many there are, and the size of the map that each gives.",
    "ledger": "How the score adds up: a constant (bias), the filters shown, and all others.",
    "pinned": "The filter pinned last: its mean activation over ten seconds, and the faces that excited it most.",
    "emotion map": "The map of this emotion, all on one scale; a click makes it the target, in a white frame, or not.",
    "blurred": "A fifth of the face blurred, and how the target's probability changes, in percentage points.",
    "interval": "The mean change over seconds with its 95 % interval; it decides, not the change of one frame.",
    "knocked": "The probability with all filters (pale), and with some switched off inside the network (full).",
    "random": "The same face through random weights: a map that hardly changes shows the picture, not the learning.",
    "agreement": "How alike two maps are: rank correlation from −1 to +1, and overlap (IoU) of their hottest fifths.",
    "region": "The part of all heat that lies on the eyes, the nose, the mouth, the rest of the face, or beside it.",
    "regions": "The same over all frames so far in which this person was read as that emotion.",
    "line": "An emotion's probability over the last seconds, from 0 to 100 %; a gap where nobody was seen.",
    "entropy": "How undecided the network was, in bits: 0 is sure, the number written is not knowing at all.",
    "seconds": "Seconds before now.",
    "tests": "The keys that put the map to the test.",
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
