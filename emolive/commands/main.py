"""The command `emolive`, which has all others. They parse and wire; what is heavy is imported when it is called."""

import logging
import sys
from typing import Any

import click

from emolive import __version__
from emolive.commands.batch import batch
from emolive.commands.bench import bench
from emolive.commands.look import cam, cameras, demo, file, layers
from emolive.commands.options import CONTEXT, DEBUG
from emolive.commands.replay import replay
from emolive.commands.reports import explain, plot
from emolive.commands.summary import summary
from emolive.commands.training import evaluate, train
from emolive.commands.web import web
from emolive.core.errors import EmoliveError


class Group(click.Group):
    """Turns what the user can mend into a sentence and exit status 1; `--debug` shows the traceback instead."""

    def invoke(self, context: click.Context) -> Any:
        """Run a command; an `EmoliveError` becomes a `ClickException`, Ctrl-C ends with 130."""
        try:
            return super().invoke(context)
        except EmoliveError as error:
            if context.meta.get(DEBUG):
                raise
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            sys.exit(130)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the whole first sentence of its help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(command.help or "")) for name, command in self.commands.items()])


def _first_sentence(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())


@click.group(cls=Group, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="emolive")
def cli() -> None:
    """See inside an emotion-recognition network while it looks at faces, live.

    No frame leaves this machine. What a label on a face can and cannot mean is in the README.
    """


for one in (cam, file, demo, cameras, layers, replay, batch, summary, explain, plot, web, train, evaluate, bench):
    cli.add_command(one)


def main() -> None:
    """The entry point: every option can also be set in the environment, like EMOLIVE_CAM_CAMERA=2."""
    logging.basicConfig(level=logging.ERROR)
    cli()
