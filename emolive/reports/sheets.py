"""The pictures of a report: the sheet of methods × layers, the strip of all emotions, the picture with its faces.

All are (H, W, 3) uint8 BGR on light paper, so that they can be printed.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from emolive.attribution.measure import peak
from emolive.attribution.methods import METHODS
from emolive.core.scene import Face
from emolive.reports.figures import INPUT, Cell, FaceReport, title
from emolive.ui import draw
from emolive.ui.emotions import common_scale
from emolive.ui.heat import AGAINST, FOR, ON_FACE, Scale, diverging, gradient, heat, scale_of
from emolive.ui.palette import DIM, INK, PAPER, Color, hue
from emolive.ui.words import MINUS, percent

SIDE, GAP, PAD = 210, 14, 28
PX = 15
WHITE: Color = (255, 255, 255)
FADED: Color = (112, 106, 102)
EMPTY: Color = (238, 236, 235)
ALPHA = 0.62
LARGEST = 1200
"""The longest side of the picture with its faces numbered."""

WEAK = 0.2
"""A map whose strongest evidence is weaker than this part of the evidence against its class never counts as full."""


def sheet(face: FaceReport, name: str, methods: Sequence[str], layers: Sequence[str]) -> np.ndarray:
    """Rows are methods, columns layers; each cell the heat on the face, what full heat is there, or why there is none.
    `name` is the picture's name."""
    row, head = SIDE + GAP + 2 * PX, SIDE + 2 * PAD + 2 * PX
    left = PAD + max(draw.text_size(title(method), PX, bold=True)[0] for method in methods) + GAP
    width = max(left + len(layers) * (SIDE + GAP) + PAD, 980)
    image = _paper(width, head + len(methods) * row + PAD)
    _head(image, face, name)
    for j, layer in enumerate(layers):
        middle = left + j * (SIDE + GAP) + SIDE / 2
        draw.text(image, draw.shorten(layer, PX, SIDE, bold=True), middle, head - 2 * PX, PX, INK, bold=True, align=0.5)
    for i, method in enumerate(methods):
        y = head + i * row
        draw.text(image, title(method), left - GAP, y + SIDE / 2 - PX, PX, INK, bold=True, align=1)
        columns = [(left, INPUT)] if METHODS[method].of_input else _columns(left, layers)
        for x, layer in columns:
            _cell(image, face, face.cell(method, layer), x, y)
        if METHODS[method].of_input and len(layers) > 1:
            words = "It has no layers: a map of the very pixels that the network is given."
            _words(image, words, left + SIDE + GAP, y + SIDE // 2 - 2 * PX, 2 * SIDE if len(layers) > 2 else SIDE)
    return image


def strip(face: FaceReport, across: int = 7) -> np.ndarray:
    """The map of every emotion, for and against it, on one scale, each with the probability that the network gives it;
    at most `across` side by side."""
    count = len(face.labels)
    across = min(across, count)
    row, top = SIDE + 3 * PX + GAP, PAD + (3 if across > 3 else 5) * PX
    image = _paper(2 * PAD + across * (SIDE + GAP) - GAP, top + -(-count // across) * row)
    maps = np.zeros((count, 1, 1)) if face.emotions is None else face.emotions
    scale = common_scale(maps, face.emotions_measure, face.scale)
    words = f"Grad-CAM at {face.emotions_layer}: what speaks for each emotion (orange), and against it (blue)"
    room = image.shape[1] - 2 * PAD
    wide = min(430, room)
    lines = draw.wrap(words, PX, room)
    beside = draw.text_size(words, PX, bold=True)[0] + wide < room
    for n, line in enumerate(lines):
        draw.text(image, line, PAD, PAD - PX / 2 + 1.4 * n * PX, PX, INK, bold=beside)
    y = PAD - PX // 2 + (0 if beside else round(1.5 * len(lines) * PX))
    _both_ways(image, image.shape[1] - PAD - wide if beside else PAD, y, scale, wide)
    for i, label in enumerate(face.labels):
        x, y = PAD + i % across * (SIDE + GAP), top + i // across * row
        _face(image, face, maps[i], scale.full, x, y, torn=True)
        draw.fill(image, (x, y + SIDE, x + SIDE, y + SIDE + 5), hue(label, i))
        chance = percent(float(face.probs[i])) if np.isfinite(face.probs[i]) else "–"
        bold = label == face.label
        text = f"{draw.shorten(label, PX, SIDE - 4 * PX)} {chance}"
        draw.text(image, text, x + SIDE / 2, y + SIDE + PX * 0.8, PX, INK if bold else FADED, bold, align=0.5)
    return image


def marked(bgr: np.ndarray, faces: Sequence[tuple[int, Face]], unconfirmed: Sequence[Face] = ()) -> np.ndarray:
    """The picture, reduced if it is large, with a numbered box around each of the faces, a grey one with a question
    mark around what may be none."""
    factor = min(1.0, LARGEST / max(bgr.shape[:2]))
    size = max(1, round(bgr.shape[1] * factor)), max(1, round(bgr.shape[0] * factor))
    image = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA) if factor < 1 else bgr.copy(order="C")
    unit = draw.unit(*size)
    boxes = [("?", DIM, face) for face in unconfirmed] + [(str(n), PAPER, face) for n, face in faces]
    for word, color, face in boxes:
        rect = draw.rounded([v * factor for v in face.box])
        draw.box(image, rect, color, max(1, unit // 8) if word != "?" else 1)
        parts = [(word, color)]
        wide, high = draw.tag_size(parts, unit)
        x = min(max(rect[0], 0), max(0, size[0] - wide))
        y = max(rect[1] - high, 0)
        draw.tag(image, (x, y, x + wide, y + high), parts, unit)
    return image


def full(cam: np.ndarray, layer: str) -> float:
    """The evidence of a map (h, w) that is full heat on its own scale; 0 where nothing is to be painted."""
    strongest = peak(cam, layer)
    return max(strongest, -WEAK * float(np.nan_to_num(cam).min(initial=0))) if strongest > 0 else 0.0


def _columns(left: int, layers: Sequence[str]) -> list[tuple[int, str]]:
    return [(left + j * (SIDE + GAP), layer) for j, layer in enumerate(layers)]


def _head(image: np.ndarray, face: FaceReport, name: str) -> None:
    _put(image, face.view[..., ::-1], PAD, PAD)
    seen = cv2.resize(face.seen, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    _put(image, seen[..., ::-1], PAD + SIDE + GAP, PAD)
    small = round(PX * 0.85)
    side = face.seen.shape[0]
    draw.text(image, "the face", PAD + SIDE / 2, PAD + SIDE + 2, small, FADED, align=0.5)
    words = f"the network's view: {side} × {side}"
    draw.text(image, words, PAD + 1.5 * SIDE + GAP, PAD + SIDE + 2, small, FADED, align=0.5)
    x, y, room = PAD + 2 * (SIDE + GAP) + GAP, PAD, image.shape[1] - 3 * PAD - 2 * (SIDE + GAP)
    draw.text(image, draw.shorten(f"Face {face.number} of {name}", 20, room, bold=True), x, y, 20, INK, bold=True)
    sure = percent(float(face.probs[face.target])) if face.label else "no numbers"
    lines = [
        f"The network says: {face.label or 'nothing, it is broken'}",
        f"The maps explain: {face.goal} ({sure})",
        "",
        *draw.wrap("Heat is evidence for that emotion; where there is none, nothing is painted.", PX, room),
    ]
    for i, line in enumerate(lines):
        draw.text(image, line, x, y + 36 + i * PX * 1.5, PX, INK)
    words = "what each map says below it" if face.scale == "fixed" else "each map's own maximum"
    _bar(image, x, y + 46 + round(len(lines) * PX * 1.5), "0", words, 360)


def _bar(image: np.ndarray, x: int, y: int, low: str, high: str, width: int) -> None:
    """The colours from low to high with the two words beside them, all within `width`."""
    small = round(PX * 0.85)
    start = draw.text(image, low, x, y, small, FADED) + 6
    end = x + width - draw.text_size(high, small)[0] - 6
    gradient(image, (start, y + 2, end, y + small), low=ON_FACE)
    draw.text(image, high, end + 6, y, small, FADED)


def _cell(image: np.ndarray, face: FaceReport, cell: Cell | None, x: int, y: int) -> None:
    if cell is None or cell.cam is None or cell.figures is None:
        draw.fill(image, (x, y, x + SIDE, y + SIDE), EMPTY)
        _words(image, f"not defined: {cell.why}" if cell else "not asked for", x + PX, y + SIDE // 2 - 3 * PX, SIDE)
        return
    scale = scale_of(cell.measure, full(cell.cam, cell.layer), face.scale)
    _face(image, face, cell.cam, scale.full, x, y)
    figures, small = cell.figures, round(PX * 0.8)
    words = f"deletion {figures.deletion_area:.2f} · insertion {figures.insertion_area:.2f}"
    words = words if np.nan_to_num(cell.cam).max() > 0 else "no evidence for it anywhere"
    full_heat = f"full {scale.most}, {'fixed' if scale.fixed else 'relative'}"
    for n, line in enumerate((words, full_heat)):
        draw.text(image, line, x + SIDE / 2, y + SIDE + 3 + n * (small + 3), small, FADED, align=0.5)


def _both_ways(image: np.ndarray, x: int, y: int, scale: Scale, width: int) -> None:
    """The diverging colours with their ends, unit, and whose scale it is, below it."""
    small = round(PX * 0.85)
    start = draw.text(image, f"{MINUS}{scale.full:.2g}", x, y, small, FADED) + 6
    end = x + width - draw.text_size(f"+{scale.full:.2g} {scale.unit}", small)[0] - 6
    diverging(image, (start, y + 2, end, y + small), ALPHA)
    draw.text(image, f"+{scale.full:.2g} {scale.unit}", end + 6, y, small, FADED)
    draw.text(image, scale.kind, x + width, y + round(1.4 * small), small, FADED, align=1)


def _face(
    image: np.ndarray, face: FaceReport, cam: np.ndarray | None, scale: float, x: int, y: int, torn: bool = False
) -> None:
    """The face in grey, so that colour always means heat, under a map; `torn` paints what speaks against, too."""
    gray = cv2.cvtColor(cv2.resize(face.view, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    _put(image, cv2.merge([gray] * 3), x, y)
    if cam is not None:
        square = x, y, x + SIDE, y + SIDE
        heat(image, cam, square, scale, ALPHA, FOR if torn else "inferno")
        if torn:
            heat(image, -cam, square, scale, ALPHA, AGAINST)


def _put(image: np.ndarray, picture: np.ndarray, x: int, y: int) -> None:
    image[y : y + SIDE, x : x + SIDE] = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _words(image: np.ndarray, words: str, x: int, y: int, width: int) -> None:
    small = round(PX * 0.85)
    for i, line in enumerate(draw.wrap(words, small, width - 2 * PX)):
        draw.text(image, line, x, y + i * small * 1.4, small, FADED)


def _paper(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), WHITE, np.uint8)
