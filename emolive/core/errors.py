"""What can go wrong in a way the user can mend. Only `commands/main.py` turns these into exit statuses."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class EmoliveError(Exception):
    """Says what happened and what to do next, in one or two sentences without jargon."""


class SourceError(EmoliveError):
    """A camera, stream or file cannot be read."""


class Unanswered(SourceError):
    """A path does nothing for so long that it is given up, though nobody knows what is wrong with it."""


class ModelError(EmoliveError):
    """A model file is missing, broken or does not fit."""


class OutputError(EmoliveError):
    """A file cannot be written."""


class UnknownName(EmoliveError):
    """A name that was asked for is none of those that there are."""


@contextmanager
def from_extra(name: str, what: str) -> Iterator[None]:
    """For imports of what only an extra of emolive installs: where it is missing, a sentence instead of ImportError.

    `what` says what needs it, `name` is the extra. A module of emolive's own that is missing is a bug, and raised.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").split(".")[0] == "emolive":
            raise
        raise EmoliveError(f"{what}. Install it: pip install 'emolive[{name}]'") from error


def pick(name: str, choices: Iterable[str], what: str) -> str:
    """Give `name` back if it is one of `choices`; otherwise raise `UnknownName` with the list and the nearest one."""
    known = list(choices)
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise UnknownName(f"There is no {what} '{name}'.{hint} There are: {', '.join(known)}.")
