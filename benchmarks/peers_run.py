"""Runs inside the environment of the map libraries: measures everything, and writes it to a file. peers.py calls it."""

import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import version
from itertools import chain, islice, repeat
from pathlib import Path

import click
import numpy as np
import torch

from emolive.networks import torchvision_guard  # noqa: F401 (before any library imports torchvision)

# isort: split
from machine import processor
from peers_maps import Maps, comparable, contestants
from peers_results import BARE, FACE_BY_FACE, FER, OURS, Measured, take_turns, timed
from peers_video import Fer, Look, by_emolive, face_by_face

from emolive.attribution.hooks import shapes
from emolive.core.scene import Frame
from emolive.faces.crop import crop_face, square
from emolive.faces.detect import Detector
from emolive.faces.lean import turn
from emolive.media.clips import VideoClip
from emolive.media.demo import DemoClip
from emolive.networks.checkpoint import Model, as_seen, load

PACKAGES = ("torch", "torchvision", "numpy", "mediapipe", "opencv-contrib-python", "grad-cam", "torchcam", "captum")

WARM = 3
"""Rounds that do not count."""


@click.command()
@click.option("--rounds", type=int, required=True)
@click.option("--faces", type=int, required=True)
@click.option("--layer", required=True)
@click.option("--video", type=Path, required=True)
@click.option("--film", required=True)
@click.option("--fer", "fer_python", required=True)
@click.option("--out", type=Path, required=True)
def main(rounds: int, faces: int, layer: str, video: Path, film: str, fer_python: str, out: Path) -> None:
    """Measure."""
    model = load()
    if layer not in shapes(model):
        raise click.ClickException(f"There is no layer {layer}. There are: {', '.join(shapes(model))}.")
    with ExitStack() as stack:
        detect = stack.enter_context(Detector())
        x = portraits(model, detect, faces)
        with contestants(model, layer, x) as who:
            click.echo(f"{rounds} rounds of maps …", err=True)
            differences = {name: difference(who[OURS], maps, x) for name, maps in who.items() if name != BARE}
            maps = take_turns({name: timed(work) for name, work in who.items()}, repeat(x, WARM + rounds), WARM)
        click.echo(f"{rounds} frames of {film} …", err=True)
        fer = stack.enter_context(Fer(fer_python, out.with_name("fer-worker.log")))
        counted = {
            OURS: Counted(by_emolive(model, detect, layer)),
            FACE_BY_FACE: Counted(stack.enter_context(face_by_face(model, detect, layer))),
        }
        looks = {**{name: timed(look) for name, look in counted.items()}, FER: fer}
        shots = frames(video, WARM + rounds)
        first = next(shots)
        times = take_turns(looks, chain([first], shots), WARM)
    found = {**{name: look.found for name, look in counted.items()}, FER: fer.found}
    done = Measured(
        faces=faces,
        layer=layer,
        input_size=model.spec.input_size,
        maps=maps,
        differences=differences,
        video=times,
        found={name: float(np.mean(counts)) for name, counts in found.items()},
        frame_size=first.bgr.shape[1::-1],
        film=film,
        threads=torch.get_num_threads(),
        cpu=processor(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        versions={**{name: version(name) for name in PACKAGES}, **fer.versions},
    )
    out.write_text(done.json(), encoding="utf-8")


class Counted:
    """A way to look at frames that remembers how many faces it `found` in each."""

    def __init__(self, look: Look) -> None:
        self.found: list[int] = []
        self._look = look

    def __call__(self, frame: Frame) -> None:
        self.found.append(self._look(frame))


def portraits(model: Model, detect: Detector, faces: int) -> torch.Tensor:
    """The faces of the demo scene, prepared for the network: (faces, 3, S, S)."""
    _, bgr = next(DemoClip(faces).play())
    found = detect(Frame(0, 0.0, bgr))
    if len(found) != faces:
        raise click.ClickException(f"{len(found)} of {faces} faces were found in the demo scene. Try fewer --faces.")
    margin, size = model.spec.crop_margin["full"], model.spec.crop_size
    crops = [as_seen(crop_face(bgr, square(f.box, margin), size, turn=turn(f)), model.spec) for f in found]
    return model.prepare(np.stack(crops))


def difference(ours: Maps, theirs: Maps, x: torch.Tensor) -> float:
    """How much two libraries' maps, scaled alike, differ at most."""
    size = x.shape[-1]
    return float(np.abs(comparable(ours(x), size) - comparable(theirs(x), size)).max())


def frames(path: Path, count: int) -> Iterator[Frame]:
    """The first frames of a video."""
    for index, (t_ms, bgr) in enumerate(islice(VideoClip(path).play(), count)):
        yield Frame(index, t_ms, bgr)


if __name__ == "__main__":
    main()
