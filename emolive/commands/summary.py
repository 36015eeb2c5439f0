"""The command `emolive summary`: it parses and wires; what is heavy is imported when it is called."""

from json import dumps
from pathlib import Path

import click

from emolive.commands.options import command
from emolive.core.errors import EmoliveError
from emolive.core.options import Options


@command("summary")
@click.argument("results", type=click.Path(path_type=Path))
def summary(options: Options, results: Path, out: Path | None, min_seconds: float, json: bool) -> None:
    """Count what the data files in RESULTS say: per video and person, shares, means, changes, off-face heat.

    RESULTS is what `emolive batch` wrote, a folder of recordings made with --bundle, or any folder of data files.
    Writes summary.csv and summary.html, a page with timelines.
    """
    from emolive.corpus import summary as run

    run.find(results)
    run.check(out or results, options.overwrite)
    found = run.summarise(results, min_seconds)
    files = run.write(found, out or results, f"Summary of {results.resolve().name}", options.overwrite)
    if json:
        click.echo(dumps(run.as_json(found), allow_nan=False))
    else:
        for path in files:
            click.echo(path)
        if found.left_out:
            click.echo(f"Left out: {found.left_out} in sight for less than {min_seconds:g} s.")
    if found.failures:
        raise EmoliveError(" ".join(found.failures))
