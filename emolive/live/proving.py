"""The proof of a map: parts of the face are masked, in a film so that they ride in the batch of the next frame."""

import dataclasses

import numpy as np

from emolive.attribution.look import Look
from emolive.audit.controls import controls_of
from emolive.audit.probe import answered
from emolive.core.scene import Face, Frame, Memory, Proof, Reading, Settings, base_variant
from emolive.networks.checkpoint import Model


class Prover:
    """Asks what the cells of a map are worth to the network, beside the cells of its controls."""

    def __init__(self, model: Model) -> None:
        self._model, self._controls = model, controls_of(model)

    def pending(self, frame: Frame, face: Face, settings: Settings, memory: Memory) -> Proof | None:
        """The masked faces of the frame before, to ride in this frame's batch; their outcome is not known yet. Nothing
        is asked about a map that was drawn in another way than is asked for now."""
        if not settings.proof or settings.frozen or memory.last is None:
            return None
        track, index, last = memory.last
        if index == frame.index or track != face.track or (last.base or last.shown) != base_variant(settings):
            return None
        known = memory.tracks.get(track)
        return self._question(last, track, index, last.activation, known.tally.asked if known else 0)

    def proof(
        self,
        pending: Proof | None,
        seen: Look,
        row: int,
        reading: Reading,
        frame: Frame,
        face: Face,
        settings: Settings,
    ) -> Proof | None:
        """The answer for the frame before, that rode along in what was `seen`; for a frozen frame, by a second forward,
        the answer for itself (the face of that `row`): all of it, at once."""
        if settings.proof and settings.frozen:
            question = self._question(reading, face.track, frame.index, activation(seen, row, settings))
            return question and answered(self._model, question)
        if pending is None:
            return None
        after = self._model.probabilities(seen.extra)[:, pending.target].tolist()
        return dataclasses.replace(pending, after=tuple(after))

    def _question(
        self, reading: Reading, track: int, index: int, mean: np.ndarray | None, turn: int | None = None
    ) -> Proof | None:
        """What is to be asked about a reading's map: everything, or what is the `turn` of a film's frame."""
        result, way = reading.result, reading.base or reading.shown
        if result.cam is None or not np.isfinite(result.cam).all():
            return None
        beside = self._controls.of(way.method, way.layer, result.target, result.cam, mean)
        asks = beside.asks() if turn is None else beside.turn(turn)
        masked = beside.faces(reading.crop, asks, index)
        before = float(result.probs[result.target])
        return Proof(index, track, result.target, before, asks, (), masked, way, turn is None)


def activation(seen: Look, row: int, settings: Settings) -> np.ndarray | None:
    """The mean (h, w) of the map's layer, which knows no emotion: a control of a map that is put to the test."""
    caught = seen.caught.get(base_variant(settings).layer) if settings.proof else None
    return None if caught is None else caught[row].mean(0).cpu().numpy()
