"""The tables in docs/FILMS.md: a row for each kind of film that was tried, written by the tests that try it."""

import os
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "FILMS.md"

WRITE = "EMOLIVE_WRITE_FILMS"
"""With this in the environment the tests write what they tried into the page; without, they check that it is there."""

_HEAD = "| What was tried | What became of it |\n| --- | --- |\n"


def note(group: str, what: str, outcome: str) -> None:
    """This was tried, and this became of it. Fails where the page does not say so, unless it is being written."""
    row = f"| {what} | {outcome} |\n"
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {group}: written by the tests -->", f"<!-- /{group} -->"
    head, _, rest = text.partition(begin)
    table, _, tail = rest.partition(end)
    assert tail, f"{PAGE.name} has no table {group!r}"
    if os.environ.get(WRITE):
        rows = {line.split(" | ")[0]: line + "\n" for line in table.splitlines() if line.startswith("| ")}
        rows = {key: line for key, line in rows.items() if key not in ("| What was tried", "| ---")}
        rows[f"| {what}"] = row
        PAGE.write_text(f"{head}{begin}\n\n{_HEAD}{''.join(rows.values())}\n{end}{tail}", encoding="utf-8")
        return
    assert re.search(re.escape(row.strip()), table), f"docs/{PAGE.name} does not say: {row.strip()} ({WRITE}=1 writes)"
