"""Which faces are faces: the mesh has the last word on what the detector found.

Letters on a wall, clouds and leaves look like a face to the detector for a moment, with scores as real faces have them.
The face mesh tells them apart nearly always (`mesh.presence`), but one look may err, both ways: a letter is a face in
one look of twenty, and a head in a quick turn is none. So a person is confirmed by several looks, and stays so until
many in a row deny it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from emolive.core.mesh import Mesh
from emolive.core.scene import KEEP_MS, Face, Frame
from emolive.faces.limits import outside

SIGHTS, LOOKS = 3, 5
"""A person is confirmed when the mesh saw a face in so many of its last so many looks."""

DOUBTS = 10
"""And no longer is when so many looks in a row saw none: five seconds. The track went on to something else, as one does
when somebody leaves in front of a poster; heads that turn come back sooner."""

FIRST_MS = 1000.0
"""Whoever is not confirmed is looked at in every frame for so long,"""

EVERY_MS = 500.0
"""and all others, confirmed or not, at this distance at least."""

MOST = 4
"""Confirmed people that are looked at again in one frame: a crowd that came at once is spread over several."""

ReadMesh = Callable[[Frame, Sequence[Face]], tuple[Mesh, ...]]
"""Reads the mesh of faces in a frame: `faces.mesh.Mesher`."""


@dataclass(frozen=True)
class _Known:
    """What is known of a track: since when, when it was seen and looked at last, what the last `DOUBTS` looks saw."""

    since_ms: float
    seen_ms: float
    looked_ms: float | None = None
    looks: tuple[bool, ...] = ()
    confirmed: bool = False
    outside: str = ""


class Confirmer:
    """Says of tracked faces which are confirmed; a `scene.Confirm`. Called with the faces of each frame, in order.

    A person is looked at in every frame until confirmed, for a second at most, then twice a second. `SIGHTS` of the
    last `LOOKS` looks confirm, whenever they come; in a frame that stands by itself (`Frame.still`) one does. The same
    frame once more changes nothing, unless it stands by itself now.
    """

    def __init__(self, read: ReadMesh) -> None:
        self._read = read
        self._people: dict[int, _Known] = {}

    def __call__(self, faces: Sequence[Face], frame: Frame) -> tuple[Face, ...]:
        """Give the faces, in the same order, with `confirmed`, and with the `mesh` of those that were looked at."""
        now = frame.t_ms
        known = {face.track: self._people.get(face.track) or _Known(now, now) for face in faces}
        due = _due(known, frame)
        looked = [face for face in faces if face.track in due]
        meshes = {face.track: mesh for face, mesh in zip(looked, self._read(frame, looked), strict=True)}
        known = {face.track: _after(known[face.track], face, meshes.get(face.track), frame) for face in faces}
        absent = {track: old for track, old in self._people.items() if abs(now - old.seen_ms) <= KEEP_MS}
        self._people = absent | known
        return tuple(
            replace(face, mesh=meshes.get(face.track), confirmed=person.confirmed, outside=person.outside)
            for face in faces
            for person in (known[face.track],)
        )


def confirm_once(read: ReadMesh, faces: Sequence[Face], frame: Frame) -> tuple[Face, ...]:
    """Give the faces of a picture, in the same order, with `mesh`, `outside`, and `confirmed` where it sees a face."""
    return tuple(
        replace(face, mesh=mesh, confirmed=mesh.present, outside=outside(frame, face, mesh))
        for face, mesh in zip(faces, read(frame, faces), strict=True)
    )


def _due(people: Mapping[int, _Known], frame: Frame) -> set[int]:
    """The tracks that are to be looked at in this frame."""
    waited = {
        track: math.inf if person.looked_ms is None else abs(frame.t_ms - person.looked_ms)
        for track, person in people.items()
    }
    if frame.still:
        return {track for track, ms in waited.items() if ms > 0 or not people[track].confirmed}
    late = {track for track, ms in waited.items() if ms >= EVERY_MS}
    doubted = {track for track, person in people.items() if not person.confirmed}
    new = {track for track in doubted if waited[track] > 0 and frame.t_ms - people[track].since_ms < FIRST_MS}
    again = sorted(late - doubted, key=lambda track: -waited[track])[:MOST]
    return new | (late & doubted) | set(again)


def _after(person: _Known, face: Face, mesh: Mesh | None, frame: Frame) -> _Known:
    """What is known after a frame; `mesh` is None where nobody looked."""
    if mesh is None:
        return replace(person, seen_ms=frame.t_ms)
    before = person.looks[:-1] if person.looked_ms == frame.t_ms else person.looks
    looks = (*before, mesh.present)[-DOUBTS:]
    sighted = sum(looks[-LOOKS:]) >= SIGHTS or (frame.still and mesh.present)
    doubted = len(looks) == DOUBTS and not any(looks)
    return replace(
        person,
        seen_ms=frame.t_ms,
        looked_ms=frame.t_ms,
        looks=looks,
        confirmed=sighted or (person.confirmed and not doubted),
        outside=outside(frame, face, mesh) if mesh.present else person.outside,
    )
