"""What paths stand for: files that are known by their content, and folders of them."""

import os
import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from emolive.core.errors import SourceError
from emolive.core.foreign import answered, is_file, is_folder
from emolive.media.address import address_in
from emolive.media.clips import VideoClip
from emolive.media.film import open_film
from emolive.media.opening import HEAD, is_text, open_regular
from emolive.media.pictures import SUFFIXES, Form, form

VIDEO_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".wmv",
    ".asf", ".flv", ".f4v", ".3gp", ".3g2", ".gif", ".dv", ".ogv", ".mxf",
}  # fmt: skip
"""Endings by which a file is taken for a video without being decoded, even if it is broken; all others are tried."""

PROGRAMS = {".ts", ".mts"}
"""Those that programs in TypeScript have, too: such a text is no broken film."""

MOST_NAMED = 5
"""Names in a sentence; the rest is counted."""


@dataclass(frozen=True)
class Contents:
    """The pictures and videos that were found, in order, and what in the folders is neither or cannot be read."""

    files: tuple[Path, ...]
    skipped: tuple[Path, ...] = ()

    @property
    def note(self) -> str:
        """What was skipped, in a sentence; "" if nothing."""
        if not self.skipped:
            return ""
        return f"Skipped, as no picture or video that can be read: {named(self.skipped)}."


def find(paths: Sequence[Path]) -> Contents:
    """The files that these paths stand for: a folder stands for the pictures and videos in it, sorted by name. The
    address of a film stands for itself.

    Raises `SourceError` for a path that is not there, for a folder that may not be read, and for one without any.
    """
    files: list[Path] = []
    skipped: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = _inside(path)
            files += inside.files
            skipped += inside.skipped
        elif path.exists() or address_in(path):
            files.append(path)
        else:
            raise SourceError(f"There is no file {path}. Check the name.")
    return Contents(tuple(files), tuple(skipped))


def expand(paths: Sequence[Path]) -> list[Path]:
    """The files of `find`."""
    return list(find(paths).files)


def is_media(path: Path) -> bool:
    """Whether a file is a picture or a video: by its content. One whose ending says so counts even if it is broken, so
    that it is not left out in silence."""
    return form(path) is not None or path.suffix.lower() in SUFFIXES or is_video(path)


def is_video(path: Path) -> bool:
    """The same for what is played as a film: videos, GIFs and animations, no stills."""
    suffix = path.suffix.lower()
    try:
        with open_regular(path) as file:
            head = file.read(HEAD)
    except (OSError, SourceError):
        return suffix in VIDEO_SUFFIXES
    if not head or (b"\0" not in head and is_text(head)):
        return suffix in VIDEO_SUFFIXES - PROGRAMS
    found = form(path)
    if found is not None or suffix in VIDEO_SUFFIXES:
        return found is not Form.STILL
    try:
        VideoClip(path)
    except SourceError:
        return False
    return True


def check_video(path: Path) -> None:
    """Raise `SourceError` at once for what is no film; it may be large."""
    if form(path) is None:
        with open_film(path):
            pass


@dataclass(frozen=True)
class Listed:
    """A folder: the files in it, sorted by name, and what is neither file nor folder (pipes, links that lead nowhere);
    links that lead up to a folder around it (`walk`); whether it could be read. What is hidden is left out."""

    path: Path
    files: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    upward: tuple[Path, ...] = ()
    readable: bool = True


def walk(folder: Path) -> Iterator[Listed]:
    """Every folder below and with this one, once, even where links lead in circles.

    Links to folders are followed, out of this one too, but not up to a folder around it, or around the folder that the
    link is in: who names `study` does not mean all that lies beside it.
    """
    waiting, seen = [folder], set()
    while waiting:
        here = waiting.pop()
        try:
            facts = answered(here, here.stat)
            if (facts.st_dev, facts.st_ino) in seen:
                continue
            seen.add((facts.st_dev, facts.st_ino))
            inside = answered(here, partial(entries, here))
            kinds = {path: kind for path, kind in inside.items() if not path.name.startswith(".")}
            links = [path for path, kind in kinds.items() if kind == "link"]
            kinds |= answered(here, partial(_followed, links, here, folder)) if links else {}
        except (OSError, SourceError):
            yield Listed(here, readable=False)
            continue
        of = {k: sorted((p for p, one in kinds.items() if one == k), key=_by_number) for k in ("file", "", "up")}
        yield Listed(here, tuple(of["file"]), tuple(of[""]), tuple(of["up"]))
        waiting += sorted((path for path, kind in kinds.items() if kind == "folder"), reverse=True)


def _followed(links: Sequence[Path], here: Path, top: Path) -> dict[Path, str]:
    """Which links to folders count as a "folder", and which lead "up" from the folder that they are in, or from
    `top`."""
    inner, outer = Path(os.path.realpath(here)), Path(os.path.realpath(top))
    aims = {link: Path(os.path.realpath(link)) for link in links}
    around = {aim for aim in aims.values() if outer.is_relative_to(aim) or inner.is_relative_to(aim)}
    return {link: "up" if aim in around and not aim.is_relative_to(outer) else "folder" for link, aim in aims.items()}


def entries(folder: Path) -> dict[Path, str]:
    """What is in a folder, and whether each is a "file", a "folder", a "link" to one or, "", none of them. Raises
    OSError."""
    with os.scandir(folder) as found:
        return {folder / entry.name: _kind(entry) for entry in found}


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_file():
            return "file"
        return ("link" if entry.is_symlink() else "folder") if entry.is_dir() else ""
    except OSError:  # links in a circle
        return ""


@dataclass(frozen=True)
class Matching:
    """The videos that a name stands for, in order; the folder that their names count from; what was left aside: files
    that are no video, folders that may not be read, and links that lead up (`walk`)."""

    root: Path
    files: tuple[Path, ...]
    skipped: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()
    upward: tuple[Path, ...] = ()


def videos_of(name: str, known: Callable[[Sequence[Path]], Container[Path]] = lambda _: ()) -> Matching:
    """The videos that a file, a folder with all that is below it, or a pattern like `study/**/*.mp4` stands for; those
    that are known to be some (`known` says which of some files are) are not opened.

    What is there under the whole name is meant as it is, whatever characters it has; so are the folders that a pattern
    begins with.
    """
    path = Path(name).absolute()
    if is_file(path):
        return Matching(path.parent, (path,))
    root, pattern = (path, ()) if is_folder(path) else answered(path, lambda: _split(path))
    files: list[Path] = []
    skipped: list[Path] = []
    closed: list[Path] = []
    upward: list[Path] = []

    def asked(path: Path) -> bool:
        return not pattern or _fits(path.relative_to(root).parts, pattern)

    for listed in walk(root) if root.is_dir() else ():
        if not listed.readable:
            closed.append(listed.path)
        upward += listed.upward
        inside = list(filter(asked, listed.files))
        sure = known(inside)
        for file in inside:
            (files if file in sure or is_video(file) else skipped).append(file)
        skipped += filter(asked, listed.others)
    return Matching(root, tuple(sorted(files)), tuple(skipped), tuple(closed), tuple(upward))


def _split(path: Path) -> tuple[Path, tuple[str, ...]]:
    """The folders of a pattern that are there, and the rest."""
    root = Path(path.anchor)
    parts = list(path.relative_to(root).parts)
    while len(parts) > 1 and (root / parts[0]).is_dir():
        root /= parts.pop(0)
    return root, tuple(parts)


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path are what those of a pattern ask for, `**` for any folders."""
    if not pattern:
        return not parts
    if pattern[0] != "**":
        return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
    return len(pattern) == 1 or any(_fits(parts[i:], pattern[1:]) for i in range(len(parts)))


def named(paths: Sequence[Path]) -> str:
    """Names for a sentence, some of them where there are many; bytes that are no text become question marks."""
    names = [path.name.encode("utf-8", "replace").decode() for path in paths[:MOST_NAMED]]
    more = len(paths) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _inside(folder: Path) -> Contents:
    listed = next(walk(folder))
    if not listed.readable:
        raise SourceError(f"The folder {folder} may not be read by you. Change its permissions.")
    media = {path: is_media(path) for path in listed.files}
    found = Contents(
        tuple(p for p, is_one in media.items() if is_one),
        (*(p for p, is_one in media.items() if not is_one), *listed.others),
    )
    if not found.files:
        raise SourceError(f"There is no picture or video in the folder {folder}. Name another one, or a file.")
    return found


def _by_number(path: Path) -> list[str | int]:
    """So that face2.png comes before face10.png."""
    parts: list[str | int] = re.split(r"([0-9]+)", path.name.casefold())
    parts[1::2] = map(int, parts[1::2])
    return parts
