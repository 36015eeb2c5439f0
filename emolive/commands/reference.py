"""The reference of all options, docs/OPTIONS.md, made from the table; `make readme` writes it."""

import click

from emolive.commands.main import cli
from emolive.commands.options import RowOption, said
from emolive.core.options import EVERY, GROUPS, TABLE, Option

HEAD = """# Options

<!-- made from emolive/core/options.py by make readme -->

Each option can also be set in the environment, where its name is `EMOLIVE_`, the command, `_` and the option, like
`EMOLIVE_FILE_METHOD=layercam` or `EMOLIVE_CAM_MAX_FACES=4`; flags are set by `1` or `0`. What is given on the command
line comes first. `emolive COMMAND --help` says the same for one command.

The last column says what comes of an option: **replay**: `--bundle` keeps it and `emolive replay` takes it from there;
**result**: a result of `emolive batch` depends on it, so that another value makes it anew. `settings.json` of a bundle
holds all other options of the run too, for people.
"""


def reference() -> str:
    """The page, as Markdown."""
    shown = {(name, p.row.name): p.shown for name in EVERY for p in _options(cli.commands[name])}
    parts = [HEAD]
    for group in GROUPS:
        rows = [row for row in TABLE if row.group == group]
        parts.append(f"## {group}\n\n| Option | Values | Default | What it does | Commands | In the environment | |")
        parts[-1] += "\n" + "| --- " * 7 + "|\n" + "\n".join(_line(row, shown) for row in rows) + "\n"
    return "\n".join(parts)


def _options(command: click.Command) -> list[RowOption]:
    return [parameter for parameter in command.params if isinstance(parameter, RowOption)]


def _line(row: Option, shown: dict[tuple[str, str], object]) -> str:
    name = f"`{row.short}` `{row.flag}`" if row.short else f"`{row.flag}`"
    if getattr(row.kind, "off", False):
        name += f" `--no-{row.flag[2:]}`"
    defaults = {command: "required" if row.required else said(shown[command, row.name]) for command in row.commands}
    usual = max(defaults.values(), key=list(defaults.values()).count)
    others = [f"{value or 'off'} for {command}" for command, value in defaults.items() if value != usual]
    commands = "all" if set(row.commands) == set(EVERY) else " ".join(row.commands)
    variable = row.variable(row.commands[0] if len(row.commands) == 1 else "…")
    keeps = ", ".join(word for word, does in (("replay", row.looks), ("result", row.key)) if does)
    unit = row.kind.metavar if row.kind.metavar.isupper() and row.kind.metavar not in ("N", "NUMBER") else ""
    values = ", ".join(filter(None, (unit, row.kind.limits))) or row.kind.metavar or "flag"
    cells = (name, values, "; ".join(filter(None, (usual, *others))), row.help, commands, f"`{variable}`", keeps)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
