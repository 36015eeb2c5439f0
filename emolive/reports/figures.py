"""The figures of a report as frozen values, and `report.json` made from them. Nothing here looks at a network."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from emolive.attribution.methods import INPUT as INPUT
from emolive.attribution.methods import METHODS
from emolive.audit.curves import Curves, Gain
from emolive.audit.sanity import Sanity
from emolive.audit.verdict import Verdict
from emolive.core.evidence import MASKINGS, Difference
from emolive.core.scene import Agreement, Box, Measure, Regions

UNMEASURED = Measure()
"""Of a map that is not there."""

Json = dict[str, object]


@dataclass(frozen=True)
class Drops:
    """How much the target's probability falls, as a part of 1, when a fifth of the face is blurred: the hottest cells
    of the map, as many random ones (the mean of several draws), the coldest. Negative where it rises."""

    hot: float
    random: float
    cold: float


@dataclass(frozen=True)
class Figures:
    """What was measured of one map.

    `deletion_area` (small is good) and `insertion_area` (large is good) lie between 0 and 1. `differences` are those
    of the map and its controls, by masking and control, and `verdict` what they come to. `regions` are None where
    nobody knows where the eyes are (a whole picture). `gradcam` compares the map with Grad-CAM's of the same layer.
    `sanity` says for each step that the network is randomised down to whether the map noticed. `gains` are by how much
    the areas of each control are worse.
    """

    deletion_area: float
    insertion_area: float
    drops: Drops
    differences: Mapping[tuple[str, str], Difference]
    verdict: Verdict
    regions: Regions | None
    gradcam: Agreement
    sanity: Mapping[str, Sanity]
    gains: Mapping[str, Gain] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Cell:
    """One method at one layer for one face: its signed map (h, w), what that is measured in, curves and figures; or
    `why` there are none."""

    method: str
    layer: str
    why: str = ""
    cam: np.ndarray | None = None
    curves: Curves | None = None
    figures: Figures | None = None
    measure: Measure = UNMEASURED


@dataclass(frozen=True, eq=False)
class FaceReport:
    """All that is known of a face. `view` (V, V, 3) uint8 RGB is its square of the picture, turned by `turn` degrees,
    `seen` (S, S, 3) uint8 RGB what the network saw of it. `probs` are (classes,), `target` is the explained class's
    index. `emotions` are the Grad-CAM maps of each class (classes, h, w) at `emotions_layer`, None where the network is
    broken, and `emotions_measure` what they are measured in. `scale` is what full heat is: "fixed" or "relative".
    `chance` has for each layer the mean curves of cells in random order: what a map must beat."""

    number: int
    box: Box
    score: float
    labels: tuple[str, ...]
    probs: np.ndarray
    target: int
    view: np.ndarray
    seen: np.ndarray
    cells: tuple[Cell, ...]
    chance: Mapping[str, Curves]
    emotions: np.ndarray | None
    emotions_layer: str
    emotions_measure: Measure = UNMEASURED
    scale: str = "fixed"
    turn: float = 0.0

    @property
    def label(self) -> str:
        """The likeliest emotion; "" where the network gives no numbers."""
        return self.labels[int(np.argmax(self.probs))] if np.isfinite(self.probs).all() else ""

    @property
    def goal(self) -> str:
        """The emotion that the maps explain."""
        return self.labels[self.target]

    def cell(self, method: str, layer: str) -> Cell | None:
        """The cell of a method at a layer, if that was asked for."""
        return next((cell for cell in self.cells if (cell.method, cell.layer) == (method, layer)), None)


@dataclass(frozen=True, eq=False)
class PictureReport:
    """A picture: its file name, the beginning of its files' names, its size in pixels, the faces found in it, and how
    many places more the detector took for faces and the face mesh did not."""

    name: str
    stem: str
    width: int
    height: int
    faces: tuple[FaceReport, ...]
    unconfirmed: int = 0

    @property
    def marked(self) -> str:
        """The file of the picture with its faces numbered."""
        return f"{self.stem}.jpg"

    def file(self, face: FaceReport, what: str) -> str:
        """The file of a face's "sheet", "curves" or "emotions", each also as "sheet-narrow" … for phones."""
        return f"{self.stem}-face{face.number}-{what}.png"


@dataclass(frozen=True, eq=False)
class Report:
    """All that a page tells: the pictures, those that could not be read and why, and how all of it was made. `best_map`
    is what an audit of the network trusts most (`Spec`)."""

    pictures: tuple[PictureReport, ...]
    failures: Mapping[str, str]
    methods: tuple[str, ...]
    layers: tuple[str, ...]
    labels: tuple[str, ...]
    model: str
    sha256: str
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    versions: Mapping[str, str | None] = field(default_factory=dict)
    best_map: Mapping[str, str] = field(default_factory=dict)


def title(method: str) -> str:
    """A method's name for people."""
    return METHODS[method].title


def knows_class(method: str) -> bool:
    """Whether a method asks which emotion it is to explain."""
    return METHODS[method].knows_class


def as_json(report: Report, folder: str) -> Json:
    """What report.json holds: picture -> face -> method -> layer -> figures; pictures lie in `folder`, numbers that are
    none become null."""
    return {
        "model": {"file": report.model, "sha256": report.sha256, "labels": list(report.labels)},
        "settings": {"methods": list(report.methods), "layers": list(report.layers), **report.settings},
        "versions": dict(report.versions),
        "pictures": {picture.name: _picture(picture, folder) for picture in report.pictures},
        "failures": dict(report.failures),
    }


def _picture(picture: PictureReport, folder: str) -> Json:
    note = {} if picture.faces else {"note": "No face was found."}
    faces = {str(face.number): _face(picture, face, folder) for face in picture.faces}
    marked = f"{folder}/{picture.marked}"
    size = {"width": picture.width, "height": picture.height}
    return {**size, "picture": marked, **note, "unconfirmed": picture.unconfirmed, "faces": faces}


def _face(picture: PictureReport, face: FaceReport, folder: str) -> Json:
    methods: dict[str, Json] = {}
    for cell in face.cells:
        methods.setdefault(cell.method, {})[cell.layer] = _cell(cell)
    return {
        "box": [_number(v, 2) for v in face.box],
        "score": _number(face.score, 4),
        "label": face.label or None,
        "target": face.goal,
        "probs": {label: _number(p) for label, p in zip(face.labels, face.probs, strict=True)},
        "files": {what: f"{folder}/{picture.file(face, what)}" for what in ("sheet", "curves", "emotions")},
        "chance": {
            layer: {"deletion_area": _number(c.deletion_area), "insertion_area": _number(c.insertion_area)}
            for layer, c in face.chance.items()
        },
        "methods": methods,
    }


def _cell(cell: Cell) -> Json:
    figures = cell.figures
    if figures is None or cell.cam is None:
        return {"why": cell.why}
    where = figures.regions and {name: _number(v) for name, v in vars(figures.regions).items()}
    return {
        "grid": list(cell.cam.shape),
        "deletion_area": _number(figures.deletion_area),
        "insertion_area": _number(figures.insertion_area),
        "drops": {name: _number(v) for name, v in vars(figures.drops).items()},
        "differences": {
            how: {of: [_number(v) for v in d[:3]] for (by, of), d in figures.differences.items() if by == how}
            for how in MASKINGS
        },
        "area_gains": {
            of: {name: _number(v) for name, v in gain._asdict().items()} for of, gain in figures.gains.items()
        },
        "verdict": {"word": figures.verdict.word, "why": figures.verdict.why},
        "regions": where,
        "agreement_with_gradcam": {name: _number(v) for name, v in vars(figures.gradcam).items()},
        "sanity": {step: _number(found.like) for step, found in figures.sanity.items()},
        "sanity_band": {step: [_number(v.low), _number(v.high)] for step, v in figures.sanity.items()},
        "sanity_word": {step: found.word for step, found in figures.sanity.items()},
    }


def _number(value: float, digits: int = 5) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
