"""With what settings the data files of a folder were made, and whether they may be added up."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolive.core.errors import EmoliveError, SourceError
from emolive.core.foreign import is_file, read_json
from emolive.corpus.layout import REPORT
from emolive.corpus.standing import Record, damage, differences, record
from emolive.media.bundle import LOOKS, SETTINGS

ONLY_SEEN = frozenset(
    ("annotated", "data", "alpha", "colormap", "tiles", "filter_layer", "by_share", "model", "model_b")
)
"""What no figure depends on: how pictures are drawn, and where files lie (networks are known by their content)."""

TOLD = 3
"""Kinds of settings that a sentence compares with the most frequent ones."""


@dataclass(frozen=True)
class MadeWith:
    """What is known of a data file: its settings (None: nobody says), the path and the content of its video, and what
    is wrong with it, in words."""

    settings: Mapping[str, Any] | None = None
    source: str = ""
    content: str = ""
    wrong: str = ""


def made_with(data: Path) -> MadeWith:
    """What is known of a data file by what lies beside it: the record of a batch, or the settings of a bundle."""
    if is_file(data.parent / REPORT):
        there = record(data.parent)
        if there is None or data.name not in (there.data, *there.files):
            return MadeWith()
        return _of_record(there)
    if data.stem == "data" and is_file(data.parent / SETTINGS):
        return _of_bundle(data.parent / SETTINGS)
    return MadeWith()


def _of_record(there: Record) -> MadeWith:
    known = {name: value for name, value in there.options.items() if name not in ONLY_SEEN}
    wrong = damage(there)
    said = f"{there.folder}: {'; '.join(wrong)}. Run the batch again." if wrong else ""
    return MadeWith(known, there.source, there.content, said)


def _of_bundle(path: Path) -> MadeWith:
    try:
        facts = read_json(path)
        options = {k: v for k, v in facts["options"].items() if k in LOOKS and k not in ONLY_SEEN and LOOKS[k].key}
        return MadeWith({**options, "weights": facts["model"]["sha256"]}, str(facts.get("source", "")))
    except (SourceError, KeyError, TypeError, AttributeError):
        return MadeWith()


def kinds_of(made: Mapping[str, MadeWith]) -> dict[str, str]:
    """The kind of settings of each of these videos, as a letter: A is the most frequent one; "" is not known."""
    by_hash = {name: _hash(one.settings) for name, one in made.items() if one.settings is not None}
    count = Counter(by_hash.values())
    order = sorted(count, key=lambda one: (-count[one], one))
    letters = {one: _letters(i) for i, one in enumerate(order)}
    return {name: letters[by_hash[name]] if name in by_hash else "" for name in made}


def told_apart(made: Mapping[str, MadeWith], kinds: Mapping[str, str]) -> list[str]:
    """In words what tells the kinds of settings apart; nothing where there is one."""
    first = {kind: made[name].settings or {} for name, kind in reversed(list(kinds.items())) if kind}
    count = Counter(kinds.values())
    said = []
    for kind in sorted(first, key=lambda one: (len(one), one)):
        if kind != "A":
            how = "; ".join(differences(first["A"], first[kind]))
            said.append(f"{kind} ({count[kind]} of {len(kinds)} videos) differs from A in {how}")
    return said


def check_alike(folder: Path, made: Mapping[str, MadeWith], kinds: Mapping[str, str]) -> None:
    """Raise `EmoliveError`, which names what differs, where results of different settings would be added up."""
    said = told_apart(made, kinds)
    if said:
        more = f". And {len(said) - TOLD} more kinds" if len(said) > TOLD else ""
        raise EmoliveError(
            f"The results in {folder} were made with different settings: {'. '.join(said[:TOLD])}{more}. Make them "
            "alike with `emolive batch`, or have each kind told apart: --by-settings."
        )


def _hash(settings: Mapping[str, Any] | None) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _letters(number: int) -> str:
    """A to Z, then AA, AB …"""
    number, last = divmod(number, 26)
    return (_letters(number - 1) if number else "") + chr(ord("A") + last)
