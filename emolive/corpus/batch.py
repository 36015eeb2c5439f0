"""The driver of a batch: plans what is to be done, takes leases, hands out tasks, tells how far it is and what failed.

Several drivers may work in one folder: each takes the tasks that no other has, and waits for what others have in hand.
"""

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from emolive.core.errors import EmoliveError, OutputError
from emolive.core.files import make_folders, real, why, write_whole
from emolive.core.interrupts import Interrupts
from emolive.core.options import Options
from emolive.corpus.contract import BatchEngine, Failure, Resources
from emolive.corpus.engines import open_engine
from emolive.corpus.job import Job, Join, Lost, Outcome, Segment, Split, Task, Whole
from emolive.corpus.layout import DRIVERS, FAILED, MAKING, VIDEO, clear, data_name, is_free, make_folder, making
from emolive.corpus.leases import Lease, LeaseLost, Leases, Watch, forget, forget_hearts, holders
from emolive.corpus.manifest import found, makers_of, named_results, network_facts, settings_hash, settings_of
from emolive.corpus.progress import step, text_of
from emolive.corpus.standing import Record, Standing, Wanted, known_among, records, standing, standings
from emolive.corpus.work import kept_split, seen_now, segments, work

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""After how many seconds the driver looks again at what others have in hand, and whether its own workers go on."""


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


@dataclass
class BatchState:
    """How far a batch is. `failed` holds the reason for each video that could not be done; `fatal` what ended it."""

    done: dict[Path, Outcome] = field(default_factory=dict)
    failed: dict[Path, str] = field(default_factory=dict)
    fatal: str = ""

    @property
    def kept(self) -> int:
        """How many results were there already, or were made by another driver meanwhile."""
        return sum(outcome.kept for outcome in self.done.values())


def planned(request: BatchRequest) -> BatchPlan:
    """Find the videos and say how each stands. Nothing is written.

    Raises `EmoliveError` for what is wrong with the request itself.
    """
    all_records = records(request.out)
    there = found(request.names, request.out, known_among(all_records))
    request = replace(request, options=_resolved(request.options))
    makers = makers_of(request.options, _checked(request.options, request.data))
    settings = settings_hash(request.options, request.annotated, request.data, makers)
    key = settings_of(request.options, request.annotated, request.data, makers)
    with _bar(len(there), "looking", request.verify) as bar:
        wanted = Wanted(settings, key, request.verify)
        stand = standings(tuple(there), all_records, wanted, lambda: bar.update() and None)
    writes = frozenset((data_name(request.data), *([VIDEO] if request.annotated else [])))
    known = {s.video: s.record.folder.name for s in stand if s.record and _stays(s, s.record, writes)}
    names = named_results(there, request.out, writes, known)
    return BatchPlan(request, tuple(stand), all_records, names, key, settings)


def batch(request: BatchRequest, engine: str, resources: Resources) -> BatchState:
    """Make the result of every video that is asked for. What is there already is kept unless it is forced.

    Raises `EmoliveError` for what is wrong with the request itself; a video that cannot be done is in the `BatchState`.
    """
    plan = planned(request)
    out = request.out
    _make(out)
    state = BatchState()
    with Interrupts(), Leases(real(out), request.lease_s) as leases, _bar(len(plan.standings)) as bar:
        try:
            todo = []
            for stand in plan.standings:
                if stand.reasons or request.force:
                    todo.append(plan.job(stand.video))
                elif stand.record:
                    _keep(stand, stand.record, leases, state)
            _show(bar, state)
            if todo:
                with open_engine(engine, work, resources) as opened:
                    Driver(opened, leases, state, lambda: _show(bar, state)).follow(todo)
        except SystemExit:
            bar.close()
            with suppress(OSError):  # the terminal may be gone
                click.echo("Stopped. What is done is kept; the same command goes on with the rest.", err=True)
            raise
        finally:
            _tidy(out)
    return state


def _stays(stand: Standing, there: Record, writes: frozenset[str]) -> bool:
    """Whether the result of a video stays where it is: it is done, or will be made there again, though the video is
    called otherwise now."""
    moved = there.result.source != str(stand.video)
    return not stand.reasons or (moved and is_free(there.folder, Path(there.result.source), writes))


class Driver:
    """Hands out what it has leases for, takes what comes of it, and waits for what others have in hand."""

    def __init__(
        self, engine: BatchEngine, leases: Leases, state: BatchState, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._engine, self._leases, self._state, self._changed = engine, leases, state, changed
        self._todo: deque[Task] = deque()
        self._aside: list[Task] = []  # others have them in hand
        self._running: dict[Lease, Task] = {}
        self._results: dict[Path, Lease] = {}  # by video: the right to make its result, which this driver has
        self._missing: dict[Path, set[int]] = {}  # the segments of each video of its own that are not there yet
        self._helped: set[Path] = set()  # videos of others of which it does segments
        self._watch = Watch(2 * LOOK_S)

    def follow(self, jobs: Sequence[Job]) -> None:
        """Go on until nothing is left, or something fails for all."""
        self._todo = deque(map(Whole, jobs))
        looked = time.monotonic()
        while (self._todo or self._aside or self._running) and not self._state.fatal:
            while self._todo and len(self._running) < self._engine.workers:
                self._begin(self._todo.popleft())
            for done in self._engine.wait(LOOK_S if self._running else 0.0):
                self._take(done.task, done.result)
            self._changed()
            if time.monotonic() - looked >= LOOK_S:
                self._look_after()
                self._todo.extend(self._aside)
                self._aside = []
                looked = time.monotonic()
            elif not self._running:
                time.sleep(LOOK_S / 4)

    def _begin(self, task: Task) -> None:
        """Hand a task out, if it is still to be done and nobody else has it."""
        job = task.job
        if job.video in self._state.failed or job.video in self._state.done:
            self._give_back(job.video)
            return
        try:
            match task:
                case Segment(_, split, number):
                    self._begin_segment(task, segments(job, split)[number])
                case Join():
                    self._hand_out(task, self._results[job.video])
                case Whole():
                    self._begin_whole(task)
        except OutputError as error:
            self._fail(job, Failure(str(error)))

    def _begin_segment(self, task: Segment, answers: Path) -> None:
        own = task.job.video in self._missing
        if answers.is_file():
            self._has_answers(task)
            return
        taken = self._leases.take(answers.parent, answers.stem)
        if isinstance(taken, Lease):
            self._hand_out(task, taken)
        elif own:
            self._aside.append(task)

    def _begin_whole(self, task: Whole) -> None:
        job = task.job
        there = None if job.force else standing(job.video, job.out, job.settings)
        if there and there.record and not there.reasons:  # another driver has done it meanwhile
            self._state.done[job.video] = _outcome(there.record)
            return
        taken = self._leases.take(making(job.out))
        if isinstance(taken, Lease):
            self._results[job.video] = taken
            self._hand_out(task, taken)
            return
        self._aside.append(task)
        split = kept_split(job) if job.video not in self._helped else None
        if split:
            self._helped.add(job.video)
            self._todo.extend(Segment(job, split, n) for n in range(len(split.edges_ms) + 1))

    def _hand_out(self, task: Task, lease: Lease) -> None:
        task = replace(task, lease=lease)
        self._running[lease] = task
        self._engine.submit(task)

    def _take(self, task: Task, result: object) -> None:
        """What became of a task."""
        job, lease = task.job, task.lease
        if lease is None or self._running.pop(lease, None) is None:
            return
        self._watch.forget(lease.token)
        if isinstance(task, Segment):
            self._leases.release(lease)
        match result:
            case Failure() as failure:
                self._fail(job, failure)
            case Lost():
                self._lose(job)
            case Outcome() as outcome:
                self._state.done[job.video] = outcome
                self._give_back(job.video)
                for note in outcome.notes:
                    log.warning("%s: %s", job.video.name, note)
            case Split() as split:
                parts = range(len(split.edges_ms) + 1)
                self._missing[job.video] = set(parts)
                self._todo.extendleft(Segment(job, split, number) for number in reversed(parts))
            case Segment() as segment:
                self._has_answers(segment)

    def _has_answers(self, segment: Segment) -> None:
        """The answers of a segment are there; when all are, they are joined."""
        video = segment.job.video
        missing = self._missing.get(video)
        if missing is None:
            return
        missing.discard(segment.number)
        if not missing:
            del self._missing[video]
            self._todo.appendleft(Join(segment.job, segment.split))

    def _fail(self, job: Job, failure: Failure) -> None:
        if job.video not in self._results and job.video in self._helped:
            return  # its own driver will say so
        self._state.failed[job.video] = failure.error
        if failure.fatal:
            self._state.fatal = failure.error
        else:
            said = {"video": str(job.video), "error": failure.error}
            with suppress(OSError, EmoliveError):
                make_folder(making(job.out))
                write_whole(making(job.out) / FAILED, json.dumps(said) + "\n")
        self._give_back(job.video)

    def _lose(self, job: Job) -> None:
        """Another driver has taken it over: it is waited for, or taken again."""
        lease = self._results.pop(job.video, None)
        if lease:
            self._leases.release(lease)
        self._missing.pop(job.video, None)
        if job.video not in self._helped:
            self._todo = deque(one for one in self._todo if one.job.video != job.video)
            self._aside = [one for one in self._aside if one.job.video != job.video]
            self._aside.append(Whole(job))

    def _give_back(self, video: Path) -> None:
        self._missing.pop(video, None)
        lease = self._results.pop(video, None)
        if lease:
            self._leases.release(lease)

    def _look_after(self) -> None:
        """End the workers whose tasks do not go on; they are tried again."""
        for lease, task in tuple(self._running.items()):
            text = text_of(lease)
            now = step(text)
            still = self._watch.still(lease.token, text)
            if now and still > now.patience_s:
                log.warning("%s: nothing came for %.0f s after frame %d", task.job.video.name, still, now.count)
                self._watch.forget(lease.token)
                reason = f"Nothing came for {still:.0f} s after {now.count} frames, at each of its tries"
                self._engine.end(task, reason, now.pid)


def _keep(stand: Standing, there: Record, leases: Leases, state: BatchState) -> None:
    """It is done; if it was seen elsewhere, that is written down, where nobody else is at work on it."""
    state.done[stand.video] = _outcome(there)
    if not stand.seen_elsewhere:
        return
    lease = leases.take(making(there.folder))
    if isinstance(lease, Lease):
        with suppress(LeaseLost):
            seen_now(there, stand.video, stand.now, lease)
        leases.release(lease)


def _outcome(there: Record) -> Outcome:
    return Outcome(there.result.frames, there.result.faces, there.result.notes, kept=True)


def _bar(total: int, what: str = "", shown: bool = True) -> "tqdm[None]":
    return tqdm(
        total=total, unit=" videos", desc=what or None, disable=not shown, dynamic_ncols=True, mininterval=0.5,
        smoothing=0.1,
    )  # fmt: skip


def _show(bar: "tqdm[None]", state: BatchState) -> None:
    bar.set_postfix_str(f"{len(state.failed)} failed" if state.failed else "", refresh=False)
    bar.update(len(state.done) + len(state.failed) - bar.n)


def _resolved(options: Options) -> Options:
    """With whole paths, which hold in every worker."""
    whole = {name: real(path) for name in ("model", "model_b") if (path := getattr(options, name))}
    return replace(options, **whole)  # type: ignore[arg-type]


def _checked(options: Options, data: str) -> list[dict[str, Any]]:
    """The facts of the networks; `EmoliveError` for what would be wrong for every video."""
    from emolive.live import session
    from emolive.networks.checkpoint import load

    if data == "parquet":
        import emolive.media.parquet  # noqa: F401 (says what is missing)
    model = load(options.model, options.labels, facts=options.facts())
    session.checked(options.settings(), model)
    return [network_facts(model), *([network_facts(load(options.model_b))] if options.model_b else [])]


def _make(out: Path) -> None:
    try:
        make_folders(out)
    except OSError as error:
        raise OutputError(f"The folder {out} cannot be made ({why(error)}). Choose another one with --out.") from error
    make_folder(out / MAKING)


def _tidy(out: Path) -> None:
    """Remove what stopped workers left half made, but for what somebody else may be at work on; what segments have kept
    and why something failed stay for the next run."""
    with suppress(OSError):  # whatever happened to the folder, it is not worth more than what the batch has to say
        for folder in (out / MAKING).iterdir():
            if folder.name == DRIVERS:
                forget_hearts(folder)
                continue
            forget(folder)
            if not holders(folder):
                clear(folder, answers=False)
        (out / MAKING).rmdir()
