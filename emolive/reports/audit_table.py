"""From what was measured of each face to the table of an audit, its verdict, and `audit.json`. No torch here."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from emolive.audit.sanity import Sanity, can_react, sane
from emolive.audit.tally import of_picture
from emolive.audit.verdict import CLEAR, NAMES, verdict
from emolive.core.evidence import CONTROLS, OWN, Difference, Evidence, Query
from emolive.core.reading import Likeness, Proof
from emolive.reports.figures import Json, knows_class, title
from emolive.ui.words import MINUS

RESAMPLES = 2000
"""Draws of faces that an interval is made of."""

WON = "beats its controls"

StateLine = Mapping[str, Any]
"""What the state of an audit holds of a face, or of a step of randomisation."""


@dataclass(frozen=True)
class AuditRow:
    """A method at a layer over all faces.

    `difference` is by how much masking its hottest fifth costs more than each control's, with its interval over faces;
    `wins` on which share of faces it does, `won` on which share it gets the verdict "beats its controls", `shuffled`
    and `centred` on which share maps of other faces and centres in its place would. `sanity` says for each step whether
    it notices random weights. `stability` is the mean rank correlation under small moves, `ms` the median time of a
    map. `areas` has {control: (deletion, insertion)}, by how much the control's are worse, `deletion` and `insertion`
    the map's own. `hits` is how often it points at the part that is needed most, `others_hit` how often other faces'
    maps do. `n` faces had a map; `why` says why there is none.
    """

    method: str
    layer: str
    n: int = 0
    why: str = ""
    difference: Mapping[str, Difference] = field(default_factory=dict)
    wins: Mapping[str, float] = field(default_factory=dict)
    won: float = math.nan
    shuffled: float = math.nan
    centred: float = math.nan
    sanity: Mapping[str, Sanity] = field(default_factory=dict)
    stability: float = math.nan
    ms: float = math.nan
    deletion: float = math.nan
    insertion: float = math.nan
    areas: Mapping[str, tuple[Difference, Difference]] = field(default_factory=dict)
    hits: float = math.nan
    others_hit: float = math.nan

    @property
    def name(self) -> str:
        """Method and layer for people."""
        return f"{title(self.method)} at {self.layer}"

    @property
    def hardest(self) -> tuple[str, Difference] | None:
        """The control that is hardest to beat: the one whose interval begins lowest."""
        return min(self.difference.items(), key=lambda item: item[1].low, default=None)

    @property
    def reacts(self) -> bool:
        """Whether it notices that the network's head is random."""
        first = next(iter(self.sanity.values()), None)
        return first is None or first.trusted


@dataclass(frozen=True)
class AuditVerdict:
    """The method and layer to trust most, None where no map knows the emotion, and why; `trusted` says whether it costs
    more than every control over these faces."""

    best: AuditRow | None
    why: str
    trusted: bool = False


def table(faces: Sequence[StateLine], steps: Sequence[StateLine], seed: int) -> tuple[AuditRow, ...]:
    """The rows of an audit, in the order in which the faces name methods and layers."""
    names = dict.fromkeys(name for face in faces for name in face["ways"])
    return tuple(_row(name, faces, steps, np.random.default_rng(seed)) for name in names)


def _row(name: str, faces: Sequence[StateLine], steps: Sequence[StateLine], rng: np.random.Generator) -> AuditRow:
    method, _, layer = name.partition("/")
    whole = [(face, face["ways"][name]) for face in faces if name in face["ways"]]
    some = [(face, one) for face, one in whole if "why" not in one]
    if not some:
        return AuditRow(method, layer, why=next((one["why"] for _, one in whole), ""))
    ones = [one for _, one in some]
    proofs = [(proof_of(face, one), face["target"]) for face, one in some]
    leads = [_leads(of_picture(proof)) for proof, _ in proofs]
    values = {of: np.array(found) for of in CONTROLS if (found := [lead[of] for lead in leads if of in lead])}
    wrong = {of: [word for one in proofs for word in _words_of_wrong(*one, of)] for of in ("other_face", "centre")}
    traced = [one["areas"] for one in ones if "areas" in one]
    hits = [pair for face, one in some if (pair := hit(one, face.get("needed", ""))) is not None]
    return AuditRow(
        method,
        layer,
        n=len(some),
        difference={of: spread(found, rng) for of, found in values.items()},
        wins={of: float(np.mean(found > CLEAR)) for of, found in values.items()},
        won=_share(verdict(of_picture(proof), goal, not knows_class(method)).word for proof, goal in proofs),
        shuffled=_share(wrong["other_face"]),
        centred=_share(wrong["centre"]),
        sanity=_sanity(name, method, layer, steps),
        stability=_mean(one["stability"] for one in ones),
        ms=float(np.median([one["ms"] for one in ones])),
        deletion=_mean(one["deletion"] for one in traced),
        insertion=_mean(one["insertion"] for one in traced),
        areas=_areas(traced, rng),
        hits=_mean(own for own, _ in hits),
        others_hit=_mean(others for _, others in hits),
    )


def proof_of(face: StateLine, row: StateLine) -> Proof:
    """The proof of a face's map as the state holds it, without pictures."""
    asks = {
        Query(how, of, n): after
        for how, each in row["after"].items()
        for of, found in each.items()
        for n, after in enumerate(found)
    }
    return Proof(0, 0, 0, face["p"], tuple(asks), tuple(asks.values()), np.zeros((0, 1, 1, 3), np.uint8), whole=True)


def as_if(proof: Proof, of: str, which: int) -> Proof:
    """The proof of a control as if it were the map itself, beside the other controls."""
    taken = [
        (ask._replace(of=OWN, which=0) if (ask.of, ask.which) == (of, which) else ask, after)
        for ask, after in zip(proof.asks, proof.after, strict=True)
        if ask.of != OWN
    ]
    return replace(proof, asks=tuple(ask for ask, _ in taken), after=tuple(after for _, after in taken))


def _leads(evidence: Evidence) -> dict[str, float]:
    """The paired difference to each control that was asked, the mean of both maskings and of its maps."""
    found: dict[str, list[float]] = {}
    for (_, of), one in evidence.differences.items():
        found.setdefault(of, []).append(one.mean)
    return {of: float(np.mean(means)) for of, means in found.items()}


def _words_of_wrong(proof: Proof, goal: str, of: str) -> list[str]:
    """What would be said of each map of a control in the map's place."""
    count = len({ask.which for ask in proof.asks if ask.of == of})
    return [verdict(of_picture(as_if(proof, of, n)), goal).word for n in range(count)]


def hit(row: StateLine, needs: str) -> tuple[float, float] | None:
    """Whether a face's map points at the part that the network needs, and which share of other faces' maps do."""
    if not needs or "points_at" not in row:
        return None
    others = [one == needs for one in row["others_point_at"]]
    return float(row["points_at"] == needs), float(np.mean(others)) if others else math.nan


def spread(values: np.ndarray, rng: np.random.Generator) -> Difference:
    """The mean of faces (n,) and its 95 % interval: percentiles of the means of faces drawn again (bootstrap; faces are
    people who have nothing to do with each other). NaN ends below two faces."""
    mean = float(values.mean())
    if len(values) < 2:
        return Difference(mean, math.nan, math.nan, len(values))
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Difference(mean, float(low), float(high), len(values))


def _areas(traced: Sequence[StateLine], rng: np.random.Generator) -> dict[str, tuple[Difference, Difference]]:
    found = {}
    for of in CONTROLS:
        rows = np.array([one["better"][of] for one in traced if of in one["better"]])
        if len(rows):
            found[of] = spread(rows[:, 0], rng), spread(rows[:, 1], rng)
    return found


def _sanity(name: str, method: str, layer: str, steps: Sequence[StateLine]) -> dict[str, Sanity]:
    names = [step["step"] for step in steps]
    found = {}
    for step in steps:
        if name in step["ways"]:
            known = step["ways"][name]
            like, among = (tuple(map(_mean, zip(*known[key], strict=True))) for key in ("like", "among"))
            found[step["step"]] = sane(
                Likeness(like, among), can_react(knows_class(method), layer, step["step"], names)
            )
    return found


def judged(rows: Sequence[AuditRow], n: int) -> AuditVerdict:
    """Which method on which layer deserves trust: the one whose least certain lead over any control is largest, among
    those that know the emotion and notice a random head."""
    able = [row for row in rows if row.n and knows_class(row.method) and row.reacts and row.hardest is not None]
    if not able:
        return AuditVerdict(None, "No map here knows the emotion and notices random weights: none deserves trust.")
    best = max(able, key=_lead)
    hardest = best.hardest
    assert hardest is not None
    of, found = hardest
    points = f"{100 * found.mean:.1f} points ({100 * found.low:.1f} to {100 * found.high:.1f})".replace("-", MINUS)
    alone = (
        f"Over one picture it beats its controls on {100 * best.won:.0f} % of faces, maps of other faces in its place "
        f"on {100 * best.shuffled:.0f} %: over one picture alone, none deserves trust."
    )
    trusted = _lead(best) > 0
    if trusted:
        why = (
            f"Over {n} faces {best.name} costs more than every control; the hardest, {NAMES[of]}, by {points}. {alone}"
        )
    else:
        why = (
            f"No method beats every control over {n} faces. {best.name} comes nearest: {NAMES[of]} it beats by "
            f"{points}, which may be nothing. {alone}"
        )
    return AuditVerdict(best, why, trusted)


def _lead(row: AuditRow) -> float:
    hardest = row.hardest
    return -math.inf if hardest is None or math.isnan(hardest[1].low) else hardest[1].low


def as_json(rows: Sequence[AuditRow], found: AuditVerdict, n: int) -> Json:
    """What audit.json holds; numbers that are none become null."""
    best = found.best and {"method": found.best.method, "layer": found.best.layer}
    return {"n": n, "rows": [_as_json(row) for row in rows if row.n], "verdict": {"best": best, "why": found.why}}


def _as_json(row: AuditRow) -> Json:
    return {
        "method": row.method,
        "layer": row.layer,
        "difference": {of: [_number(v) for v in found[:3]] for of, found in row.difference.items()},
        "wins": {**{of: _number(share) for of, share in row.wins.items()}, "all": _number(row.won)},
        "sanity": {
            step: {"like": _number(one.like), "band": [_number(one.low), _number(one.high)], "word": one.word}
            for step, one in row.sanity.items()
        },
        "stability": _number(row.stability),
        "ms": _number(row.ms),
    }


def _share(words: Iterable[str]) -> float:
    return _mean(word == WON for word in words)


def _mean(values: Iterable[float | None]) -> float:
    known = [float(one) for one in values if one is not None and math.isfinite(one)]
    return float(np.mean(known)) if known else math.nan


def _number(value: float) -> float | None:
    return round(float(value), 5) if math.isfinite(value) else None
