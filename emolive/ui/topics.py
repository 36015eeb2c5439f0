"""What can be pointed at, and one sentence about each: for the help line of the windows, and for docs/SCREEN.md."""

from collections.abc import Mapping, Sequence

from emolive.core.scene import Tip

TOPICS: Mapping[str, str] = {
    "status": "What goes on now; below, how the map is made and what each stage costs.",
    "recording": "What the windows show is being recorded: r stops it, p pauses it.",
    "frozen": "The picture stands still; keys and clicks go on working, space lets it go on.",
    "speed": "The film is shown slower than it was taken, because this machine cannot keep up.",
    "fps": "Pictures shown per second, on average over the last ones.",
    "faces": "How many faces are confirmed; what may be no face is not counted.",
    "time": "Where the film stands, and how long it is, in minutes and seconds.",
    "smoothed": "Figures are averaged over about this time, so that they can be read; 0 turns it off (--smooth).",
    "stages": "What each stage of the last frame cost, in milliseconds (ms).",
    "device": "Where the network computes: the processor (cpu) or a graphics card.",
    "working": "A slow map is being worked out; the part that is done, in percent.",
    "note": "What one must know before one believes what is beside it.",
    "heading": "What this view asks, and its answer now; on the board a click enlarges it, a second one goes back.",
    "camera": "The picture with each face's emotion, and the heat on it: how much a part speaks for the target.",
    "face": "A face in the colour of its likeliest emotion; a click selects it, and all views speak of it.",
    "doubt": "What may be no face: the face mesh did not confirm it, so the network is not asked.",
    "bar": "How probable the network holds this emotion, 0 to 100 %; all of them add up to 100 %.",
    "list": "All faces: number, colour of the likeliest emotion, and how probable it is, in percent.",
    "map": "How the heat is made: method, layer of the network, and the target that it speaks for.",
    "cold": "Heat is evidence for the target; where there is hardly any, as often with random weights, none is seen.",
    "scale": "Fixed: the same heat means as much evidence in every face; relative: of this map's own maximum.",
    "heat": "The colours of the heat, from no evidence to full heat, in the unit written there.",
    "filters": "What single filters of a layer answer to the selected face.",
    "tile": "Where in the face one filter answers, in colours up to its own maximum; a click pins it, or unpins it.",
    "tile bar": "How strongly a filter answers; or its share of the score: to the left and hollow speaks against.",
    "tile colours": "The colours of the tiles: each from nothing to its own maximum, so compare by the bars.",
    "order": "By what the tiles are sorted: the average of about the last second, so that they keep their places.",
    "layer": "The layer whose filters are shown, how many there are, and the page; [ ] and < > go through them.",
    "off": "Filters that are switched off inside the network; z switches them on again.",
    "crop": "The face as the network was given it: grey, small, and square.",
    "sum": "How the score of the target adds up: bias, the filters shown, and all others, in points of the score.",
    "pinned": "The pinned filter's mean activation over the last 10 seconds; the dot is now.",
    "best": "The faces of this session that excited the pinned filter most, and how much.",
    "emotions": "The map of each emotion on the selected face, all on one scale, with the emotions' probabilities.",
    "emotion map": "The map of this emotion; a click makes it the target (in brackets), a second one undoes it.",
    "proof": "Tests of the map, switched on by d, z, w and a.",
    "faithful": "If the map tells the truth, masking what it calls hot costs more than masking anything else.",
    "verdict": "The verdict: a map must beat each of its controls, under both ways of masking.",
    "now": "What masking did to the probability in this frame, in percentage points.",
    "control": "By how many points the own map's mask costs more than this control's; right of the line is more.",
    "masked": "The face as it was masked: a fifth of its cells is taken away.",
    "knock-out": "What the network answers without the filters that are off; changes in percentage points.",
    "sanity": "A map that stays as it was under random weights, or is drawn by random networks too, shows the picture.",
    "correlation": "How alike two maps rank the parts of the face: +1 alike, 0 unrelated, −1 opposite.",
    "overlap": "How much the hottest fifths of two maps overlap: 1 is all, 0 nothing (intersection over union).",
    "compared": "The face with one of the maps that are compared, and what is full heat there.",
    "cost": "What computing this map alone took, in milliseconds (ms).",
    "where": "The shares of the heat on eyes, nose, mouth, the rest of the face, and off the face; 100 % in all.",
    "where mean": "The same on average, over the frames in which the map explained this emotion.",
    "timeline": "Each person's probabilities over the last seconds.",
    "line": "An emotion's probability over time, 0 % at the foot, 100 % at the top; now is at the right.",
    "entropy": "How undecided the network was, in bits: 0 is sure, the top is as if it guessed.",
    "who": "Whose timeline this is, the likeliest emotion now, and how undecided the network is, in bits.",
}
"""By the name of what is pointed at."""

HINT = "Point at anything to read what it is. h: help"
"""What the help line says where nothing is pointed at."""


def pointed(tips: Sequence[Tip], x: float, y: float) -> str:
    """The sentence about what lies at a point of a picture, of the last one of several, after which one it is; the hint
    where nothing does."""
    under = [tip for tip in tips if tip.box[0] <= x < tip.box[2] and tip.box[1] <= y < tip.box[3]]
    if not under:
        return HINT
    sentence = TOPICS[under[-1].topic]
    return f"{under[-1].words}: {sentence}" if under[-1].words else sentence


def topics_table() -> str:
    """The sentences as a Markdown table, for docs/SCREEN.md."""
    rows = [f"| {name} | {words} |" for name, words in TOPICS.items()]
    return "\n".join(["| What | What it is |", "| --- | --- |", *rows])
