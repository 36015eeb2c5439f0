"""The commands. They parse and wire, and do no work themselves; heavy imports happen inside them."""

import logging
import sys
from pathlib import Path
from typing import Any

import click

from emolive import __version__
from emolive.commands.batch import batch
from emolive.commands.bench import bench
from emolive.commands.replay import replay
from emolive.commands.reports import explain, plot
from emolive.commands.summary import summary
from emolive.commands.training import evaluate, train
from emolive.commands.web import web
from emolive.core import interrupts
from emolive.core.errors import EmoliveError
from emolive.core.options import Options, common_options, model_options, viewing_options


class Group(click.Group):
    """Turns what the user can mend into a sentence and exit status 1; `--debug` shows the traceback instead."""

    def invoke(self, context: click.Context) -> Any:
        """Run a command; an `EmoliveError` becomes a `ClickException`, Ctrl-C ends with 130."""
        try:
            return super().invoke(context)
        except EmoliveError as error:
            if "--debug" in sys.argv:
                raise
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            sys.exit(130)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="emolive")
def cli() -> None:
    """See inside an emotion-recognition network while it looks at faces, live.

    No frame leaves this machine. What a label on a face can and cannot mean is in the README.
    """


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    width, _, height = value.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise click.BadParameter(f"'{value}' is no size; write it like 1280x720.")
    return int(width), int(height)


def _clock(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """Milliseconds of "90", "1:30" or "0:01:30.5"."""
    if value is None:
        return None
    try:
        parts = [float(part) for part in value.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or any(part < 0 for part in parts):
        raise click.BadParameter(f"'{value}' is no time; write seconds, 1:30 or 0:01:30.")
    return sum(part * 60**i for i, part in enumerate(reversed(parts))) * 1e3


@cli.command()
@click.option("--camera", default="0", show_default=True, help="Number, /dev/video2, rtsp://… or http://…/stream.mjpg")
@click.option("--size", callback=_size, help="Ask the camera for this size, like 1280x720.")
@click.option("--fps", type=click.FloatRange(1, 1000), help="Ask the camera for this rate.")
@click.option(
    "--give-up", type=click.FloatRange(0), default=60.0, show_default=True, help="Headless: s without a frame."
)
@click.option("--allow-other-hosts", is_flag=True, help="A network stream may lead to other hosts than its own.")
@viewing_options
def cam(
    options: Options,
    camera: str,
    size: tuple[int, int] | None,
    fps: float | None,
    give_up: float,
    allow_other_hosts: bool,
) -> None:
    """Look through a camera or a network stream."""
    from emolive.live import session

    session.camera(options, camera, size, fps, give_up, allow_other_hosts)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--start", callback=_clock, help="Begin here, like 0:10.")
@click.option("--end", callback=_clock, help="End here, like 0:20.")
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Headless: so many frames at once.")
@click.option("--stream", type=click.IntRange(0), help="Number of the video stream to show; default: the best.")
@click.option("--audio-stream", type=click.IntRange(0), help="Number of the audio stream to record; default: the best.")
@viewing_options
def file(options: Options, files: tuple[Path, ...], start: float | None, end: float | None) -> None:
    """Play videos, pictures, GIFs or folders of pictures."""
    from emolive.live import session

    if start is not None and end is not None and end <= start:
        raise click.UsageError("--end must be later than --start.")
    last = files[-1]
    if options.record and len(files) > 1 and not last.exists():
        raise click.UsageError(f"There is no file {last}. --record takes no name; --out {last} writes there.")
    session.files(options, files, start, end)


@cli.command()
@click.option("--faces", type=click.IntRange(1, 64), default=3, show_default=True, help="Portraits in the scene.")
@viewing_options
def demo(options: Options, faces: int) -> None:
    """Show a moving scene with copies of a portrait."""
    from emolive.live import session

    session.demo(options, faces)


@cli.command()
@common_options
def cameras(verbose: bool, debug: bool) -> None:
    """List the cameras of this machine with their sizes."""
    from emolive.live import session

    found = session.cameras()
    for camera in found:
        click.echo(f"{camera.name:<14}{camera.width}x{camera.height}  {camera.fps:.0f} fps")
    if not found:
        raise EmoliveError("No camera was found. Plug one in, or use 'emolive file VIDEO' or 'emolive demo'.")


@cli.command()
@model_options
@common_options
def layers(model: Path | None, labels: tuple[str, ...], device: str, half: bool, verbose: bool, debug: bool) -> None:
    """List the layers that can be shown, with their shapes."""
    from emolive.live import session

    for name, (channels, height, width) in session.layers(model, labels).items():
        click.echo(f"{name:<18}{channels:>4} channels  {height:>3} × {width}")


cli.add_command(batch)
cli.add_command(explain)
cli.add_command(plot)
cli.add_command(replay)
cli.add_command(summary)
cli.add_command(web)
cli.add_command(train)
cli.add_command(evaluate)
cli.add_command(bench)


def main() -> None:
    """The entry point: every option can also be set in the environment, like EMOLIVE_CAM_CAMERA=2."""
    logging.basicConfig(level=logging.INFO if {"-v", "--verbose"} & set(sys.argv) else logging.ERROR)
    try:
        cli(auto_envvar_prefix="EMOLIVE")
    except SystemExit as leaving:
        interrupts.end(leaving)
