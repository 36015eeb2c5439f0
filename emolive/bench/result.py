"""What was measured, as plain values, and what it comes to: shares, medians, and whether the bounds hold."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emolive.bench.costs import told
from emolive.bench.meter import Sample
from emolive.core.stopwatch import STAGES

MUST = {1: 1.35, 4: 1.25}
"""From so many faces on, the loop may take this many times the bare cost, where the map takes no pass back."""

BUSY = 3.0
"""A bare forward that varies more than this (95th ÷ 5th percentile) tells of the machine, not of emolive."""

LATE = 1.2
"""A camera's picture may be so many times as old, when it is shown, as the work on one frame takes."""

BESIDE_ONE = 1.35
"""With one busy program beside it the loop may take this many times as long."""

WINDOW_S, PICTURE_S, FACE_S = 0.5, 1.0, 3.0
"""Bounds of a start: until a window is up, shows a picture, and shows one whose faces are read."""

PEAK_MB, KEY_MS = 1200.0, 50.0
"""Bounds of memory, and of a key beyond one frame."""


@dataclass(frozen=True)
class StageTime:
    """Median and 95th percentile of a stage, and its part of the time of all stages."""

    p50_ms: float
    p95_ms: float
    share: float


@dataclass(frozen=True)
class Start:
    """Seconds from the command until a window is up, until it shows a picture (None without windows), and until one
    whose faces are read."""

    window_s: float | None
    picture_s: float | None
    face_s: float

    def told(self) -> list[tuple[str, float, float]]:
        """What was measured: its name, the seconds, and what they may be at most."""
        every = (
            ("window", self.window_s, WINDOW_S),
            ("picture", self.picture_s, PICTURE_S),
            ("faces read", self.face_s, FACE_S),
        )
        return [(name, seconds, most) for name, seconds, most in every if seconds is not None]


@dataclass(frozen=True)
class Keys:
    """From a key press to the changed picture, median, and how long a frame took meanwhile."""

    ms: float
    frame_ms: float


@dataclass(frozen=True)
class Recording:
    """Frames that a 30 fps camera's recording was sent and lost, and its frame rate by that without recording."""

    sent: int
    dropped: int
    ratio: float


@dataclass(frozen=True)
class Neighbours:
    """How long a frame of the loop takes, in ms (medians of several runs): alone, and beside so many busy programs."""

    programs: int
    alone_ms: float
    beside_ms: float

    @property
    def ratio(self) -> float:
        """How many times as long it takes beside them."""
        return self.beside_ms / self.alone_ms


@dataclass(frozen=True)
class Bench:
    """The figures of a run; times in ms unless named otherwise. `spread` is how much the bare forward varied;
    `every_face` whether each frame showed as many faces as it should, `clock_ms` how old a camera's picture is when it
    is shown, read from a clock in it, `steps` what single steps cost a face (`costs`), `passes_back` whether the map
    takes a pass back through the network, which the bare cost has not."""

    stages: Mapping[str, StageTime]
    loop_ms: float
    bare_ms: float
    overhead: float
    spread: float
    fps: float
    latency_ms: float
    faces: int
    frames: int
    every_face: bool = True
    passes_back: bool = False
    start: Start | None = None
    peak_memory_mb: float | None = None
    key: Keys | None = None
    recording: Recording | None = None
    clock_ms: float | None = None
    steps: Mapping[str, float] = dataclasses.field(default_factory=dict)
    neighbours: Neighbours | None = None
    size: tuple[int, int] = (0, 0)
    source: str = "demo"
    device: str = "cpu"
    threads: int = 1
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def must(self) -> float:
        """What the overhead may be at most, with so many faces."""
        return MUST[max([n for n in MUST if n <= self.faces], default=1)]

    @property
    def work_ms(self) -> float:
        """What all stages of a frame take, one after the other, until it is shown."""
        return sum(stage.p50_ms for name, stage in self.stages.items() if name != "encode")

    @property
    def no_verdict(self) -> str:
        """Why the figures prove nothing; "" where they do."""
        if self.spread > BUSY:
            return (
                f"no verdict: the bare forward varied {self.spread:.1f}-fold, so this machine is too busy. "
                "Run it again when nothing else runs."
            )
        return "" if self.every_face else "no verdict: not every frame showed every face."

    def json(self) -> str:
        """All figures; `verdict` is whether the overhead is within its bound, null where nobody can tell."""
        verdict = None if self.no_verdict or self.passes_back else self.overhead <= self.must
        return json.dumps({**dataclasses.asdict(self), "must": self.must, "verdict": verdict}, indent=2) + "\n"


def summed_up(samples: Sequence[Sample]) -> Bench:
    """Medians and ratios of the samples, at least one; the machine's own variation from those of equally many faces."""
    names = sorted({name for sample in samples for name in sample.stages}, key=_place)
    times = {name: np.array([sample.stages.get(name, 0.0) for sample in samples]) for name in names}
    whole = sum(ms.sum() for ms in times.values())
    stages = {
        name: StageTime(float(np.median(ms)), float(np.percentile(ms, 95)), float(ms.sum() / whole))
        for name, ms in times.items()
    }
    faces = [sample.faces for sample in samples]
    usual = max(set(faces), key=faces.count)
    low, high = np.percentile([s.forward for s in samples if s.faces == usual], [5, 95])
    return Bench(
        stages=stages,
        loop_ms=float(np.median([s.loop for s in samples])),
        bare_ms=float(np.median([s.bare for s in samples])),
        overhead=float(np.median([s.loop / s.bare for s in samples])),
        spread=float(high / low),
        fps=1e3 * len(samples) / sum(s.loop for s in samples),
        latency_ms=float(np.median([s.latency for s in samples])),
        faces=usual,
        frames=len(samples),
    )


def _place(stage: str) -> int:
    """Where a stage stands in the table; what lies between the stages of the loop follows on the last of them."""
    order = [*STAGES[: STAGES.index("draw") + 1], "rest", *STAGES[STAGES.index("draw") + 1 :]]
    return order.index(stage) if stage in order else len(order)


def table(bench: Bench) -> str:
    """The figures for people."""
    width, height = bench.size
    faces = "1 face" if bench.faces == 1 else f"{bench.faces} faces"
    named = " · ".join(f"{name} {version}" for name, version in bench.versions.items())
    lines = [
        f"{bench.source} · {width}×{height} · {faces} · {bench.frames} frames · {bench.device}, torch threads: "
        f"{bench.threads}",
        named,
        "",
        f"{'stage':<14}{'p50 ms':>9}{'p95 ms':>9}{'share':>8}",
    ]
    for name, stage in bench.stages.items():
        bar = "▇" * round(stage.share * 40)
        lines.append(f"{name:<14}{stage.p50_ms:>9.2f}{stage.p95_ms:>9.2f}{stage.share:>8.1%}  {bar}".rstrip())
    lines += [
        "",
        f"{'loop':<14}{bench.loop_ms:>9.2f} ms   all of the above without show and encode; draw goes on beside the "
        "next frame's decode and detect",
        f"{'bare':<14}{bench.bare_ms:>9.2f} ms   detect and one plain batched forward, measured in turn",
        f"{'overhead':<14}{bench.overhead:>9.2f} ×    {_overhead(bench)}",
        f"{'frame rate':<14}{bench.fps:>9.1f} /s   without show and encode",
        f"{'latency':<14}{bench.latency_ms:>9.1f} ms   from a frame's arrival until it is shown",
    ]
    if bench.peak_memory_mb is not None:
        verdict = _bound(bench, bench.peak_memory_mb, PEAK_MB, " MB", timed=False)
        lines.append(f"{'peak memory':<14}{bench.peak_memory_mb:>9.0f} MB   {verdict}")
    for name, seconds, most in bench.start.told() if bench.start is not None else ():
        lines.append(f"{name:<14}{seconds:>9.2f} s    from the command on; {_bound(bench, seconds, most, ' s')}")
    if bench.key is not None:
        verdict = _bound(bench, bench.key.ms, bench.key.frame_ms + KEY_MS, " ms")
        lines.append(f"{'key press':<14}{bench.key.ms:>9.1f} ms   until the picture changes; {verdict}")
    if bench.recording is not None:
        lost, speed = bench.recording.dropped, bench.recording.ratio
        words = f"of {bench.recording.sent} frames dropped; {speed:.2f} × as fast as without"
        lines.append(f"{'recording':<14}{lost:>9} {words}, camera at 30 fps")
    if bench.clock_ms is not None:
        verdict = _bound(bench, bench.clock_ms, LATE * bench.work_ms, " ms")
        lines.append(
            f"{'clock':<14}{bench.clock_ms:>9.1f} ms   since a camera gave the picture that is shown; {verdict}"
        )
    if bench.neighbours is not None:
        near = bench.neighbours
        verdict = f"; {_bound(bench, near.ratio, BESIDE_ONE, '×')}" if near.programs == 1 else ""
        others = "1 busy program" if near.programs == 1 else f"{near.programs} busy programs"
        times = f"a frame in {near.beside_ms:.1f} ms beside {others}, {near.alone_ms:.1f} alone, in turn{verdict}"
        lines.append(f"{'neighbours':<14}{near.ratio:>9.2f} ×    {times}")
    if bench.steps:
        lines += ["", "what single steps cost a face, beside a bare forward of one face", *told(bench.steps)]
    return "\n".join([*lines, *(("", bench.no_verdict) if bench.no_verdict else ())])


def _overhead(bench: Bench) -> str:
    if bench.passes_back:
        return f"the map takes a pass back; at most {bench.must:.4g}× without one: --method gradcam --layer layer4"
    return _bound(bench, bench.overhead, bench.must, "×")


def _bound(bench: Bench, value: float, most: float, unit: str, timed: bool = True) -> str:
    """Whether a figure is within its bound; for times only where the machine is quiet enough to tell."""
    words = f"at most {most:.4g}{unit}"
    if timed and bench.no_verdict:
        return words
    return f"{words}: {'yes' if value <= most else 'NO'}"
