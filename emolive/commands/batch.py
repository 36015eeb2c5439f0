"""The command `emolive batch`."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emolive.core.errors import EmoliveError, OutputError
from emolive.core.options import Options, look_options
from emolive.corpus.contract import Resources
from emolive.corpus.engines import ENGINES

if TYPE_CHECKING:
    from emolive.corpus.batch import BatchState

MOST_NAMED = 20
"""How many failed videos are named; --json names all."""


@click.command()
@click.argument("videos", nargs=-1, required=True)
@click.option(
    "--out", "results", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the results."
)
@click.option("--workers", type=click.IntRange(1), help="Videos at once; default: as many as there are cores.")
@click.option("--engine", type=click.Choice(list(ENGINES)), default="local", show_default=True, help="Who does it.")
@click.option("--address", default="", help="Of the Ray cluster, like auto or 10.0.0.1:6379.")
@click.option("--gpus-per-worker", type=click.FloatRange(0), default=0.0, help="Like 0.25: four workers on a GPU.")
@click.option("--video/--no-video", default=False, show_default=True, help="Write the annotated videos, too.")
@click.option("--data", "kind", type=click.Choice(["jsonl", "parquet"]), default="jsonl", show_default=True)
@click.option(
    "--segment",
    type=click.FloatRange(0),
    default=300.0,
    show_default=True,
    help="Split longer videos into parts of so many seconds, which run apart; 0: never.",
)
@click.option("--force", is_flag=True, help="Do all again, also what is done.")
@click.option("--json", "as_json", is_flag=True, help="Say what became of each video as JSON.")
@look_options
def batch(
    options: Options,
    videos: tuple[str, ...],
    results: Path,
    workers: int | None,
    engine: str,
    address: str,
    gpus_per_worker: float,
    video: bool,
    kind: str,
    segment: float,
    force: bool,
    as_json: bool,
) -> None:
    """Look at many videos: files, folders, or patterns in quotes like 'study/**/*.mp4'.

    Each gets a folder of its own in the results, which is there when it is whole. Running again does what is missing.
    """
    from emolive.corpus.batch import batch as run

    if segment and options.proof:
        click.echo("With --proof videos are not split: each frame asks about the one before.", err=True)
        segment = 0.0
    began = time.perf_counter()
    resources = Resources(workers, address, gpus_per_worker)
    state = run(videos, results, options, engine, resources, video, kind, segment, force)
    if as_json:
        click.echo(_json(state, results, time.perf_counter() - began))
    else:
        there = f", {state.kept} of them before" if state.kept else ""
        click.echo(f"{results}: {len(state.done)} videos done{there}")
    if state.fatal:
        raise OutputError(state.fatal)
    if state.failed:
        raise EmoliveError(_failures(state))


def _failures(state: "BatchState") -> str:
    named = [f"  {e if str(path) in e else f'{path}: {e}'}" for path, e in sorted(state.failed.items())]
    more = [f"  and {len(named) - MOST_NAMED} more (--json names all)"] if len(named) > MOST_NAMED else []
    total = len(state.failed) + len(state.done)
    return "\n".join([f"{len(named)} of {total} videos could not be done:", *named[:MOST_NAMED], *more])


def _json(state: "BatchState", out: Path, seconds: float) -> str:
    facts = {
        "out": str(out),
        "seconds": round(seconds, 3),
        "done": [
            {"video": str(path), "frames": o.frames, "faces": o.faces, "kept": o.kept, "notes": o.notes}
            for path, o in sorted(state.done.items())
        ],
        "failed": [{"video": str(path), "error": error} for path, error in sorted(state.failed.items())],
        "fatal": state.fatal,
    }
    return json.dumps(facts, ensure_ascii=False, indent=2)
