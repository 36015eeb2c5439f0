"""A session that is kept under a name: how things are looked at, as options in a JSON file, and read back."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emolive.core.files import write_whole
from emolive.core.foreign import is_file, read_json, refuse
from emolive.core.kinds import Text
from emolive.core.options import FIELDS, Options
from emolive.core.settings import Settings

FOLDER = "sessions"
"""The folder of sessions, in that of the recordings."""

USUAL = "last"
"""What a session is called that was given no name."""

LARGEST = 1_000_000
"""Bytes of a session's file."""

KEPT = {name: row for name, row in FIELDS.items() if row.setting and name not in ("record", "unsure")}
"""The options that a session keeps. When a face is unsure the network's file says."""

OTHER = ("method_b", "layer_b")
"""The options that stand for `Settings.compare`."""


@dataclass(frozen=True)
class Session:
    """A session that was read: its options, and the sha256 of the network that it was kept with."""

    options: Mapping[str, Any]
    sha256: str


def session_path(options: Options) -> Path:
    """Where the session of these options is kept."""
    return options.recordings / FOLDER / f"{options.session or USUAL}.json"


def as_options(settings: Settings, names: Collection[str]) -> dict[str, Any]:
    """The options of these names that lead to settings, and those that lead to its comparison."""
    rows = {name: FIELDS[name] for name in names if FIELDS[name].setting}
    other = settings.compare
    values = {name: row.of_setting(getattr(settings, row.setting)) for name, row in rows.items()}
    return {**values, "method_b": other.method if other else "", "layer_b": other.layer if other else ""}


def keep_session(path: Path, settings: Settings, sha256: str) -> None:
    """Write a session, whole or not at all. Raises OSError."""
    facts = {"options": as_options(settings, KEPT), "model": {"sha256": sha256}}
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a pipe would wait for a reader
        raise OSError(f"{path} is no file")
    write_whole(path, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def read_session(path: Path) -> Session | None:
    """A session, every value in it checked to be of its option's kind; None where there is none of that name.

    Raises `SourceError`, which names the file and the option, where a value is none of its kind or it is no session.
    """
    if not is_file(path):
        return None
    facts = read_json(path, LARGEST, "Keep it anew with the key S, or remove it.", finite=False)
    options, model = (facts.get(name) if isinstance(facts, dict) else None for name in ("options", "model"))
    if not isinstance(options, dict) or not isinstance(model, dict):
        refuse(path, "", "it is no session", "Keep it anew with the key S, or remove it.")
    try:
        found = {name: _checked(name, options[name]) for name in (*KEPT, *OTHER) if name in options}
        return Session(found, Text().check(model.get("sha256")))
    except ValueError as error:
        refuse(path, "", str(error), "Keep it anew with the key S, or remove it.")


def _checked(name: str, value: Any) -> Any:
    try:
        return FIELDS[name].check(value)
    except ValueError as error:
        words = json.dumps(value)
        raise ValueError(f"{name} {words} {error}" if len(words) < 40 else f"{name} {error}") from None


def resumed(options: Options, given: Collection[str]) -> Options:
    """The options with those of their session, but for the ones that are `given` by name. Raises `SourceError`."""
    session = read_session(session_path(options)) if options.session else None
    if session is None:
        return options
    return replace(options, **{name: value for name, value in session.options.items() if name not in given})
