"""How fast a pass of the shipped network can be on this CPU: the same faces through each engine in turn, in one run.

    python benchmarks/floor.py [--rounds 30] [--compiled]

Prints a table: median ms for 1, 4 and 16 faces, and by how much probabilities differ from PyTorch's plain ones. ONNX
Runtime is measured where `onnx`, `onnxscript` and `onnxruntime` are installed; torch.compile, which takes minutes to
begin and needs a compiler of C++, with --compiled.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import util
from pathlib import Path

import click
import numpy as np
import torch
from machine import processor
from torch import Tensor

from emolive.attribution.look import look
from emolive.core.scene import Variant
from emolive.networks.checkpoint import Model, load
from emolive.networks.fast import fast

FACES = (1, 4, 16)

Pass = Callable[[Tensor], Tensor]
"""Gives the probabilities (N, classes) of a prepared batch."""

ROW = Variant(method="gradcam", layer="layer4")


def passes(model: Model, compiled: bool) -> Iterator[tuple[str, Pass]]:
    """Each engine that is here."""
    plain, packed = model.net, fast(model, "torch")
    yield "PyTorch, plain", lambda x: model.probabilities(_logits(plain, x))
    yield "PyTorch, packed (emolive without the extra)", lambda x: model.probabilities(packed.logits(x))
    yield "… and Grad-CAM at the last stage", lambda x: _looked(packed, x)
    if util.find_spec("openvino"):
        quick = fast(model, "openvino")
        yield "OpenVINO, float32 (emolive with `[fast]`)", lambda x: model.probabilities(quick.logits(x))
        yield "… and Grad-CAM at the last stage", lambda x: _looked(quick, x)
        yield "OpenVINO, bfloat16", _openvino_half(model)
    yield "PyTorch, bfloat16", lambda x: _half(model, x)
    if compiled and shutil.which("g++"):
        made = torch.compile(plain)
        yield "torch.compile", lambda x: model.probabilities(_logits(made, x))
    if all(util.find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime")):
        yield "ONNX Runtime, float32", _onnx(model)
        yield "ONNX Runtime, int8", _onnx(model, whole=True)


@torch.no_grad()
def _logits(net: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return net(x)


def _looked(model: Model, x: Tensor) -> Tensor:
    return torch.from_numpy(np.stack([one.probs for one in look(model, x, [ROW], "layer4").results[ROW]]))


@torch.no_grad()
def _half(model: Model, x: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return model.probabilities(model.net(x))


def _openvino_half(model: Model) -> Pass:
    front = fast(model, "openvino").quick
    assert front is not None
    graphs = {n: front.graph(("layer4",), n, "bf16") for n in FACES}

    @torch.no_grad()
    def run(x: Tensor) -> Tensor:
        last = torch.from_numpy(graphs[len(x)](x.contiguous().numpy())[0])
        return model.probabilities(front.after(last, "layer4"))

    return run


def _onnx(model: Model, whole: bool = False) -> Pass:
    """The network in ONNX Runtime; in `whole` numbers where it can, scaled by what it sees in the pictures below."""
    import onnxruntime

    size = model.spec.input_size
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "net.onnx")
        torch.onnx.export(
            model.net, (torch.zeros(2, 3, size, size),), str(file), dynamo=False, input_names=["x"],
            dynamic_axes={"x": {0: "n"}},
        )  # fmt: skip
        if whole:
            file = _quantised(file, model)
        session = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    return lambda x: model.probabilities(torch.from_numpy(session.run(None, {"x": x.contiguous().numpy()})[0]))


def _quantised(file: Path, model: Model) -> Path:
    from onnxruntime import quantization

    class Pictures(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.left = iter(pictures(model, 32))

        def get_next(self) -> dict[str, np.ndarray] | None:
            one = next(self.left, None)
            return None if one is None else {"x": one[None].numpy()}

    quantization.quantize_static(file, file.with_name("int8.onnx"), Pictures(), per_channel=True)
    return file.with_name("int8.onnx")


def pictures(model: Model, n: int) -> Tensor:
    """A prepared batch of `n`: noise, since the time does not depend on what is seen."""
    size = model.spec.crop_size
    return model.prepare(np.random.default_rng(0).integers(0, 256, (n, size, size, 3), np.uint8))


def measured(rounds: int, compiled: bool) -> str:
    """The table, as Markdown."""
    model = load()
    batches = {n: pictures(model, n) for n in FACES}
    engines = list(passes(model, compiled))
    times: dict[tuple[int, int], list[float]] = {}
    differs = [0.0] * len(engines)
    for n, x in batches.items():
        right = engines[0][1](x)
        for k, (_, work) in enumerate(engines):
            differs[k] = max(differs[k], float((work(x) - right).abs().max()))
            work(x)
        for turn in range(rounds):
            for k in np.roll(np.arange(len(engines)), turn):
                began = time.perf_counter()
                engines[k][1](x)
                times.setdefault((k, n), []).append(1e3 * (time.perf_counter() - began))
    head = "| engine | " + " | ".join(f"{n} face{'s' * (n > 1)}" for n in FACES) + " | probabilities differ by |\n"
    lines = [head + "| --- |" + " ---: |" * (len(FACES) + 1)]
    for k, (name, _) in enumerate(engines):
        cells = " | ".join(f"{statistics.median(times[k, n]):.1f} ms" for n in FACES)
        lines.append(f"| {name} | {cells} | {differs[k]:.0e} |")
    where = f"{processor()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
    return (
        "\n".join(lines)
        + f"\n\n{rounds} rounds, each engine in turn; {where}, {torch.backends.cpu.get_cpu_capability()}."
    )


@click.command(help=__doc__)
@click.option("--rounds", type=click.IntRange(3), default=30, show_default=True)
@click.option("--compiled", is_flag=True, help="torch.compile, too.")
def main(rounds: int, compiled: bool) -> None:
    """Measure and print."""
    click.echo(measured(rounds, compiled))


if __name__ == "__main__":
    main()
