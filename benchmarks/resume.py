"""How long `emolive batch` takes to see that a large study is done, and how much memory its driver takes for it.

    python benchmarks/resume.py [--videos 10000]

Makes a study of small videos in build/resume/ whose results are all there: one is done, the others are copies of it,
each with another video's bytes and a record that says so. Then runs `emolive batch` over it, twice: as it is, and after
all results' times were changed by a copy, so that their contents have to be looked at.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import click
from scene_video import write_scene

from emolive.corpus.layout import REPORT
from emolive.corpus.result import VideoResult

FOLDER = Path(__file__).resolve().parent.parent / "build" / "resume"


@click.command(help=__doc__)
@click.option("--videos", type=click.IntRange(2), default=10_000, show_default=True)
def main(videos: int) -> None:
    """Fill, run, say."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    study, out = FOLDER / "study", FOLDER / "results"
    study.mkdir(parents=True)
    write_scene(FOLDER / "film.mp4", 1, 5, 0)
    fill(FOLDER / "film.mp4", study, out, videos)
    for case in ("done", "done, results copied"):
        seconds, cpu_s, peak_mb, said = resumed(study, out)
        kept = sum(one["kept"] for one in json.loads(said)["done"])
        click.echo(
            f"{case}: {kept:,} of {videos:,} kept in {seconds:.1f} s ({cpu_s:.1f} s of a core), {peak_mb:.0f} MB"
        )
        copied(out)


def fill(film: Path, study: Path, out: Path, videos: int) -> None:
    """A study of that many videos, each of the film's pictures and other bytes at its end, and its results."""
    content = film.read_bytes()
    paths = [study / f"{number:05}.mp4" for number in range(videos)]
    for number, path in enumerate(paths):
        path.write_bytes(content + number.to_bytes(4, "big"))
    subprocess.run([sys.executable, "-m", "emolive", "batch", paths[0], "--out", out], check=True)
    first = VideoResult.read(out / paths[0].stem)
    for path in paths[1:]:
        folder = out / path.stem
        shutil.copytree(out / paths[0].stem, folder, ignore=shutil.ignore_patterns(REPORT))
        facts = path.stat()
        replace(
            first,
            name=path.stem,
            source=str(path),
            content=sha256(path.read_bytes()).hexdigest(),
            size=facts.st_size,
            mtime_ns=facts.st_mtime_ns,
        ).write(folder)


def copied(out: Path) -> None:
    """Give all results' files the times of now, as a copy does."""
    for path in out.glob("*/data.jsonl"):
        os.utime(path)


ASKED = (
    "import json, resource, subprocess, sys;"
    "code = subprocess.run(sys.argv[2:]).returncode;"
    "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
    "open(sys.argv[1], 'w').write(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]));"
    "sys.exit(code)"
)
"""A small program that runs another one and notes what it took: the system counts a parent's memory as its child's."""


def resumed(study: Path, out: Path, more: Sequence[str] = ()) -> tuple[float, float, float, str]:
    """Run the batch again; the seconds it took, those of a core, the most memory of its driver in MB, what it said."""
    command = [sys.executable, "-m", "emolive", "batch", str(study), "--out", str(out), "--json", *more]
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", ASKED, FOLDER / "used", *command], stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise click.ClickException("emolive batch failed; it said why above.")
    cpu_s, peak = json.loads((FOLDER / "used").read_text())
    return seconds, cpu_s, peak / (1e6 if sys.platform == "darwin" else 1e3), done.stdout


if __name__ == "__main__":
    main()
