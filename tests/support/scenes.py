"""Scenes made of fixed arrays: what the views draw, without a camera or a network."""

from dataclasses import replace

import cv2
import numpy as np

from emolive.audit.tally import of_film
from emolive.core.evidence import MASKINGS, OWN, Query, Trials
from emolive.core.reading import Likeness
from emolive.core.scene import (
    TOP,
    Agreement,
    Best,
    Face,
    Frame,
    Ledger,
    Measure,
    Memory,
    Menu,
    Moment,
    Pinned,
    Progress,
    Proof,
    Reading,
    Regions,
    Remembered,
    Result,
    Scene,
    Settings,
    Target,
    Variant,
    base_variant,
    knocked_variant,
    other_variant,
    shown_variant,
)

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
METHODS = ("activation", "cam", "gradcam", "layercam", "filter")
MEASURES = {
    "gradcam": Measure("score per cell", True, 0.8),
    "cam": Measure("score, as mean of the cells", True),
    "layercam": Measure("positive gradient × activation", False, 0.8),
    "activation": Measure("mean activation", False, 0.8),
}
"""As of a network whose file has no fixed scale of CAM."""

LAYERS = ("conv1", "layer1", "layer2", "layer3", "layer4")


def backdrop(width: int, height: int) -> np.ndarray:
    """Fields of soft colours, (height, width, 3) uint8: few tones, so that golden pictures are small files."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(width, height)
    planes = (120 + 70 * np.sin(5 * x), 120 + 60 * np.cos(4 * y), 110 + 50 * np.sin(3 * x + 6 * y))
    return np.stack(planes, axis=-1).astype(np.uint8) // 24 * 24


def grid(width: int, height: int, count: int) -> list[tuple[float, float, float, float]]:
    """Boxes of `count` faces, spread over a picture in rows; fewer are larger, and the last is the largest."""
    columns = int(np.ceil(np.sqrt(count * width / height))) if count > 1 else 1
    rows = max(1, -(-count // columns))
    step = min(width / columns, height / rows)
    side = 0.52 * step if count > 1 else 0.5 * min(width, height)
    boxes = []
    for i in range(count):
        cx, cy = (i % columns + 0.5) * width / columns, (i // columns + 0.5) * height / rows
        half = side / 2 + (i == count - 1)
        boxes.append((cx - half, cy - half, cx + half, cy + half))
    return boxes


def doubted(given: Scene, *boxes: tuple[float, float, float, float]) -> Scene:
    """The same scene with places that may be no faces."""
    first = len(given.faces) + 1
    away = (Face(box, 0.5, np.zeros((6, 2)), n, confirmed=False) for n, box in enumerate(boxes, first))
    return replace(given, unconfirmed=tuple(away))


def smooth_map(rng: np.random.Generator, size: int) -> np.ndarray:
    """A signed map (size, size) with a few hills and valleys."""
    noise = rng.normal(size=(size, size)).astype(np.float32)
    return (cv2.GaussianBlur(noise, (0, 0), max(size / 8, 0.4)) if size > 2 else noise) + 0.1


def scene(
    width: int = 640,
    height: int = 480,
    faces: int = 1,
    *,
    portrait: np.ndarray | None = None,
    cam: int = 7,
    channels: int = 512,
    maps: int = 4,
    labels: tuple[str, ...] = LABELS,
    boxes: list[tuple[float, float, float, float]] | None = None,
    defined: bool = True,
    **settings: object,
) -> Scene:
    """A scene of that size; `portrait` is laid into every box; `settings` are fields of `Settings`."""
    rng = np.random.default_rng(7)
    picture = backdrop(width, height)
    boxes = grid(width, height, faces) if boxes is None else boxes
    chosen = Settings(**settings)
    shown = base_variant(chosen)
    found, readings, tracks = [], [], {}
    for n, box in enumerate(boxes, 1):
        x0, y0, x1, y1 = box
        side = 1.1 * max(x1 - x0, y1 - y0)
        cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
        square = (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)
        crop = cv2.resize(backdrop(64, 64) if portrait is None else portrait[90:310, 150:370, ::-1], (48, 48))
        if portrait is not None:
            _paste(picture, portrait, box)
        logits = rng.normal(scale=2, size=len(labels)).astype(np.float32)
        probs = np.exp(logits) / np.exp(logits).sum()
        values = smooth_map(rng, cam) if defined else None
        target = int(np.argmax(probs)) if chosen.target is TOP else labels.index(chosen.target)
        why = "" if defined else "cam is defined at the last stage only: choose layer4"
        features = np.maximum(rng.normal(size=(channels, maps, maps)), 0).astype(np.float32)
        features *= rng.gamma(1.0, size=(channels, 1, 1)).astype(np.float32)
        if maps > 4:
            features = np.stack([cv2.GaussianBlur(f, (0, 0), maps / 14) for f in features])
        results = {shown: Result(logits, probs, values, target, why, measure=MEASURES.get(shown.method, Measure()))}
        readings.append(Reading(crop, square, results, shown, features, base=shown))
        found.append(Face(box, 0.9, np.zeros((6, 2)), track=n))
        scale = {replace(shown, target=Target()): float(np.max(values)) * 0.9 if defined else 0.0}
        tracks[n] = Remembered(probs, scale, features.mean((1, 2)), chosen.filter_layer, 0.0)
    strength = readings[-1].maps.mean((1, 2)) if readings else np.zeros(0)
    menu = Menu(
        methods=METHODS,
        layers=LAYERS,
        labels=labels,
        blind=("activation", "eigencam", "filter"),
        random=("fc", "layer4", "layer3", "layer2", "layer1"),
        tracks=tuple(f.track for f in found),
        order=tuple(int(c) for c in np.argsort(-strength, kind="stable")),
        pages=max(1, -(-len(strength) // chosen.tiles)),
    )
    return Scene(
        frame=Frame(12, 400.0, picture, name="demo"),
        faces=tuple(found),
        readings=tuple(readings),
        memory=Memory(tracks),
        settings=chosen,
        menu=menu,
        progress=Progress("demo"),
        timings={"detect": 7.1, "read": 24.6, "views": 5.9},
        fps=24.3,
    )


def examined(given: Scene, seconds: float = 12.0) -> Scene:
    """The same scene with all that the settings ask for besides: other ways to look, proof, shares, and a past."""
    rng = np.random.default_rng(11)
    settings, now = given.settings, given.frame.t_ms + 60_000
    readings = tuple(_examined(r, given, face.track, rng) for r, face in zip(given.readings, given.faces, strict=True))
    tracks = {
        track: replace(_with_past(kept, rng, now, seconds / (1 + n)), base=base_variant(settings))
        for n, (track, kept) in enumerate(given.memory.tracks.items())
    }
    pinned = {}
    if readings:
        times = np.linspace(now - 9000, now, 60)
        line = tuple((float(t), float(1 + np.sin(t / 900))) for t in times)
        best = tuple(Best(2.0 - n / 10, readings[0].crop, 1, n * 1000.0) for n in range(7))
        pinned = {(settings.filter_layer, pin): Pinned(line, best) for pin in settings.pins}
    memory = replace(given.memory, tracks=tracks, pinned=pinned)
    return replace(given, frame=replace(given.frame, t_ms=now), readings=readings, memory=memory)


def measure_of(variant: Variant) -> Measure:
    """What its maps are measured in; a network that is random in part has no fixed scale."""
    known = MEASURES.get(variant.method, Measure())
    return replace(known, full=0.0) if variant.net.startswith("a~") else known


def _examined(reading: Reading, given: Scene, track: int, rng: np.random.Generator) -> Reading:
    settings, base, true = given.settings, reading.base, reading.result
    cam = true.cam if true.cam is not None else smooth_map(rng, 4)
    results = dict(reading.results)
    for variant in (shown_variant(settings), knocked_variant(settings), other_variant(settings)):
        if variant is not None and variant not in results:
            probs = np.abs(true.probs + rng.normal(scale=0.05, size=len(true.probs)))
            values = np.roll(cam, 1, axis=0) if variant.method != "cam" else None
            why = "" if values is not None else "CAM is defined at the last stage only (layer4)."
            results[variant] = Result(
                true.logits, probs / probs.sum(), values, true.target, why, 1.25, measure_of(variant)
            )
    count = len(true.probs)
    shares = rng.normal(scale=0.1, size=len(reading.maps)).astype(np.float32)
    logit = float(shares.sum()) + 0.1
    before = float(true.probs[true.target])
    after = tuple(float(part * true.probs[true.target]) for part in (0.4, 0.6, 0.9))
    asks = Query("blur", OWN), Query("blur", "other_face", 3), Query("blur", "random", 1)
    masked = np.stack([reading.crop, reading.crop[:, ::-1], reading.crop[::-1]])
    return replace(
        reading,
        results=results,
        shown=shown_variant(settings),
        base=base,
        other=other_variant(settings),
        knocked=knocked_variant(settings),
        emotions=np.stack([np.roll(cam, i, axis=1) * (1 - 0.15 * i) for i in range(count)]),
        ledger=Ledger(shares, 0.1, logit, true.target, settings.filter_layer == "layer4"),
        proof=Proof(given.frame.index - 1, track, true.target, before, asks, after, masked, base),
        regions=Regions(0.3, 0.1, 0.2, 0.25, 0.15),
        likeness=Likeness((0.42, -0.1, 0.2), (0.3, -0.24, 0.1)) if settings.random else None,
        agreement=Agreement(0.42, 0.31) if settings.random or settings.compare else None,
        other_crop=reading.crop[::-1] if settings.compare and settings.compare.net == "b" else None,
    )


def _with_past(kept: Remembered, rng: np.random.Generator, now: float, seconds: float) -> Remembered:
    """What is remembered after so many seconds in sight, with a gap in the middle."""
    moments = []
    for t in np.arange(now - seconds * 1000, now + 1, 100):
        if not 0.4 < (now - t) / (seconds * 1000) < 0.5:
            waves = 1.5 * np.sin(t / 1500 + np.arange(len(kept.probs)) * 2)
            probs = np.exp(waves) / np.exp(waves).sum()
            moments.append(Moment(float(t), probs, float(-(probs * np.log2(probs)).sum())))
    means = {"other_face": 0.1, "centre": 0.03, "class_blind": 0.05, "random": 0.3}
    seconds = tuple(
        {(how, of): float(rng.normal(mean, 0.05)) for how in MASKINGS for of, mean in means.items()} for _ in range(12)
    )
    maps = {Query(how, of, 0): (3, mean) for how in MASKINGS for of, mean in means.items()}
    looks = tuple(rng.integers(0, 256, (12, 12), dtype=np.uint8) for _ in seconds)
    tally = Trials(seconds, looks, maps=maps, asked=120, before=0.7)
    regions = {0: Regions(0.4, 0.1, 0.1, 0.3, 0.1), 3: Regions(0.1, 0.1, 0.5, 0.2, 0.1)}
    return replace(
        kept,
        timeline=tuple(moments),
        regions=regions,
        region_counts={0: 120, 3: 9},
        tally=tally,
        evidence=of_film(tally),
        seen_ms=now,
    )


def _paste(picture: np.ndarray, portrait: np.ndarray, box: tuple[float, float, float, float]) -> None:
    """Lay the portrait so that its face (about x 165–355, y 95–300 of 512×600) fills the box."""
    factor = (box[2] - box[0]) / 190
    left, top = box[0] - 165 * factor, box[1] - 95 * factor
    move = np.array([[factor, 0, left], [0, factor, top]], np.float32)
    height, width = picture.shape[:2]
    over = cv2.warpAffine(portrait, move, (width, height), flags=cv2.INTER_AREA)
    mask = cv2.warpAffine(np.full(portrait.shape[:2], 255, np.uint8), move, (width, height)) == 255
    picture[mask] = over[mask]
