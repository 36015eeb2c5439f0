"""The figures of benchmarks/batch.py for people: what stands between the marks in docs/SCALING.md."""

from dataclasses import dataclass
from datetime import date

from batch_costs import (
    CORES,
    INPUT_GB,
    MACHINES,
    MEMORY_GB,
    MINUTES,
    MUST,
    SEGMENT_MIN,
    SERVER_GB_S,
    VIDEOS,
    Costs,
    Stages,
    cluster,
    gpu_core_s,
    verdict,
)


@dataclass(frozen=True)
class Setting:
    """What was run, and where. `spread` is how much the time of the same run varied (slowest ÷ fastest)."""

    videos: int
    seconds: float
    faces: int
    rounds: int
    cpu: str
    cores: int
    spread: float


def markdown(cost: Costs, stages: Stages, setting: Setting) -> str:
    """Measured figures, and the arithmetic with them."""
    plan = cluster(cost)
    left = gpu_core_s(cost, stages)
    share = stages.network_share
    return f"""Written on {date.today()}: {setting.videos} videos of {setting.seconds:g} s (1280×720, 25 frames a \
second, {setting.faces} faces), {setting.rounds} rounds; {setting.cpu}, {setting.cores} cores, no GPU.

| figure | measured |
| --- | --- |
| two workers ÷ one, on {setting.cores} cores (must: ≥ {MUST}) | {cost.speedup:.2f} × as fast \
(least of all rounds {cost.slowest:.2f}): {verdict(cost, setting.spread)} |
| `c`: CPU for an hour of video, two workers | {cost.core_s:,.0f} core-seconds ({cost.core_s / 3600:.2f} core-hours) |
| of it decoding, finding faces, network and maps | {stages.decode:.1f}, {stages.detect:.1f}, {stages.network:.1f} \
CPU ms a frame: the network is {share:.0%} (`s`) |
| until a batch with two workers has begun | {cost.start_s:.1f} core-seconds |
| part of the cores' time that is used | {cost.busy:.0%} |
| `m`: memory of a worker, at most | {cost.worker_mb:,.0f} MB |
| `d`: data written for an hour of video | {cost.out_mb:.1f} MB |

The same for a thousand machines of {CORES} cores and {MEMORY_GB} GB, and a study of {VIDEOS:,} videos of {MINUTES} \
minutes ({VIDEOS * MINUTES / 60:,.0f} hours), {INPUT_GB} GB an hour:

| | arithmetic | comes to |
| --- | --- | --- |
| workers on a machine | min({CORES} cores, {MEMORY_GB} GB ÷ m) | {plan.workers} |
| a machine does | workers × 3600 ÷ c | {plan.machine_rate:.1f} hours of video an hour |
| {MACHINES:,} machines do | × {MACHINES:,} | {plan.rate:,.0f} hours of video an hour |
| the study takes | hours ÷ that + the last part | {plan.study_h * 60:,.0f} minutes; on one machine \
{VIDEOS * MINUTES / 60 / plan.machine_rate:,.0f} hours |
| the last part of {SEGMENT_MIN} minutes takes | {SEGMENT_MIN} min × c ÷ 3600 | {plan.tail_min:.1f} minutes on \
its core |
| reading, while all work | rate × {INPUT_GB} GB ÷ 3600 | {plan.input_gb_s:.1f} GB/s in all, \
{plan.input_gb_s / MACHINES * 8e3:.0f} Mbit/s a machine |
| machines that a file server of 10 Gbit/s can feed | {SERVER_GB_S} GB/s ÷ a machine's reading | {plan.fed:,.0f} |
| results of the study | hours × d | {plan.output_gb:,.1f} GB |
| tasks handed out | rate ÷ {SEGMENT_MIN} min | {plan.tasks_s:.0f} a second |
| machines lost on the way, one failure a machine and year | machines × time ÷ year | {plan.failures:.2f} |
| with GPUs: cores for an hour of video | c × (1 − s) | {left:,.0f} core-seconds |
| cores that one GPU keeps busy, if it does `g` faces a second | g × c × (1 − s) ÷ (90,000 × faces) | \
{left / 90_000 / setting.faces:.4f} × g |"""
