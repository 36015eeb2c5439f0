"""What a worker does with a task: the loop of `emolive file --headless`, over one video, into one folder."""

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emolive.core.errors import ModelError, SourceError
from emolive.core.files import why, write_whole
from emolive.core.foreign import read_json
from emolive.corpus.asked import FileFacts, facts_of
from emolive.corpus.job import Job, Join, Lost, Outcome, Segment, Split, Task, TaskResult, Whole
from emolive.corpus.layout import BEGUN, MAKING, VIDEO, as_output_error, data_name, make_folder, making
from emolive.corpus.leases import Lease, LeaseLost, check, leased_draft
from emolive.corpus.manifest import content_hash, makers_of, network_facts, settings_hash, settings_of
from emolive.corpus.progress import TaskProgress
from emolive.corpus.result import FORMAT, VideoResult
from emolive.corpus.standing import Record, damage, record

if TYPE_CHECKING:
    from emolive.core.options import Options
    from emolive.core.scene import Confirm, Face, Frame, Settings, Sink
    from emolive.live.loop import Parts
    from emolive.networks.checkpoint import Model

log = logging.getLogger(__name__)

VERSIONS = ("emolive", "torch", "mediapipe", "av", "opencv-contrib-python", "numpy")


def work(task: Task) -> TaskResult:
    """Do a task, in a worker. Raises `EmoliveError`."""
    with TaskProgress(task.lease, task.job.limit_s) as progress:
        try:
            match task:
                case Whole(job, lease):
                    return _whole(job, lease, progress)
                case Segment(job, split, number, lease):
                    _look_at(job, split, number, lease, progress)
                    return task
                case Join(job, split, lease):
                    return _made(job, split, lease, progress)
        except LeaseLost as error:
            log.warning("%s", error)
            return Lost()


def _whole(job: Job, lease: Lease | None, progress: TaskProgress) -> Outcome | Split:
    from emolive.corpus.split import edges
    from emolive.media.folders import check_video

    check_video(job.video)  # before all of it is read
    try:
        facts = facts_of(job.video)
    except OSError as error:
        raise SourceError(f"{job.video} cannot be read ({why(error)}). Check the name.") from error
    content = content_hash(job.video, progress.alive)
    done = None if job.force else _kept(job, content, facts, lease)
    if done:
        return done
    cuts = edges(job.video, job.segment_s, progress.alive) if job.segment_s else ()
    split = Split(content, cuts, facts.size, facts.mtime_ns)
    if not split.edges_ms:
        return _made(job, split, lease, progress)
    keep_split(job, split)
    return split


def _kept(job: Job, content: str, facts: FileFacts, lease: Lease | None) -> Outcome | None:
    """What there is already, if it is of the same video and the same settings, and as it was written."""
    there = record(job.out)
    if there is None or (there.content, there.settings) != (content, job.settings):
        return None
    if there.format < FORMAT or damage(there):
        return None
    seen_now(there, job.video, facts, lease)
    return Outcome(there.frames, there.faces, there.notes, kept=True)


def seen_now(there: Record, video: Path, facts: FileFacts, lease: Lease | None) -> None:
    """Write into a record where its video is seen now, unless it says so. Raises `LeaseLost`, `OutputError`, and
    `SourceError` where the record is gone meanwhile."""
    if (there.source, there.size, there.mtime_ns) == (str(video), facts.size, facts.mtime_ns):
        return
    if lease:
        check(lease)
    result = VideoResult.read(there.folder)
    with as_output_error(there.folder):
        replace(result, source=str(video), size=facts.size, mtime_ns=facts.mtime_ns).write(there.folder)


def _made(job: Job, split: Split, lease: Lease | None, progress: TaskProgress) -> Outcome:
    """Make a video's result, with the answers of its segments where it was split."""
    from emolive.corpus.result import Census
    from emolive.live.loop import run
    from emolive.live.outputs import outputs

    began = time.perf_counter()
    attempts = _begun(job)
    progress.rest()
    with leased_draft(job.out, lease) as folder:
        options = _wish(job, folder)
        with ExitStack() as stack:
            opened = _opened(job, options, stack)
            census = Census(opened.model.spec.labels)
            writers = outputs(options, opened.model, [job.video], live=False)
            parts = _with_answers(opened.parts, job, split) if split.edges_ms else opened.parts
            sinks: list[Sink] = [progress, census, *(stack.enter_context(sink) for sink in writers)]
            frames = run(replace(parts, sinks=sinks), opened.settings)
            seen, notes = parts.source.progress(), parts.source.notes()
        progress.rest()
        split = _still_the_same(job, split, progress)
        outcome = Outcome(frames, census.faces, notes)
        model = opened.model
        with as_output_error(job.out):
            files = {path.name: replace(facts_of(path), sha256=content_hash(path)) for path in folder.iterdir()}
        result = VideoResult(
            name=job.out.name,
            source=str(job.video),
            content=split.content,
            settings=job.settings,
            options=settings_of(job.options, job.annotated, job.data, _makers(job)),
            model=model.sha256,
            labels=model.spec.labels,
            versions={name: version(name) for name in VERSIONS},
            data=data_name(job.data),
            video=VIDEO if job.annotated else None,
            frames=frames,
            faces=census.faces,
            duration_ms=max(seen.duration_ms, census.last_ms),
            seconds=round(time.perf_counter() - began, 3),
            segments=len(split.edges_ms) + 1,
            people=census.people,
            notes=notes,
            size=split.size,
            mtime_ns=split.mtime_ns,
            files=files,
            attempts=attempts,
            format=FORMAT,
        )
        with as_output_error(job.out):
            result.write(folder)
    return outcome


def _still_the_same(job: Job, split: Split, progress: TaskProgress) -> Split:
    """What was looked at, with the video's size and time as they are now. Raises `SourceError` where it is another one
    by now: nobody knows which pictures were seen. One that was moved meanwhile is known by its content."""
    try:
        now = facts_of(job.video)
    except OSError:
        return split
    if (now.size, now.mtime_ns) == (split.size, split.mtime_ns):
        return split
    if content_hash(job.video, progress.alive) != split.content:
        raise SourceError(
            f"{job.video} changed while it was looked at: is it still being written? Run the batch again when it is "
            "whole."
        )
    return replace(split, size=now.size, mtime_ns=now.mtime_ns)


def _begun(job: Job) -> int:
    """How many times the result was begun by now, this time too, since it was there last."""
    make_folder(job.out.parent / MAKING)
    make_folder(making(job.out))
    with as_output_error(job.out), (making(job.out) / BEGUN).open("ab") as file:
        file.write(b".")
        return file.tell()


def _look_at(job: Job, split: Split, number: int, lease: Lease | None, progress: TaskProgress) -> None:
    """Keep the answers of a segment, unless they are kept already."""
    from emolive.corpus.answers import Keeper
    from emolive.live.loop import run

    path = segments(job, split)[number]
    if path.is_file():
        return
    span = [None, *split.edges_ms, None][number : number + 2]
    with ExitStack() as stack:
        opened = _opened(job, _wish(job, path.parent), stack, (span[0], span[1]), every)
        keeper = stack.enter_context(Keeper(path, lease))
        run(replace(opened.parts, sinks=[progress, keeper], always=()), opened.settings)
        progress.rest()


def every(faces: "Sequence[Face]", _: "Frame") -> "tuple[Face, ...]":
    """A `Confirm` for segments: all are read. Who is confirmed depends on what came before, which a join knows."""
    return tuple(faces)


def _with_answers(parts: "Parts", job: Job, split: Split) -> "Parts":
    """The parts of a run that looks up what its segments kept."""
    from emolive.corpus.answers import Recall

    recall = Recall(segments(job, split), parts.detect, parts.read)
    return replace(parts, detect=recall.detect, read=recall.read)


def segments(job: Job, split: Split) -> list[Path]:
    """Where the answers of each segment are kept until they are joined; other settings have other files."""
    from emolive.corpus.answers import FORMAT as ANSWERS

    key = hashlib.sha256(repr((ANSWERS, split.content, split.edges_ms, job.settings)).encode()).hexdigest()[:16]
    return [making(job.out) / f"{key}-{number:05}.answers" for number in range(len(split.edges_ms) + 1)]


def keep_split(job: Job, split: Split) -> None:
    """Write down where a video is cut, for drivers who help."""
    with as_output_error(job.out):
        make_folder(making(job.out))
        write_whole(_split_path(job), json.dumps(asdict(split)))


def kept_split(job: Job) -> Split | None:
    """Where a video was cut by the driver that has it in hand; None where nobody has said so."""
    try:
        facts = read_json(_split_path(job))
        edges = tuple(float(edge) for edge in facts["edges_ms"])
        return Split(str(facts["content"]), edges, int(facts["size"]), int(facts["mtime_ns"]))
    except (SourceError, KeyError, TypeError, ValueError):
        return None


def _split_path(job: Job) -> Path:
    key = hashlib.sha256(f"{job.video}\0{job.settings}\0{job.segment_s}".encode("utf-8", "surrogateescape")).hexdigest()
    return making(job.out) / f"{key[:16]}.split"


def _wish(job: Job, folder: Path) -> "Options":
    """The options of `emolive file --headless` that write a job's result into a folder."""
    return replace(
        job.options,
        headless=True,
        views=("camera",),
        out=folder / VIDEO if job.annotated else None,
        data=folder / data_name(job.data),
    )


@dataclass(frozen=True, eq=False)
class _Opened:
    """What a run over a video is made of."""

    model: "Model"
    parts: "Parts"
    settings: "Settings"


def _opened(
    job: Job,
    options: "Options",
    stack: ExitStack,
    span: tuple[float | None, float | None] = (None, None),
    confirm: "Confirm | None" = None,
) -> _Opened:
    """Open a job's video, from and to the times of `span` in ms, and all that looks at it; without sinks."""
    from emolive.live import session
    from emolive.media.sources import open_files

    model = _model(job)
    source = stack.enter_context(open_files([job.video], *span, realtime=False))
    detect, track = session.detector(options, stack)
    return _Opened(model, *session.parts(options, model, source, detect, track, confirm=confirm))


def _model(job: Job) -> "Model":
    """The network of a job, loaded once in each worker. Raises `ModelError` where it, or what finds faces, is not the
    driver's."""
    options = job.options
    model, _ = _networks(options)
    if settings_hash(job.options, job.annotated, job.data, _makers(job)) != job.settings:
        raise ModelError(
            f"The model file {model.path} changed since the batch began, or it, MediaPipe or emolive is another one on "
            "this machine. Install the same everywhere, and run the batch again."
        )
    return model


def _makers(job: Job) -> dict[str, Any]:
    options = job.options
    _, networks = _networks(options)
    return makers_of(options, networks)


def _networks(options: "Options") -> "tuple[Model, tuple[dict[str, Any], ...]]":
    """The network, ready to be looked through, and the facts of it and of a second one."""
    facts = tuple(options.facts().items())
    return _loaded(options.model, options.labels, options.device, options.backend, options.model_b, facts)


@lru_cache(maxsize=1)
def _loaded(
    path: Path | None,
    labels: tuple[str, ...],
    device: str,
    backend: str,
    second: Path | None,
    facts: tuple[tuple[str, Any], ...],
) -> "tuple[Model, tuple[dict[str, Any], ...]]":
    from emolive.live import session  # noqa: F401 (says which system library is missing)
    from emolive.networks.checkpoint import choose_device, load
    from emolive.networks.fast import fast

    model = fast(load(path, labels, choose_device(device), dict(facts)), backend)
    others = [load(second)] if second else []
    return model, tuple(network_facts(one.spec, one.sha256) for one in (model, *others))
