"""The command `emolive batch`."""

import time
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emolive.commands.options import command
from emolive.core.errors import EmoliveError, OutputError
from emolive.core.options import Options
from emolive.corpus.contract import Resources

if TYPE_CHECKING:
    from emolive.corpus.driver import BatchState

MOST_NAMED = 20
"""How many failed videos are named; --json names all."""


@command("batch")
@click.argument("videos", nargs=-1)
def batch(
    options: Options,
    videos: tuple[str, ...],
    out: Path,
    workers: int | None,
    engine: str,
    address: str,
    gpus_per_worker: float,
    video: bool,
    data: str,
    segment: float,
    force: bool,
    verify: bool,
    status: bool,
    why: Path | None,
    lease: float,
    limit: float,
    json: bool,
) -> None:
    """Look at many videos: files, folders, or patterns in quotes like 'study/**/*.mp4'.

    Each gets a folder of its own in the results, which is there when it is whole. Running again does what is missing;
    several may run in one folder at once, and share the work.
    """
    from emolive.corpus import status as told
    from emolive.corpus.batch import batch as run
    from emolive.corpus.plan import BatchRequest

    if segment and options.proof:
        click.echo("With --proof videos are not split: each frame asks about the one before.", err=True)
        segment = 0.0
    names = videos or ((str(why),) if why else ())
    if not names and not status:
        raise click.UsageError("Missing argument 'VIDEOS...'.")
    asked = BatchRequest(names, out, options, video, data, segment, force, verify, lease, limit)
    if why:
        click.echo(told.why_again(asked, why))
        return
    if status:
        found = told.status_of(asked)
        click.echo(dumps(told.as_json(found), indent=2) if json else told.in_words(found))
        return
    began = time.perf_counter()
    state = run(asked, engine, Resources(workers, address, gpus_per_worker))
    if json:
        click.echo(_json(state, out, time.perf_counter() - began))
    else:
        there = f", {state.kept} of them before" if state.kept else ""
        click.echo(f"{out}: {len(state.done)} videos done{there}")
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
    return dumps(facts, indent=2)  # in ASCII, which every console takes
