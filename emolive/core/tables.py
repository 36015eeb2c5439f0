"""Tables as CSV: the one place that writes them, so that no cell of one is ever a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

CsvCell = bool | int | float | str | None

_FORMULA = re.compile(r"'*(\s*[=+\-@\uff0b\uff0d\uff1d\uff20]|[\t\r\n])")
"""What a text begins with that is a formula, or one that is guarded: it is guarded once more, so that reading gives it
back as it was."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GUARD = "'"


def csv_line(row: Iterable[CsvCell]) -> str:
    """A row as a line of CSV, None as nothing, what is true or false as `true` and `false`.

    A spreadsheet runs a text that begins with =, +, -, @, a tab or a return: such a text gets a ' before it. Numbers
    stay numbers, negative ones and those that are written as text too.
    """
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow([_harmless(cell) for cell in row])  # so that it quotes returns
    return line.getvalue().removesuffix("\r\n") + "\n"


def write_csv(file: TextIO, rows: Iterable[Sequence[CsvCell]]) -> None:
    """Write rows as `csv_line` does."""
    file.writelines(map(csv_line, rows))


def plain_text(cell: str) -> str:
    """The text that `csv_line` was given, of a cell that was read from its line."""
    return cell[1:] if cell.startswith(_GUARD) and _FORMULA.match(cell) else cell


def read_csv(file: TextIO) -> Iterator[dict[str, str | None]]:
    """The rows of a table by the names in its first line, as they were given to `csv_line`; None where a row is short.
    Raises `ValueError` for what is no such table."""
    try:
        for row in csv.DictReader(file):
            if None in row:
                raise ValueError("a row has more cells than the table has columns")
            yield {plain_text(name): None if cell is None else plain_text(cell) for name, cell in row.items()}
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _harmless(cell: CsvCell) -> CsvCell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return _GUARD + cell if _FORMULA.match(cell) else cell
