"""Opens what `emolive bench` needs, runs the loop several times, and closes all of it on any way out."""

import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emolive import __version__
from emolive.attribution.emotions import take_a_pass
from emolive.bench import live, neighbours, start
from emolive.bench.costs import costs
from emolive.bench.meter import Meter, Sample, SceneWork
from emolive.bench.result import Bench, summed_up
from emolive.core.errors import EmoliveError
from emolive.core.interrupts import Interrupts
from emolive.core.options import FACTS, Options
from emolive.core.scene import Frame, Picture, Scene, Settings, Source, area, base_variant
from emolive.faces.detect import Detector
from emolive.faces.track import Tracker
from emolive.live.ahead import Ahead
from emolive.live.cores import Cores
from emolive.live.loop import Fetched, Parts, run
from emolive.live.outputs import ProgressBar
from emolive.live.session import parts
from emolive.media.encode import Mp4
from emolive.media.sources import expand, open_demo, open_files
from emolive.networks.checkpoint import Model, choose_device, load
from emolive.networks.fast import fast
from emolive.ui.windows import Windows, display_problem

WARM = 10
"""Frames that are not counted: the first ones of a process are slow."""

PICTURES = 30
"""Frames that the camera of the recording shows, over and over."""

PACKAGES = ("torch", "numpy", "mediapipe", "opencv-contrib-python", "av")


@dataclass(frozen=True)
class Workload:
    """What to measure: a video file, or the demo with so many faces; so many frames of it, and so many `busy` programs
    beside it in the end."""

    source: str = "demo"
    faces: int = 1
    frames: int = 200
    busy: int = 0

    @property
    def is_demo(self) -> bool:
        return self.source == "demo"


def measure(options: Options, workload: Workload, say: Callable[[str], None]) -> Bench:
    """Measure all figures; `say` is told what is being measured. Windows are opened unless `options.headless`.

    Raises `EmoliveError` where the source cannot be read or shows no face.
    """
    with ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        headless = options.headless or display_problem() is not None
        windows = None if headless else stack.enter_context(Windows())
        show = _shown_in(windows) if windows else stack.enter_context(ProgressBar(workload.frames + WARM))
        detect = stack.enter_context(Detector(options.detector, options.min_confidence, options.max_faces))
        model = load(options.model, options.labels, choose_device(options.device), options.facts())
        quick = fast(model, options.backend)

        cores = stack.enter_context(Cores())

        def fresh(source: Source) -> tuple[Parts, Settings]:
            made, settings = parts(replace(options, headless=headless), quick, source, detect, Tracker())
            # As in a session: windows draw what they show; without them there is a film to be written.
            drawn = {"compose": windows.compose} if windows else {"always": (live.FILM,)}
            return replace(made, interactive=False, stop=interrupts, crowded=cores, **drawn), settings

        with interrupts.calm():
            say(f"Measuring {workload.frames} frames, the bare network in turn …")
            with _opened(workload) as source:
                made, settings = fresh(source)
                meter = _metered(made, settings, workload, model, show)
            peak = start.peak_memory_mb()
            interrupts.leave()
            with _opened(workload) as source:
                pictures = _pictures(source)
            bench = replace(
                summed_up(_with_encoding(meter.samples, pictures, folder)),
                every_face=not workload.is_demo or meter.seen == {workload.faces},
                passes_back=take_a_pass(model, base_variant(settings)),
                peak_memory_mb=peak,
            )
            interrupts.leave()
            with _opened(workload) as source:
                bench = replace(bench, steps=_steps(model, detect, source))
            interrupts.leave()
            say("Pressing keys …")
            with _opened(workload) as source:
                bench = replace(bench, key=live.keys(*fresh(source), show))
            interrupts.leave()
            say("Recording a camera …")
            camera = partial(live.recording, pictures=pictures, folder=folder, seconds=workload.frames / live.FPS)
            bench = replace(bench, recording=camera(fresh))
            interrupts.leave()
            say("Filming a clock …")
            bench = replace(bench, clock_ms=live.latency(fresh, pictures, show, workload.frames / live.FPS))
            interrupts.leave()
            if workload.busy:
                say("With busy programs beside it …")
                opened = partial(_opened, workload)
                bench = replace(bench, neighbours=neighbours.beside(opened, fresh, workload.busy))
                interrupts.leave()
        say("Starting emolive anew …")
        bench = replace(bench, start=start.started(headless, _model_options(options)))
    return replace(bench, size=pictures[0].shape[1::-1], source=workload.source, device=model.device, **_machine())


def _opened(workload: Workload) -> Source:
    if workload.is_demo:
        return open_demo(workload.faces, realtime=False)
    return open_files(expand([Path(workload.source)]), realtime=False)


def _shown_in(windows: Windows) -> SceneWork:
    """The windows as a stage of their own: what the user does in them meanwhile is taken, and has no effect."""

    def show(scene: Scene, pictures: Mapping[str, Picture]) -> None:
        windows(scene, pictures)
        windows.poll()

    return show


def _metered(made: Parts, settings: Settings, workload: Workload, model: Model, show: SceneWork) -> Meter:
    """Run the loop with a meter in it."""
    ahead: Ahead[Fetched] = Ahead()
    meter = Meter(model, made.detect, made.watch, ahead, {"show": show}, WARM)
    run(replace(made, sinks=[meter], max_frames=workload.frames + WARM), settings, ahead)
    if not meter.samples:
        raise EmoliveError(
            f"{workload.source} shows no face after its first {WARM} frames: there is nothing to measure."
        )
    return meter


def _with_encoding(samples: list[Sample], pictures: list[np.ndarray], folder: Path) -> list[Sample]:
    """The same samples with what writing pictures into a film takes. It is measured by itself: an encoder works on
    when it has been handed a frame, and the network would be measured beside it."""
    took = []
    with Mp4(folder / "encode.mp4") as mp4:
        for n in range(WARM + len(samples)):
            began = time.perf_counter()
            mp4.write(pictures[n % len(pictures)], 1e3 * n / live.FPS, False)
            took.append(1e3 * (time.perf_counter() - began))
    return [replace(s, stages={**s.stages, "encode": ms}) for s, ms in zip(samples, took[WARM:], strict=True)]


def _steps(model: Model, detect: Detector, source: Source) -> Mapping[str, float]:
    """What single steps cost the largest face of the first frame that has one."""
    for _ in range(WARM + PICTURES):
        frame = source.read(Settings())
        if isinstance(frame, Frame) and (faces := detect(frame)):
            return costs(model, frame, max(faces, key=lambda face: area(face.box)))
    return {}


def _pictures(source: Source) -> list[np.ndarray]:
    """The first pictures of a source."""
    frames = (source.read(Settings()) for _ in range(PICTURES))
    return [frame.bgr for frame in frames if isinstance(frame, Frame)]


def _model_options(options: Options) -> list[str]:
    """The options that say which network is meant, as words of a command line."""
    words = ["--device", options.device, "--backend", options.backend, *(["--half"] if options.half else [])]
    words += ["--model", str(options.model)] if options.model else []
    words += ["--labels", ",".join(options.labels)] if options.labels else []
    for name in FACTS:
        value = getattr(options, name)
        if value is not None:
            each = value if isinstance(value, tuple) else (value,)
            words += [f"--{name.replace('_', '-')}", ",".join(map(str, each))]
    return words


def _machine() -> dict[str, Any]:
    """What the figures depend on beside emolive."""
    own = {"emolive": __version__, "python": platform.python_version()}
    return {
        "threads": torch.get_num_threads(),
        "versions": own | {name: version(name) for name in PACKAGES},
    }
