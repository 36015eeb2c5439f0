"""What a corpus costs: figures of runs of `emolive batch`, and the arithmetic from them to a thousand machines."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FROM, TO = "<!-- measured: written by python benchmarks/batch.py -->", "<!-- /measured -->"
"""What the script writes stands between these in docs/SCALING.md."""

MUST = 1.5
"""On two cores, two workers are at least so many times as fast as one."""

MACHINES, CORES, MEMORY_GB = 1000, 16, 64
"""The cluster of the arithmetic."""

VIDEOS, MINUTES, INPUT_GB = 10_000, 10, 1.5
"""A large study: so many videos of so many minutes, with so much of H.264 video in an hour (720p, about 3.3 Mbit/s)."""

SERVER_GB_S = 1.25
"""What a file server with 10 Gbit/s gives."""

SEGMENT_MIN = 5
"""How long the parts are that long videos are split into, in the arithmetic."""

HOUR = 3600.0


@dataclass(frozen=True)
class Run:
    """One run of `emolive batch`: seconds of the clock, seconds of all cores, the most memory of any of its processes,
    and the bytes it wrote."""

    workers: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    out_bytes: int


@dataclass(frozen=True)
class Stages:
    """CPU ms a frame of what one worker does: decoding, finding faces, and the network with its maps."""

    decode: float
    detect: float
    network: float

    @property
    def network_share(self) -> float:
        """The part of it that a GPU would take over."""
        return self.network / (self.decode + self.detect + self.network)


@dataclass(frozen=True)
class Costs:
    """Medians over rounds. `speedup` of two workers over one, in the `slowest` round at least so much; all else for two
    workers: `core_s` seconds of a core for an hour of video, `start_s` until a batch has begun, `busy` the part of the
    cores' time that is used, `worker_mb` the memory of a worker, `out_mb` megabytes written for an hour of video."""

    speedup: float
    slowest: float
    core_s: float
    start_s: float
    busy: float
    worker_mb: float
    out_mb: float


@dataclass(frozen=True)
class Cluster:
    """What a cluster does: `workers` on a machine, hours of video in an hour of the clock (`rate`), hours for a study,
    input in GB/s, its output in GB, tasks handed out a second, minutes that the last part of a video takes,
    machines that fail meanwhile, and how many machines a file server of 10 Gbit/s can feed (`fed`)."""

    workers: int
    machine_rate: float
    rate: float
    study_h: float
    input_gb_s: float
    output_gb: float
    tasks_s: float
    tail_min: float
    failures: float
    fed: float


def costs(starts: Sequence[Run], ones: Sequence[Run], twos: Sequence[Run], video_h: float, cores: int) -> Costs:
    """Of runs that took turns: over next to no video, and over `video_h` hours of it with one worker and with two.

    Raises `ValueError` where the work is too little to be told from the beginning.
    """
    start = statistics.median(run.cpu_s for run in starts)
    if statistics.median(run.cpu_s for run in twos) <= start:
        raise ValueError("the corpus is too small to cost more than beginning does: give more --videos or --seconds")
    ratios = [one.wall_s / two.wall_s for one, two in zip(ones, twos, strict=True)]
    return Costs(
        speedup=statistics.median(ratios),
        slowest=min(ratios),
        core_s=(statistics.median(run.cpu_s for run in twos) - start) / video_h,
        start_s=start,
        busy=min(1.0, statistics.median(run.cpu_s / run.wall_s for run in twos) / min(2, cores)),
        worker_mb=max(run.peak_mb for run in twos),
        out_mb=twos[0].out_bytes / 1e6 / video_h,
    )


def cluster(cost: Costs, machines: int = MACHINES, cores: int = CORES, memory_gb: float = MEMORY_GB) -> Cluster:
    """One worker with one thread on each core, as far as the memory goes; every worker always has work."""
    workers = max(1, min(cores, int(memory_gb * 1e3 / cost.worker_mb)))
    machine_rate = workers * HOUR / cost.core_s
    rate = machines * machine_rate
    hours = VIDEOS * MINUTES / 60
    study_h = hours / rate + SEGMENT_MIN / 60 * cost.core_s / HOUR
    return Cluster(
        workers=workers,
        machine_rate=machine_rate,
        rate=rate,
        study_h=study_h,
        input_gb_s=rate * INPUT_GB / HOUR,
        output_gb=hours * cost.out_mb / 1e3,
        tasks_s=rate / HOUR / (min(MINUTES, SEGMENT_MIN) / 60),
        tail_min=SEGMENT_MIN * cost.core_s / HOUR,
        failures=machines * study_h / (365 * 24),
        fed=SERVER_GB_S * HOUR / (machine_rate * INPUT_GB),
    )


def gpu_core_s(cost: Costs, stages: Stages) -> float:
    """Seconds of a core for an hour of video where a GPU takes over the network."""
    return cost.core_s * (1 - stages.network_share)


def within(text: str, block: str) -> str:
    """A document with `block` between its marks. Raises `ValueError` where they are not there."""
    before, mark, rest = text.partition(FROM)
    _, end, after = rest.partition(TO)
    if not mark or not end:
        raise ValueError(f"the marks {FROM} and {TO} are missing")
    return f"{before}{FROM}\n\n{block}\n\n{TO}{after}"


def verdict(cost: Costs, spread: float) -> str:
    """Whether two workers are fast enough; no verdict where the same run varied too much."""
    if spread > MUST:
        return f"no verdict: the same run took up to {spread:.1f} times as long, the machine was too busy"
    return "yes" if cost.speedup >= MUST else "NO"
