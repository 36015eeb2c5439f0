"""The command `emolive bench`: it parses and wires; what is heavy is imported when called."""

from pathlib import Path

import click

from emolive.commands.options import command
from emolive.core.options import Options


@command("bench")
def bench(options: Options, source: str, frames: int, faces: int | None, busy: int, json: Path | None) -> None:
    """Measure how fast emolive is here, beside the bare cost of its network in the same run.

    The ratio of both holds on any machine; the times hold on this one, as busy as it is now.
    """
    from emolive.bench.measure import Workload, measure
    from emolive.bench.result import table
    from emolive.core.files import check_output, write_output

    if faces and source != "demo":
        raise click.UsageError("--faces goes with the demo: a video shows the faces that it shows.")
    if json:
        check_output(json, [Path(source), *([options.model] if options.model else [])], options.overwrite)
    done = measure(options, Workload(source, faces or 1, frames, busy), lambda words: click.echo(words, err=True))
    click.echo(table(done))
    if json:
        write_output(json, done.json())
