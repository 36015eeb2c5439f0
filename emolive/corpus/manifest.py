"""From what the user names to jobs: which videos, where each one's result goes, and what tells results apart."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from emolive.core.errors import OutputError, SourceError, Unanswered
from emolive.core.files import real, why
from emolive.core.foreign import answered, open_regular
from emolive.core.installed import weights
from emolive.core.options import Options
from emolive.corpus.asked import asked, in_rows
from emolive.corpus.layout import VIDEO, is_free, is_result_of
from emolive.corpus.names import folded, hashed_name, is_name, plain_name
from emolive.media.folders import named, videos_of
from emolive.networks.facts import Spec

CHUNK = 4 << 20
"""Bytes that are read at once for a hash."""

Known = Callable[[Sequence[Path]], Container[Path]]

NUMBERS = 7
"""Raised whenever emolive gives other numbers for the same options. 2: only faces that the mesh confirms count.
3: films' colours are rounded, no longer cut off; large ones that say nothing of their matrix have BT.709's.
4: maps explain the smoothed answer. 5: proofs ask about controls, no longer about the coldest part. 6: heat on the
network's fixed scale, and "unsure" as its file says. 7: faces that lean are cut out upright."""


def found(names: Sequence[str], out: Path, known: Known = lambda _: ()) -> dict[Path, str]:
    """The videos that names, folders and patterns like `study/**/*.mp4` stand for, each once and with its whole path,
    and the plain name of each one's result.

    A result is named after where its video lies below the folder or the fixed part of the pattern: `a/clip.mp4` of
    `study` becomes `a_clip`. What emolive made is left out: all that lies in `out`, and the files of other results.
    `known` says which of the files in a folder are known to be videos, so that they are not opened.
    Raises `SourceError` for a name that stands for nothing.
    """
    there: dict[Path, str] = {}
    results = answered(out, lambda: real(out))
    for name in names:
        root, files = _meant(name, known, results)
        inside = _places(files)
        outside = {path: at for path, at in inside.items() if not at.is_relative_to(results)}
        kept = _without_results(tuple(outside))
        if inside and not outside:
            raise SourceError(
                f"All videos of {name} lie in the folder of the results, {out}, where nothing is an input. "
                "Choose another --out."
            )
        if not kept:
            raise SourceError(f"There is no video {name}. Check the name; quote patterns, like 'study/**/*.mp4'.")
        for path in kept:
            parts = (*path.relative_to(root).parent.parts, path.stem)
            there.setdefault(inside[path], plain_name("_".join(parts)))
    return there


def _places(files: Sequence[Path]) -> dict[Path, Path]:
    """Where each file lies, without links; one that does not answer where it says."""
    whole = cache(real)

    def place(path: Path) -> Path:
        return real(path) if path.is_symlink() else whole(path.parent) / path.name

    found = in_rows(lambda row: asked(place, row), files)
    return {path: path if isinstance(at, Unanswered) else at for path, at in zip(files, found, strict=True)}


def named_results(
    there: Mapping[Path, str], out: Path, writes: frozenset[str] = frozenset(), known: Mapping[Path, str] | None = None
) -> dict[Path, str]:
    """The name of each video's result: the plain one (`found`), or that of its earlier result, where it is `known`.

    A hash of the video's path is appended to names that would be shared, that no file system takes (empty, too long, a
    device's), and where something else has that name in `out`: another video's result, or anything that emolive did not
    make, also among the files `writes` of the result itself. No result that is `known` is given to another video.
    """
    count = Counter(map(folded, there.values()))
    before = known or {}
    taken = frozenset(map(folded, before.values()))
    return {
        path: before[path] if path in before else _name(name, path, out, writes, taken, count[folded(name)] == 1)
        for path, name in there.items()
    }


def videos(names: Sequence[str], out: Path, writes: frozenset[str] = frozenset()) -> dict[Path, str]:
    """`found`, with the names of `named_results`."""
    return named_results(found(names, out), out, writes)


def _without_results(files: Sequence[Path]) -> list[Path]:
    """The files without those that a batch wrote, into whatever folder; says which were left aside."""
    made = [path for path in files if path.name == VIDEO and is_result_of(path)]
    if made:
        click.echo(f"Left out, as results of emolive: {named([path.parent for path in made])}.", err=True)
    return [path for path in files if path not in made]


def _name(plain: str, video: Path, out: Path, writes: frozenset[str], taken: frozenset[str], alone: bool) -> str:
    """The name of a video's result: the plain one where nothing speaks against it."""
    hashed = (hashed_name(plain, video, digits) for digits in (6, 12, 24))
    wishes = [plain, *hashed] if alone and is_name(plain) else hashed
    for name in wishes:
        if folded(name) not in taken and is_free(out / name, video, writes):
            return name
    raise OutputError(f"Everything that the result of {video} could be called is there in {out}. Choose another --out.")


def _meant(name: str, known: Known, results: Path) -> tuple[Path, tuple[Path, ...]]:
    """The folder that results are named from, and the files. Says what of a folder is left aside, but for `results`."""
    found = videos_of(name, known)
    if found.closed:
        click.echo(
            f"Left out, as folders that you may not read, or that do not answer: {named(found.closed)}.", err=True
        )
    if found.upward:
        click.echo(f"Left out, as links that lead up to a folder around them: {named(found.upward)}.", err=True)
    skipped = [path for path, at in _places(found.skipped).items() if not at.is_relative_to(results)]
    if skipped:
        click.echo(f"Skipped, as no video that can be read: {named(skipped)}.", err=True)
    return found.root, found.files


def makers_of(options: Options, networks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Who made a result besides the options, as JSON holds it: the networks (`network_facts`), and the files and
    versions that find faces and say which are some."""
    return {"networks": list(networks), **_finders(options.detector), "numbers": NUMBERS}


@lru_cache
def _finders(detector: str) -> dict[str, str]:
    from emolive.faces.detect import MODELS
    from emolive.faces.mesh import MODEL

    return {
        "detector_file": f"{content_hash(weights(MODELS[detector]))[:16]}, MediaPipe {version('mediapipe')}",
        "mesh_file": content_hash(weights(MODEL))[:16],
    }


def network_facts(spec: Spec, sha256: str) -> dict[str, Any]:
    """The sha256 of a network's weights and the facts about it that its numbers depend on, wherever they were said.

    Its many scales count by their hash, and of what was measured only what `--unsure` takes from it: a record is read
    ten thousand times. Which map is shown say the options."""
    facts = asdict(spec)
    for words in ("trained_on", "recipe", "metrics", "best_map"):
        del facts[words]
    scales = hashlib.sha256(json.dumps(facts.pop("scales"), sort_keys=True).encode()).hexdigest()[:16]
    return {"weights": sha256, **facts, "scales": scales, "unsure": spec.metrics.get("unsure", 0.0)}


def settings_of(options: Options, annotated: bool, data: str, makers: Mapping[str, Any]) -> dict[str, Any]:
    """All that a result depends on besides the video, as JSON holds it."""
    return {**options.key(), "annotated": annotated, "data": data, **makers}


def settings_hash(options: Options, annotated: bool, data: str, makers: Mapping[str, Any]) -> str:
    """The hash of `settings_of`; networks count by their content, not by their files' names."""
    known = replace(options, model=None, model_b=None)
    facts = settings_of(known, annotated, data, makers)
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def content_hash(video: Path, alive: Callable[[], None] = lambda: None) -> str:
    """The sha256 of a file; `alive` is called as it goes on. Raises `SourceError` where it cannot be read."""
    found = hashlib.sha256()
    try:
        with open_regular(video) as file:
            while part := file.read(CHUNK):
                found.update(part)
                alive()
    except OSError as error:
        raise SourceError(f"{video} cannot be read ({why(error)}). Check the name and its permissions.") from error
    return found.hexdigest()
