"""What an explanation costs in the live loop, as a multiple of a bare batched forward of the same network: interleaved,
in one run.

    python benchmarks/explain.py [--rounds 40]

Prints the median of paired ratios for one and four faces. The rows of a live proof are compared with a bare forward of
the larger batch that they make.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import click
import torch

from emolive.attribution.look import look
from emolive.attribution.methods import METHODS, UNPINNED
from emolive.core.scene import Variant
from emolive.networks.checkpoint import Model, load
from emolive.networks.packed import packed

QUICK = [method for method in UNPINNED if not METHODS[method].slow]

MUST = {"layer4": 1.10, "layer3": 1.60}


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ratio(work: Callable[[], object], bare: Callable[[], object], rounds: int) -> float:
    """The median of `work`'s time over `bare`'s, measured in turn."""
    for _ in range(3):
        work(), bare()
    return statistics.median(seconds(work) / seconds(bare) for _ in range(rounds))


def bare(model: Model, x: torch.Tensor) -> None:
    """A forward pass and nothing else."""
    with torch.no_grad():
        model.net(x)


@click.command(help=__doc__)
@click.option("--rounds", default=40, show_default=True)
def main(rounds: int) -> None:
    """Measure and print."""
    model = load()
    ours = packed(model)
    size = model.spec.input_size
    batch = torch.randn(7, 3, size, size).contiguous(memory_format=torch.channels_last)
    click.echo(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {size}×{size}")
    for layer, must in MUST.items():
        for method in QUICK:
            if METHODS[method].asks == "weights" and layer not in model.last_layers:
                continue
            wanted, found = [Variant(method=method, layer=layer)], []
            for faces in (1, 4):
                x = batch[:faces]
                found.append(ratio(partial(look, ours, x, wanted, layer), partial(bare, model, x), rounds))
            mark = "" if max(found) <= must else f"  over {must}"
            click.echo(f"{layer}  {method:<11} one face {found[0]:.2f}×  four faces {found[1]:.2f}×{mark}")
    for faces in (1, 4):
        x, extra = batch[:faces], batch[faces : faces + 3]
        whole = batch[: faces + 3]
        explained = partial(look, ours, x, [Variant()], "layer4", extra=extra)
        proven = ratio(explained, partial(bare, model, whole), rounds)
        click.echo(f"proof rows, {faces} faces: {proven:.2f}× a bare batch of {faces + 3}")


if __name__ == "__main__":
    main()
