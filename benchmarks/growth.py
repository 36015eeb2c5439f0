"""What a look costs as the work grows: faces, pixels, maps, proofs; beside pytorch-grad-cam and torch-cam, in one run.

    python benchmarks/growth.py [--rounds 12] [--out FOLDER]

Writes growth.md (a table with slopes) and growth.png. The other libraries are measured where they are installed, as in
the environment that `peers.py` makes: build/peers/maps/bin/python benchmarks/growth.py
"""

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from importlib import util
from pathlib import Path

import click
import cv2
import matplotlib
import numpy as np
import torch
from machine import processor
from torch import Tensor

from emolive.attribution.look import look
from emolive.attribution.methods import METHODS, UNPINNED
from emolive.core.scene import Frame, Variant
from emolive.faces.detect import Detector
from emolive.media.demo import DemoClip
from emolive.networks.checkpoint import Model, load
from emolive.networks.fast import fast

matplotlib.use("Agg")

import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent

FACES = (1, 2, 4, 8, 16, 32, 64)
HEIGHTS = (480, 720, 1080, 2160)
METHODS_OF_MANY = tuple(name for name in UNPINNED if not METHODS[name].slow and not METHODS[name].of_input)
MAPS = (1, 2, 4, 8, 16, 32)

Work = Callable[[], object]


def looks(model: Model, faces: int, stack: ExitStack) -> Mapping[str, Work]:
    """Grad-CAM at the last stage of so many faces: emolive, what it has with `[fast]`, and the libraries there are."""
    x = batch(model, faces)
    way = Variant(method="gradcam", layer="layer4")
    found: dict[str, Work] = {"emolive": partial(look, fast(model, "torch"), x, [way], "layer4")}
    if util.find_spec("openvino"):
        found["emolive with [fast]"] = partial(look, fast(model, "openvino"), x, [way], "layer4")
    if util.find_spec("pytorch_grad_cam"):
        from pytorch_grad_cam import GradCAM

        net = copy.deepcopy(model.net).requires_grad_(True)
        theirs = stack.enter_context(GradCAM(net, [net.get_submodule("layer4")]))
        found["pytorch-grad-cam"] = lambda: theirs(x, targets=None)
    if util.find_spec("torchcam"):
        from torchcam.methods import GradCAM as TorchCam

        other = copy.deepcopy(model.net).requires_grad_(True)
        extractor = stack.enter_context(TorchCam(other, "layer4"))

        def by_torchcam() -> object:
            scores = other(x)
            return extractor(scores.argmax(1).tolist(), scores)

        found["torch-cam"] = by_torchcam
    return found


def batch(model: Model, faces: int) -> Tensor:
    """So many faces of noise: the time does not hang on what they show."""
    size = model.spec.crop_size
    return model.prepare(np.random.default_rng(faces).integers(0, 256, (faces, size, size, 3), np.uint8))


def many(model: Model) -> Iterator[tuple[int, Work]]:
    """So many maps of one face: each method at each layer, the shallow ones first."""
    ways = [
        Variant(method=method, layer=layer) for layer in ("layer4", "layer3", "layer2", "layer1")
        for method in METHODS_OF_MANY if METHODS[method].asks != "weights" or layer in model.last_layers
    ]  # fmt: skip
    x, quick = batch(model, 1), fast(model)
    for count in MAPS:
        some = ways[:count]
        if len(some) == count:
            yield count, partial(look, quick, x, some, "layer4")


def proofs(model: Model) -> Iterator[tuple[int, Work]]:
    """So many masked faces that ride in the batch of one."""
    x, quick, way = batch(model, 1), fast(model), Variant(method="gradcam", layer="layer4")
    for count in (0, 2, 4, 8, 16, 32):
        extra = batch(model, count) if count else None
        yield count, partial(look, quick, x, [way], "layer4", extra=extra)


def pixels(height: int, detect: Detector) -> Work:
    """Finding the faces of a picture of so many lines."""
    _, small = next(DemoClip(4).play())
    width = round(height * small.shape[1] / small.shape[0])
    frame = Frame(0, 0.0, cv2.resize(small, (width, height)))
    return partial(detect, frame)


def in_turn(works: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """The median ms of each, all in turn."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if turn:
                times[name].append(1e3 * (time.perf_counter() - began))
    return {name: statistics.median(found) for name, found in times.items()}


def slope(found: Mapping[int, float]) -> float:
    """Milliseconds for each one more: the least squares' line."""
    return float(np.polyfit(list(found), list(found.values()), 1)[0])


def measured(rounds: int) -> dict[str, dict[str, dict[int, float]]]:
    """{what grows: {who: {how much: ms}}}."""
    model = load()
    found: dict[str, dict[str, dict[int, float]]] = {"faces": {}, "maps": {}, "masked faces": {}, "lines": {}}
    for n in FACES:
        with ExitStack() as stack:
            for name, ms in in_turn(looks(model, n, stack), rounds).items():
                found["faces"].setdefault(name, {})[n] = ms
    for what, works in (("maps", dict(many(model))), ("masked faces", dict(proofs(model)))):
        done = in_turn({str(n): work for n, work in works.items()}, rounds)
        found[what]["emolive"] = {int(n): ms for n, ms in done.items()}
    with Detector() as detect:
        done = in_turn({str(height): pixels(height, detect) for height in HEIGHTS}, rounds)
    found["lines"]["finding faces"] = {int(n): ms for n, ms in done.items()}
    return found


UNITS = {"faces": "face", "maps": "map", "masked faces": "masked face", "lines": "line of the picture"}


def markdown(found: Mapping[str, Mapping[str, Mapping[int, float]]], picture: str, rounds: int) -> str:
    """Tables for people."""
    lines = []
    for what, each in found.items():
        sizes = list(next(iter(each.values())))
        lines += [f"| {what} | " + " | ".join(map(str, sizes)) + f" | for each {UNITS[what]} more |",
                  "| --- |" + " ---: |" * (len(sizes) + 1)]  # fmt: skip
        for name, ms in each.items():
            cells = " | ".join(f"{value:.1f}" for value in ms.values())
            lines.append(f"| {name} | {cells} | {slope(ms):.3g} ms |")
        lines.append("")
    where = f"{processor()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
    lines += [f"![growth]({picture})", "", f"Medians in ms of {rounds} rounds, each in turn; {where}."]
    return "\n".join(lines) + "\n"


def plot(found: Mapping[str, Mapping[str, Mapping[int, float]]], path: Path) -> None:
    """The same as curves."""
    figure, axes = plt.subplots(1, len(found), figsize=(14, 3.6), layout="constrained")
    for axis, (what, each) in zip(axes, found.items(), strict=True):
        for name, ms in each.items():
            axis.plot(list(ms), list(ms.values()), marker=".", label=name)
        axis.set(xlabel=what, ylabel="ms", xlim=0, ylim=0)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    figure.savefig(path, dpi=90)
    plt.close(figure)


@click.command(help=__doc__)
@click.option("--rounds", type=click.IntRange(3), default=12, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=HERE)
def main(rounds: int, out: Path) -> None:
    """Measure, write and print."""
    found = measured(rounds)
    plot(found, out / "growth.png")
    text = markdown(found, "growth.png", rounds)
    (out / "growth.md").write_text(text, encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()
