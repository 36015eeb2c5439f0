"""From the table of options to click: a command's options, grouped in its `--help`."""

import functools
import logging
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from emolive.core.foreign import answered
from emolive.core.kinds import Choice, File, Flag, Kind
from emolive.core.options import FIELDS, GROUPS, MAP, RUN, Option, Options, options_of

DEBUG = "emolive.debug"
"""Where a command keeps in `context.meta` that --debug is given."""

WIDTH = 100
"""Columns of `--help`, where the terminal has them."""

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": WIDTH}


class Checked(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """Values of a kind of the table."""

    name = "value"

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value of a word; what is no word is a default, and stays."""
        if not isinstance(value, str):
            return value
        try:
            return self.kind.read(value)
        except ValueError as error:
            self.fail(f"'{value}' {error}.", param, ctx)


class CheckedPath(click.Path):
    """A path of the table; click looks whether a file or a folder is there, and completes names."""

    def __init__(self, kind: File) -> None:
        super().__init__(exists=kind.exists, file_okay=kind.is_folder is not True, dir_okay=kind.is_folder is not False)
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, as a `pathlib.Path`."""
        path = Checked(self.kind).convert(value, param, ctx)
        super().convert(path, param, ctx)
        return path


class RowOption(click.Option):
    """An option of a command that comes from a row of the table. `shown` is the default that its help names."""

    def __init__(self, row: Option, command: str, shown: Any = None) -> None:
        flag = isinstance(row.kind, Flag)
        names = [f"{row.flag}/--no-{row.flag[2:]}" if isinstance(row.kind, Flag) and row.kind.off else row.flag]
        super().__init__(
            [*([row.short] if row.short else []), *names, row.name],
            type=None if flag else _click_type(row.kind),
            is_flag=flag or None,
            required=row.required,
            envvar=row.variable(command),
            help=row.help,
            # A default of None would be one for click, and what is required be there.
            **({} if row.required else {"default": row.default_of(command)}),
        )
        self.row, self.command = row, command
        self.shown = row.default_of(command) if shown is None else shown

    @property
    def facts(self) -> str:
        """What is allowed and what is taken where nothing is given, in words."""
        words = ["required"] if self.row.required else []
        if said(self.shown):
            words.append(f"default: {said(self.shown)}")
        limits = self.row.kind.limits
        if limits and not isinstance(self.row.kind, Choice) and not limits.endswith("or more"):
            words.append(limits)
        return "; ".join(words)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """What `--help` says of it."""
        names = " / ".join([*self.opts, *self.secondary_opts]) if self.secondary_opts else ", ".join(self.opts)
        return f"{names} {self.row.kind.metavar}".rstrip(), f"{self.row.help}  [{self.facts}]".removesuffix("  []")


class RowCommand(click.Command):
    """A command whose `--help` shows its options in groups. A word that is a path which does not answer ends it, before
    click asks for what is there: that would wait for ever."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does. Raises `SourceError` for a path on a drive that hangs."""
        for word in args:
            name = word.partition("=")[2] if word.startswith("-") else word
            if name and "\0" not in name and "://" not in name:
                answered(Path(name), partial(os.path.exists, name))
        given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in self.params:
            value = given.get(parameter.name or "")
            words = value if isinstance(value, list | tuple) else (value,)
            if isinstance(parameter, click.Argument) and "" in words:
                raise click.UsageError("A name is empty; it would mean the folder you are in.", ctx)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options by group, in the order of `GROUPS`."""
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in GROUPS}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record:
                groups[parameter.row.group if isinstance(parameter, RowOption) else RUN].append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How to set options in the environment."""
        named = [p for p in self.params if isinstance(p, RowOption) and said(p.shown)]
        if named:
            one = max(named, key=lambda p: p.row.group == MAP)
            formatter.write_paragraph()
            formatter.write_text(
                f"Options can be set in the environment, too: {one.row.variable(one.command)}={said(one.shown)}. "
                "docs/OPTIONS.md lists all of them."
            )


def command(name: str, shown: Mapping[str, Any] | None = None) -> Callable[[Callable[..., None]], RowCommand]:
    """A decorator: a function becomes the command `name`, with its options of the table.

    The function is called with those that are fields of `Options` as one value `options`, and with each other one and
    with its arguments by name. `shown` are defaults that its help names, for options that have none in the table.
    """

    def made(function: Callable[..., None]) -> RowCommand:
        arguments = list(reversed(getattr(function, "__click_params__", [])))
        rows = options_of(name)
        carried = {row.name for row in rows if FIELDS.get(row.name) is row}

        @functools.wraps(function)
        def call(**values: Any) -> None:
            options = Options(**{key: values.pop(key) for key in carried})
            click.get_current_context().meta[DEBUG] = options.debug
            if options.verbose:
                logging.getLogger().setLevel(logging.INFO)
            function(options=options, **values)

        return RowCommand(
            name,
            callback=call,
            params=[*arguments, *(RowOption(row, name, (shown or {}).get(row.name)) for row in rows)],
            help=function.__doc__,
            context_settings=CONTEXT,
        )

    return made


def _click_type(kind: Kind) -> click.ParamType:  # type: ignore[type-arg]
    """How click reads a value; choices and paths are its own, so that shells complete them."""
    match kind:
        case Choice(names):
            return click.Choice(names)
        case File():
            return CheckedPath(kind)
    return Checked(kind)


def said(value: Any) -> str:
    """A value as a user writes it; "" for none."""
    match value:
        case None | False:
            return ""
        case True:
            return "on"
        case tuple():
            return ",".join(map(str, value))
        case float():
            return f"{value:g}"
    return str(value)
