"""From what the user names to jobs: which videos, where each one's result goes, and what tells results apart."""

import glob
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emolive.core.errors import SourceError
from emolive.core.options import Options
from emolive.corpus.result import VideoResult
from emolive.media.sources import VIDEO_SUFFIXES


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


def _meant(name: str) -> tuple[Path, list[Path]]:
    """The folder that results are named from, and the files."""
    path = Path(name).absolute()
    if path.is_file():
        return path.parent, [path]
    root, pattern = (path, path / "**" / "*") if path.is_dir() else (_fixed(path), path)
    found = (Path(file) for file in glob.iglob(str(pattern), recursive=True))
    return root, sorted(file for file in found if file.suffix.lower() in VIDEO_SUFFIXES and file.is_file())


def _fixed(pattern: Path) -> Path:
    """The folders of a pattern before the first that is itself a pattern."""
    while glob.has_magic(str(pattern)):
        pattern = pattern.parent
    return pattern


def _short(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:6]


def settings_of(options: Options, annotated: bool, data: str) -> dict[str, object]:
    """The options that a result depends on, as JSON holds them; model files are known by their content."""
    return {**options.key(), "annotated": annotated, "data": data}


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
