"""The command `emolive summary`: it parses and wires; what is heavy is imported when it is called."""

from json import dumps
from pathlib import Path

import click

from emolive.commands.options import command
from emolive.core.errors import EmoliveError
from emolive.core.options import Options


@command("summary")
@click.argument("results", type=click.Path(path_type=Path))
def summary(
    options: Options,
    results: Path,
    out: Path | None,
    people: Path | None,
    parquet: bool,
    hold: float,
    by_settings: bool,
    seed: int,
    min_seconds: float,
    json: bool,
) -> None:
    """Count what the data files in RESULTS say: per video, person and group, with intervals.

    RESULTS is what `emolive batch` wrote, a folder of recordings made with --bundle, or any folder of data files.
    Writes summary.csv (a row for each video and face), summary-figures.csv (a row for each figure, with its interval),
    summary-columns.csv (what each column says), and summary.html, a page with timelines.
    """
    from emolive.corpus import summary as run

    run.find(results)
    run.check(out or results, options.overwrite, parquet)
    if parquet:
        import emolive.media.parquet  # noqa: F401 (says what is missing)
    found = run.summarise(results, run.SummaryWish(people, min_seconds, hold, by_settings, seed))
    files = run.write(found, out or results, f"Summary of {results.resolve().name}", options.overwrite, parquet)
    if json:
        click.echo(dumps(run.as_json(found), allow_nan=False))
    else:
        for path in files:
            click.echo(path)
        if found.left_out:
            click.echo(f"Left out: {found.left_out} in sight for less than {min_seconds:g} s.")
        for note in found.notes:
            click.echo(note, err=True)
    if found.failures:
        raise EmoliveError(" ".join(found.failures))
