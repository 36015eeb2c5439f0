"""What a worker does with a task: the loop of `emolive file --headless`, over one video, into one folder."""

import hashlib
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emolive.core.errors import ModelError, SourceError
from emolive.corpus.job import Job, Join, Outcome, Segment, Split, Task, TaskResult, Whole
from emolive.corpus.layout import VIDEO, as_output_error, data_name, draft, making
from emolive.corpus.manifest import content_hash, settings_hash, settings_of
from emolive.corpus.result import VideoResult

if TYPE_CHECKING:
    from emolive.core.options import Options
    from emolive.core.scene import Confirm, Face, Frame, Settings
    from emolive.live.loop import Parts
    from emolive.networks.checkpoint import Model

VERSIONS = ("emolive", "torch", "mediapipe", "av", "opencv-contrib-python", "numpy")


def work(task: Task) -> TaskResult:
    """Do a task, in a worker. Raises `EmoliveError`."""
    match task:
        case Whole(job):
            return _whole(job)
        case Segment(job, split, number):
            _look_at(job, split, number)
            return task
        case Join(job, split):
            return _made(job, split)


def _whole(job: Job) -> Outcome | Split:
    from emolive.corpus.split import edges

    content = content_hash(job.video)
    done = None if job.force else _kept(job, content)
    if done:
        return done
    split = Split(content, edges(job.video, job.segment_s) if job.segment_s else ())
    return split if split.edges_ms else _made(job, split)


def _kept(job: Job, content: str) -> Outcome | None:
    """What there is already, if it is of the same video and the same settings."""
    try:
        result = VideoResult.read(job.out)
    except SourceError:
        return None  # nothing there, or nothing that can be read: it is made
    if (result.content, result.settings) != (content, job.settings):
        return None
    return Outcome(result.frames, result.faces, result.notes, kept=True)


def _made(job: Job, split: Split) -> Outcome:
    """Make a video's result, with the answers of its segments where it was split."""
    from emolive.corpus.result import Census
    from emolive.live.loop import run
    from emolive.live.outputs import outputs

    began = time.perf_counter()
    with draft(job.out) as folder:
        options = _wish(job, folder)
        with ExitStack() as stack:
            opened = _opened(job, options, stack)
            census = Census(opened.model.spec.labels)
            writers = outputs(options, opened.model, [job.video], live=False)
            parts = _with_answers(opened.parts, job, split) if split.edges_ms else opened.parts
            sinks = [census, *(stack.enter_context(sink) for sink in writers)]
            frames = run(replace(parts, sinks=sinks), opened.settings)
            progress, notes = parts.source.progress(), parts.source.notes()
        outcome = Outcome(frames, census.faces, notes)
        model = opened.model
        result = VideoResult(
            name=job.out.name,
            source=str(job.video),
            content=split.content,
            settings=job.settings,
            options=settings_of(job.options, job.annotated, job.data),
            model=model.sha256,
            labels=model.spec.labels,
            versions={name: version(name) for name in VERSIONS},
            data=data_name(job.data),
            video=VIDEO if job.annotated else None,
            frames=frames,
            faces=census.faces,
            duration_ms=max(progress.duration_ms, census.last_ms),
            seconds=round(time.perf_counter() - began, 3),
            segments=len(split.edges_ms) + 1,
            people=census.people,
            notes=notes,
        )
        with as_output_error(job.out):
            result.write(folder)
    return outcome


def _look_at(job: Job, split: Split, number: int) -> None:
    """Keep the answers of a segment, unless they are kept already."""
    from emolive.corpus.answers import Keeper
    from emolive.live.loop import run

    path = _segments(job, split)[number]
    if path.is_file():
        return
    span = [None, *split.edges_ms, None][number : number + 2]
    with ExitStack() as stack:
        opened = _opened(job, _wish(job, path.parent), stack, (span[0], span[1]), every)
        keeper = stack.enter_context(Keeper(path))
        run(replace(opened.parts, sinks=[keeper], always=()), opened.settings)


def every(faces: "Sequence[Face]", _: "Frame") -> "tuple[Face, ...]":
    """A `Confirm` for segments: all are read. Who is confirmed depends on what came before, which a join knows."""
    return tuple(faces)


def _with_answers(parts: "Parts", job: Job, split: Split) -> "Parts":
    """The parts of a run that looks up what its segments kept."""
    from emolive.corpus.answers import Recall

    recall = Recall(_segments(job, split), parts.detect, parts.read)
    return replace(parts, detect=recall.detect, read=recall.read)


def _segments(job: Job, split: Split) -> list[Path]:
    """Where the answers of each segment are kept until they are joined; other settings have other files."""
    from emolive.corpus.answers import FORMAT

    key = hashlib.sha256(repr((FORMAT, split, job.settings)).encode()).hexdigest()[:16]
    return [making(job.out) / f"{key}-{number:05}.answers" for number in range(len(split.edges_ms) + 1)]


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
    """The network of a job, loaded once in each worker. Raises `ModelError` where it is not the driver's."""
    options, facts = job.options, tuple(job.options.facts().items())
    model, hashes = _loaded(options.model, options.labels, options.device, options.model_b, facts)
    if settings_hash(job.options, job.annotated, job.data, hashes) != job.settings:
        raise ModelError(
            f"The model file {model.path} changed since the batch began, or is another one on this machine. "
            "Run the batch again."
        )
    return model


@lru_cache(maxsize=1)
def _loaded(
    path: Path | None, labels: tuple[str, ...], device: str, second: Path | None, facts: tuple[tuple[str, Any], ...]
) -> "tuple[Model, tuple[str, ...]]":
    from emolive.live import session  # noqa: F401 (says which system library is missing)
    from emolive.networks.checkpoint import choose_device, load

    model = load(path, labels, choose_device(device), dict(facts))
    return model, (model.identity, *([load(second).identity] if second else []))
