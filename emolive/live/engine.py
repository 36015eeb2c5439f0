"""From a frame's faces to readings: cut the crops, look at them in one batch per network, one reading per face."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from emolive.attribution.emotions import emotion_maps
from emolive.attribution.look import Look, look
from emolive.attribution.methods import FILTER, METHODS
from emolive.attribution.pixels import guided, scorecam
from emolive.audit.agreement import agreement, regions
from emolive.audit.masks import masked_faces
from emolive.audit.randomise import randomised
from emolive.core.scene import (
    Agreement,
    Face,
    Frame,
    Memory,
    Proof,
    Reading,
    Regions,
    Result,
    Settings,
    Variant,
    base_variant,
    knocked_variant,
    other_variant,
    selected,
    shown_variant,
    variants,
)
from emolive.core.stopwatch import Stopwatch
from emolive.faces.crop import crop_face, square
from emolive.networks.checkpoint import Model, as_seen

ALL_METHODS = (*METHODS, "guided", "scorecam", FILTER)
"""Every method that `m` walks through."""

Found = tuple[Frame, Sequence[Face]]
"""A frame and its faces."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the networks made of one frame's faces; those are the rows of the batch `x` from `first` on."""

    readings: tuple[Reading, ...]
    look: Look
    x: Tensor
    first: int


class Engine:
    """Reads all faces of a frame; a `Read` of scene.py.

    Network "a" is the model that is shown, "b" a second one, "a~k" the first with k stages randomised: a cached copy,
    so the shown one is never touched. `figures` has regions computed for all faces, not only for the selected one.
    `progress` is told how far a slow map is, `watch` how long crops ("prepare"), the pass and the maps take.
    """

    def __init__(
        self,
        model: Model,
        detector: str = "full",
        half: bool = False,
        second: Model | None = None,
        figures: bool = False,
        progress: Callable[[float], None] = lambda _: None,
        watch: Stopwatch | None = None,
    ) -> None:
        self.model, self.second = model, second
        self.watch = watch or Stopwatch()
        self.detector, self.half, self.figures, self.progress = detector, half, figures, progress
        self._ahead: dict[Frame, _Seen] = {}
        self._randomised = lru_cache(maxsize=5)(lambda stages: randomised(model, stages))

    def __call__(self, frame: Frame, faces: Sequence[Face], settings: Settings, memory: Memory) -> tuple[Reading, ...]:
        """Read the faces of a frame under the settings' variants; one reading per face, in their order."""
        if not faces:
            return ()
        chosen = selected(faces, settings, memory)
        pending = self._pending(frame, faces[chosen], settings, memory)
        before = self._ahead.pop(frame, None)
        seen = before if before and not pending else self._look([(frame, faces)], settings, pending)[0]
        return tuple(
            dataclasses.replace(
                reading,
                regions=self._regions(reading, face) if self.figures or i == chosen else Regions(),
                agreement=_agreement(reading),
                emotions=self._emotions(seen, i, settings) if i == chosen else None,
                proof=self._proof(pending, seen.look, reading, frame, face, settings) if i == chosen else None,
            )
            for i, (reading, face) in enumerate(zip(seen.readings, faces, strict=True))
        )

    def look_ahead(self, shots: Sequence[Found], settings: Settings) -> None:
        """Look at several frames' faces in one batch; what comes of it is kept until each frame is read.

        Frames of another look-ahead that were never read are forgotten. They are to be read under the same settings.
        """
        shots = [(frame, faces) for frame, faces in shots if faces]
        looked = self._look(shots, settings) if shots else ()
        self._ahead = {frame: seen for (frame, _), seen in zip(shots, looked, strict=True)}

    def _look(self, shots: Sequence[Found], settings: Settings, pending: Proof | None = None) -> list["_Seen"]:
        """Look at all faces of some frames in one batch for each network."""
        wanted = variants(settings)
        with self.watch("prepare"):
            squares, crops, x = self._crops(self.model, shots)
        seen = look(
            self.model,
            x,
            [v for v in wanted if v.net == "a"],
            settings.filter_layer,
            extra=self.model.prepare(pending.masked) if pending else None,
            ledger=settings.by_share,
            half=self.half,
            watch=self.watch,
        )
        results = self._slow_maps(dict(seen.results), x, settings)
        other_crops: list[np.ndarray | None] = [None] * len(x)
        for v in wanted:
            if v.net.startswith("a~"):
                results |= self._as_randomised(v, x, results[wanted[0]], settings)
            elif v.net == "b":
                found, other_crops = self._as_second(v, shots, results[wanted[0]])
                results |= found
        readings = tuple(
            Reading(
                crop=crops[i],
                square=squares[i],
                results={v: results[v][i] for v in wanted},
                shown=shown_variant(settings),
                maps=seen.maps[i],
                base=base_variant(settings),
                other=other_variant(settings),
                knocked=knocked_variant(settings),
                ledger=seen.ledgers[i] if seen.ledgers else None,
                other_crop=other_crops[i],
            )
            for i in range(len(x))
        )
        ends = list(accumulate(len(faces) for _, faces in shots))
        return [_Seen(readings[i:j], seen, x, i) for i, j in zip([0, *ends], ends, strict=False)]

    def _crops(
        self, model: Model, shots: Sequence[Found]
    ) -> tuple[list[tuple[float, float, float, float]], list[np.ndarray], Tensor]:
        margin, spec = model.spec.crop_margin.get(self.detector, 1.1), model.spec
        cuts = [(frame, square(face.box, margin)) for frame, faces in shots for face in faces]
        crops = [as_seen(crop_face(frame.bgr, s, spec.crop_size), spec) for frame, s in cuts]
        return [s for _, s in cuts], crops, model.prepare(np.stack(crops))

    def _slow_maps(self, results: dict[Variant, tuple[Result, ...]], x: Tensor, settings: Settings) -> dict:
        """Fill in the maps of methods that are no function of one layer; Score-CAM for frozen frames only."""
        for v, found in results.items():
            if v.method not in ("guided", "scorecam") or v.off:
                continue
            if v.method == "scorecam" and not settings.frozen:
                why = "Score-CAM takes hundreds of forward passes: freeze the picture (space) to see it."
                results[v] = tuple(dataclasses.replace(r, why=why) for r in found)
                continue
            target = torch.tensor([r.target for r in found], device=x.device)
            if v.method == "guided":
                cams = guided(self.model, x, target)
            else:
                cams = scorecam(self.model, x, target, v.layer, self.progress)
            results[v] = tuple(
                dataclasses.replace(r, cam=cam.cpu().numpy(), why="") for r, cam in zip(found, cams, strict=True)
            )
        return results

    def _as_randomised(
        self, v: Variant, x: Tensor, base: Sequence[Result], settings: Settings
    ) -> dict[Variant, tuple[Result, ...]]:
        aim = torch.tensor([int(r.logits.argmax()) for r in base], device=x.device)
        net = self._randomised(int(v.net.removeprefix("a~")))
        return dict(look(net, x, [v], settings.filter_layer, aim=aim, half=self.half).results)

    def _as_second(
        self, v: Variant, shots: Sequence[Found], base: Sequence[Result]
    ) -> tuple[dict[Variant, tuple[Result, ...]], list[np.ndarray]]:
        """Through the second model: on its own crops, for the same emotion where it knows it, else for its top one."""
        model, mine = self.second, self.model.spec.labels
        _, crops, x = self._crops(model, shots)
        with torch.no_grad():
            aim = None
            if all(mine[r.target] in model.spec.labels for r in base):
                aim = torch.tensor([model.spec.labels.index(mine[r.target]) for r in base], device=x.device)
        seen = look(model, x, [dataclasses.replace(v, target="")], v.layer, aim=aim, half=self.half)
        return {v: next(iter(seen.results.values()))}, crops

    def _emotions(self, seen: "_Seen", i: int, settings: Settings) -> np.ndarray | None:
        if "emotions" not in settings.views:
            return None
        return emotion_maps(self.model, base_variant(settings), seen.look.caught, seen.x, seen.first + i)

    def _regions(self, reading: Reading, face: Face) -> Regions:
        cam = reading.result.cam
        return Regions() if cam is None else regions(cam, reading.square, face.box, face.points)

    def _pending(self, frame: Frame, face: Face, settings: Settings, memory: Memory) -> Proof | None:
        """The masked faces of the frame before, to ride in this frame's batch; their outcome is not known yet."""
        if not settings.proof or settings.frozen or memory.last is None:
            return None
        track, index, last = memory.last
        if index == frame.index or track != face.track:
            return None
        return _question(last, track, index)

    def _proof(
        self, pending: Proof | None, seen: Look, reading: Reading, frame: Frame, face: Face, settings: Settings
    ) -> Proof | None:
        """The answer for the frame before; for a frozen frame, by a second forward, the answer for itself."""
        logits = seen.extra
        if settings.proof and settings.frozen:
            pending = _question(reading, face.track, frame.index)
            if pending is not None:
                with torch.no_grad():
                    logits = self.model.net(self.model.prepare(pending.masked)).float()
        if pending is None:
            return None
        after = self.model.probabilities(logits)[:, pending.target].tolist()
        return dataclasses.replace(pending, after=tuple(after))


def _question(reading: Reading, track: int, index: int) -> Proof | None:
    result = reading.result
    if result.cam is None:
        return None
    masked = masked_faces(reading.crop, result.cam, seed=index)
    return Proof(index, track, result.target, float(result.probs[result.target]), (0.0, 0.0, 0.0), masked)


def _agreement(reading: Reading) -> Agreement | None:
    """Of the painted map with the true one while the network is randomised, else with the compared one."""
    against = reading.base if reading.shown != reading.base else reading.other
    if against is None or reading.painted.cam is None or reading.results[against].cam is None:
        return None
    return agreement(reading.painted.cam, reading.results[against].cam)
