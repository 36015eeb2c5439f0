"""Where the faces are in a frame: MediaPipe's face detector.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019, arXiv:1907.05047.
It runs in IMAGE mode: the boxes are those of VIDEO mode, and there is no clock to keep.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from emolive.core.errors import EmoliveError, pick
from emolive.core.installed import weights
from emolive.core.scene import Box, Face, Frame, area
from emolive.faces.crop import to_rgb
from emolive.faces.native import load_mediapipe, quiet_stderr

if TYPE_CHECKING:
    from mediapipe.tasks.python.components.containers import Detection
    from mediapipe.tasks.python.vision import FaceDetector

MODELS = {
    "full": "face_detection_full_range_sparse.tflite",
    "short": "face_detection_short_range.tflite",
    "tiled": "face_detection_full_range_sparse.tflite",
}
"""The kinds of detector: `full` by default, `short` for one person at a desk, `tiled` for crowds."""

LARGEST = 1920  # longest side fed to MediaPipe, whose networks see 192 or 128 pixels: more only costs time
SAME = 0.5  # boxes that share more than this part of the smaller one are one face
OVERLAP = 1 / 3  # the part of a tile that it shares with its neighbour
RIM = 0.1  # a box nearer to a cut than this part of its width may be half a face: the neighbouring tile sees it whole


class Detector:
    """Finds faces. A context manager; called with a frame it gives its faces, the surest first, all with track 0.

    `kind` is one of `MODELS`, `min_confidence` lies between 0 and 1, at most `max_faces` are given. Raises
    `EmoliveError` for other values, and where MediaPipe cannot be loaded or fails.
    """

    def __init__(self, kind: str = "full", min_confidence: float = 0.5, max_faces: int = 50) -> None:
        self.kind = pick(kind, MODELS, "face detector")
        if not 0 <= min_confidence <= 1:
            raise EmoliveError(f"The confidence {min_confidence} does not lie between 0 and 1. Try 0.5.")
        if max_faces < 1:
            raise EmoliveError(f"At most {max_faces} faces leaves none to look at. Give 1 or more.")
        self.min_confidence = min_confidence
        self.max_faces = max_faces
        self._detector: FaceDetector | None = None
        self._shapes: set[tuple[int, ...]] = set()  # of the pictures that were looked at

    def __enter__(self) -> Self:
        self._mediapipe = load_mediapipe()
        from mediapipe.tasks.python import BaseOptions
        from mediapipe.tasks.python.vision import FaceDetector, FaceDetectorOptions

        model = weights(MODELS[self.kind])
        with ExitStack() as undo:
            undo.callback(self.close)
            try:
                options = FaceDetectorOptions(
                    BaseOptions(model_asset_buffer=model.read_bytes()), min_detection_confidence=self.min_confidence
                )
                with quiet_stderr():
                    self._detector = FaceDetector.create_from_options(options)
                    for _ in range(3):  # its first looks are slow, and one of them talks
                        self._look(np.zeros((64, 64, 3), np.uint8))
            except (RuntimeError, ValueError, OSError) as error:
                raise EmoliveError(f"The face detector cannot start ({error}). Install emolive again.") from error
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of MediaPipe's detector and its thread; harmless when done twice."""
        detector, self._detector = self._detector, None
        if detector:
            with quiet_stderr():
                detector.close()

    def __call__(self, frame: Frame) -> list[Face]:
        """Give the faces of a frame, the surest first."""
        try:
            faces = self._look(frame.bgr)
            if self.kind == "tiled":
                faces += self._look_at_tiles(frame.bgr)
        except (RuntimeError, ValueError) as error:
            raise EmoliveError(f"MediaPipe could not look for faces in frame {frame.index} ({error}).") from error
        return distinct(faces)[: self.max_faces]

    def _look(self, bgr: np.ndarray) -> list[Face]:
        if self._detector is None:
            raise EmoliveError("The face detector is closed: use it inside a `with` block.")
        scale = math.ceil(max(bgr.shape) / LARGEST)
        if scale > 1:
            height, width = (max(1, length // scale) for length in bgr.shape[:2])
            # Whole pixels in, one out: many times faster than a reduction that splits pixels.
            bgr = cv2.resize(bgr[: height * scale, : width * scale], (width, height), interpolation=cv2.INTER_AREA)
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=to_rgb(bgr))
        size = np.array((bgr.shape[1], bgr.shape[0])) * scale
        # It may talk at the first one of a size too: its memory need not be aligned as it likes.
        with nullcontext() if bgr.shape in self._shapes else quiet_stderr():
            found = self._detector.detect(image).detections
        self._shapes.add(bgr.shape)
        faces = (_face(detection, size, scale) for detection in found)
        return [face for face in faces if np.isfinite([*face.box, face.score]).all() and area(face.box) > 0]

    def _look_at_tiles(self, bgr: np.ndarray) -> list[Face]:
        return [
            replace(face, box=shifted(face.box, tile), points=face.points + tile[:2])
            for tile in tiles(bgr.shape[1], bgr.shape[0])
            for face in self._look(np.ascontiguousarray(bgr[tile[1] : tile[3], tile[0] : tile[2]]))
            if whole(shifted(face.box, tile), tile, bgr.shape[1], bgr.shape[0])
        ]


def _face(detection: "Detection", size: np.ndarray, scale: int) -> Face:
    box = detection.bounding_box
    corners = box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height
    points = np.array([(p.x, p.y) for p in detection.keypoints]) * size
    x0, y0, x1, y1 = (float(scale * c) for c in corners)
    return Face((x0, y0, x1, y1), float(detection.categories[0].score), points)


def tiles(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Give overlapping rectangles x0, y0, x1, y1 that cover a picture: 2×2, up to 5×5 for large pictures."""
    count = min(max(2, math.ceil(max(width, height) / LARGEST) + 1), 5)
    part = 1 / (count - (count - 1) * OVERLAP)
    for y in np.linspace(0, 1 - part, count):
        for x in np.linspace(0, 1 - part, count):
            right, bottom = min(width, math.ceil((x + part) * width)), min(height, math.ceil((y + part) * height))
            yield int(x * width), int(y * height), right, bottom


def shifted(box: Box, by: Sequence[float]) -> Box:
    """Move a box right and down by the first two numbers of `by`."""
    return box[0] + by[0], box[1] + by[1], box[2] + by[0], box[3] + by[1]


def whole(box: Box, tile: Sequence[int], width: int, height: int) -> bool:
    """Tell whether a box lies inside a tile, well away from those sides that are not the picture's own."""
    rim = RIM * (box[2] - box[0])
    return (
        (tile[0] == 0 or box[0] >= tile[0] + rim)
        and (tile[1] == 0 or box[1] >= tile[1] + rim)
        and (tile[2] == width or box[2] <= tile[2] - rim)
        and (tile[3] == height or box[3] <= tile[3] - rim)
    )


def distinct(faces: Sequence[Face]) -> list[Face]:
    """Keep the surest of faces that share more than `SAME` of the smaller one's area, the surest first.

    Non-maximum suppression; by the smaller area, because tiles give boxes of different size for one face.
    """
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_shared(face.box, other.box) <= SAME * min(area(face.box), area(other.box)) for other in kept):
            kept.append(face)
    return kept


def _shared(a: Box, b: Box) -> float:
    return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
