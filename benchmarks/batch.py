"""What `emolive batch` costs, and how much faster two workers are than one: alternately, in one run.

    python benchmarks/batch.py [--rounds 3] [--videos 6] [--seconds 20]

Makes a corpus of short videos of the demo scene in build/batch/, measures, prints, and writes the figures, with the
arithmetic for a thousand machines, into docs/SCALING.md. Run it when nothing else runs on the machine.
"""

import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import click
from batch_costs import Run, Stages, costs, within
from batch_report import Setting, markdown
from machine import processor
from scene_video import write_scene

from emolive.core.scene import Frame, Memory, Settings
from emolive.faces.detect import Detector
from emolive.faces.track import Tracker
from emolive.live.engine import Engine
from emolive.media.clips import VideoClip
from emolive.networks.checkpoint import load

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "batch"

FPS = 25

SHORT = 5
"""Frames of the two videos that show what it costs to begin."""

SAMPLE = 60
"""Frames that the cost of each stage is measured over."""


@click.command(help=__doc__)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--videos", type=click.IntRange(2), default=6, show_default=True, help="How many; even, to share them.")
@click.option("--seconds", type=click.IntRange(1), default=20, show_default=True, help="Length of each video.")
@click.option("--faces", type=click.IntRange(1, 16), default=2, show_default=True, help="Portraits in each video.")
@click.option(
    "--doc", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=ROOT / "docs" / "SCALING.md"
)
def main(rounds: int, videos: int, seconds: int, faces: int, doc: Path) -> None:
    """Measure, print, write."""
    if not hasattr(os, "wait4"):
        raise click.ClickException("What a process used is only told on Linux and macOS.")
    films = corpus(videos, seconds, faces)
    shorts = corpus(2, SHORT / FPS, faces)
    click.echo("What each stage costs …", err=True)
    stages = measure_stages(films[0])
    starts, ones, twos = [], [], []
    for turn in range(rounds):
        click.echo(f"Round {turn + 1} of {rounds} …", err=True)
        starts.append(batch(shorts, 2))
        order = ((1, ones), (2, twos)) if turn % 2 else ((2, twos), (1, ones))
        for workers, runs in order:
            runs.append(batch(films, workers))
    try:
        cost = costs(starts, ones, twos, videos * seconds / 3600, os.cpu_count() or 1)
    except ValueError as error:
        raise click.ClickException(f"There is nothing to tell: {error}.") from error
    spread = max(max(r.wall_s for r in runs) / min(r.wall_s for r in runs) for runs in (ones, twos))
    setting = Setting(videos, seconds, faces, rounds, processor(), os.cpu_count() or 1, spread)
    block = markdown(cost, stages, setting)
    click.echo(block)
    doc.write_text(within(doc.read_text(encoding="utf-8"), block), encoding="utf-8")


def corpus(videos: int, seconds: float, faces: int) -> list[Path]:
    """Videos of the demo scene, each from another moment of it; made where they are not there yet."""
    films = [FOLDER / f"{seconds:g}s-{faces}-{number}.mp4" for number in range(videos)]
    for number, film in enumerate(films):
        if not film.exists():
            write_scene(film, faces, round(seconds * FPS), number * 7_000)
    return films


def batch(films: list[Path], workers: int) -> Run:
    """Run `emolive batch` over the films, into a new folder. Raises `click.ClickException` where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        out, log = Path(folder, "results"), Path(folder, "log")
        command = [sys.executable, "-m", "emolive", "batch", *map(str, films), "--out", str(out)]
        began = time.perf_counter()
        with log.open("wb") as said:
            process = subprocess.Popen([*command, "--workers", str(workers)], stdout=said, stderr=said)
            try:
                _, status, used = os.wait4(process.pid, 0)
            except KeyboardInterrupt:
                process.terminate()  # else it goes on where nobody sees it
                process.wait()
                raise
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise click.ClickException(f"emolive batch failed: {log.read_text(errors='replace')[-2000:]}")
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Run(workers, wall, used.ru_utime + used.ru_stime, peak, size)


def measure_stages(film: Path) -> Stages:
    """What a frame costs, by stage: CPU time, so that other processes do not count."""
    engine, track, marks = Engine(load(), figures=True), Tracker(), []
    with Detector() as detect:
        began = time.process_time()
        for index, (t_ms, bgr) in enumerate(islice(VideoClip(film).play(), SAMPLE)):
            decoded, frame = time.process_time(), Frame(index, t_ms, bgr)
            faces = track(detect(frame), frame)
            detected = time.process_time()
            engine(frame, faces, Settings(), Memory())
            done = time.process_time()
            marks.append((decoded - began, detected - decoded, done - detected))
            began = done
    warm = marks[len(marks) // 4 :]
    return Stages(*(1e3 * sum(column) / len(warm) for column in zip(*warm, strict=True)))


if __name__ == "__main__":
    main()
