"""The command `emolive summary`: it parses and wires; what is heavy is imported when it is called."""

import json
from pathlib import Path

import click

from emolive.core.errors import EmoliveError
from emolive.core.options import common_options


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for both files; default: RESULTS."
)
@click.option(
    "--min-seconds", type=click.FloatRange(0), default=0.5, show_default=True, help="Leave out who is in sight less."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON too, for machines.")
@click.option("--overwrite", is_flag=True, help="Replace an existing summary.")
@common_options
def summary(
    results: Path, out: Path | None, min_seconds: float, as_json: bool, overwrite: bool, verbose: bool, debug: bool
) -> None:
    """Count what the data files in RESULTS say: per video and person, shares, means, changes, off-face heat.

    RESULTS is what `emolive batch` wrote, a folder of recordings made with --bundle, or any folder of data files.
    Writes summary.csv and summary.html, a page with timelines.
    """
    from emolive.corpus import summary as run

    run.find(results)
    run.check(out or results, overwrite)
    found = run.summarise(results, min_seconds)
    files = run.write(found, out or results, f"Summary of {results.resolve().name}", overwrite)
    if as_json:
        click.echo(json.dumps(run.as_json(found), ensure_ascii=False, allow_nan=False))
    else:
        for path in files:
            click.echo(path)
        if found.left_out:
            click.echo(f"Left out: {found.left_out} in sight for less than {min_seconds:g} s.")
    if found.failures:
        raise EmoliveError(" ".join(found.failures))
