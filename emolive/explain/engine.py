"""From a frame's faces to readings: cut the crops, look at them in one batch, hand out one reading per face."""

from collections.abc import Sequence

import numpy as np

from emolive.explain.look import look
from emolive.faces.crop import crop_face, square
from emolive.model import Model
from emolive.scene import Face, Frame, Reading, Settings, variants


class Engine:
    """Reads all faces of a frame; a `Read` of scene.py. Holds the networks: "a" is the model that is shown."""

    def __init__(self, model: Model, detector: str = "full", half: bool = False) -> None:
        self.nets = {"a": model}
        self.detector = detector
        self.half = half

    @property
    def model(self) -> Model:
        """The model that is shown."""
        return self.nets["a"]

    def __call__(self, frame: Frame, faces: Sequence[Face], settings: Settings) -> tuple[Reading, ...]:
        """Read the faces of a frame under the settings' variants; one reading per face, in their order."""
        if not faces:
            return ()
        model, wanted = self.model, variants(settings)
        margin = model.spec.crop_margin.get(self.detector, 1.1)
        squares = [square(face.box, margin) for face in faces]
        crops = [crop_face(frame.bgr, s, model.spec.crop_size) for s in squares]
        seen = look(model, model.prepare(np.stack(crops)), wanted, settings.filter_layer, half=self.half)
        return tuple(
            Reading(crops[i], squares[i], {v: seen.results[v][i] for v in wanted}, wanted[0], seen.maps[i])
            for i in range(len(faces))
        )
