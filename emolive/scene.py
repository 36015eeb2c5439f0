"""The values that travel through emolive. Everything that crosses a module border is one of these, and frozen.

A frame comes in; faces are found in it; each face is read by the network; what is remembered joins in; the scene
goes to views and sinks. Only `Settings` travels backwards, and takes effect on the next frame.

Colour order: BGR in `Frame.bgr` and `Picture.bgr`, RGB in crops, nowhere else. Times are milliseconds.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the unmirrored frame; may reach over its edges."""

TOP = ""
"""The target that means: whatever emotion the network finds most likely for that face."""


VIEW_NAMES = ("camera", "filters", "emotions", "proof", "timeline")
"""The views that can be opened as windows."""


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
    file, a stream that came back): then tracks and memory begin afresh. `name` is the file's name, "" for live sources.
    """

    index: int
    t_ms: float
    bgr: np.ndarray
    cut: bool = False
    name: str = ""


@dataclass(frozen=True, eq=False)
class Face:
    """A face found in a frame. `score` is the detector's, 0 to 1.

    `points` is (6, 2) float in frame pixels: right eye, left eye, nose tip, mouth centre, right ear, left ear (the
    person's own right and left). `track` is the person's number, 1 and up; 0 means not tracked yet.
    """

    box: Box
    score: float
    points: np.ndarray
    track: int = 0


@dataclass(frozen=True)
class Variant:
    """One way to look at a face: which network, method, layer and target, which filters are shown or switched off.

    `net` is "a" (the model), "b" (`--model-b`) or "a~k" (the model with its last k stages randomised).
    `target` is a label, `TOP`, or "happy-sad" for the difference of two scores. `channels` are the pinned filters that
    the method `filter` shows; `off` the filters of `off_layer` that are multiplied by zero.
    """

    net: str = "a"
    method: str = "gradcam"
    layer: str = "layer4"
    target: str = TOP
    channels: tuple[int, ...] = ()
    off: tuple[int, ...] = ()
    off_layer: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """What one variant gave for one face.

    `logits` (classes,) before temperature, `probs` (classes,) after it. `cam` is the *signed* map (h, w) float32 on the
    layer's own grid: positive speaks for `target` (a label's index), nothing is clipped or scaled yet. It is None where
    the method is not defined at the layer; `why` then says so. `ms` is the time its map took, all faces together.
    """

    logits: np.ndarray
    probs: np.ndarray
    cam: np.ndarray | None
    target: int
    why: str = ""
    ms: float = 0.0


@dataclass(frozen=True, eq=False)
class Ledger:
    """How the channels of the filter layer add up to the score of the target class (its logit, before temperature).

    `shares` (C,) signed; `shares.sum() + bias == logit` where `exact` (global average pooling and a linear head
    follow); elsewhere they are gradient × activation, an approximation. `why` is a sentence where there are no shares
    (C = 0).
    """

    shares: np.ndarray
    bias: float = 0.0
    logit: float = 0.0
    target: int = 0
    exact: bool = False
    why: str = ""


@dataclass(frozen=True, eq=False)
class Proof:
    """What blurring a part of the face does to the target's probability, of frame `index`, track `track`.

    `before` is the probability untouched; `after` those with the hottest, random and coldest cells of the map blurred,
    the same number of cells each; `masked` (3, S, S, 3) uint8 RGB, the three faces.
    """

    index: int
    track: int
    target: int
    before: float
    after: tuple[float, float, float]
    masked: np.ndarray

    @property
    def drops(self) -> tuple[float, float, float]:
        """How much the probability falls: hottest, random, coldest."""
        hot, chance, cold = self.after
        return self.before - hot, self.before - chance, self.before - cold


@dataclass(frozen=True)
class Regions:
    """The shares of positive heat on each part of the face; they add up to 1, or are all 0 where there is none."""

    eyes: float = 0.0
    nose: float = 0.0
    mouth: float = 0.0
    rest: float = 0.0
    off: float = 0.0


@dataclass(frozen=True)
class Agreement:
    """How much two maps agree: Spearman's rank correlation of the signed maps, and the IoU of their hottest 20 %."""

    spearman: float
    iou: float


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network makes of one face.

    `crop` is (S, S, 3) uint8 RGB, the square the network saw; `square` is where it lies in the frame. `results` holds
    each variant that was asked for: `base` is the network as it is (its probabilities are the face's), `shown` the one
    whose map is painted (another only while looking through a randomised network), `other` the one that is compared
    with it, `knocked` the one with filters switched off. `maps` is (C, h, w) float32: the filter layer's feature maps.
    `emotions` are the maps of each class (classes, h, w), of the selected face while that view is open. `agreement` is
    that of `shown` with `base` while randomised, else of `shown` with `other`.
    """

    crop: np.ndarray
    square: Box
    results: Mapping[Variant, Result]
    shown: Variant
    maps: np.ndarray
    base: Variant | None = None
    other: Variant | None = None
    knocked: Variant | None = None
    emotions: np.ndarray | None = None
    ledger: Ledger | None = None
    proof: Proof | None = None
    regions: Regions = Regions()
    agreement: Agreement | None = None
    other_crop: np.ndarray | None = None  # where the compared network sees another crop

    @property
    def result(self) -> Result:
        """The result of the network as it is: what the face's label and numbers come from."""
        return self.results[self.base or self.shown]

    @property
    def painted(self) -> Result:
        """The result whose map is painted on the face."""
        return self.results[self.shown]


@dataclass(frozen=True)
class Faith:
    """Drops of the target's probability over time, hottest, random, coldest: mean, half the 95 % confidence interval
    (over the means of one-second blocks, since frames are not independent), and how many blocks there are."""

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    half: tuple[float, float, float] = (0.0, 0.0, 0.0)
    n: int = 0


@dataclass(frozen=True, eq=False)
class Moment:
    """A track's probabilities (classes,) and their entropy in bits at a time; a timeline is made of these."""

    t_ms: float
    probs: np.ndarray
    entropy: float


@dataclass(frozen=True, eq=False)
class Remembered:
    """What is kept of one track. `probs` (classes,) smoothed in time; `scale` the heat that counts as full, per variant
    (without its target), smoothed likewise; `strength` (C,) mean activation of the filter layer's channels, smoothed,
    so that the order of tiles stands still; `layer` says which layer `strength` belongs to. `timeline` spans the last
    30 s; `regions` are the mean shares of heat per label since the track began."""

    probs: np.ndarray
    scale: Mapping[Variant, float]
    strength: np.ndarray
    layer: str
    seen_ms: float
    timeline: tuple[Moment, ...] = ()
    regions: Mapping[int, Regions] = field(default_factory=dict)
    region_counts: Mapping[int, int] = field(default_factory=dict)
    faith: Faith = Faith()
    blocks: tuple[tuple[float, float, float], ...] = ()  # drops per finished second
    block: tuple[tuple[float, float, float], ...] = ()  # drops of the second under way
    block_ms: float = 0.0  # when it began


@dataclass(frozen=True, eq=False)
class Best:
    """A face that excited a pinned filter: how much, its crop (S, S, 3) uint8 RGB, its track and time."""

    strength: float
    crop: np.ndarray
    track: int
    t_ms: float


@dataclass(frozen=True, eq=False)
class Pinned:
    """What is kept of a pinned filter: its mean activation in the selected face over the last 10 s (t_ms, value), and
    the nine faces of this session that excited it most (at most one per track and second)."""

    sparkline: tuple[tuple[float, float], ...] = ()
    best: tuple[Best, ...] = ()


@dataclass(frozen=True, eq=False)
class Memory:
    """All that is remembered between frames, besides the tracker: per track, dropped with the track. `chosen` is the
    face selected while the user selects none, so that it does not flicker; `pinned` per (filter layer, channel); `last`
    is the selected face's reading of the frame before, with its track and frame index: what the proof masks."""

    tracks: Mapping[int, Remembered] = field(default_factory=dict)
    chosen: int = 0
    pinned: Mapping[tuple[str, int], Pinned] = field(default_factory=dict)
    last: tuple[int, int, "Reading"] | None = None


@dataclass(frozen=True)
class Settings:
    """What the user asks to see. Plain values only; acts that happen once are counters that grow."""

    method: str = "gradcam"
    layer: str = "layer4"
    filter_layer: str = "layer4"
    target: str = TOP
    tiles: int = 16
    page: int = 0
    pins: tuple[int, ...] = ()
    selected: int = 0  # a track, 0: the largest face
    alpha: float = 0.5
    heat: bool = True
    smooth_ms: float = 300.0  # time constant, 0: off
    views: tuple[str, ...] = ("camera", "filters")
    mirror: bool = False
    help: bool = False
    colormap: str = "inferno"
    against: str = ""  # contrast: the label that the map speaks against
    by_share: bool = False  # tiles sorted by their share of the target's score, not by strength
    off: tuple[int, ...] = ()  # filters of the filter layer that are switched off for comparison
    proof: bool = False  # blur parts of the face and see what the probability does
    random: int = 0  # stages randomised, from the last one backwards
    compare: Variant | None = None  # another way to look, side by side
    frozen: bool = False
    steps: int = 0  # frames stepped while frozen, back counts down
    seek_ms: float = 0.0  # the sum of all seeks asked for
    file: int = 0  # the sum of all next (+1) and previous (-1) file
    record: bool = False
    shots: int = 0
    quit: bool = False


@dataclass(frozen=True)
class Menu:
    """What there is to choose from now; made afresh for each frame. `order` lists channels, strongest first."""

    methods: tuple[str, ...]
    layers: tuple[str, ...]
    labels: tuple[str, ...]
    views: tuple[str, ...] = ("camera", "filters")
    models: tuple[str, ...] = ("a",)  # "b" too where there is a second model
    tracks: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    pages: int = 1
    start: Settings = Settings()  # what `0` goes back to


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


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is known of one frame. `readings[i]` belongs to `faces[i]`.

    `timings` are ms per stage, `fps` frames shown per second, `device` where the network runs, `notes` sentences for
    the user ("reconnecting", "12 frames dropped").
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

    @property
    def selected(self) -> int | None:
        """The index of the selected face; None where there is none."""
        return selected(self.faces, self.settings, self.memory) if self.faces else None


@dataclass(frozen=True)
class Key:
    """A key was pressed: its character, or one of "esc", "left", "right", "up", "down", "enter", "pageup"…"""

    name: str


@dataclass(frozen=True)
class Pin:
    """A tile was clicked: pin this channel of the filter layer, or unpin it."""

    channel: int


@dataclass(frozen=True)
class Select:
    """A face was clicked."""

    track: int


@dataclass(frozen=True)
class Closed:
    """A window was closed by its frame's button."""

    view: str


Event = Key | Pin | Select | Closed


@dataclass(frozen=True)
class Hit:
    """A rectangle of a picture (x0, y0, x1, y1 in its pixels) that can be clicked, and the event of a click on it."""

    box: tuple[int, int, int, int]
    event: Event


@dataclass(frozen=True, eq=False)
class Picture:
    """What a view gives: `bgr` (H, W, 3) uint8 and what can be clicked in it."""

    bgr: np.ndarray
    hits: tuple[Hit, ...] = ()


class Source(Protocol):
    """Where frames come from: a context manager.

    `read` gives None when there is nothing new within 50 ms (frozen, not due yet, reconnecting), so that keys stay
    alive, and END when nothing more will come. Of the settings it looks at `frozen`, `steps`, `seek_ms` and `file`
    only. `notes` are sentences about its state for the user.
    """

    def read(self, settings: Settings) -> Frame | End | None: ...
    def progress(self) -> Progress: ...
    def notes(self) -> tuple[str, ...]: ...
    def __enter__(self) -> "Source": ...
    def __exit__(self, *error: object) -> None: ...


class Sink(Protocol):
    """What takes scenes and pictures: windows, recorder, data writer, snapshots. A context manager.

    Called once per frame with the scene and the views' pictures, and again when the same frame is drawn anew. `notes`
    are sentences about its state for the user; `stage` names what its time is counted as ("show", "encode", "write").
    """

    stage: str

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None: ...
    def notes(self) -> tuple[str, ...]: ...
    def __enter__(self) -> "Sink": ...
    def __exit__(self, *error: object) -> None: ...


Detect = Callable[[Frame], Sequence[Face]]
Track = Callable[[Sequence[Face], Frame], tuple[Face, ...]]
Read = Callable[[Frame, Sequence[Face], Settings, Memory], tuple[Reading, ...]]
View = Callable[[Scene], Picture]
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


def base_variant(settings: Settings) -> Variant:
    """The way to look that the settings ask for, through the network as it is."""
    target = f"{settings.target}-{settings.against}" if settings.against else settings.target
    if settings.method == "filter":
        return Variant(method="filter", layer=settings.filter_layer, target=target, channels=settings.pins)
    return Variant(method=settings.method, layer=settings.layer, target=target)


def shown_variant(settings: Settings) -> Variant:
    """The way to look whose map is painted: through the randomised network, if that is asked for."""
    base = base_variant(settings)
    return replace(base, net=f"a~{settings.random}") if settings.random else base


def knocked_variant(settings: Settings) -> Variant | None:
    """The way to look with filters switched off, if any are."""
    if not settings.off:
        return None
    return replace(base_variant(settings), off=settings.off, off_layer=settings.filter_layer)


def other_variant(settings: Settings) -> Variant | None:
    """The way to look that is compared with the one shown, for the same target."""
    return replace(settings.compare, target=base_variant(settings).target) if settings.compare else None


def variants(settings: Settings) -> tuple[Variant, ...]:
    """All ways to look that these settings ask for, each once; the base comes first."""
    asked = (base_variant(settings), shown_variant(settings), knocked_variant(settings), other_variant(settings))
    return tuple(dict.fromkeys(v for v in asked if v is not None))
