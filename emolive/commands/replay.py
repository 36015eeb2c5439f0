"""The command `emolive replay`: it parses and wires; what is heavy is imported when it is called."""

from pathlib import Path

import click

from emolive.commands.look import given
from emolive.commands.options import command
from emolive.core.options import Options


@command("replay")
@click.argument("recording", type=click.Path(path_type=Path))
def replay(options: Options, recording: Path) -> None:
    """Look again at a recording made with --bundle, with its own settings or others.

    RECORDING is its folder. Every option that is given changes the recording's settings.
    """
    from emolive.corpus import replay as run

    run.replay(recording, options, given())
