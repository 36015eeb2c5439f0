"""From what the user names to jobs: which videos, where each one's result goes, and what tells results apart."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from emolive.core.errors import OutputError, SourceError
from emolive.core.options import Options
from emolive.corpus.layout import is_free
from emolive.corpus.names import folded, hashed_name, is_name, plain_name
from emolive.media.folders import named, videos_of

NUMBERS = 4
"""Raised whenever emolive gives other numbers for the same options. 2: only faces that the mesh confirms count.
3: films' colours are rounded, no longer cut off; large ones that say nothing of their matrix have BT.709's.
4: maps explain the smoothed answer."""


def videos(names: Sequence[str], out: Path, writes: frozenset[str] = frozenset()) -> dict[Path, str]:
    """The videos that names, folders and patterns like `study/**/*.mp4` stand for, each once and with its whole path,
    and the name of each one's result.

    A result is named after where its video lies below the folder or the fixed part of the pattern: `a/clip.mp4` of
    `study` becomes `a_clip`. A hash of the video's path is appended to names that would be shared, that no file system
    takes (empty, too long, a device's), and where something else has that name in `out`: another video's result, or
    anything that emolive did not make, also among the files `writes` of the result itself. What lies in `out` is left
    out: it was made by emolive. Raises `SourceError` for a name that stands for nothing.
    """
    found: dict[Path, str] = {}
    for name in names:
        root, files = _meant(name)
        inside = [path for path in files if not path.resolve().is_relative_to(out.resolve())]
        if not inside:
            raise SourceError(f"There is no video {name}. Check the name; quote patterns, like 'study/**/*.mp4'.")
        for path in inside:
            parts = (*path.relative_to(root).parent.parts, path.stem)
            found.setdefault(path.resolve(), plain_name("_".join(parts)))
    count = Counter(map(folded, found.values()))
    return {path: _name(name, path, out, writes, count[folded(name)] == 1) for path, name in found.items()}


def _name(plain: str, video: Path, out: Path, writes: frozenset[str], alone: bool) -> str:
    """The name of a video's result: the plain one where nothing speaks against it."""
    hashed = (hashed_name(plain, video, digits) for digits in (6, 12, 24))
    wishes = [plain, *hashed] if alone and is_name(plain) else hashed
    for name in wishes:
        if is_free(out / name, video, writes):
            return name
    raise OutputError(f"Everything that the result of {video} could be called is there in {out}. Choose another --out.")


def _meant(name: str) -> tuple[Path, tuple[Path, ...]]:
    """The folder that results are named from, and the files. Says what of a folder is left aside."""
    found = videos_of(name)
    if found.closed:
        click.echo(f"Left out, because you may not read them: {named(found.closed)}.", err=True)
    if found.skipped:
        click.echo(f"Skipped, as no video that can be read: {named(found.skipped)}.", err=True)
    return found.root, found.files


def settings_of(options: Options, annotated: bool, data: str) -> dict[str, object]:
    """All that a result depends on, as JSON holds it, but for the video and the model files, known by their content."""
    return {**options.key(), "annotated": annotated, "data": data, "numbers": NUMBERS}


def settings_hash(options: Options, annotated: bool, data: str, models: Sequence[str]) -> str:
    """The hash of all that a result depends on besides the video's content; `models` are the sha256 of the weights."""
    known = replace(options, model=None, model_b=None)
    facts = {**settings_of(known, annotated, data), "models": list(models)}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def content_hash(video: Path) -> str:
    """The sha256 of a video. Raises `SourceError` where it cannot be read."""
    try:
        with video.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"{video} cannot be read ({error.strerror}). Check the name and its permissions.") from error
