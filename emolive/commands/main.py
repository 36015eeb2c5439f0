"""The command `emolive`, which has all others. They parse and wire; what is heavy is imported when it is called."""

import errno
import io
import logging
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import click

from emolive import __version__
from emolive.commands.audit import audit
from emolive.commands.batch import batch
from emolive.commands.bench import bench
from emolive.commands.look import cam, cameras, demo, file, layers
from emolive.commands.options import CONTEXT, DEBUG
from emolive.commands.replay import replay
from emolive.commands.reports import explain, plot
from emolive.commands.summary import summary
from emolive.commands.training import evaluate, train
from emolive.commands.web import web
from emolive.core import interrupts
from emolive.core.errors import EmoliveError
from emolive.core.files import why
from emolive.core.foreign import printable
from emolive.media.address import scrubbed


class Group(click.Group):
    """Turns what the user can mend into a sentence and exit status 1; `--debug` shows the traceback instead. Addresses
    in any sentence are shown without their passwords."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Run the command line, whose words are remembered: they may hold secrets."""
        self.words = list(sys.argv[1:] if args is None else args)
        return super().main(args, *rest, **named)

    def invoke(self, context: click.Context) -> Any:
        """Run a command; an `EmoliveError` becomes a `ClickException`, Ctrl-C ends with 130."""
        try:
            return super().invoke(context)
        except click.ClickException as error:
            error.message = self.said(error.message)  # type: ignore[misc]  # its own sentence, without secrets
            raise
        except EmoliveError as error:
            if context.meta.get(DEBUG):
                raise
            raise click.ClickException(self.said(str(error))) from error
        except OSError as error:  # the system refused something that nobody foresaw; the same for a full console
            if context.meta.get(DEBUG) or error.errno == errno.EPIPE:
                raise
            raise click.ClickException(
                self.said(f"{_place(error)} ({why(error)}). Mend that, then run it again.")
            ) from error
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            sys.exit(130)

    def said(self, text: str) -> str:
        """A text for people, without the passwords that the user's words and the environment hold, and without
        characters that steer a terminal."""
        words = [*getattr(self, "words", ()), *(v for name, v in os.environ.items() if name.startswith("EMOLIVE_"))]
        values = [word.partition("=")[2] for word in words if word.startswith("--")]
        return "\n".join(map(printable, scrubbed(text, [*words, *values]).split("\n")))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the whole first sentence of its help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(command.help or "")) for name, command in self.commands.items()])


def _place(error: OSError) -> str:
    if error.filename is None:
        return "Something could not be read or written"
    return f"{printable(os.fsdecode(error.filename))} could not be read or written"


def _first_sentence(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())


@click.group(cls=Group, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="emolive")
def cli() -> None:
    """See inside an emotion-recognition network while it looks at faces, live.

    No frame leaves this machine. What a label on a face can and cannot mean is in the README.
    """


for one in (
    cam,
    file,
    demo,
    cameras,
    layers,
    replay,
    batch,
    summary,
    explain,
    audit,
    plot,
    web,
    train,
    evaluate,
    bench,
):
    cli.add_command(one)


def main() -> None:
    """The entry point: every option can also be set in the environment, like EMOLIVE_CAM_CAMERA=2."""
    cli.words = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever letters a console lacks, the work that was done is told
            stream.reconfigure(errors="backslashreplace")
    _hide_passwords()
    logging.basicConfig(level=logging.ERROR)
    try:
        cli()
    except SystemExit as leaving:
        interrupts.end(leaving)


def _hide_passwords() -> None:
    """In tracebacks, and in whatever is logged by whomever."""
    record_of = logging.getLogRecordFactory()

    def record(*values: Any, **named: Any) -> logging.LogRecord:
        made = record_of(*values, **named)
        made.msg, made.args = cli.said(made.getMessage()), ()
        if made.exc_info and made.exc_info[0]:
            made.exc_text = cli.said("".join(traceback.format_exception(*made.exc_info)).rstrip())
        return made

    def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(cli.said("".join(traceback.format_exception(kind, error, trace))))

    logging.setLogRecordFactory(record)
    sys.excepthook = told
    threading.excepthook = lambda given: told(given.exc_type, given.exc_value or given.exc_type(), given.exc_traceback)
