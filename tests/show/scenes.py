"""Scenes made of fixed arrays: what the views draw, without a camera or a network."""

from dataclasses import replace

import cv2
import numpy as np

from emolive.scene import (
    TOP,
    Face,
    Frame,
    Memory,
    Menu,
    Progress,
    Reading,
    Remembered,
    Result,
    Scene,
    Settings,
    Variant,
)

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
METHODS = ("activation", "cam", "gradcam", "layercam", "filter")
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
    shown = Variant(method=chosen.method, layer=chosen.layer, target=chosen.target)
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
        target = int(np.argmax(probs)) if chosen.target == TOP else labels.index(chosen.target)
        why = "" if defined else "cam is defined at the last stage only: choose layer4"
        features = np.maximum(rng.normal(size=(channels, maps, maps)), 0).astype(np.float32)
        features *= rng.gamma(1.0, size=(channels, 1, 1)).astype(np.float32)
        if maps > 4:
            features = np.stack([cv2.GaussianBlur(f, (0, 0), maps / 14) for f in features])
        readings.append(Reading(crop, square, {shown: Result(logits, probs, values, target, why)}, shown, features))
        found.append(Face(box, 0.9, np.zeros((6, 2)), track=n))
        scale = {replace(shown, target=TOP): float(np.max(values)) * 0.9 if defined else 0.0}
        tracks[n] = Remembered(probs, scale, features.mean((1, 2)), chosen.filter_layer, 0.0)
    strength = readings[-1].maps.mean((1, 2)) if readings else np.zeros(0)
    menu = Menu(
        methods=METHODS,
        layers=LAYERS,
        labels=labels,
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


def _paste(picture: np.ndarray, portrait: np.ndarray, box: tuple[float, float, float, float]) -> None:
    """Lay the portrait so that its face (about x 165–355, y 95–300 of 512×600) fills the box."""
    factor = (box[2] - box[0]) / 190
    left, top = box[0] - 165 * factor, box[1] - 95 * factor
    move = np.array([[factor, 0, left], [0, factor, top]], np.float32)
    height, width = picture.shape[:2]
    over = cv2.warpAffine(portrait, move, (width, height), flags=cv2.INTER_AREA)
    mask = cv2.warpAffine(np.full(portrait.shape[:2], 255, np.uint8), move, (width, height)) == 255
    picture[mask] = over[mask]
