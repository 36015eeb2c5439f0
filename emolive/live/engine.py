"""From a frame's faces to readings: cut the crops, look at them in one batch per network, one reading per face."""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from emolive.attribution.emotions import emotion_maps, take_a_pass
from emolive.attribution.look import SLOW, Look, explained_by_scores, look
from emolive.attribution.methods import METHODS
from emolive.attribution.passes import channel_scores
from emolive.audit.agreement import agreement, likeness, regions, registered
from emolive.audit.randomise import randomised
from emolive.audit.sanity import SEEDS
from emolive.core.reading import Likeness, likeliest
from emolive.core.scene import (
    TOP,
    Agreement,
    Box,
    Face,
    Frame,
    Memory,
    Proof,
    Reading,
    Regions,
    Result,
    Settings,
    Target,
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
from emolive.faces.lean import turn
from emolive.live.proving import Prover, activation
from emolive.live.slow import SlowMaps, Worked
from emolive.live.smooth import Given, answers, given
from emolive.networks.checkpoint import Model, as_seen

FREEZE = "{} takes hundreds of forward passes: freeze the picture (space) to see it."

LIKENESS_MS = 1_000.0
"""How long the comparison of a face's map with those of random networks holds, in a film."""

SLICE = 4
"""So many passes of a slow map are made at once: few, so that keys never wait long."""

Found = tuple[Frame, Sequence[Face]]
"""A frame and its faces."""

_Cut = tuple[Box, float]
"""Where a face is cut out: a square, and by how much it is turned."""


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
    `watch` is told how long crops ("prepare"), the pass and the maps take. Slow maps of a frozen frame are worked out
    by `slow`, whoever drives it; the engine is then asked again.
    """

    def __init__(
        self,
        model: Model,
        detector: str = "full",
        half: bool = False,
        second: Model | None = None,
        figures: bool = False,
        watch: Stopwatch | None = None,
    ) -> None:
        self.model, self.second = model, second
        self.watch = watch or Stopwatch()
        self.slow = SlowMaps()
        self.detector, self.half, self.figures = detector, half, figures
        self.prover = Prover(model)
        self._ahead: dict[Frame, _Seen] = {}
        self._given: Given = {}
        self._randomised = lru_cache(maxsize=2 * SEEDS)(lambda stages, seed: randomised(model, stages, seed))

    def __call__(self, frame: Frame, faces: Sequence[Face], settings: Settings, memory: Memory) -> tuple[Reading, ...]:
        """Read the faces of a frame under the settings' variants; one reading per face, in their order.

        `memory` is what is remembered before the frame: the answer goes on from it, and the map explains the answer.
        """
        self.slow.begin(frame, variants(settings))
        if not faces:
            return ()
        chosen = selected(faces, settings, memory)
        pending = self.prover.pending(frame, faces[chosen], settings, memory)
        before = self._ahead.pop(frame, None)
        anew = pending or (before and settings.frozen and before.look.slow)
        seen = before if before and not anew else self._look([(frame, faces)], settings, given(memory), pending)[0]
        readings = [
            dataclasses.replace(
                reading,
                regions=self._regions(reading, face) if self.figures or i == chosen else Regions(),
                agreement=_agreement(reading),
            )
            for i, (reading, face) in enumerate(zip(seen.readings, faces, strict=True))
        ]
        reading, face, row = readings[chosen], faces[chosen], seen.first + chosen
        maps, renewed = self._emotions(seen, chosen, reading, frame, face, settings, memory)
        readings[chosen] = dataclasses.replace(
            reading,
            emotions=maps,
            renewed=renewed,
            proof=self.prover.proof(pending, seen.look, row, reading, frame, face, settings),
            activation=activation(seen.look, row, settings),
            likeness=self._likeness(seen, chosen, reading, frame, face, settings, memory),
        )
        return tuple(readings)

    def finished(
        self,
        frame: Frame,
        faces: Sequence[Face],
        settings: Settings,
        memory: Memory,
        progress: Callable[[float], None] = lambda _: None,
    ) -> tuple[Reading, ...]:
        """As when called, with slow maps worked out before it returns; `progress` is told how far they are, 0 to 1."""
        readings = self(frame, faces, settings, memory)
        if self.slow.working() is None:
            return readings
        while working := self.slow.working():
            progress(working.part)
            self.slow.step()
        return self(frame, faces, settings, memory)

    def look_ahead(self, shots: Sequence[Found], settings: Settings) -> None:
        """Look at several frames' faces in one batch; what comes of it is kept until each frame is read.

        Frames of another look-ahead that were never read are forgotten. They are to be read under the same settings,
        and follow those of the look-ahead before: their answers go on from there.
        """
        before = {} if shots and shots[0][0].cut else self._given
        seen = self._look(shots, settings, before) if any(faces for _, faces in shots) else []
        probs = [reading.result.probs for one in seen for reading in one.readings]
        _, self._given = answers(before, shots, probs, settings.smooth_ms)
        self._ahead = {frame: one for (frame, _), one in zip(shots, seen, strict=False)}

    def _look(
        self, shots: Sequence[Found], settings: Settings, before: Given, pending: Proof | None = None
    ) -> list["_Seen"]:
        """Look at all faces of some frames in one batch for each network; `before` is what was answered before them."""
        wanted = variants(settings)

        def answered(probs: Iterable[np.ndarray]) -> list[np.ndarray]:
            return answers(before, shots, list(probs), settings.smooth_ms)[0]

        with self.watch("prepare"):
            cuts, crops, x = self._crops(self.model, shots)
        seen = look(
            self.model,
            x,
            [v for v in wanted if v.net == "a"],
            settings.filter_layer,
            extra=self.model.prepare(pending.masked) if pending else None,
            aim=lambda probs: [likeliest(one) for one in answered(probs)],
            ledger=settings.by_share,
            half=self.half,
            watch=self.watch,
        )
        results = self._with_slow(self.model, seen, x, settings)
        seconds: list[_Second] = [_Second()] * len(x)
        for v in wanted:
            if v.net.startswith("a~"):
                results |= self._as_randomised(v, x, results[wanted[0]], settings)
            elif v.net == "b" and self.second is not None:
                results[v], seconds = self._as_second(self.second, v, shots, results[wanted[0]], settings)
        smoothed = answered(result.probs for result in results[wanted[0]])
        readings = tuple(
            Reading(
                crop=crops[i],
                square=cuts[i][0],
                results={v: results[v][i] for v in wanted},
                shown=shown_variant(settings),
                maps=seen.maps[i],
                base=base_variant(settings),
                other=other_variant(settings),
                knocked=knocked_variant(settings),
                ledger=seen.ledgers[i] if seen.ledgers else None,
                other_crop=seconds[i].crop,
                other_square=seconds[i].square,
                other_label=seconds[i].label,
                smoothed=smoothed[i],
                turn=cuts[i][1],
            )
            for i in range(len(x))
        )
        ends = list(accumulate(len(faces) for _, faces in shots))
        return [_Seen(readings[i:j], seen, x, i) for i, j in zip([0, *ends], ends, strict=False)]

    def _crops(self, model: Model, shots: Sequence[Found]) -> tuple[list[_Cut], list[np.ndarray], Tensor]:
        margin, spec = model.spec.crop_margin.get(self.detector, 1.1), model.spec
        cuts = [(frame, (square(face.box, margin), turn(face))) for frame, faces in shots for face in faces]
        crops = [as_seen(crop_face(frame.bgr, s, spec.crop_size, turn=lean), spec) for frame, (s, lean) in cuts]
        return [cut for _, cut in cuts], crops, model.prepare(np.stack(crops))

    def _with_slow(self, model: Model, seen: Look, x: Tensor, settings: Settings) -> dict[Variant, tuple[Result, ...]]:
        """The results of a look, with the slow maps that are known by now; others of a frozen frame are asked for."""
        results = dict(seen.results)
        for v, act in seen.slow.items():
            title = METHODS[v.method].title
            if not settings.frozen:
                results[v] = _without_map(results[v], FREEZE.format(title))
                continue
            filled = []
            for i, result in enumerate(results[v]):
                passes = channel_scores(model, x[i : i + 1], act[i], v.off_layer, v.off, SLICE)
                answer = self.slow.ask(_key(v, i), title, passes)
                if isinstance(answer, Worked):
                    cam = explained_by_scores(model, v, act[i], answer.found, result.target)
                    result = dataclasses.replace(result, cam=cam, why="", ms=answer.ms)
                else:
                    result = dataclasses.replace(result, why=answer)
                filled.append(result)
            results[v] = tuple(filled)
        return results

    def _as_randomised(
        self, v: Variant, x: Tensor, base: Sequence[Result], settings: Settings
    ) -> dict[Variant, tuple[Result, ...]]:
        """Through the randomised network, for the same emotion as through the trained one."""
        aim = torch.tensor([r.target for r in base], device=x.device)
        net = self._randomised(_stages(v), 0)
        seen = look(net, x, [v], settings.filter_layer, aim=aim, half=self.half)
        return self._with_slow(net, seen, x, settings)

    def _as_second(
        self, model: Model, v: Variant, shots: Sequence[Found], base: Sequence[Result], settings: Settings
    ) -> tuple[tuple[Result, ...], list["_Second"]]:
        """Through the second model: on its own crops, for the same emotion where it knows it, else for its top one, and
        against the same. What it does not know, nothing can be held against: then there is no map."""
        mine, theirs = self.model.spec.labels, model.spec.labels
        cuts, crops, x = self._crops(model, shots)
        aim = None
        if all(mine[r.target] in theirs for r in base):
            aim = torch.tensor([theirs.index(mine[r.target]) for r in base], device=x.device)
        minus = v.target.minus
        lacks = minus is not None and minus not in theirs and METHODS[v.method].knows_class
        way = dataclasses.replace(v, target=Target(TOP, minus if minus in theirs else None))
        seen = look(model, x, [way], v.layer, aim=aim, half=self.half)
        if lacks:
            results = _without_map(
                seen.results[way], f"The second model knows no {minus}: there is no contrast with it."
            )
        else:
            results = self._with_slow(model, seen, x, settings)[way]
        seconds = [_Second(c, s, theirs[r.target]) for c, (s, _), r in zip(crops, cuts, results, strict=True)]
        return results, seconds

    def _emotions(
        self, seen: _Seen, i: int, reading: Reading, frame: Frame, face: Face, settings: Settings, memory: Memory
    ) -> tuple[np.ndarray | None, int]:
        """The map of each emotion, and which one was renewed. Where each takes a pass back, those of a film are renewed
        in turn, one a frame beside the one that is explained: all seven at once would halve the frames a second."""
        if "emotions" not in settings.views:
            return None, -1
        v, row = base_variant(settings), seen.first + i
        scores = self.slow.known(_key(v, i))
        before = None if settings.frozen else _kept(memory, reading, frame, face)
        own, target = reading.result.cam, reading.result.target
        others = [k for k in range(len(reading.result.probs)) if k != target]
        if before is None or before.emotions is None or own is None or not (others and take_a_pass(self.model, v)):
            return emotion_maps(self.model, v, seen.look.caught, seen.x, row, scores), -1
        turn = next((k for k in others if k > before.renewed), others[0])
        found = emotion_maps(self.model, v, seen.look.caught, seen.x, row, only=[turn])
        if found is None:
            return None, -1
        maps = before.emotions.copy()
        maps[turn], maps[target] = found[0], own
        return maps, turn

    def _regions(self, reading: Reading, face: Face) -> Regions:
        cam = reading.result.cam
        return Regions() if cam is None else regions(cam, reading.square, face.box, face.points, reading.turn)

    def _likeness(
        self, seen: _Seen, i: int, reading: Reading, frame: Frame, face: Face, settings: Settings, memory: Memory
    ) -> Likeness | None:
        """How alike a face's map and those of random networks are: of the one that is shown, and of others, which take
        a pass each, and so are asked once a second. Slow maps are compared with the one that is shown alone."""
        v, base = reading.shown, reading.base
        cam = None if base is None else reading.results[base].cam
        if not v.net.startswith("a~") or cam is None or reading.painted.cam is None:
            return None
        if not settings.frozen and (kept := _kept_likeness(memory, reading, frame, face)):
            return kept
        maps = [reading.painted.cam]
        if not METHODS[v.method].slow:
            row = seen.first + i
            aim = torch.tensor([reading.result.target], device=seen.x.device)
            for seed in range(1, SEEDS):
                net = self._randomised(_stages(v), seed)
                found = look(net, seen.x[row : row + 1], [v], v.layer, aim=aim, half=self.half).results[v][0].cam
                maps += [] if found is None else [found]
        return dataclasses.replace(likeness(cam, maps), t_ms=frame.t_ms)


def _stages(v: Variant) -> int:
    """How many parts of a way to look's network are random."""
    return int(v.net.removeprefix("a~"))


def _kept(memory: Memory, reading: Reading, frame: Frame, face: Face) -> Reading | None:
    """What was read of the same face, looked at in the same way, in the frame before."""
    if memory.last is None or frame.cut:
        return None
    track, _, last = memory.last
    return last if track and (track, last.shown, last.base) == (face.track, reading.shown, reading.base) else None


def _kept_likeness(memory: Memory, reading: Reading, frame: Frame, face: Face) -> Likeness | None:
    """What was found of the same face and the same map less than a second before, if anything was."""
    last = _kept(memory, reading, frame, face)
    found = last.likeness if last and last.result.target == reading.result.target else None
    return found if found and 0 <= frame.t_ms - found.t_ms < LIKENESS_MS else None


def _agreement(reading: Reading) -> Agreement | None:
    """Of the painted map with the true one while the network is randomised, else with the compared one; that is laid
    over the same part of the frame first."""
    against = reading.base if reading.shown != reading.base else reading.other
    if against is None:
        return None
    one, other = reading.painted.cam, reading.results[against].cam
    if one is None or other is None:
        return None
    if against.net == "b" and reading.other_square is not None:
        one, other = registered(one, reading.square, other, reading.other_square)
    return agreement(one, other)


@dataclass(frozen=True, eq=False)
class _Second:
    """What a second network saw of a face, where, and the emotion that its map explains."""

    crop: np.ndarray | None = None
    square: Box | None = None
    label: str = ""


def _without_map(results: Sequence[Result], why: str) -> tuple[Result, ...]:
    return tuple(dataclasses.replace(r, cam=None, why=why) if r.why in ("", SLOW) else r for r in results)


def _key(v: Variant, row: int) -> Hashable:
    """What a slow map's passes depend on: they serve every target."""
    return v.net, v.method, v.layer, v.off, v.off_layer, row
