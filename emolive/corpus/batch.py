"""The driver of a batch: plans jobs, hands out their tasks, shows how far it is, tells what failed."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from tqdm import tqdm

from emolive.core.errors import OutputError
from emolive.core.files import why
from emolive.core.interrupts import Interrupts
from emolive.core.options import Options
from emolive.corpus.contract import BatchEngine, Failure, Resources
from emolive.corpus.engines import open_engine
from emolive.corpus.job import Job, Join, Outcome, Segment, Split, Task, Whole
from emolive.corpus.layout import MAKING, VIDEO, clear, data_name, make_folder
from emolive.corpus.manifest import settings_hash, videos
from emolive.corpus.work import work

log = logging.getLogger(__name__)


@dataclass
class BatchState:
    """How far a batch is. `failed` holds the reason for each video that could not be done; `fatal` what ended it."""

    done: dict[Path, Outcome] = field(default_factory=dict)
    failed: dict[Path, str] = field(default_factory=dict)
    fatal: str = ""

    @property
    def kept(self) -> int:
        """How many results were there already."""
        return sum(outcome.kept for outcome in self.done.values())


def batch(
    names: Sequence[str],
    out: Path,
    options: Options,
    engine: str,
    resources: Resources,
    annotated: bool,
    data: str,
    segment_s: float,
    force: bool,
) -> BatchState:
    """Make the result of every video that `names` stand for. What is there already is kept unless `force`.

    Raises `EmoliveError` for what is wrong with the request itself; a video that cannot be done is in the `BatchState`.
    """
    found = videos(names, out, frozenset((data_name(data), *([VIDEO] if annotated else []))))
    options = _resolved(options)
    settings = settings_hash(options, annotated, data, _checked(options, data))
    _make(out)
    jobs = [
        Job(path, out.resolve() / name, options, settings, annotated, data, segment_s, force)
        for path, name in found.items()
    ]
    state = BatchState()
    with Interrupts(), _bar(len(jobs)) as bar:
        try:
            with open_engine(engine, work, resources) as opened:
                for job in jobs:
                    opened.submit(Whole(job))
                follow(opened, state, lambda: _show(bar, state))
        except SystemExit:
            bar.close()
            click.echo("Stopped. What is done is kept; the same command goes on with the rest.", err=True)
            raise
        finally:
            _tidy(out)
    return state


def follow(engine: BatchEngine, state: BatchState, changed: Callable[[], None]) -> None:
    """Take what is finished, hand out what comes of it, until nothing is left or something fails for all."""
    missing: dict[Path, set[int]] = {}  # the segments of each split video that are not there yet
    for done in engine.finished():
        task: Task = done.task
        video = task.job.video
        match done.result:
            case Failure(error, fatal):
                state.failed[video] = error
                if fatal:
                    state.fatal = error
                    return
            case Outcome() as outcome:
                state.done[video] = outcome
                for note in outcome.notes:
                    log.warning("%s: %s", video.name, note)
            case Split() as split:
                missing[video] = set(range(len(split.edges_ms) + 1))
                for number in sorted(missing[video]):
                    engine.submit(Segment(task.job, split, number))
            case Segment(job, split, number):
                missing[video].discard(number)
                if not missing[video] and video not in state.failed:
                    engine.submit(Join(job, split))
        changed()


def _bar(total: int) -> tqdm:
    return tqdm(total=total, unit=" videos", dynamic_ncols=True, mininterval=0.5, smoothing=0.1)


def _show(bar: tqdm, state: BatchState) -> None:
    bar.set_postfix_str(f"{len(state.failed)} failed" if state.failed else "", refresh=False)
    bar.update(len(state.done) + len(state.failed) - bar.n)


def _resolved(options: Options) -> Options:
    """With whole paths, which hold in every worker."""
    whole = {name: path.resolve() for name in ("model", "model_b") if (path := getattr(options, name))}
    return replace(options, **whole)


def _checked(options: Options, data: str) -> list[str]:
    """The identities of the models; `EmoliveError` for what would be wrong for every video."""
    from emolive.live import session
    from emolive.networks.checkpoint import load

    if data == "parquet":
        import emolive.media.parquet  # noqa: F401 (says what is missing)
    model = load(options.model, options.labels, facts=options.facts())
    session.checked(options.settings(), model)
    return [model.identity, *([load(options.model_b).identity] if options.model_b else [])]


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {out} cannot be made ({why(error)}). Choose another one with --out.") from error
    make_folder(out / MAKING)


def _tidy(out: Path) -> None:
    """Remove what stopped workers left half made; what segments have kept stays for the next run."""
    with suppress(OSError):  # whatever happened to the folder, it is not worth more than what the batch has to say
        for folder in (out / MAKING).iterdir():
            clear(folder, answers=False)
        (out / MAKING).rmdir()
