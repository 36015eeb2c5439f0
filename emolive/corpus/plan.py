"""What a batch is asked for, and how each of its videos stands. Nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from emolive.core.files import real
from emolive.core.options import Options
from emolive.corpus.job import Job
from emolive.corpus.layout import VIDEO, data_name, is_free
from emolive.corpus.manifest import found, makers_of, named_results, network_facts, settings_hash, settings_of
from emolive.corpus.standing import Record, Standing, Wanted, known_among, records, standings
from emolive.networks.described import described


@dataclass(frozen=True)
class BatchRequest:
    """What a batch is asked for: the videos' `names`, the results' folder `out`, and how to look at them.

    `verify`: contents are compared, not only sizes and times. `lease_s`: after how many seconds without a sign of life
    another driver takes over what this one has in hand; `limit_s`: how many may pass without a new frame.
    """

    names: tuple[str, ...]
    out: Path
    options: Options
    annotated: bool = False
    data: str = "jsonl"
    segment_s: float = 300.0
    force: bool = False
    verify: bool = False
    lease_s: float = 60.0
    limit_s: float = 60.0


@dataclass(frozen=True)
class BatchPlan:
    """How each video stands, and the records of all results in the folder. `key`: all that results depend on."""

    request: BatchRequest
    standings: tuple[Standing, ...]
    records: tuple[Record, ...]
    names: Mapping[Path, str]
    key: Mapping[str, Any]
    settings: str

    def job(self, video: Path) -> Job:
        """What is to be made of a video."""
        asked = self.request
        return Job(
            video,
            real(asked.out) / self.names[video],
            asked.options,
            self.settings,
            asked.annotated,
            asked.data,
            asked.segment_s,
            asked.force,
            asked.limit_s,
        )


def planned(request: BatchRequest) -> BatchPlan:
    """Find the videos and say how each stands. Nothing is written.

    Raises `EmoliveError` for what is wrong with the request itself.
    """
    all_records = records(request.out)
    there = found(request.names, request.out, known_among(all_records))
    options, networks = _described(_resolved(request.options))
    request, makers = replace(request, options=options), makers_of(options, networks)
    settings = settings_hash(request.options, request.annotated, request.data, makers)
    if request.data == "parquet":
        import emolive.media.parquet  # noqa: F401 (says what is missing)
    if all(one.settings != settings for one in all_records):  # else they were good for a result
        _check(request.options)
    key = settings_of(request.options, request.annotated, request.data, makers)
    with bar_of(len(there), "looking", request.verify) as bar:
        wanted = Wanted(settings, key, request.verify)
        stand = standings(tuple(there), all_records, wanted, lambda: bar.update() and None)
    writes = frozenset((data_name(request.data), *([VIDEO] if request.annotated else [])))
    known = {s.video: s.record.folder.name for s in stand if s.record and _stays(s, s.record, writes)}
    names = named_results(there, request.out, writes, known)
    return BatchPlan(request, tuple(stand), all_records, names, key, settings)


def _stays(stand: Standing, there: Record, writes: frozenset[str]) -> bool:
    """Whether the result of a video stays where it is: it is done, or will be made there again, though the video is
    called otherwise now."""
    moved = there.source != str(stand.video)
    return not stand.reasons or (moved and is_free(there.folder, Path(there.source), writes))


def bar_of(total: int, what: str = "", shown: bool = True) -> "tqdm[None]":
    """A bar of progress over so many videos."""
    return tqdm(
        total=total, unit=" videos", desc=what or None, disable=not shown, dynamic_ncols=True, mininterval=0.5,
        smoothing=0.1,
    )  # fmt: skip


def _resolved(options: Options) -> Options:
    """With whole paths, which hold in every worker."""
    whole = {name: real(path) for name in ("model", "model_b") if (path := getattr(options, name))}
    return replace(options, **whole)  # type: ignore[arg-type]


def _described(options: Options) -> tuple[Options, list[dict[str, Any]]]:
    """The options with the map that is shown, and the facts of the networks. These are not loaded: a driver that finds
    all done needs neither them nor torch."""
    first = described(options.model, options.labels, options.facts())
    second = [described(options.model_b)] if options.model_b else []
    networks = [network_facts(one.spec, one.sha256) for one in (first, *second)]
    return options.with_map(first.spec.best_map), networks


def _check(options: Options) -> None:
    """Raise `EmoliveError` for what would be wrong for every video."""
    from emolive.live import session
    from emolive.networks.checkpoint import load

    session.checked(options.settings(), load(options.model, options.labels, facts=options.facts()))
    if options.model_b:
        load(options.model_b)
