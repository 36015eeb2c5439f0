"""The pictures of a report: the sheet of methods × layers, the strip of all emotions, the picture with its faces.

All are (H, W, 3) uint8 BGR on light paper, so that they can be printed. Sheet and strip have a narrow form for phones,
two maps side by side: on a page of 390 pixels its text still has 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
WHITE: Color = (255, 255, 255)
FADED: Color = (112, 106, 102)
EMPTY: Color = (238, 236, 235)
ALPHA = 0.62
LARGEST = 1200
"""The longest side of the picture with its faces numbered."""


@dataclass(frozen=True)
class Type:
    """Heights of text, in pixels: of what is read first, of what stands beside it, and below maps."""

    px: int
    small: int
    least: int


WIDE, NARROW = Type(15, 13, 12), Type(16, 16, 16)
ACROSS = 2
"""So many maps lie side by side in the narrow forms."""

WEAK = 0.2
"""A map whose strongest evidence is weaker than this part of the evidence against its class never counts as full."""


def sheet(face: FaceReport, name: str, methods: Sequence[str], layers: Sequence[str]) -> np.ndarray:
    """Rows are methods, columns layers; each cell the heat on the face, what full heat is there, or why there is none.
    `name` is the picture's name."""
    px = WIDE.px
    row, head = SIDE + GAP + 2 * px, SIDE + 2 * PAD + 2 * px
    left = PAD + max(draw.text_size(title(method), px, bold=True)[0] for method in methods) + GAP
    width = max(left + len(layers) * (SIDE + GAP) + PAD, 980)
    image = _paper(width, head + len(methods) * row + PAD)
    _pair(image, face, WIDE)
    x = PAD + 2 * (SIDE + GAP) + GAP
    _head(image, face, name, x, PAD, width - x - PAD, WIDE)
    for j, layer in enumerate(layers):
        middle = left + j * (SIDE + GAP) + SIDE / 2
        draw.text(image, draw.shorten(layer, px, SIDE, bold=True), middle, head - 2 * px, px, INK, bold=True, align=0.5)
    for i, method in enumerate(methods):
        y = head + i * row
        draw.text(image, title(method), left - GAP, y + SIDE / 2 - px, px, INK, bold=True, align=1)
        columns = [(left, INPUT)] if METHODS[method].of_input else _columns(left, layers)
        for x, layer in columns:
            _cell(image, face, face.cell(method, layer), x, y, WIDE)
        if METHODS[method].of_input and len(layers) > 1:
            at = left + SIDE + GAP, y + SIDE // 2 - 2 * px
            _words(image, NO_LAYERS, *at, 2 * SIDE if len(layers) > 2 else SIDE, WIDE)
    return image


NO_LAYERS = "It has no layers: a map of the very pixels that the network is given."


def narrow_sheet(face: FaceReport, name: str, methods: Sequence[str], layers: Sequence[str]) -> np.ndarray:
    """The same for a phone: the maps of a method below its name, each with its layer."""
    px = NARROW.px
    line, width = round(1.4 * px), 2 * PAD + ACROSS * (SIDE + GAP) - GAP
    row = line + SIDE + BELOW * line + GAP
    top = PAD + SIDE + 2 * line
    head = 46 + round(1.5 * px) * (len(_said(face, width - 2 * PAD, NARROW)) + 1)
    asked = [(method, (INPUT,) if METHODS[method].of_input else tuple(layers)) for method in methods]
    rows = sum(-(-len(those) // ACROSS) for _, those in asked)
    image = _paper(width, top + head + len(asked) * 2 * line + rows * row + PAD)
    _pair(image, face, NARROW)
    y = _head(image, face, name, PAD, top, width - 2 * PAD, NARROW)
    for method, those in asked:
        draw.text(image, title(method), PAD, y + line // 2, px, INK, bold=True)
        y += 2 * line
        for n, layer in enumerate(those):
            x = PAD + n % ACROSS * (SIDE + GAP)
            if layer == INPUT:
                _words(image, NO_LAYERS, x + SIDE + GAP, y + line, SIDE + 2 * px, NARROW)
            else:
                said = draw.shorten(layer, px, SIDE)
                draw.text(image, said, x + SIDE / 2, y, px, INK, align=0.5)
            _cell(image, face, face.cell(method, layer), x, y + line, NARROW)
            y += row * (n % ACROSS == ACROSS - 1 or n == len(those) - 1)
    return image


BELOW = 3
"""Lines of text below a map of the narrow form, at most."""


def strip(face: FaceReport, across: int = 7) -> np.ndarray:
    """The map of every emotion, for and against it, on one scale, each with the probability that the network gives it;
    at most `across` side by side."""
    count = len(face.labels)
    across = min(across, count)
    wide = across > 3
    how = WIDE if wide else NARROW
    px = how.px
    row, top = SIDE + 3 * px + GAP, PAD + (3 if wide else 6) * px
    image = _paper(2 * PAD + across * (SIDE + GAP) - GAP, top + -(-count // across) * row)
    maps = np.zeros((count, 1, 1)) if face.emotions is None else face.emotions
    scale = common_scale(maps, face.emotions_measure, face.scale)
    words = f"Grad-CAM at {face.emotions_layer}: what speaks for each emotion (orange), and against it (blue)"
    room = image.shape[1] - 2 * PAD
    long = min(430, room)
    lines = draw.wrap(words, px, room)
    beside = draw.text_size(words, px, bold=True)[0] + long < room
    for n, line in enumerate(lines):
        draw.text(image, line, PAD, PAD - px / 2 + 1.4 * n * px, px, INK, bold=beside)
    y = PAD - px // 2 + (0 if beside else round(1.5 * len(lines) * px))
    _both_ways(image, image.shape[1] - PAD - long if beside else PAD, y, scale, long, how)
    for i, label in enumerate(face.labels):
        x, y = PAD + i % across * (SIDE + GAP), top + i // across * row
        _face(image, face, maps[i], scale.full, x, y, torn=True)
        draw.fill(image, (x, y + SIDE, x + SIDE, y + SIDE + 5), hue(label, i))
        chance = percent(float(face.probs[i])) if np.isfinite(face.probs[i]) else "–"
        bold = label == face.label
        text = f"{draw.shorten(label, px, SIDE - 4 * px)} {chance}"
        draw.text(image, text, x + SIDE / 2, y + SIDE + px * 0.8, px, INK if bold else FADED, bold, align=0.5)
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


def _pair(image: np.ndarray, face: FaceReport, how: Type) -> None:
    """The face, and what the network saw of it, side by side at the top."""
    side = face.seen.shape[0]
    seen = cv2.resize(face.seen, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    whose = "the network's view" if how is WIDE else "what it saw"
    for n, (picture, words) in enumerate(((face.view, "the face"), (seen, f"{whose}: {side} × {side}"))):
        x = PAD + n * (SIDE + GAP)
        _put(image, picture[..., ::-1], x, PAD)
        draw.text(image, words, x + SIDE / 2, PAD + SIDE + 2, how.small, FADED, align=0.5)


def _said(face: FaceReport, room: int, how: Type) -> list[str]:
    """What the network says of the face, what the maps explain, and what heat is, in lines."""
    sure = percent(float(face.probs[face.target])) if face.label else "no numbers"
    said = f"The network says: {face.label or 'nothing, it is broken'}"
    heat_is = "Heat is evidence for that emotion; where there is none, nothing is painted."
    first = [said, f"The maps explain: {face.goal} ({sure})"]
    lines = [line for words in first for line in draw.wrap(words, how.px, room)]
    return [*lines, "", *draw.wrap(heat_is, how.px, room)]


def _head(image: np.ndarray, face: FaceReport, name: str, x: int, y: int, room: int, how: Type) -> int:
    """Whose maps these are, what is said of them, and what their colours mean; gives back where that ends."""
    draw.text(image, draw.shorten(f"Face {face.number} of {name}", 20, room, bold=True), x, y, 20, INK, bold=True)
    y += 36
    for line in _said(face, room, how):
        draw.text(image, line, x, y, how.px, INK)
        y += round(1.5 * how.px)
    words = "what each map says below it" if face.scale == "fixed" else "each map's own maximum"
    _bar(image, x, y + 10, "0", words, min(360, room), how.small)
    return y + 10 + round(1.5 * how.px)


def _bar(image: np.ndarray, x: int, y: int, low: str, high: str, width: int, px: int) -> None:
    """The colours from low to high with the two words beside them, all within `width`."""
    start = draw.text(image, low, x, y, px, FADED) + 6
    end = x + width - draw.text_size(high, px)[0] - 6
    gradient(image, (start, y + 2, end, y + px), low=ON_FACE)
    draw.text(image, high, end + 6, y, px, FADED)


def _cell(image: np.ndarray, face: FaceReport, cell: Cell | None, x: int, y: int, how: Type) -> None:
    if cell is None or cell.cam is None or cell.figures is None:
        draw.fill(image, (x, y, x + SIDE, y + SIDE), EMPTY)
        words = f"not defined: {cell.why}" if cell else "not asked for"
        _words(image, words, x + how.px, y + SIDE // 2 - 3 * how.px, SIDE, how)
        return
    scale = scale_of(cell.measure, full(cell.cam, cell.layer), face.scale)
    _face(image, face, cell.cam, scale.full, x, y)
    figures, small = cell.figures, how.least
    areas = f"deletion {figures.deletion_area:.2f}", f"insertion {figures.insertion_area:.2f}"
    lines = [" · ".join(areas)] if how is WIDE else list(areas)
    if not np.nan_to_num(cell.cam).max() > 0:
        lines = draw.wrap("no evidence for it anywhere", small, SIDE + GAP)
    lines.append(f"full {scale.most}, {'fixed' if scale.fixed else 'relative'}")
    for n, line in enumerate(lines):
        draw.text(image, line, x + SIDE / 2, y + SIDE + 3 + n * round(1.25 * small), small, FADED, align=0.5)


def _both_ways(image: np.ndarray, x: int, y: int, scale: Scale, width: int, how: Type) -> None:
    """The diverging colours with their ends, unit, and whose scale it is, below it."""
    px = how.small
    start = draw.text(image, f"{MINUS}{scale.full:.2g}", x, y, px, FADED) + 6
    end = x + width - draw.text_size(f"+{scale.full:.2g} {scale.unit}", px)[0] - 6
    diverging(image, (start, y + 2, end, y + px), ALPHA)
    draw.text(image, f"+{scale.full:.2g} {scale.unit}", end + 6, y, px, FADED)
    draw.text(image, scale.kind, x + width, y + round(1.4 * px), px, FADED, align=1)


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


def _words(image: np.ndarray, words: str, x: int, y: int, width: int, how: Type) -> None:
    for i, line in enumerate(draw.wrap(words, how.small, width - 2 * how.px)):
        draw.text(image, line, x, y + i * how.small * 1.4, how.small, FADED)


def _paper(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), WHITE, np.uint8)
