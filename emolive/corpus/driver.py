"""The driver of a batch: takes leases, hands out tasks, and takes what comes of them.

Several drivers may work in one folder: each takes the tasks that no other has, and waits for what others have in hand.
"""

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from emolive.core.errors import EmoliveError, OutputError
from emolive.core.files import write_whole
from emolive.corpus.contract import BatchEngine, Failure
from emolive.corpus.job import Job, Join, Lost, Outcome, Segment, Split, Task, Whole
from emolive.corpus.layout import FAILED, make_folder, making
from emolive.corpus.leases import Lease, Leases, Watch
from emolive.corpus.progress import step, text_of
from emolive.corpus.standing import Record, standing
from emolive.corpus.work import kept_split, segments

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""After how many seconds the driver looks again at what others have in hand, and whether its own workers go on."""


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
        self._ended: dict[str, str] = {}  # by lease: the last word of a worker that was ended or lost

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
            elif self._aside and not self._running and not self._todo:  # others have the rest in hand
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
            self._state.done[job.video] = outcome_of(there.record)
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
        self._ended.pop(lease.token, None)
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
            if now and still > now.patience_s and self._ended.get(lease.token) != text:
                log.warning("%s: nothing came for %.0f s after frame %d", task.job.video.name, still, now.count)
                self._watch.forget(lease.token)
                self._ended[lease.token] = text  # nobody has begun it anew while that stands there: it waits its turn
                reason = f"Nothing came for {still:.0f} s after {now.count} frames, at each of its tries"
                self._engine.end(task, reason, now.pid)


def outcome_of(there: Record) -> Outcome:
    """What a record says of a video that is done."""
    return Outcome(there.frames, there.faces, there.notes, kept=True)
