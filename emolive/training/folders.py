"""Where the pictures of a training lie: the splits of a folder by their common names, its classes, what is no picture.

What is doubtful is refused with the layout that is expected: a split that is taken for a class would be learnt without
a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from emolive.core.errors import EmoliveError
from emolive.core.foreign import answered, is_folder
from emolive.media.folders import entries
from emolive.media.pictures import is_picture

TRAIN, VALIDATION, TEST = "train", "validation", "test"

ROLES = {
    TRAIN: {"train", "training", "trainset", "trainingset", "traindata", "trainingdata", "trn"},
    VALIDATION: {"validation", "valid", "val", "validationset", "validset", "valset", "validationdata", "valdata",
                 "dev", "devset", "publictest"},
    TEST: {"test", "testing", "testset", "testingset", "testdata", "tst", "privatetest", "holdout"},
}  # fmt: skip
"""Names that people give to a split, in small letters and without spaces, hyphens and underscores."""

LAYOUT = (
    "Expected is DATA/train/<emotion>/* and DATA/validation/<emotion>/*, or DATA/<emotion>/* alone, "
    "of which a part is held out (--val-fraction)."
)

JUNK = {
    "@eadir", "@tmp", "@recycle", "#recycle", "#snapshot", "__macosx", "__pycache__", "thumbs.db", "ehthumbs.db",
    "desktop.ini", "$recycle.bin", "system volume information", "lost+found",
}  # fmt: skip
"""What systems, network disks and notebooks leave in folders, in small letters; names with a dot before them too."""


@dataclass(frozen=True)
class Splits:
    """The folders of a training's splits; `classes` instead where the folder holds classes, not splits."""

    train: Path | None = None
    validation: Path | None = None
    test: Path | None = None
    classes: Path | None = None


@dataclass(frozen=True)
class ClassFolders:
    """The pictures of a folder of classes: the labels in order, (path, name of its class) each, and how many of what
    else was left out: {"junk (.ipynb_checkpoints)": 3, ".txt": 1}."""

    labels: tuple[str, ...]
    pictures: tuple[tuple[Path, str], ...]
    skipped: dict[str, int]


def is_junk(name: str) -> bool:
    """Whether a file or folder of this name is left behind by a system or a program, and never data."""
    return name.startswith(".") or name.endswith("~") or name.lower() in JUNK


def role(name: str) -> str | None:
    """The split that a folder of this name is for: "train", "validation" or "test"; None for any other name."""
    plain = re.sub(r"[\s_\-.]", "", name.lower())
    return next((split for split, names in ROLES.items() if plain in names), None)


def subfolders(folder: Path) -> tuple[str, ...]:
    """The names of the folders in `folder` that may hold data, sorted. Raises `EmoliveError` where there is none, or it
    does not answer."""
    if not is_folder(folder):
        raise EmoliveError(f"There is no folder {folder}. Give a folder that holds one folder of pictures per emotion.")
    try:
        inside = answered(folder, partial(entries, folder))
        return tuple(sorted(p.name for p, kind in inside.items() if kind in ("folder", "link") and not is_junk(p.name)))
    except OSError as error:
        raise EmoliveError(f"The folder {folder} cannot be read ({error.strerror}).") from error


def splits(data: Path) -> Splits:
    """The splits in `data` by their names, in any case; or that it holds classes. Raises `EmoliveError` in doubt."""
    names = subfolders(data)
    if not names:
        raise EmoliveError(f"{data} holds no class folders. Put the pictures into one folder per emotion.")
    by_role: dict[str, list[str]] = {}
    for name in names:
        if split := role(name):
            by_role.setdefault(split, []).append(name)
    if not by_role:
        _no_deeper(data, names)
        return Splits(classes=data)
    twice = next((found for found in by_role.values() if len(found) > 1), None)
    if twice:
        raise EmoliveError(f"{data} holds {' and '.join(twice)}: both could be meant. Keep one of them. {LAYOUT}")
    others = [name for name in names if not role(name)]
    if not {TRAIN, VALIDATION} <= by_role.keys():
        if others:
            raise EmoliveError(
                f"{data} holds {_listed(*by_role.values())} beside {_listed(others)}: splits or classes? {LAYOUT}"
            )
        raise _incomplete(data, by_role)
    found = {split: data / name for split, (name,) in by_role.items()}
    for folder in found.values():
        _no_deeper(folder, subfolders(folder))
    return Splits(found[TRAIN], found[VALIDATION], found.get(TEST))


def classes(folder: Path) -> tuple[str, ...]:
    """The names of the class folders in `folder`, sorted: the labels. Raises `EmoliveError` where there are none, or
    where they are splits."""
    names = subfolders(folder)
    if not names:
        raise EmoliveError(f"{folder} holds no class folders. Put the pictures into one folder per emotion.")
    inner = [name for name in names if role(name)]
    if inner:
        best = min(inner, key=lambda name: (TEST, VALIDATION, TRAIN).index(role(name) or TRAIN))
        raise EmoliveError(
            f"{folder} holds the split{'s' * (len(inner) > 1)} {_listed(inner)}, not one folder per emotion. "
            f"Give one of them: {folder / best}"
        )
    _no_deeper(folder, names)
    return names


def find_pictures(folder: Path) -> ClassFolders:
    """The pictures of FOLDER/<class>/*, at any depth, sorted; junk and other files are counted, loose ones too."""
    labels, pictures, skipped = classes(folder), [], Counter[str]()
    for path in _files(folder, skipped):
        parts = path.relative_to(folder).parts
        if len(parts) == 1:
            if is_picture(path):
                skipped["pictures beside the class folders"] += 1
        elif is_picture(path):
            pictures.append((path, parts[0]))
        else:
            skipped[path.suffix.lower() or "files without an ending"] += 1
    return ClassFolders(labels, tuple(pictures), dict(sorted(skipped.items())))


def _files(folder: Path, skipped: Counter[str]) -> Iterable[Path]:
    """All files under `folder` that may be data, sorted; what is junk or lies in it is counted."""
    for path in sorted(_below(folder)):
        parts = path.relative_to(folder).parts
        junk = next((part for part in parts if is_junk(part)), None)
        if junk is None:
            yield path
        elif len(parts) > 1:
            skipped["dot files" if junk == path.name and junk.startswith(".") else junk] += 1


def _below(folder: Path) -> Iterator[Path]:
    """All files below a folder, without those behind links to folders; what may not be read is left out. Raises
    `Unanswered` for the folder that does not answer."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            inside = answered(here, partial(entries, here))
        except OSError:
            continue
        yield from (path for path, kind in inside.items() if kind == "file")
        waiting += (path for path, kind in inside.items() if kind == "folder")


def _no_deeper(folder: Path, names: tuple[str, ...]) -> None:
    """Refuse a folder whose classes are in truth a level deeper, or hold the splits themselves."""
    for name in names:
        inner = subfolders(folder / name)
        roles = {role(n) for n in inner} - {None}
        if TRAIN in roles or len(roles) > 1:
            held = _listed(n for n in inner if role(n))
            if len(names) == 1:
                raise EmoliveError(f"{folder} holds nothing but {name}, with {held} in it. Give {folder / name}")
            raise EmoliveError(f"{folder / name} holds {held}: splits inside a class would be mixed. {LAYOUT}")
        if len(names) == 1 and len(inner) > 1:
            raise EmoliveError(
                f"{folder} holds one class only ({name}), with the folders {_listed(inner)} in it. "
                f"If these are the emotions, give {folder / name}"
            )


def _incomplete(data: Path, by_role: dict[str, list[str]]) -> EmoliveError:
    have = _listed(*by_role.values())
    if TRAIN in by_role:
        train = data / by_role[TRAIN][0]
        return EmoliveError(f"{data} has {have} but no validation. Add it, or give {train} itself: a part of it is "
                            "then held out (--val-fraction).")  # fmt: skip
    return EmoliveError(f"{data} has {have} but nothing to learn from. {LAYOUT}")


def _listed(*names: Iterable[str]) -> str:
    each = [name for some in names for name in some]
    return ", ".join(each[:8]) + (f" and {len(each) - 8} more" if len(each) > 8 else "")
