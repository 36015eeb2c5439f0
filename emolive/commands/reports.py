"""The commands `emolive explain` and `emolive plot`: they parse and wire; what is heavy is imported when called."""

from pathlib import Path

import click

from emolive.core.errors import EmoliveError
from emolive.core.options import common_options, model_options

LAYERS = "layer1,layer2,layer3,layer4"


def _words(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
    if not words:
        raise click.BadParameter("name at least one.")
    return words


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the report.")
@click.option(
    "--methods", default="all", show_default=True, callback=_words, help="gradcam,layercam,…; scorecam is slow."
)
@click.option("--layers", default=LAYERS, show_default=True, callback=_words, help="See `emolive layers`.")
@click.option("--target", default="", help="Emotion that the maps explain; default: the likeliest of each face.")
@click.option("--detector", type=click.Choice(["full", "short", "tiled"]), default="full", show_default=True)
@click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Of a face.")
@click.option("--max-faces", type=click.IntRange(1), default=50, show_default=True, help="Of a picture.")
@click.option("--whole", is_flag=True, help="Take each whole picture as a face.")
@click.option("--overwrite", is_flag=True, help="Replace an existing report.")
@model_options
@common_options
def explain(
    pictures: tuple[Path, ...],
    out: Path,
    methods: tuple[str, ...],
    layers: tuple[str, ...],
    target: str,
    detector: str,
    min_confidence: float,
    max_faces: int,
    whole: bool,
    overwrite: bool,
    model: Path | None,
    labels: tuple[str, ...],
    device: str,
    half: bool,
    verbose: bool,
    debug: bool,
) -> None:
    """Explain the faces in PICTURES (or folders of them), test each explanation, and write a page for a class.

    OUT gets index.html, report.json and the folder sheets. All of it is computed in full precision.
    """
    from emolive.networks.checkpoint import choose_device, load
    from emolive.reports import explain as run

    if half:
        raise click.UsageError("--half does not go with explain: proofs are computed in full precision.")
    methods = run.METHODS if methods == ("all",) else methods
    request = run.Request(methods, layers, target, detector, min_confidence, max_faces, whole)
    report = run.explain(pictures, out, load(model, labels, choose_device(device)), request, overwrite)
    faces = sum(len(picture.faces) for picture in report.pictures)
    click.echo(f"{out / 'index.html'}: {_count(len(report.pictures), 'picture')}, {_count(faces, 'face')}")
    if report.failures:
        raise EmoliveError(" ".join(report.failures.values()))


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="FILE.png; default: beside DATA.")
@click.option(
    "--min-seconds", type=click.FloatRange(0), default=0.5, show_default=True, help="Leave out who is in sight less."
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@common_options
def plot(data: Path, out: Path | None, min_seconds: float, overwrite: bool, verbose: bool, debug: bool) -> None:
    """Draw the emotions of each person over time, from DATA that `--data` wrote.

    One PNG per person: FILE-1.png, FILE-2.png and so on, by the person's number.
    """
    from emolive.reports.plot import plot as run

    done = run(data, out or data.with_suffix(".png"), min_seconds, overwrite)
    for path in done.files:
        click.echo(path)
    if done.left_out:
        click.echo(f"Left out: {_count(done.left_out, 'person', 'people')} in sight for less than {min_seconds:g} s.")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
