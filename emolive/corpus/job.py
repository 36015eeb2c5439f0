"""What travels between the driver and its workers: frozen, small, picklable."""

from dataclasses import dataclass
from pathlib import Path

from emolive.core.options import Options
from emolive.corpus.leases import Lease


@dataclass(frozen=True)
class Job:
    """One video of a corpus, and what is to be made of it.

    `out` is the folder of its result, which appears whole or not at all (`layout.py`). `options` say how to look;
    their own outputs are not used: `annotated` asks for the annotated video, `data` ("jsonl" or "parquet") names the
    kind of data file. `settings` is the hash of all that the result depends on besides the video's content. Videos that
    last longer than `segment_s` seconds are split; 0: never. `force`: also where its result is there already. At most
    `limit_s` seconds may pass without a new frame.
    """

    video: Path
    out: Path
    options: Options
    settings: str
    annotated: bool = False
    data: str = "jsonl"
    segment_s: float = 0.0
    force: bool = False
    limit_s: float = 60.0


@dataclass(frozen=True)
class Whole:
    """Do a video; give an `Outcome`, or the `Split` of a long one. `lease`: its driver's right to do so; None: nobody
    else is there."""

    job: Job
    lease: Lease | None = None


@dataclass(frozen=True)
class Segment:
    """Look at a part of a long video, the `number`th of `Split.edges_ms`, and keep the answers; gives itself back."""

    job: Job
    split: "Split"
    number: int
    lease: Lease | None = None


@dataclass(frozen=True)
class Join:
    """Make the result of a long video out of the answers of all its segments; give an `Outcome`."""

    job: Job
    split: "Split"
    lease: Lease | None = None


Task = Whole | Segment | Join


@dataclass(frozen=True)
class Split:
    """A video's content hash, and where it is cut if it is long: the times of n - 1 key frames, in ms, for n segments;
    its bytes and the time of its last change when it was hashed."""

    content: str
    edges_ms: tuple[float, ...]
    size: int = -1
    mtime_ns: int = 0


@dataclass(frozen=True)
class Outcome:
    """A video is done: how many frames and faces it had, and what the user should know (`notes`). `kept`: its result
    was there already."""

    frames: int
    faces: int
    notes: tuple[str, ...] = ()
    kept: bool = False


@dataclass(frozen=True)
class Lost:
    """Another driver has taken the task over; nothing was written."""


TaskResult = Outcome | Split | Segment | Lost
"""What the work on a `Task` gives."""
