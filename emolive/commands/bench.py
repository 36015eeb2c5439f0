"""The command `emolive bench`: it parses and wires; what is heavy is imported when called."""

from pathlib import Path

import click

from emolive.core.options import Options, common_options, model_options


@click.command()
@click.option("--source", default="demo", show_default=True, help="A video, or demo.")
@click.option("--frames", type=click.IntRange(1), default=200, show_default=True, help="How many are measured.")
@click.option("--faces", type=click.IntRange(1, 64), help="Portraits in the demo.  [default: 1]")
@click.option("--json", "path", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures here too.")
@click.option("--headless", is_flag=True, help="Open no windows.")
@model_options
@common_options
def bench(
    source: str,
    frames: int,
    faces: int | None,
    path: Path | None,
    headless: bool,
    model: Path | None,
    labels: tuple[str, ...],
    device: str,
    half: bool,
    verbose: bool,
    debug: bool,
) -> None:
    """Measure how fast emolive is here, beside the bare cost of its network in the same run.

    The ratio of both holds on any machine; the times hold on this one, as busy as it is now.
    """
    from emolive.bench.measure import Workload, measure
    from emolive.bench.result import table

    if faces and source != "demo":
        raise click.UsageError("--faces goes with the demo: a video shows the faces that it shows.")
    options = Options(model=model, labels=labels, device=device, half=half, headless=headless)
    done = measure(options, Workload(source, faces or 1, frames), lambda words: click.echo(words, err=True))
    click.echo(table(done))
    if path:
        path.write_text(done.json(), encoding="utf-8")
