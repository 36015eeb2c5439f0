"""The commands `emolive explain` and `emolive plot`: they parse and wire; what is heavy is imported when called."""

from pathlib import Path

import click

from emolive.commands.options import command
from emolive.core.errors import EmoliveError
from emolive.core.options import Options


@command("explain")
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
def explain(
    options: Options,
    pictures: tuple[Path, ...],
    out: Path,
    methods: tuple[str, ...],
    layers: tuple[str, ...],
    whole: bool,
) -> None:
    """Explain the faces in PICTURES (or folders of them), test each explanation, and write a page for a class.

    OUT gets index.html, report.json and the folder sheets. All of it is computed in full precision.
    """
    from emolive.attribution.methods import UNPINNED
    from emolive.networks.checkpoint import choose_device, load
    from emolive.networks.fast import fast
    from emolive.reports import explain as run
    from emolive.ui.fonts import prepare

    if options.half:
        raise click.UsageError("--half does not go with explain: proofs are computed in full precision.")
    methods = UNPINNED if methods == ("all",) else methods
    request = run.Request(
        methods,
        layers,
        options.target,
        options.detector,
        options.min_confidence,
        options.max_faces,
        whole,
        options.scale,
    )
    model = fast(load(options.model, options.labels, choose_device(options.device), options.facts()), options.backend)
    prepare(model.spec.labels)
    report = run.explain(pictures, out, model, request, options.overwrite)
    faces = sum(len(picture.faces) for picture in report.pictures)
    click.echo(f"{out / 'index.html'}: {_count(len(report.pictures), 'picture')}, {_count(faces, 'face')}")
    if report.failures:
        raise EmoliveError(" ".join(report.failures.values()))


@command("plot")
@click.argument("data", type=click.Path(path_type=Path))
def plot(options: Options, data: Path, out: Path | None, min_seconds: float, raw: bool) -> None:
    """Draw the emotions of each person over time, from DATA that `--data` wrote.

    One PNG per person: FILE-1.png, FILE-2.png and so on, by the person's number.
    """
    from emolive.reports.plot import plot as run

    done = run(data, out or data.with_suffix(".png"), min_seconds, options.overwrite, raw)
    for path in done.files:
        click.echo(path)
    if done.left_out:
        click.echo(f"Left out: {_count(done.left_out, 'person', 'people')} in sight for less than {min_seconds:g} s.")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
