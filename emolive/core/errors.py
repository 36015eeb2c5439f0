"""What can go wrong in a way the user can mend. Only `commands/main.py` turns these into exit statuses."""

import difflib
from collections.abc import Iterable


class EmoliveError(Exception):
    """Says what happened and what to do next, in one or two sentences without jargon."""


class SourceError(EmoliveError):
    """A camera, stream or file cannot be read."""


class ModelError(EmoliveError):
    """A model file is missing, broken or does not fit."""


class OutputError(EmoliveError):
    """A file cannot be written."""


def pick(name: str, choices: Iterable[str], what: str) -> str:
    """Give `name` back if it is one of `choices`; otherwise raise with the list and the nearest name."""
    known = list(choices)
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise EmoliveError(f"There is no {what} '{name}'.{hint} There are: {', '.join(known)}.")
