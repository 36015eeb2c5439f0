"""A sink that keeps a single picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from emolive.core.errors import OutputError
from emolive.core.files import check_output, write_output
from emolive.core.scene import Picture, Scene
from emolive.media.made import Made


class PictureWriter:
    """Writes one view of one picture as a picture file, whole or not at all. A `scene.Sink`.

    Entering raises `OutputError` where the file may not be written; so does a second picture.
    """

    stage = "write"

    def __init__(self, path: Path, view: str = "camera", inputs: Sequence[Path] = (), overwrite: bool = False) -> None:
        self.path = path
        self._view, self._inputs, self._overwrite = view, inputs, overwrite
        self._index: int | None = None

    def __enter__(self) -> Self:
        ending = f"picture{self.path.suffix}".encode("ascii", "replace").decode()
        if not cv2.haveImageWriter(ending):  # of the ending alone: OpenCV crashes on names that are no text
            raise OutputError(f"'{self.path.suffix}' is no ending for a picture. Name it {self.path.stem}.png.")
        check_output(self.path, self._inputs, self._overwrite)
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if scene.frame.index == self._index:
            return
        if self._index is not None:
            raise OutputError(f"{self.path} holds one picture, but more came. Give --out a name ending in .mp4.")
        self._index = scene.frame.index
        write_picture(self.path, pictures[self._view].bgr)

    @property
    def made(self) -> dict[Path, Made]:
        """The file, with its one picture once that came."""
        return {} if self._index is None else {self.path: Made(1)}

    def notes(self) -> tuple[str, ...]:
        return ()

    def __exit__(self, *error: object) -> None:
        """Nothing is held open."""


def write_picture(path: Path, bgr: np.ndarray) -> None:
    """Write (H, W, 3) uint8 BGR as a picture file, in one piece or not at all. Raises `OutputError`."""
    write_output(path, cv2.imencode(path.suffix, bgr)[1].tobytes())
