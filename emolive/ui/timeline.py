"""The timeline view: each person's probabilities over the last seconds, and how undecided the network was."""

from collections.abc import Sequence

import cv2
import numpy as np

from emolive.core.scene import Moment, Picture, Scene
from emolive.ui import draw
from emolive.ui.draw import DIM, PAPER, Color, Rect
from emolive.ui.panels import CARD, message, page
from emolive.ui.words import MINUS, label, percent, smoothing, trained

WIDTH, HEIGHT, PAD = 960, 400, 14
SIDE, NAMES, FOOT = 170, 170, 32
"""The column of who it is, the one of the lines' names, and the strip of the seconds."""

MOST = 4
"""So many people have room, one below the other."""

SPANS = (10, 20, 30)
"""The axis is as long as the first of these, in seconds, that holds all there is."""

GAP = 3
"""A line is broken where two moments are this many times further apart than usual: nobody was seen there."""

ENTROPY: Color = (150, 140, 132)


def timeline(scene: Scene) -> Picture:
    """A dark picture of 960×400: lines of probabilities in the emotions' colours, entropy in bits below them."""
    image = page(WIDTH, HEIGHT)
    tracks = people(scene)
    if not tracks:
        message(image, "No face in sight", "What is read from each face over time appears here.")
        return Picture(image)
    shown, left_out = tracks[:MOST], tracks[MOST:]
    now = scene.frame.t_ms
    oldest = min(scene.memory.tracks[track].timeline[0].t_ms for track in shown)
    span = next((s for s in SPANS if now - oldest <= s * 1000), SPANS[-1]) * 1000
    row = (HEIGHT - FOOT - PAD) // len(shown)
    for n, track in enumerate(shown):
        top = PAD + n * row
        plot = SIDE, top, WIDTH - NAMES - PAD, top + row - (10 if len(shown) > 1 else 4)
        _person(image, scene, track, plot, now - span, now)
    _seconds(image, span)
    draw.text(image, smoothing(scene.settings), WIDTH - PAD, HEIGHT - FOOT + 3, 16, DIM, align=1)
    also = f"also: {', '.join(map(str, left_out))}" if left_out else ""
    words = " · ".join(said for said in (trained(scene.settings), also) if said)
    if words:
        draw.text(image, draw.shorten(words, 16, SIDE - PAD - 40), PAD, HEIGHT - FOOT + 3, 16, DIM)
    return Picture(image)


def people(scene: Scene) -> list[int]:
    """The tracks that have a timeline: the selected one, those in sight, those just gone."""
    chosen = scene.chosen.face.track if scene.chosen else 0
    seen = {face.track for face in scene.faces}
    known = [track for track, kept in scene.memory.tracks.items() if kept.timeline]
    return sorted(known, key=lambda track: (track != chosen, track not in seen, track))


def pieces(moments: Sequence[Moment]) -> list[list[Moment]]:
    """The moments in unbroken runs."""
    if not moments:
        return []
    steps = np.diff([moment.t_ms for moment in moments])
    usual = float(np.median(steps)) if len(steps) else 0.0
    runs = [[moments[0]]]
    for moment, step in zip(moments[1:], steps, strict=True):
        if step > GAP * usual:
            runs.append([])
        runs[-1].append(moment)
    return runs


def _person(image: np.ndarray, scene: Scene, track: int, plot: Rect, begin: float, end: float) -> None:
    """One person's row: who it is at the left, lines over entropy in the middle, the lines' names at the right."""
    x0, y0, x1, y1 = plot
    kept = scene.memory.tracks[track]
    split = y0 + round((y1 - y0) * 0.72)
    lines, below = (x0, y0, x1, split - 4), (x0, split, x1, y1)
    newest = kept.timeline[-1]
    probs = np.nan_to_num(newest.probs)
    _who(image, scene, track, probs, newest.entropy, plot)
    for field in (lines, below):
        draw.fill(image, field, CARD)
    for share in (0.25, 0.5, 0.75):
        y = round(lines[3] - share * (lines[3] - lines[1]))
        draw.fill(image, (x0, y, x1, y + 1), (64, 57, 54))
    most = np.log2(max(2, len(probs)))
    for run in pieces(kept.timeline):
        xs = _at(np.array([m.t_ms for m in run]), begin, end, x0, x1)
        _area(image, xs, np.array([m.entropy for m in run]) / most, below)
        values = np.nan_to_num(np.stack([m.probs for m in run]))
        for i in np.argsort(values.max(axis=0), kind="stable"):
            _line(image, xs, values[:, i], lines, draw.hue(label(scene.menu.labels, i), int(i)))
    _names(image, scene, probs, (x1 + 8, y0, WIDTH - PAD, split - 4))
    draw.text(image, "100 %", x0 + 4, y0 + 1, 13, DIM)
    draw.text(image, f"{most:.1f}", x0 + 4, split, 13, DIM)
    draw.text(image, "entropy, bits", x1 + 8, (split + y1) / 2 - 10, 16, DIM)


def _who(image: np.ndarray, scene: Scene, track: int, probs: np.ndarray, entropy: float, plot: Rect) -> None:
    y0, y1 = plot[1], plot[3]
    seen = any(face.track == track for face in scene.faces)
    top = int(np.argmax(probs))
    name = label(scene.menu.labels, top)
    draw.text(image, f"face {track}", PAD, y0, 19, bold=True)
    draw.panel(image, (PAD, y0 + 30, PAD + 10, y0 + 40), draw.hue(name, top), 1, radius=3)
    words = draw.shorten(f"{name} {percent(float(probs[top]))}", 17, SIDE - PAD - 24, bold=True)
    draw.text(image, words, PAD + 16, y0 + 24, 17, bold=True)
    if y0 + 66 <= y1 + 4:
        draw.text(image, f"{entropy:.1f} bits" if seen else "out of sight", PAD, y0 + 47, 17, DIM)


def _names(image: np.ndarray, scene: Scene, probs: np.ndarray, room: Rect) -> None:
    """The emotions' names beside the ends of their lines, the likeliest ones, none over another."""
    x0, y0, x1, y1 = room
    px = 16
    step = round(px * 1.2)
    fit = max(1, (y1 - y0) // step)
    best = np.argsort(-probs, kind="stable")[:fit]
    wanted = [y1 - float(probs[i]) * (y1 - y0) - step / 2 for i in best]
    for i, y in zip(best, apart(wanted, step, y0, y1 - step), strict=True):
        name = label(scene.menu.labels, int(i))
        words = f"{name} {percent(float(probs[i]))}"
        color = draw.hue(name, int(i))
        draw.fill(image, (x0, round(y) + px // 2, x0 + 8, round(y) + px // 2 + 3), color)
        draw.text(image, draw.shorten(words, px, x1 - x0 - 12), x0 + 12, y, px, PAPER if i == best[0] else DIM)


def apart(wanted: Sequence[float], step: float, low: float, high: float) -> list[float]:
    """Places at least `step` apart, as near as they can be to those wanted, which come from high to low on the page
    (from the smallest to the largest number); between `low` and `high` where there is room."""
    places: list[float] = []
    for y in wanted:
        places.append(max(y, low, places[-1] + step if places else low))
    limit = high
    for n in range(len(places) - 1, -1, -1):
        places[n] = min(places[n], limit)
        limit = places[n] - step
    return places


def _seconds(image: np.ndarray, span: float) -> None:
    """The axis: seconds before now."""
    y = HEIGHT - FOOT + 3
    for second in range(0, round(span / 1000) + 1, 5):
        x = WIDTH - NAMES - PAD - second * 1000 / span * (WIDTH - NAMES - PAD - SIDE)
        words = "now" if second == 0 else f"{MINUS}{second} s"
        draw.text(image, words, x, y, 16, DIM, align=0.5)


def _at(times: np.ndarray, begin: float, end: float, x0: int, x1: int) -> np.ndarray:
    return x0 + (times - begin) / (end - begin) * (x1 - x0)


def _line(image: np.ndarray, xs: np.ndarray, values: np.ndarray, field: Rect, color: Color) -> None:
    x0, y0, _, y1 = field
    ys = y1 - 1 - values * (y1 - y0 - 2)
    points = np.stack([xs, ys], axis=1)[xs >= x0]
    if len(points) == 1:
        cv2.circle(image, tuple(points[0].round().astype(int).tolist()), 2, color, -1, cv2.LINE_AA)
    elif len(points):
        cv2.polylines(image, [(points * 16).round().astype(np.int32)], False, color, 2, cv2.LINE_AA, shift=4)


def _area(image: np.ndarray, xs: np.ndarray, values: np.ndarray, field: Rect) -> None:
    x0, y0, _, y1 = field
    kept = xs >= x0
    if not kept.any():
        return
    xs, ys = xs[kept], y1 - 1 - np.nan_to_num(values[kept]).clip(0, 1) * (y1 - y0 - 2)
    xs = np.append(xs, xs[-1] + 1) if len(xs) == 1 else xs
    ys = np.append(ys, ys[-1]) if len(ys) < len(xs) else ys
    outline = np.stack([np.r_[xs[0], xs, xs[-1]], np.r_[y1 - 1, ys, y1 - 1]], axis=1)
    cv2.fillPoly(image, [outline.round().astype(np.int32)], ENTROPY, cv2.LINE_AA)
