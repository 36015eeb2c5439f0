"""Where a run writes: the files that its options stand for, checked before anything starts, and the sinks for them."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emolive.core.errors import EmoliveError, OutputError
from emolive.core.files import reserved, why
from emolive.core.options import Options
from emolive.core.scene import Picture, Scene, Sink
from emolive.media.made import Made, sentence

if TYPE_CHECKING:
    from tqdm import tqdm

    from emolive.media.streams import StreamChoice
    from emolive.networks.checkpoint import Model
    from emolive.ui.windows import Windows

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


def chosen_streams(options: Options) -> "StreamChoice":
    """The streams that --stream and --audio-stream ask for."""
    from emolive.media.streams import StreamChoice

    return StreamChoice(options.stream, options.audio_stream, options.allow_other_hosts)


def with_output(options: Options, inputs: Sequence[Path], name: str) -> Options:
    """Without windows, something must be written: into the recordings folder, where nothing else is asked for."""
    if options.headless and options.bundle:
        return replace(options, record=True)  # nobody is there to press a key
    if not options.headless or options.out or options.data or options.record or options.report:
        return options
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    if len(inputs) > 1:
        return replace(options, out=options.recordings / stamp)
    ending = _ending(inputs[0]) if inputs else ".mp4"
    return replace(options, out=options.recordings / f"{stamp}_{_stem(inputs[0]) if inputs else name}{ending}")


def own_output(options: Options, stack: ExitStack) -> Options:
    """The same with an --out that nobody else has who chose that name in the same second: it is made now, and goes with
    `stack` where nothing came into it. Raises `OutputError`."""
    assert options.out is not None
    try:
        out = reserved(options.out)
    except OSError as error:
        raise OutputError(f"{options.recordings} cannot be written to ({why(error)}). Choose --recordings.") from error
    stack.callback(_remove_if_empty, out)
    return replace(options, out=out, overwrite=True)  # there is no other output


def _remove_if_empty(path: Path) -> None:
    with suppress(OSError):  # a folder with something in it
        if path.is_dir():
            path.rmdir()
        elif not path.stat().st_size:
            path.unlink()


def _stem(path: Path) -> str:
    """What a recording of this input is called, without the ending; of an address nothing but a plain word."""
    from emolive.media.address import address_in, file_name

    url = address_in(path)
    return path.stem if url is None else Path(file_name(url)).stem


def _ending(path: Path) -> str:
    from emolive.media.sources import is_picture

    return ".png" if is_picture(path) else ".mp4"


def targets(options: Options, inputs: Sequence[Path]) -> list[Path]:
    """The files that --out stands for: itself, or for several inputs without windows one for each, in that folder."""
    out = options.out
    if out is None:
        return []
    if len(inputs) < 2 or not options.headless:
        return [out]
    if out.suffix:
        raise EmoliveError(f"--out {out} is one file, but there are {len(inputs)} inputs. Give --out a folder.")
    stems = [_stem(path) for path in inputs]
    return [
        out / f"{stem if stems.count(stem) == 1 else f'{i + 1}-{stem}{path.suffix}'}{_ending(path)}"
        for i, (path, stem) in enumerate(zip(inputs, stems, strict=True))
    ]


def check_outputs(options: Options, inputs: Sequence[Path], never: Sequence[Path] = ()) -> None:
    """Raise `OutputError` for what cannot be written, or must not be overwritten; `never` are files that are not,
    besides the inputs and the networks. Nothing is made yet: what comes next may fail, and would leave it empty."""
    from emolive.core.files import check_output

    paths = [*targets(options, inputs), *([options.data] if options.data else [])]
    if options.report:
        from emolive.reports.session_report import DATA, PAGE

        paths += [options.report / PAGE, options.report / DATA]
    networks = [path for path in (options.model, options.model_b) if path]
    for path in paths:
        check_output(path, [*inputs, *networks, *never], options.overwrite, make=False)
    names = [os.path.realpath(path) for path in paths]  # which does not stumble over circles
    for path, name in zip(paths, names, strict=True):
        if names.count(name) > 1:
            raise OutputError(f"Two outputs would go to {path}. Give each a name of its own.")


def outputs(
    options: Options,
    model: "Model",
    inputs: Sequence[Path],
    live: bool,
    name: str | None = None,
    windows: "Windows | None" = None,
) -> list[Sink]:
    """The sinks that write: the recording, the data, and what keys switch on. `name` is what reports call all of it,
    unless the source says it best. What `windows` show is recorded as it is seen; without them, and in bundles, the
    annotated film is, frame by frame."""
    from emolive.core.kept import session_path
    from emolive.live.keep import SessionKeeper
    from emolive.media.bundle import run_of
    from emolive.media.data import data_writer
    from emolive.media.record import Recorder
    from emolive.media.screen import ScreenRecorder
    from emolive.media.still import PictureWriter
    from emolive.media.switch import PerFile, RecordingSwitch
    from emolive.reports.session_report import SessionReport
    from emolive.ui.snapshot import Facts, Snapshots

    def writer(path: Path) -> Sink:
        if path.suffix.lower() in PICTURES:
            return PictureWriter(path, view, inputs, options.overwrite)
        return Recorder(path, view, inputs, not live, options.overwrite, choice)

    view, paths, choice = options.shown_views[0], targets(options, inputs), chosen_streams(options)
    bundle = run_of(options.plain(), model, options.model_b) if options.bundle else None
    sinks: list[Sink] = []
    if bundle or not windows:
        sinks.append(RecordingSwitch(options.recordings, view, inputs, not live, not options.headless, bundle, choice))
    if windows:
        look = partial(getattr, windows, "shown")
        sinks.append(ScreenRecorder(options.recordings, look, windows.together, records=not bundle))
    if not options.headless:
        sinks.append(SessionKeeper(session_path(options), model.sha256, bool(options.session)))
        sinks.append(Snapshots(options.recordings, Facts(model.path, model.sha256, model.device)))
    if len(paths) == 1:
        sinks.append(writer(paths[0]))
    elif paths:
        sinks.append(PerFile([partial(writer, path) for path in paths]))
    if options.report is not None:
        sinks.append(SessionReport(options.report, options, model.spec.labels, model.sha256, inputs, name))
    if options.data is not None:
        sinks.append(data_writer(options.data, model.spec.labels, options.overwrite, inputs))
    return sinks


def say_what_was_written(options: Options, writers: Sequence[Sink], count: int) -> None:
    """A line for each file that is there, with the frames that are in it; data and reports hold all of the run."""
    written = {path: made for sink in writers for path, made in getattr(sink, "made", {}).items()}
    reports = [path for sink in writers for path in getattr(sink, "saved", ())]
    for path in (options.data, *reports):
        if path is not None:
            written.setdefault(path, Made(count))
    for path, made in written.items():
        if path.exists():
            click.echo(sentence(path, made))


class ProgressBar:
    """A sink that counts frames on the terminal; knows the end where the source does, or where a limit says it."""

    stage = "show"

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.bar: tqdm | None = None
        self._index = -1

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """Count one frame more, unless it was only drawn anew; of several files, count the files."""
        progress = scene.progress
        if self.bar is None:
            from tqdm import tqdm  # windows have no use for it, and it takes a while to import

            by_file = progress.files > 1
            total = progress.files if by_file else min([n for n in (self.limit, progress.frames) if n], default=None)
            unit = " files" if by_file else " frames"
            self.bar = tqdm(total=total, desc=progress.name, unit=unit, mininterval=0.5, dynamic_ncols=True)
        self.bar.set_description(progress.name, refresh=False)
        self.bar.set_postfix_str(scene.notes[-1] if scene.notes else f"{len(scene.faces)} faces", refresh=False)
        new, self._index = scene.frame.index != self._index, scene.frame.index
        self.bar.update(progress.file + 1 - self.bar.n if progress.files > 1 else int(new))

    def notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()
