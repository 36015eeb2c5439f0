"""What the report of tests/reports is made of, and a face of one that was never made."""

import numpy as np
from scenes import LABELS, backdrop, smooth_map

from emolive.attribution.methods import METHODS as METHODS_KNOWN
from emolive.audit.curves import Curves
from emolive.audit.verdict import Verdict
from emolive.core.scene import Agreement, Measure
from emolive.reports.figures import Cell, Drops, FaceReport, Figures
from emolive.reports.sheets import SIDE

HOSTILE = '<script>alert("x")&amp;.png'
"""A file name that would run in a page which does not escape it."""

METHODS, LAYERS = ("gradcam", "cam", "activation", "guided"), ("layer3", "layer4")


def invented(methods: tuple[str, ...] = METHODS, layers: tuple[str, ...] = LAYERS) -> FaceReport:
    """A face with maps and figures that nobody measured, for what is only drawn: a real report takes 14 s."""
    rng = np.random.default_rng(5)
    part = np.linspace(0, 1, 6)
    curves = Curves(part, 1 - part, part)
    alike = Agreement(0.5, 0.5)
    figures = Figures(0.5, 0.5, Drops(0.2, 0.1, 0.0), {}, Verdict("no verdict", "Nobody asked."), None, alike, {})
    measure = Measure("score per cell", True, 0.8)
    cells = tuple(
        Cell(method, layer, cam=smooth_map(rng, 7), curves=curves, figures=figures, measure=measure)
        for method in methods
        for layer in (("input",) if METHODS_KNOWN[method].of_input else layers)
    )
    probs = np.exp(rng.normal(size=len(LABELS)))
    emotions = np.stack([0.2 * smooth_map(rng, 7) + level for level in np.linspace(-0.5, 0.6, len(LABELS))])
    view, seen = backdrop(SIDE, SIDE), np.full((48, 48, 3), 90, np.uint8)
    chance = dict.fromkeys((*layers, "input"), curves)
    box = 10.0, 10.0, 90.0, 90.0
    return FaceReport(
        1, box, 0.9, LABELS, probs / probs.sum(), 3, view, seen, cells, chance, emotions, "layer4", measure
    )
