"""What the data file says of a face: one row per figure, read by JSON lines and tables alike."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from emolive.core.evidence import CONTROLS, OWN
from emolive.core.kinds import Integer, Kind, Number, Text
from emolive.core.reading import entropy
from emolive.core.scene import Reading, Scene

PARTS = ("eyes", "nose", "mouth", "rest", "off")
AREAS = {"hot": OWN, **{control: control for control in CONTROLS}}
"""What is masked for a proof: the hottest part of the map, or of one of its controls."""

LEDGER = ("logit", "bias", "channels")

WHOLE = frozenset(("frame", "face", "drop_frame"))
WORDS = frozenset(("file", "label", "outside", "target", "against", "random", "drop_masking"))
YES_OR_NO = frozenset(("confirmed", "knows_class"))
"""The columns of a table that hold whole numbers, words, and truth; all others hold floats."""

TIME = Number(-1e10, 1e10)
"""Milliseconds; four months are no session."""

SHARE = Number(0.0, 1.0)
"""Probabilities, and shares of the heat."""

COUNT = Integer(0, 2**53)
"""Numbers of frames and of faces."""

SHARES = ("prob_", "smooth_", "off_", "heat_")
"""What the columns of shares begin with."""

Labels = Sequence[str]
Value = bool | int | float | str | None | list[float | None] | dict[str, float | None] | dict[str, float | str | None]


def kind_of(column: str) -> Kind:
    """The kind of the values in a column of a table."""
    if column in WORDS:
        return Text()
    if column in WHOLE:
        return COUNT
    if column == "t_ms":
        return TIME
    return SHARE if column.startswith(SHARES) else Number()


@dataclass(frozen=True)
class Figure:
    """One thing that is written about a face: its key in JSON, its columns in a table, and where it comes from.

    A `value` of None is not known: JSON leaves the key out, a table the cells empty. Of a face that is not confirmed
    nobody read anything: only what the detector said (`detected`) is known of it.
    """

    key: str
    columns: Callable[[Labels], list[str]]
    value: Callable[[Scene, int, Labels], Value]
    detected: bool = False

    def of(self, scene: Scene, i: int, labels: Labels) -> Value:
        """What is known of `scene.found[i]`."""
        return self.value(scene, i, labels) if self.detected or i < len(scene.faces) else None


def _by_label(probs: np.ndarray, labels: Labels) -> dict[str, float | None]:
    return {label: _rounded(p, 5) for label, p in zip(labels, probs, strict=True)}


def _rounded(number: float, digits: int) -> float | None:
    """None for what is no number: JSON has no NaN."""
    return round(float(number), digits) if math.isfinite(number) else None


def _regions(reading: Reading) -> Value:
    shares = {part: _rounded(getattr(reading.regions, part), 4) for part in PARTS}
    return shares if any(shares.values()) else None


def _drops(reading: Reading) -> Value:
    """They belong to the frame before, whose number is told; of a film's frame a few are asked, under one masking."""
    proof = reading.proof
    if proof is None:
        return None
    drops = {area: proof.drop(of) for area, of in AREAS.items()}
    how = None if proof.whole else proof.asks[0].masking
    told: dict[str, float | str | None] = {"frame": proof.index, "masking": how}
    told.update((area, None if drop is None else _rounded(drop, 5)) for area, drop in drops.items())
    return told


def _knocked(reading: Reading, labels: Labels) -> Value:
    return _by_label(reading.results[reading.knocked].probs, labels) if reading.knocked else None


def _agreement(reading: Reading) -> Value:
    found = reading.agreement
    return {"spearman": _rounded(found.spearman, 4), "iou": _rounded(found.iou, 4)} if found else None


def _ledger(reading: Reading) -> Value:
    book = reading.ledger
    if book is None or not len(book.shares):
        return None
    return dict(zip(LEDGER, (_rounded(v, 4) for v in (book.logit, book.bias, book.shares.sum())), strict=True))


def _target(scene: Scene, face: int, labels: Labels) -> str | None:
    """What the map speaks for whose heat, drops and shares are told; None where its method knows no class."""
    reading = scene.readings[face]
    return None if _blind(scene, face) else labels[reading.result.target]


def _against(scene: Scene, face: int) -> str | None:
    reading = scene.readings[face]
    return None if _blind(scene, face) else (reading.base or reading.shown).target.minus


def _blind(scene: Scene, face: int) -> bool:
    reading = scene.readings[face]
    return (reading.base or reading.shown).method in scene.menu.blind


def _random(scene: Scene) -> str | None:
    """The parts of the network that are random in the map that `agreement` compares with the trained network's; all
    else that is told is the trained network's."""
    return " + ".join(scene.menu.random[: scene.settings.random]) or None


FIGURES = (
    Figure("face", lambda _: ["face"], lambda scene, i, _: scene.found[i].track, detected=True),
    Figure(
        "box",
        lambda _: ["x0", "y0", "x1", "y1"],
        lambda scene, i, _: [_rounded(v, 2) for v in scene.found[i].box],
        detected=True,
    ),
    Figure("score", lambda _: ["score"], lambda scene, i, _: _rounded(scene.found[i].score, 4), detected=True),
    Figure("confirmed", lambda _: ["confirmed"], lambda scene, i, _: scene.found[i].confirmed, detected=True),
    Figure("turn", lambda _: ["turn"], lambda scene, i, _: _rounded(scene.readings[i].turn, 2)),
    Figure("label", lambda _: ["label"], lambda scene, i, labels: labels[scene.readings[i].top]),
    Figure("outside", lambda _: ["outside"], lambda scene, i, _: scene.found[i].outside or None),
    Figure(
        "probs",
        lambda labels: [f"prob_{label}" for label in labels],
        lambda scene, i, labels: _by_label(scene.readings[i].result.probs, labels),
    ),
    Figure(
        "probs_smooth",
        lambda labels: [f"smooth_{label}" for label in labels],
        lambda scene, i, labels: _by_label(scene.readings[i].answer, labels),
    ),
    Figure("entropy", lambda _: ["entropy"], lambda scene, i, _: _rounded(entropy(scene.readings[i].answer), 4)),
    Figure("target", lambda _: ["target"], _target),
    Figure("against", lambda _: ["against"], lambda scene, i, _: _against(scene, i)),
    Figure("knows_class", lambda _: ["knows_class"], lambda scene, i, _: False if _blind(scene, i) else None),
    Figure("heat", lambda _: [f"heat_{part}" for part in PARTS], lambda scene, i, _: _regions(scene.readings[i])),
    Figure(
        "drops",
        lambda _: ["drop_frame", "drop_masking", *(f"drop_{area}" for area in AREAS)],
        lambda scene, i, _: _drops(scene.readings[i]),
    ),
    Figure(
        "probs_off",
        lambda labels: [f"off_{label}" for label in labels],
        lambda scene, i, labels: _knocked(scene.readings[i], labels),
    ),
    Figure("random", lambda _: ["random"], lambda scene, i, _: _random(scene)),
    Figure("agreement", lambda _: ["spearman", "iou"], lambda scene, i, _: _agreement(scene.readings[i])),
    Figure("score_sum", lambda _: list(LEDGER), lambda scene, i, _: _ledger(scene.readings[i])),
)
"""All that is written about a face, in order. A row here is a new key in JSON and new columns in tables."""
