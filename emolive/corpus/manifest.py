"""From what the user names to jobs: which videos, where each one's result goes, and what tells results apart."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from emolive.core.errors import SourceError
from emolive.core.options import LOOKING, Options
from emolive.corpus.result import VideoResult
from emolive.media.folders import named, videos_of

WINDOWS = {"views", "mirror"}
"""Options of looking that a result does not depend on: a batch has no windows."""


def videos(names: Sequence[str], out: Path) -> dict[Path, str]:
    """The videos that names, folders and patterns like `study/**/*.mp4` stand for, each once and with its whole path,
    and the name of each one's result.

    A result is named after where its video lies below the folder or the fixed part of the pattern: `a/clip.mp4` of
    `study` becomes `a_clip`. Videos that would share a name, or whose name an earlier batch gave to another video, get
    a hash of their path appended. What lies in `out` is left out: it was made by emolive. Raises `SourceError` for a
    name that stands for nothing.
    """
    found: dict[Path, str] = {}
    for name in names:
        root, files = _meant(name)
        inside = [path for path in files if not path.resolve().is_relative_to(out.resolve())]
        if not inside:
            raise SourceError(f"There is no video {name}. Check the name; quote patterns, like 'study/**/*.mp4'.")
        for path in inside:
            parts = path.relative_to(root).with_suffix("").parts
            found.setdefault(path.resolve(), "_".join(parts).lstrip("."))
    count = Counter(name.casefold() for name in found.values())
    return {
        path: name if count[name.casefold()] == 1 and not _taken(out / name, path) else f"{name}-{_short(path)}"
        for path, name in found.items()
    }


def _taken(folder: Path, video: Path) -> bool:
    """Whether the result there is another video's."""
    try:
        return VideoResult.read(folder).source != str(video)
    except SourceError:
        return False  # there is none, or it will be made anew


def _meant(name: str) -> tuple[Path, tuple[Path, ...]]:
    """The folder that results are named from, and the files. Says what of a folder is left aside."""
    found = videos_of(name)
    if found.closed:
        click.echo(f"Left out, because you may not read them: {named(found.closed)}.", err=True)
    if found.skipped:
        click.echo(f"Skipped, as no video that can be read: {named(found.skipped)}.", err=True)
    return found.root, found.files


def _short(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:6]


def settings_of(options: Options, annotated: bool, data: str) -> dict[str, object]:
    """The options that a result depends on, as JSON holds them; model files are known by their content."""
    looks = {name: value for name, value in vars(options).items() if name in LOOKING - WINDOWS}
    looks |= {name: str(looks[name]) for name in ("model", "model_b") if looks[name]}
    return {**looks, "annotated": annotated, "data": data}


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
