"""Snapshots: all that is known of one frame, as pictures and one JSON file in a folder of its own."""

import dataclasses
import json
import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

from emolive.core.files import make_folders, write_whole
from emolive.core.installed import versions
from emolive.core.scene import Picture, Scene
from emolive.media.figures import FIGURES
from emolive.ui.heat import heat_scale

log = logging.getLogger(__name__)

NOTE_SECONDS = 5.0
"""How long it is said where a snapshot went."""


@dataclass(frozen=True)
class Facts:
    """What a snapshot says of the run: the model's file, that file's sha256, and where the network runs."""

    model: str = ""
    sha256: str = ""
    device: str = "cpu"


class Snapshots:
    """A sink that writes a snapshot each time `settings.shots` has grown. A context manager.

    `DATE_TIME-snapshot/` in the given folder holds frame.png (the clean frame), one PNG per view and per face crop, and
    snapshot.json. It appears whole or not at all; a failure becomes a note.
    """

    stage = "write"

    def __init__(self, folder: Path, facts: Facts = Facts()) -> None:
        self._folder, self._facts = folder, facts
        self._shots = 0
        self._note, self._until = "", 0.0

    def __enter__(self) -> "Snapshots":
        return self

    def __exit__(self, *error: object) -> None:
        pass  # each snapshot is closed when it is written

    def notes(self) -> tuple[str, ...]:
        """Where the last snapshot went, or why it did not, for a few seconds."""
        return (self._note,) if self._note and time.monotonic() < self._until else ()

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """Write a snapshot if one was asked for since the last call."""
        if scene.settings.shots > self._shots:
            try:
                self._note = f"Snapshot in {write(scene, pictures, self._folder, self._facts)}"
            except OSError as error:
                log.warning("snapshot failed", exc_info=error)
                self._note = f"No snapshot: {error.strerror or error}. Is there room in {self._folder}?"
            self._until = time.monotonic() + NOTE_SECONDS
        self._shots = scene.settings.shots


def write(scene: Scene, pictures: Mapping[str, Picture], folder: Path, facts: Facts) -> Path:
    """Write a snapshot into a new folder in `folder`, and give that back. Raises OSError and leaves nothing behind."""
    make_folders(folder)
    now = datetime.now().astimezone()
    target = _unused(folder, now)
    draft = folder / f".{target.name}.{os.getpid()}"
    draft.mkdir()  # outside of the try: one that is there already is not ours to remove
    try:
        _write_picture(draft / "frame.png", scene.frame.bgr)
        for view, picture in pictures.items():
            _write_picture(draft / f"{view}.png", picture.bgr)
        for face, reading in zip(scene.faces, scene.readings, strict=True):
            _write_picture(draft / _crops(scene)[face.track], reading.crop[..., ::-1])
        text = json.dumps(facts_of(scene, facts, now), indent=2, ensure_ascii=False, allow_nan=False)
        write_whole(draft / "snapshot.json", text + "\n")
        return draft.rename(target)
    except BaseException:
        with suppress(OSError):
            for name in ("frame.png", "snapshot.json", *(f"{view}.png" for view in pictures), *_crops(scene).values()):
                (draft / name).unlink(missing_ok=True)
            draft.rmdir()
        raise


def _crops(scene: Scene) -> dict[int, str]:
    """The name of each face's picture, by its track."""
    return {face.track: f"face-{face.track}.png" for face in scene.faces}


def facts_of(scene: Scene, facts: Facts, now: datetime) -> dict[str, object]:
    """What snapshot.json holds. Boxes are in pixels of frame.png."""
    return {
        "time": now.isoformat(timespec="milliseconds"),
        "source": scene.frame.name or scene.progress.name,
        "frame": scene.frame.index,
        "t_ms": scene.frame.t_ms,
        "faces": [_face(scene, face) for face in range(len(scene.faces))],
        "settings": dataclasses.asdict(scene.settings),
        "model": {"file": Path(facts.model).name, "sha256": facts.sha256, "device": facts.device},
        "versions": versions(),
    }


def _face(scene: Scene, face: int) -> dict[str, object]:
    """The same figures as in data files, and the name of the crop's picture."""
    labels = scene.menu.labels
    known = {f.key: value for f in FIGURES if (value := f.value(scene, face, labels)) is not None}
    return {**known, "scale": scale_told(scene, face), "crop": f"face-{scene.faces[face].track}.png"}


def scale_told(scene: Scene, face: int) -> dict[str, object] | None:
    """What counts as full heat on a face; None where there is no map."""
    reading = scene.readings[face]
    if reading.painted.cam is None:
        return None
    remembered = scene.memory.tracks.get(scene.faces[face].track)
    return heat_scale(reading, reading.shown, remembered, scene.settings.scale).told()


def _unused(folder: Path, now: datetime) -> Path:
    """A folder name of that second that is still free."""
    stamp, number = now.strftime("%Y-%m-%d_%H-%M-%S"), 1
    while True:
        path = folder / f"{stamp}{f'-{number}' if number > 1 else ''}-snapshot"
        if not path.exists():
            return path
        number += 1


def _write_picture(path: Path, bgr: np.ndarray) -> None:
    """Encode and write in two steps, so that a full disk raises OSError: OpenCV's own writer only gives back False."""
    path.write_bytes(cv2.imencode(".png", np.ascontiguousarray(bgr))[1].tobytes())
