"""The same frames through whole programs: emolive, fer, and the loop that live Grad-CAM demos use."""

import json
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
from peers_maps import learning
from pytorch_grad_cam import GradCAM

from emolive.core.scene import Detect, Frame, Memory, Settings
from emolive.faces.crop import crop_face, square
from emolive.faces.lean import turn
from emolive.faces.track import Tracker
from emolive.live.engine import Engine
from emolive.networks.checkpoint import Model, as_seen
from emolive.networks.packed import packed

WORKER = Path(__file__).with_name("peers_fer.py")

Look = Callable[[Frame], int]
"""Looks at a frame and gives the number of faces it found."""


def by_emolive(model: Model, detect: Detect, layer: str) -> Look:
    """Detect, track, and one batched pass with Grad-CAM for all faces."""
    engine, track = Engine(packed(model)), Tracker()
    settings = Settings(method="gradcam", layer=layer, filter_layer=layer)

    def look(frame: Frame) -> int:
        return len(engine(frame, track(detect(frame), frame), settings, Memory()))

    return look


@contextmanager
def face_by_face(model: Model, detect: Detect, layer: str) -> Iterator[Look]:
    """The same detector and crops; then for each face a forward pass and Grad-CAM by pytorch-grad-cam."""
    net, spec, margin = learning(model), model.spec, model.spec.crop_margin["full"]
    with GradCAM(net, [net.get_submodule(layer)]) as cam:

        def look(frame: Frame) -> int:
            faces = detect(frame)
            for face in faces:
                crop = crop_face(frame.bgr, square(face.box, margin), spec.crop_size, turn=turn(face))
                cam(model.prepare(as_seen(crop, spec)[None]), targets=None)
            return len(faces)

        yield look


class Fer:
    """fer in a process of its own, with a Python of its own; a context manager. Asked by a pipe, it says how long it
    took itself, so the way there and back does not count. What its libraries say goes to the file `log`. `found`
    holds how many faces each frame had, `versions` those of its packages."""

    def __init__(self, python: str, log: Path) -> None:
        self.found: list[int] = []
        self.versions: dict[str, str] = {}
        self._python, self._log = python, log

    def __enter__(self) -> "Fer":
        pipe = subprocess.PIPE
        with self._log.open("wb") as said:
            self._process = subprocess.Popen([self._python, str(WORKER)], stdin=pipe, stdout=pipe, stderr=said)
        self.versions = self._answer()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def __call__(self, frame: Frame) -> float:
        """The ms it took over a frame."""
        bgr = np.ascontiguousarray(frame.bgr)
        self._process.stdin.write(struct.pack("<II", *bgr.shape[:2]) + bgr.tobytes())
        self._process.stdin.flush()
        answer = self._answer()
        self.found.append(answer["faces"])
        return answer["ms"]

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise click.ClickException(f"fer's process ended with status {self._process.wait()}; see {self._log}.")
        return json.loads(line)
