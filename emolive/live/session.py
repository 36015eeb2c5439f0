"""Opens what a run needs, in one `ExitStack`, runs the loop, and closes all of it in reverse on any way out."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emolive.core.errors import EmoliveError, pick
from emolive.core.interrupts import Interrupts
from emolive.core.options import Options
from emolive.core.scene import Confirm, Detect, Menu, Settings, Source, Track
from emolive.core.settings import parsed_target
from emolive.core.stopwatch import Stopwatch
from emolive.faces.native import explain_missing_libraries
from emolive.live.ahead import Ahead
from emolive.live.loading import WINDOW, meanwhile
from emolive.live.loop import Parts, run
from emolive.live.outputs import (
    ProgressBar,
    check_outputs,
    chosen_streams,
    outputs,
    own_output,
    say_what_was_written,
    with_output,
)
from emolive.ui.fonts import prepare as prepare_fonts

with explain_missing_libraries():  # here, before any other module needs it
    import cv2  # noqa: F401

if TYPE_CHECKING:
    from emolive.live.cores import Cores
    from emolive.media.sources import CameraInfo
    from emolive.networks.checkpoint import Model
    from emolive.ui.windows import Windows

log = logging.getLogger(__name__)

DEMO_FRAMES = 250
"""How much video a demo without a screen makes unless a limit is given: ten seconds."""


def camera(
    options: Options,
    which: str,
    size: tuple[int, int] | None,
    fps: float | None,
    give_up_s: float,
) -> None:
    """Run `emolive cam`. Without a screen it needs --headless: nobody would know that it watches."""
    from emolive.ui.windows import display_problem

    def opened() -> Source:  # the window is up before this is imported, as in each of these commands
        from emolive.media.sources import open_camera

        return open_camera(which, size, fps, patience, options.allow_other_hosts)

    problem = None if options.headless else display_problem()
    if problem:
        raise EmoliveError(f"{problem} Add --headless to record without windows.")
    patience = give_up_s if options.headless else None
    play(options, opened, live=True)


def cameras() -> "list[CameraInfo]":
    """The cameras of this machine."""
    from emolive.media.sources import list_cameras

    return list_cameras()


def demo(options: Options, faces: int) -> None:
    """Run `emolive demo`."""

    def opened() -> Source:
        from emolive.media.sources import open_demo

        return open_demo(faces, realtime=not options.headless)

    options = _fit_to_screen(options)
    if options.headless and options.seconds is None and options.frames is None:
        options = replace(options, frames=DEMO_FRAMES)
    play(options, opened, name="demo")


def files(
    options: Options, paths: Sequence[Path], start_ms: float | None, end_ms: float | None, called: str | None = None
) -> None:
    """Run `emolive file`: in the windows, or as fast as it goes without. Files that cannot be read are left out; they
    are named at the end, and the exit status is 1. `called` is what reports call it, unless the file's name is it."""
    from emolive.media.sources import find, open_files

    found = find(paths)
    if found.note:
        click.echo(found.note, err=True)
    options = _fit_to_screen(options)
    if options.batch > 1 and not options.headless:
        raise EmoliveError("In windows each frame is shown as it comes: --batch goes with --headless.")
    if options.batch > 1 and options.proof:
        raise EmoliveError("--batch does not go with --proof: masked faces ride in the batch of the next frame.")
    choice = chosen_streams(options)
    opened = partial(open_files, found.files, start_ms, end_ms, not options.headless, choice)
    play(options, opened, found.files, called=called)


def layers(options: Options) -> dict[str, tuple[int, int, int]]:
    """The layers of a model that can be shown, and the (C, h, w) of their maps."""
    from emolive.attribution.hooks import shapes
    from emolive.networks.checkpoint import load

    return shapes(load(options.model, options.labels, facts=options.facts()))


def _fit_to_screen(options: Options) -> Options:
    """Where there is no screen, go on without windows and say so; without windows, something must be written."""
    from emolive.ui.windows import display_problem

    problem = None if options.headless else display_problem()
    if problem:
        click.echo(f"{problem} Going on without windows (as with --headless).", err=True)
    return replace(options, headless=True) if problem else options


def play(
    options: Options,
    open_source: Callable[[], Source],
    inputs: Sequence[Path] = (),
    live: bool = False,
    name: str = "cam",
    called: str | None = None,
) -> None:
    """Open everything, run the loop, close everything. The window opens before anything heavy is imported."""
    asked, options = options, with_output(options, inputs, name)
    with ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts())
        check_outputs(options, inputs)
        windows = _windows(options, stack)
        say = windows.say if windows else log.info
        say("Opening the source …")
        if windows:
            log.info(WINDOW)
        source = stack.enter_context(open_source())

        def load(say: Callable[[str], None]) -> "tuple[Model, Parts, Settings]":
            with Ahead["Model"]() as network:  # side by side
                network.begin(partial(_model, options))
                say("Loading the face detector …")
                detect, track = detector(options, stack)
                say("Loading the network …")
                model = network.result()
            prepare_fonts(model.spec.labels)
            return model, *parts(options, model, source, detect, track)

        loaded = meanwhile(load, source, windows, asked.settings()) if windows else load(log.info)
        model, prepared, settings = loaded
        options = options.with_map(model.spec.best_map)
        if options.out and not asked.out:
            options = own_output(options, stack)
        writers = outputs(options, model, inputs, live, called, windows)
        show = [windows] if windows else [stack.enter_context(ProgressBar(options.frames))]
        sinks = [*show, *(stack.enter_context(sink) for sink in writers)]
        prepared = replace(prepared, sinks=sinks, stop=interrupts, poll=windows.poll if windows else tuple)
        prepared = replace(prepared, compose=windows.compose if windows else None)
        if options.batch == 1:  # else the network looks ahead, in the thread that fetches
            prepared = replace(prepared, crowded=stack.enter_context(_cores()))
        with interrupts.calm():
            count = run(prepared, settings)
        failed = source.progress().failed
    say_what_was_written(options, writers, count)
    interrupts.leave()
    if failed:
        raise EmoliveError(" ".join(failed))


def _cores() -> "Cores":
    from emolive.live.cores import Cores

    return Cores()


def _windows(options: Options, stack: ExitStack) -> "Windows | None":
    if options.headless:
        return None
    from emolive.ui.windows import Windows

    return stack.enter_context(Windows(settings=options.settings()))


def detector(options: Options, stack: ExitStack) -> tuple[Detect, Track]:
    """What finds faces, which lives as long as `stack`, and what tells them apart from frame to frame."""
    from emolive.faces.detect import Detector
    from emolive.faces.track import Tracker

    detector = Detector(options.detector, options.min_confidence, options.max_faces)
    return stack.enter_context(detector), Tracker()


def _model(options: Options) -> "Model":
    from emolive.networks.checkpoint import choose_device, load
    from emolive.networks.fast import fast

    model = load(options.model, options.labels, choose_device(options.device), options.facts())
    return fast(model, options.backend, wait=options.headless)


def parts(
    options: Options,
    model: "Model",
    source: Source,
    detect: Detect,
    track: Track,
    confirm: Confirm | None = None,
) -> tuple[Parts, Settings]:
    """What the loop works with, but for the sinks, and the first settings; every name is checked.

    The model is looked through as it is (see `fast`). `confirm` says which faces are shown and read; unless it is
    given, those that the face mesh confirms.
    """
    from emolive.attribution.methods import BLIND, METHODS
    from emolive.faces.confirm import Confirmer
    from emolive.faces.mesh import Mesher
    from emolive.live.batches import Batches
    from emolive.live.engine import Engine
    from emolive.networks.checkpoint import load
    from emolive.networks.fast import fast
    from emolive.ui.idle import Answering
    from emolive.ui.keys import press
    from emolive.ui.undo import Undoable
    from emolive.ui.views import VIEWS, order

    settings, names = checked(options.with_map(model.spec.best_map).settings(), model)
    if options.unsure is None:
        settings = replace(settings, unsure=model.spec.metrics.get("unsure", 0.0))
    second = (
        fast(load(options.model_b, (), model.device), options.backend, options.headless) if options.model_b else None
    )
    models = ("a", "b") if second else ("a",)
    menu = Menu(
        methods=tuple(METHODS),
        layers=names,
        labels=model.spec.labels,
        views=tuple(VIEWS),
        models=models,
        blind=BLIND,
        random=model.architecture.random,
        start=settings,
    )
    engine = Engine(
        model,
        options.detector,
        options.half,
        second,
        figures=options.figures,
        watch=(watch := Stopwatch()),
    )
    confirm = confirm or Confirmer(Mesher())
    answering = Answering(press, source.progress)
    if options.batch > 1:
        source = batches = Batches(source, detect, track, confirm, engine.look_ahead, options.batch)
        detect, track, confirm = batches.detect, batches.track, batches.confirm
    made = Parts(
        source=source,
        detect=detect,
        track=track,
        confirm=confirm,
        read=engine,
        views=VIEWS,
        sinks=(),
        menu=menu,
        press=Undoable(answering),
        said=answering.notes,
        order=order,
        always=options.shown_views[:1] if options.out or options.record or options.bundle else (),
        device=model.device,
        interactive=not options.headless,
        max_frames=options.frames,
        max_seconds=options.seconds,
        watch=watch,
        slow=engine.slow,
    )
    return made, replace(settings, views=() if options.headless else settings.views)


def checked(settings: Settings, model: "Model") -> tuple[Settings, tuple[str, ...]]:
    """The settings with a target that the model knows ("happy-sad" is happy against sad), and the model's layers;
    `EmoliveError`, with what there is, for a name in the settings that is none."""
    from emolive.attribution.hooks import shapes
    from emolive.attribution.methods import METHODS

    found = shapes(model)
    asked = [settings] + ([settings.compare] if settings.compare else [])
    for one in asked:
        pick(one.method, METHODS, "method")
        pick(one.layer, found, "layer")
    pick(settings.filter_layer, found, "layer")
    target = parsed_target(settings.target or "", model.spec.labels)
    if settings.against:
        pick(settings.against, model.spec.labels, "emotion")
    settings = replace(settings, target=target.plus, against=settings.against or target.minus)
    if settings.random > len(model.architecture.random):
        raise EmoliveError(f"This network has {len(model.architecture.random)} parts that can be randomised.")
    count = found[settings.filter_layer][0]
    beyond = [channel for channel in (*settings.pins, *settings.off) if channel >= count]
    if beyond:
        raise EmoliveError(f"{settings.filter_layer} has the filters 0 to {count - 1}; there is no {beyond[0]}.")
    return settings, tuple(found)
