"""The timeline view: each person's probabilities over the last seconds, and how undecided the network was."""

from collections.abc import Sequence

import cv2
import numpy as np

from emolive.core.scene import Moment, Picture, Scene, Sheet, Tip
from emolive.ui import draw
from emolive.ui.column import fitting, row_of
from emolive.ui.draw import Rect
from emolive.ui.named import answered, unnamed
from emolive.ui.palette import CARD, DIM, PAPER, TONES, TRACK, Color, hue
from emolive.ui.panels import message, page
from emolive.ui.words import MINUS, label, percent, smoothing, trained

SHEET = Sheet(960, 400, 15)
"""What it is drawn on where nobody says what on."""

MOST, LEAST = 4, 6.5
"""So many people have room at most, one below the other; and the least height of one, as a multiple of the text's."""

SPANS = (10, 20, 30)
"""The axis is as long as the first of these, in seconds, that holds all there is."""

GAP = 3
"""A line is broken where two moments are this many times further apart than usual: nobody was seen there."""


def timeline(scene: Scene, sheet: Sheet | None = None) -> Picture:
    """A dark picture: lines of probabilities in the emotions' colours, entropy in bits below them."""
    sheet = sheet or SHEET
    image, px, row = page(sheet.width, sheet.height), sheet.px, row_of(sheet.px)
    tracks = people(scene)
    if not tracks:
        message(image, "No face in sight", "What is read from each face over time appears here.", px)
        return Picture(image)
    feet = 2 if sheet.height >= (LEAST + 4) * px else 1 if sheet.height >= LEAST * px else 0  # the axis, and words
    room = sheet.height - feet * row - px // 2
    shown = tracks[: max(1, min(MOST, int(room // (LEAST * px))))]
    now = scene.frame.t_ms
    oldest = min((kept[0].t_ms for track in shown if (kept := scene.memory.tracks[track].timeline)), default=now)
    span = next((s for s in SPANS if now - oldest <= s * 1000), SPANS[-1]) * 1000
    each = room // len(shown)
    left = px // 2 + max(draw.text_size(words, px)[0] for words in ("100 %", "2.8")) + px // 3
    names = 11 * px if sheet.width >= 30 * px else 0
    tips: list[Tip] = []
    for n, track in enumerate(shown):
        top = px // 4 + n * each
        plot = left, top + row, sheet.width - names - px // 2, top + each - px // 3
        if plot[3] - plot[1] >= 2 * px:
            tips += _person(image, scene, track, plot, px, names, now - span, now)
    y = sheet.height - feet * row - px // 4
    if feet:
        _seconds(image, span, left, sheet.width - names - px // 2, y, px)
    if feet > 1:
        words = fitting(_foot(scene, tracks[len(shown) :]), px, sheet.width - px)
        draw.text(image, words, px // 2, y + row, px, DIM)
    return Picture(image, tips=tuple(tips))


def _foot(scene: Scene, others: Sequence[int]) -> list[str]:
    """What is to be said of all lines, from the longest way to the shortest: smoothing, whose they are, and who is
    left out."""
    also = [f"also: {', '.join(map(str, others))}", f"and {len(others)} more"] if others else ["", ""]
    smoothed, whose = smoothing(scene.settings), trained(scene.settings)
    forms = (smoothed, whose, also[0]), (smoothed, whose, also[1]), (whose, also[1]), (whose or also[1] or smoothed,)
    return [" · ".join(part for part in form if part) for form in forms]


def people(scene: Scene) -> list[int]:
    """The tracks that have a timeline, or of which is said why they have none: the selected one, those in sight, those
    just gone."""
    chosen = scene.chosen.face.track if scene.chosen else 0
    seen = {face.track for face in scene.faces}
    known = [track for track, kept in scene.memory.tracks.items() if kept.timeline or _unknown(scene, track)]
    return sorted(known, key=lambda track: (track != chosen, track not in seen, track))


def _unknown(scene: Scene, track: int) -> str:
    """Why no emotion of a track is named now, as a sentence, where the network cannot know it; else ""."""
    at = [i for i, face in enumerate(scene.faces) if face.track == track and face.outside]
    return unnamed(scene, at[0]) if at else ""


def newest(scene: Scene, track: int) -> tuple[np.ndarray, float]:
    """What is said of a person now: probabilities (classes,), as everywhere on the screen, and their entropy in bits;
    of who is out of sight, the last there was."""
    for face, reading in zip(scene.faces, scene.readings, strict=True):
        if face.track == track:
            probs = np.nan_to_num(reading.answer)
            sure = probs[probs > 0]
            return probs, float(-(sure * np.log2(sure)).sum())
    last = scene.memory.tracks[track].timeline[-1]
    return np.nan_to_num(last.probs), float(last.entropy)


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


def _person(
    image: np.ndarray, scene: Scene, track: int, plot: Rect, px: int, names: int, begin: float, end: float
) -> list[Tip]:
    """One person's row: who it is above, lines over entropy in the middle, the lines' names at the right."""
    x0, y0, x1, y1 = plot
    kept, row = scene.memory.tracks[track], row_of(px)
    probs, bits_now = newest(scene, track)
    most = np.log2(max(2, len(probs)))
    low = max(row, round((y1 - y0) * 0.26)) if y1 - y0 >= 3 * row else 0  # for entropy
    lines, below = (x0, y0, x1, y1 - low - (px // 4 if low else 0)), (x0, y1 - low, x1, y1)
    tips = [Tip((0, y0 - row, image.shape[1], y0), "who", _who(image, scene, track, probs, bits_now, plot, px))]
    for field in (lines, below):
        draw.fill(image, field, CARD)
    for share in (0.25, 0.5, 0.75):
        y = round(lines[3] - share * (lines[3] - lines[1]))
        draw.fill(image, (x0, y, x1, y + 1), TRACK)
    thick = max(2, px // 7)
    for run in pieces(kept.timeline):
        xs = _at(np.array([m.t_ms for m in run]), begin, end, x0, x1)
        if low:
            _area(image, xs, np.array([m.entropy for m in run]) / most, below)
        values = np.nan_to_num(np.stack([m.probs for m in run]))
        for i in np.argsort(values.max(axis=0), kind="stable"):
            _line(image, xs, values[:, i], lines, hue(label(scene.menu.labels, i), int(i)), thick)
    tips.append(Tip(lines, "line", f"face {track}"))
    if names and not _unknown(scene, track):
        tips += _names(image, scene, probs, (x1 + px // 2, y0, x1 + names, lines[3]), px)
    _axis(image, lines, ("100 %", "0 %"), px)
    if low:
        _axis(image, below, (f"{most:.1f}", "0"), px)
        bits = "" if _unknown(scene, track) else f", {bits_now:.1f} bits"
        tips.append(Tip((0, below[1], image.shape[1], y1), "entropy", f"face {track}{bits}"))
        if names:
            words = draw.shorten("undecided, in bits", px, names - px // 2)
            draw.text(image, words, x1 + px // 2, y1 - low + (low - 1.25 * px) / 2, px, DIM)
    return tips


def _axis(image: np.ndarray, field: Rect, ends: tuple[str, str], px: int) -> None:
    """What the top and the foot of a field stand for, left of it; the top alone where there is no room for both."""
    draw.text(image, ends[0], field[0] - px // 3, field[1], px, DIM, align=1)
    if field[3] - field[1] >= 2.6 * px:
        draw.text(image, ends[1], field[0] - px // 3, field[3] - 1.25 * px, px, DIM, align=1)


def _who(image: np.ndarray, scene: Scene, track: int, probs: np.ndarray, entropy: float, plot: Rect, px: int) -> str:
    """Write above a plot whose it is, and how it is now; gives back the words."""
    seen = next((i for i, face in enumerate(scene.faces) if face.track == track), None)
    top = int(np.argmax(probs))
    name = label(scene.menu.labels, top)
    y = plot[1] - row_of(px)
    answer = f"{name} {percent(float(probs[top]))}" if seen is None else answered(scene, seen)
    doubt = "" if seen is None else scene.doubt(seen)
    short = f"face {track}: {answer}"
    words = short if _unknown(scene, track) else f"{short}, {'out of sight' if seen is None else f'{entropy:.1f} bits'}"
    forms = (words, short, f"{track}: {doubt or answer}", f"face {track}")
    said = fitting(forms, px, image.shape[1] - 3 * px, bold=True)
    color = DIM if doubt else hue(name, top)
    draw.panel(image, (px // 2, y + px // 4, px // 2 + px, y + px + px // 4), color, 1, radius=3)
    draw.text(image, said, 2 * px, y, px, bold=True)
    return words


def _names(image: np.ndarray, scene: Scene, probs: np.ndarray, room: Rect, px: int) -> list[Tip]:
    """The emotions' names beside the ends of their lines, the likeliest ones, none over another."""
    x0, y0, x1, y1 = room
    step = round(px * 1.25)
    fit = (y1 - y0) // step
    best = np.argsort(-probs, kind="stable")[:fit]
    wanted = [y1 - float(probs[i]) * (y1 - y0) - step / 2 for i in best]
    tips = []
    for i, y in zip(best, apart(wanted, step, y0, y1 - step), strict=True):
        name, figure = label(scene.menu.labels, int(i)), percent(float(probs[i]))
        draw.fill(
            image, (x0, round(y) + px // 2, x0 + px // 2, round(y) + px // 2 + max(3, px // 5)), hue(name, int(i))
        )
        ink, end = PAPER if i == best[0] else DIM, x1 - draw.text_size(figure, px)[0]
        draw.text(image, draw.shorten(name, px, end - x0 - px), x0 + round(0.8 * px), y, px, ink)
        draw.text(image, figure, x1, y, px, ink, align=1)
        tips.append(Tip((x0, round(y), x1, round(y) + step), "line", f"{name} {figure}"))
    return tips


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


def _seconds(image: np.ndarray, span: float, x0: int, x1: int, y: int, px: int) -> None:
    """The axis: seconds before now."""
    free = image.shape[1]
    for second in range(0, round(span / 1000) + 1, 5):
        x, words = x1 - second * 1000 / span * (x1 - x0), "now" if second == 0 else f"{MINUS}{second} s"
        wide = draw.text_size(words, px)[0]
        x = min(max(x, px // 4 + wide / 2), image.shape[1] - px // 4 - wide / 2)
        if x + wide / 2 <= free:
            draw.text(image, words, x, y, px, DIM, align=0.5)
            free = round(x - wide / 2) - px // 2


def _at(times: np.ndarray, begin: float, end: float, x0: int, x1: int) -> np.ndarray:
    return x0 + (times - begin) / (end - begin) * (x1 - x0)


def _line(image: np.ndarray, xs: np.ndarray, values: np.ndarray, field: Rect, color: Color, thick: int) -> None:
    x0, y0, _, y1 = field
    ys = y1 - 1 - values * (y1 - y0 - 2)
    points = np.stack([xs, ys], axis=1)[xs >= x0]
    if len(points) == 1:
        cv2.circle(image, tuple(points[0].round().astype(int).tolist()), max(2, thick), color, -1, cv2.LINE_AA)
    elif len(points):
        cv2.polylines(image, [(points * 16).round().astype(np.int32)], False, color, thick, cv2.LINE_AA, shift=4)


def _area(image: np.ndarray, xs: np.ndarray, values: np.ndarray, field: Rect) -> None:
    x0, y0, _, y1 = field
    kept = xs >= x0
    if not kept.any():
        return
    xs, ys = xs[kept], y1 - 1 - np.nan_to_num(values[kept]).clip(0, 1) * (y1 - y0 - 2)
    xs = np.append(xs, xs[-1] + 1) if len(xs) == 1 else xs
    ys = np.append(ys, ys[-1]) if len(ys) < len(xs) else ys
    outline = np.stack([np.r_[xs[0], xs, xs[-1]], np.r_[y1 - 1, ys, y1 - 1]], axis=1)
    cv2.fillPoly(image, [outline.round().astype(np.int32)], TONES[1], cv2.LINE_AA)
