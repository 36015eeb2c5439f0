"""The commands that look: `cam`, `file` and `demo`; and `cameras` and `layers`, which say what there is to look at."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from click.core import ParameterSource

from emolive.commands.options import command
from emolive.core.errors import EmoliveError, SourceError, UnknownName
from emolive.core.kept import resumed, session_path
from emolive.core.options import Options
from emolive.media.address import is_address


def given() -> set[str]:
    """The options of the running command that are given on the command line or in the environment."""
    context = click.get_current_context()
    own = (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
    return {name for name in context.params if context.get_parameter_source(name) not in own}


@contextmanager
def _session(options: Options) -> Iterator[Options]:
    """The options with those of --session; a name that is unknown here is said to be from there."""
    try:
        yield resumed(options, given())
    except UnknownName as error:
        if not options.session:
            raise
        raise UnknownName(f"{error} What is not given comes from {session_path(options)}.") from error


@command("cam")
def cam(
    options: Options,
    camera: str,
    size: tuple[int, int] | None,
    fps: float | None,
    give_up: float,
) -> None:
    """Look through a camera or a network stream."""
    from emolive.live import session

    if not is_address(camera) and set(camera) & set("@?=") and not os.path.exists(camera):
        # It may hold a password, so it is not said again.
        raise SourceError("The address of a camera begins with rtsp:// or http://. Write it whole, in quotes.")
    with _session(options) as options:
        session.camera(options, camera, size, fps, give_up)


@command("file")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def file(options: Options, files: tuple[Path, ...], start: float | None, end: float | None) -> None:
    """Play videos, pictures, GIFs, folders of them, or a film at an http(s):// address."""
    from emolive.live import session

    if start is not None and end is not None and end <= start:
        raise click.UsageError("--end must be later than --start.")
    last = files[-1]
    if options.record and len(files) > 1 and not last.exists():
        raise click.UsageError(f"There is no file {last}. --record takes no name; --out {last} writes there.")
    with _session(options) as options:
        session.files(options, files, start, end)


@command("demo")
def demo(options: Options, faces: int) -> None:
    """Show faces that drift and change their expression.

    They belong to nobody: each is an average of ten people or more of the Face Research Lab London Set (DeBruine and
    Jones 2017, CC BY 4.0). What they are said to express are the network's own answers.
    """
    from emolive.live import session

    with _session(options) as options:
        session.demo(options, faces)


@command("cameras")
def cameras(options: Options) -> None:
    """List the cameras of this machine with their sizes."""
    from emolive.live import session

    found = session.cameras()
    for camera in found:
        click.echo(f"{camera.name:<14}{camera.width}x{camera.height}  {camera.fps:.0f} fps")
    if not found:
        raise EmoliveError("No camera was found. Plug one in, or use 'emolive file VIDEO' or 'emolive demo'.")


@command("layers")
def layers(options: Options) -> None:
    """List the layers that can be shown, with their shapes."""
    from emolive.live import session

    for name, (channels, height, width) in session.layers(options).items():
        click.echo(f"{name:<18}{channels:>4} channels  {height:>3} × {width}")
