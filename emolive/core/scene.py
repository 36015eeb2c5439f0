"""The values that travel through emolive. Everything that crosses a module border is one of these, and frozen.

A frame comes in; faces are found in it; each face is read by the network (`reading.py`); what is remembered joins in
(`remembered.py`); the scene goes to views and sinks. Only `Settings` (`settings.py`) travel backwards, changed by what
a user did (`events.py`), and take effect on the next frame. All of them can be imported from here.

Colour order: BGR in `Frame.bgr` and `Picture.bgr`, RGB in crops, nowhere else. Times are milliseconds.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Protocol

import numpy as np

from emolive.core.events import Aim as Aim
from emolive.core.events import Closed as Closed
from emolive.core.events import Enlarge as Enlarge
from emolive.core.events import Event as Event
from emolive.core.events import Key as Key
from emolive.core.events import Pin as Pin
from emolive.core.events import Select as Select
from emolive.core.evidence import Evidence as Evidence
from emolive.core.evidence import Trials as Trials
from emolive.core.mesh import Mesh
from emolive.core.reading import Agreement as Agreement
from emolive.core.reading import Box as Box
from emolive.core.reading import Ledger as Ledger
from emolive.core.reading import Measure as Measure
from emolive.core.reading import Proof as Proof
from emolive.core.reading import Reading as Reading
from emolive.core.reading import Regions as Regions
from emolive.core.reading import Result as Result
from emolive.core.remembered import Best as Best
from emolive.core.remembered import Memory as Memory
from emolive.core.remembered import Moment as Moment
from emolive.core.remembered import Pinned as Pinned
from emolive.core.remembered import Remembered as Remembered
from emolive.core.settings import TOP as TOP
from emolive.core.settings import VIEW_NAMES as VIEW_NAMES
from emolive.core.settings import Menu as Menu
from emolive.core.settings import Settings as Settings
from emolive.core.settings import Target as Target
from emolive.core.settings import Variant as Variant
from emolive.core.settings import base_variant as base_variant
from emolive.core.settings import knocked_variant as knocked_variant
from emolive.core.settings import other_variant as other_variant
from emolive.core.settings import shown_variant as shown_variant
from emolive.core.settings import timed as timed
from emolive.core.settings import variants as variants


class End(enum.Enum):
    """What a source gives when nothing more will come."""

    END = "end"


END = End.END

KEEP_MS = 500.0
"""How long a person may be out of sight and come back as the same one, with what is remembered of them."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source. `bgr` is (H, W, 3) uint8, contiguous, unmirrored, and never written to.

    `index` grows by one per frame of the source, so a gap means dropped frames. `t_ms` counts from the source's first
    frame and grows strictly, except where `cut` says that this frame does not follow the one before (a seek, another
    file, a stream that came back): then memory begins afresh, or goes on as it was when this frame was seen before. In
    another `film` (they are counted) are other people. `name` is the file's name, "" for live sources. `still` says
    that no other need ever follow it: a picture, or a step through a frozen film.
    """

    index: int
    t_ms: float
    bgr: np.ndarray
    cut: bool = False
    name: str = ""
    still: bool = False
    film: int = 0


@dataclass(frozen=True, eq=False)
class Face:
    """A face found in a frame. `score` is the detector's, 0 to 1.

    `points` is (6, 2) float in frame pixels: right eye, left eye, nose tip, mouth centre, right ear, left ear (the
    person's own right and left). `track` is the person's number, 1 and up; 0 means not tracked yet. `mesh` is what the
    face mesh read of it in this frame, None where it did not look. A face that is not `confirmed` may be none.
    `outside` says in a word or two why the network cannot know it ("dark"), as seen at the last look; "" where it can.
    """

    box: Box
    score: float
    points: np.ndarray
    track: int = 0
    mesh: Mesh | None = None
    confirmed: bool = True
    outside: str = ""


@dataclass(frozen=True)
class Progress:
    """Where a source stands. `duration_ms` and `frames` are 0 where nobody knows; `speed` is 1.0 in real time and less
    where the machine cannot keep up with a file; `file` counts from 0."""

    name: str
    live: bool = True
    duration_ms: float = 0.0
    frames: int = 0
    file: int = 0
    files: int = 1
    speed: float = 1.0
    ended: bool = False  # the last frame stands until a key
    failed: tuple[str, ...] = ()  # sentences about files that could not be read


@dataclass(frozen=True)
class Working:
    """Something slow that is under way: what, and the part of it that is done, 0 to 1."""

    words: str
    part: float


@dataclass(frozen=True, eq=False)
class Chosen:
    """The selected face of a scene with all that is known of it: its index there, what was read of it, what is
    remembered of its track (None where nothing is: a face without a track), and why no emotion is named (`doubt`)."""

    index: int
    face: Face
    reading: Reading
    remembered: Remembered | None
    doubt: str = ""

    @cached_property
    def probs(self) -> np.ndarray:
        """The answer for it: probabilities (classes,); what is not finite counts as 0."""
        probs: np.ndarray = np.nan_to_num(self.reading.answer)
        return probs


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is known of one frame. `readings[i]` belongs to `faces[i]`.

    `faces` are confirmed ones only. `unconfirmed` are places that the detector takes for faces and the face mesh does
    not, or not yet: nobody reads them, counts them or can select them; they are drawn as such, and written as such.

    `timings` are ms per stage, `fps` frames shown per second, `device` where the network runs, `notes` sentences for
    the user ("reconnecting", "12 frames dropped"). `working` is a slow map that is being worked out.
    """

    frame: Frame
    faces: tuple[Face, ...]
    readings: tuple[Reading, ...]
    memory: Memory
    settings: Settings
    menu: Menu
    progress: Progress
    timings: Mapping[str, float] = field(default_factory=dict)
    fps: float = 0.0
    device: str = "cpu"
    notes: tuple[str, ...] = ()
    recording: bool = False
    working: Working | None = None
    unconfirmed: tuple[Face, ...] = ()

    @property
    def found(self) -> tuple[Face, ...]:
        """Everything that the detector takes for a face: `faces`, then `unconfirmed`."""
        return (*self.faces, *self.unconfirmed)

    def doubt(self, i: int) -> str:
        """Why no emotion of `faces[i]` is named, in a word or two; "" where it is. The one rule, for all views: what
        the network cannot know (`Face.outside`), of which no figure is shown either, and what it is "unsure" of."""
        return self._doubts[i]

    @cached_property
    def _doubts(self) -> tuple[str, ...]:
        surest = (np.nan_to_num(reading.answer).max() for reading in self.readings)
        least = self.settings.unsure
        return tuple(f.outside or ("unsure" if p < least else "") for f, p in zip(self.faces, surest, strict=False))

    @cached_property
    def chosen(self) -> Chosen | None:
        """The selected face; None where there is none that is confirmed."""
        if not self.faces:
            return None
        i = selected(self.faces, self.settings, self.memory)
        face = self.faces[i]
        return Chosen(i, face, self.readings[i], self.memory.tracks.get(face.track), self.doubt(i))


@dataclass(frozen=True)
class Hit:
    """A rectangle of a picture (x0, y0, x1, y1 in its pixels) that can be clicked, and the event of a click on it."""

    box: tuple[int, int, int, int]
    event: Event


@dataclass(frozen=True)
class Tip:
    """A rectangle of a picture, like a `Hit`, that can be pointed at, and what lies there: a name in `ui.topics`, and
    in `words` which one of them ("happy 80 %")."""

    box: tuple[int, int, int, int]
    topic: str
    words: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """What a view gives: `bgr` (H, W, 3) uint8, what can be clicked in it, and what can be pointed at."""

    bgr: np.ndarray
    hits: tuple[Hit, ...] = ()
    tips: tuple[Tip, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """What a view is drawn on: width and height in pixels, and the height of its text, from which all else follows."""

    width: int
    height: int
    px: int


class Source(Protocol):
    """Where frames come from: a context manager.

    `read` gives None when there is nothing new within 50 ms (frozen, not due yet, reconnecting), so that keys stay
    alive, and END when nothing more will come. Of the settings it looks at `frozen`, `steps`, `seek_ms` and `file`
    only (`timed`). `take_back` says that the frame that was read last was never shown, because a key came before:
    steps and seeks go on from the one before it. `notes` are sentences about its state for the user.
    """

    def read(self, settings: Settings) -> Frame | End | None: ...
    def take_back(self, frame: Frame) -> None: ...
    def progress(self) -> Progress: ...
    def notes(self) -> tuple[str, ...]: ...
    def __enter__(self) -> "Source": ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...


class View(Protocol):
    """How a scene becomes a picture of the sheet's size; without a sheet, of the size that is recorded."""

    def __call__(self, scene: Scene, sheet: Sheet | None = None, /) -> Picture: ...


class Sink(Protocol):
    """What takes scenes and pictures: windows, recorder, data writer, snapshots. A context manager.

    Called once per frame with the scene and the views' pictures, and again when the same frame is drawn anew. `notes`
    are sentences about its state for the user; `stage` names what its time is counted as ("show", "encode", "write").
    """

    stage: str

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None: ...
    def notes(self) -> tuple[str, ...]: ...
    def __enter__(self) -> "Sink": ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...


class Slow(Protocol):
    """What works out slow maps of a frame that stands, a little in each turn of the loop.

    `step` is True where the frame is to be read anew, since there is more to see. `stop` drops what is under way.
    """

    def working(self) -> Working | None: ...
    def step(self) -> bool: ...
    def stop(self) -> None: ...


Detect = Callable[[Frame], Sequence[Face]]
Track = Callable[[Sequence[Face], Frame], tuple[Face, ...]]
Confirm = Callable[[Sequence[Face], Frame], tuple[Face, ...]]
Read = Callable[[Frame, Sequence[Face], Settings, Memory], tuple[Reading, ...]]
Poll = Callable[[], Sequence[Event]]


def area(box: Box) -> float:
    """The area of a box in square pixels, 0 for an empty one."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def selected(faces: Sequence[Face], settings: Settings, memory: Memory) -> int:
    """The index of the face that details are shown of: the user's choice, the one before, or the largest."""
    tracks = [face.track for face in faces]
    for track in (settings.selected, memory.chosen):
        if track and track in tracks:
            return tracks.index(track)
    return max(range(len(faces)), key=lambda i: area(faces[i].box))
