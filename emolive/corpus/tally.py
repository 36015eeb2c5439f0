"""Counts, while a video is worked on, what its report says of the people in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from emolive.core.scene import Picture, Scene
from emolive.corpus.result import Person


@dataclass
class _Seen:
    first_ms: float
    last_ms: float = 0.0
    labels: Counter[int] = field(default_factory=Counter)


class Tally:
    """A `scene.Sink` that only counts: frames, faces, and per track what was the likeliest emotion."""

    stage = "write"

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._tracks: dict[int, _Seen] = {}
        self.last_ms = 0.0
        self.faces = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        t_ms = self.last_ms = scene.frame.t_ms
        self.faces += len(scene.faces)
        for face in scene.faces:
            seen = self._tracks.setdefault(face.track, _Seen(t_ms))
            seen.last_ms = t_ms
            seen.labels[int(np.argmax(scene.memory.tracks[face.track].probs))] += 1

    def notes(self) -> tuple[str, ...]:
        return ()

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who was seen, in the order of their tracks."""
        return tuple(self._person(track, seen) for track, seen in sorted(self._tracks.items()))

    def _person(self, track: int, seen: _Seen) -> Person:
        frames = seen.labels.total()
        shares = {label: round(seen.labels[i] / frames, 4) for i, label in enumerate(self._labels)}
        return Person(track, seen.first_ms, seen.last_ms, frames, shares)
