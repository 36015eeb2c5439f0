"""What a session was, as one page: a sink that keeps stills and numbers while it runs, and writes them at its end."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from emolive.core.files import check_output, write_output
from emolive.core.installed import versions
from emolive.core.options import Options
from emolive.core.scene import Picture, Scene
from emolive.faces.crop import crop_face
from emolive.media.data import DataWriter
from emolive.reports.people import read_people
from emolive.reports.session_page import Page, Still, page
from emolive.ui.camera import camera
from emolive.ui.heat import heat, heat_scale

PAGE, DATA = "index.html", "data.jsonl"

SIDE, STRIP = 180, 390
"""Pixels: a side of a face, the width of a frame."""

MOST_STRIP, MOST_PEOPLE = 12, 200
"""Stills of the whole frame that are kept, and people with stills of their face."""

BETTER = 0.02
"""How much more probable an emotion must be for its still to be taken anew."""


class SessionReport:
    """Writes `index.html`, a page with everything in it, and `data.jsonl` into `folder`. A `scene.Sink`.

    The page holds frames from the whole session, a face of each person at the most probable moment of each emotion
    with the heat on it, timelines, figures, and the settings; its title is `name`, or that of what was played.
    Entering raises `OutputError` where it may not be written; so does leaving. After an error the data are there, and
    the page is not.
    """

    stage = "write"

    def __init__(
        self,
        folder: Path,
        options: Options,
        labels: Sequence[str],
        sha256: str,
        inputs: Sequence[Path] = (),
        name: str | None = None,
    ) -> None:
        self.path = folder / PAGE
        self._data = DataWriter(folder / DATA, labels, options.overwrite, inputs)
        self._labels, self._options, self._sha256 = tuple(labels), options, sha256
        self._inputs = inputs
        self._strip: list[Still] = []
        self._every, self._count = 1, 0
        self._faces: dict[tuple[str, int], dict[str, Still]] = {}
        self._scales: set[str] = set()
        self._index: int | None = None
        self._given, self._name = name, ""
        self.saved: tuple[Path, ...] = ()

    def __enter__(self) -> Self:
        check_output(self.path, self._inputs, self._options.overwrite)
        self._data.__enter__()
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        self._data(scene, pictures)
        if scene.frame.index == self._index:
            return
        self._index, self._name = scene.frame.index, scene.progress.name
        if self._count % self._every == 0:
            self._keep_frame(scene)
        self._count += 1
        for i in range(len(scene.faces)):
            self._keep_face(scene, i)

    def notes(self) -> tuple[str, ...]:
        return ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._data.__exit__(kind, error, trace)
        if error is not None or not self._count:
            return
        known = Page(
            name=self._name if self._given is None else self._given,
            people=tuple(read_people(self._data.path)),
            strip=tuple(self._strip),
            faces=self._faces,
            settings=self._options.looking(),
            sha256=self._sha256,
            versions=versions(),
            scales=tuple(sorted(self._scales)),
        )
        write_output(self.path, page(known))
        self.saved = (self.path,)

    def _keep_frame(self, scene: Scene) -> None:
        """Frames at even distances: when there are too many, every second one goes, and fewer are taken."""
        self._strip.append(Still(scene.frame.t_ms / 1e3, _jpeg(_small(camera(scene).bgr, STRIP))))
        if len(self._strip) > MOST_STRIP:
            self._strip, self._every = self._strip[::2], self._every * 2

    def _keep_face(self, scene: Scene, i: int) -> None:
        face, reading = scene.faces[i], scene.readings[i]
        who = (scene.frame.name if scene.progress.files > 1 else "", face.track)
        remembered = scene.memory.tracks.get(face.track)
        probs = reading.answer
        if not np.isfinite(probs).all() or (who not in self._faces and len(self._faces) == MOST_PEOPLE):
            return
        top = int(np.argmax(probs))
        label, stills = self._labels[top], self._faces.setdefault(who, {})
        if label in stills and probs[top] < stills[label].probability + BETTER:
            return
        picture = crop_face(scene.frame.bgr, reading.square, SIDE, turn=reading.turn)[..., ::-1].copy()
        cam = reading.painted.cam
        if cam is not None and scene.settings.heat:
            scale = heat_scale(reading, reading.shown, remembered, scene.settings.scale)
            self._scales.add(scale.kind)
            heat(picture, cam, (0, 0, SIDE, SIDE), scale.full, scene.settings.alpha, scene.settings.colormap)
        stills[label] = Still(scene.frame.t_ms / 1e3, _jpeg(picture), float(probs[top]))


def _small(bgr: np.ndarray, width: int) -> np.ndarray:
    height = max(1, round(bgr.shape[0] * width / bgr.shape[1]))
    return cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)


def _jpeg(bgr: np.ndarray) -> str:
    """A picture as the source of an <img>, so that the page is one file."""
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    return f"data:image/jpeg;base64,{b64encode(data).decode()}"
