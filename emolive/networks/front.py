"""A network's pass by OpenVINO, which is faster on a CPU than PyTorch is: the extra `[fast]`, used where installed.

It gives what comes before a joint of the network's chain, and the outputs of layers there. The rest and all gradients
are PyTorch's: they begin at the joint, so that a gradient there is exact.
"""

import sys
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from functools import cache, lru_cache, partial
from importlib import util
from typing import Any

import torch
from torch import Tensor, nn

from emolive.networks.architectures import Chain, after

ALONE = 4
"""Batches of up to so many pictures have a graph each, which is faster than the one for any number."""
GRAPHS = 4
"""So many graphs are kept, those needed last; each takes twice the weights. A new one takes a tenth of a second."""
ALIKE = 1e-3
"""Logits of a sample that differ by more are another network's; rounding makes some 1e-6."""

_TRACING = threading.Lock()
"""PyTorch keeps in one place, for all threads, which modules it is tracing."""


def installed() -> bool:
    """Whether OpenVINO is there."""
    return util.find_spec("openvino") is not None


class Front:
    """The beginning of a network `net` in eval mode, which takes (N, 3, size, size), and its end.

    `plain` is the same network made of PyTorch's own modules, `chain` gives the parts of either, `layers` are the paths
    of its modules that can be shown, in the order in which they finish. While a front is made nothing passes through
    `net`, which others may be looking through. Where OpenVINO cannot do it, any exception may be raised.
    """

    def __init__(
        self, net: nn.Module, plain: nn.Module, chain: Callable[[nn.Module], Chain], layers: Iterable[str], size: int
    ) -> None:
        self.net, self._chain = net, chain(net)
        self._joints = [name for name, _ in self._chain if name]
        order = list(layers)
        self._order = order[: order.index(self._joints[-1]) + 1]
        self._lock = threading.Lock()
        self._whole = _converted(_Layers(plain, self._order), size)
        self._kept = lru_cache(GRAPHS)(partial(_compiled, self._whole))  # holds nothing of this object: it can go
        self._check(plain, chain(plain), size)

    def joint(self, graded: Collection[str]) -> str | None:
        """Where PyTorch has to take over if gradients at the layers `graded` are wanted; None: it has to do it all."""
        first = next((name for name in self._order if name in graded), self._joints[-1])
        return first if first in self._joints else None

    def before(self, x: Tensor, joint: str, layers: Collection[str]) -> dict[str, Tensor]:
        """The outputs of the joint and of those `layers` that finish before it, for a batch x (N, 3, S, S)."""
        early = self._order[: self._order.index(joint) + 1]
        wanted = tuple(name for name in early if name in layers or name == joint)
        with self._lock:  # a graph works on one batch at a time
            pictures = len(x) if len(x) <= ALONE else -1
            graph = self._kept(tuple(map(self._order.index, wanted)), pictures, torch.get_num_threads())
            found = graph(x.contiguous().numpy())
            return {name: torch.from_numpy(found[i]) for i, name in enumerate(wanted)}

    def after(self, out: Tensor, joint: str) -> Tensor:
        """The logits (N, classes) from the joint's output, by PyTorch."""
        return after(self._chain, joint, out)

    def logits(self, x: Tensor) -> Tensor:
        """The logits (N, classes) of a batch x (N, 3, S, S)."""
        joint = self._joints[-1]
        return self.after(self.before(x, joint, ())[joint], joint)

    def graph(self, layers: tuple[str, ...], pictures: int, precision: str = "f32") -> Any:
        """OpenVINO's graph that gives the outputs of `layers` for so many pictures, -1 for any number."""
        outputs = tuple(map(self._order.index, layers))
        return _compiled(self._whole, outputs, pictures, torch.get_num_threads(), precision)

    def _check(self, plain: nn.Module, chain: Chain, size: int) -> None:
        """See on a sample that it is this network."""
        x = torch.linspace(-2, 2, 3 * size**2).view(1, 3, size, size)  # one picture, as most passes have
        joint = self._joints[-1]
        with torch.no_grad():
            want = plain(x.contiguous(memory_format=torch.channels_last))
            alike = torch.allclose(after(chain, joint, self.before(x, joint, ())[joint]), want, atol=ALIKE)
        if not alike:
            raise RuntimeError("OpenVINO gives other logits")


class _Layers(nn.Module):
    """The outputs of some layers of a network."""

    def __init__(self, net: nn.Module, layers: list[str]) -> None:
        super().__init__()
        self.net, self.layers = net, layers

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        caught: dict[str, Tensor] = {}

        def catch(name: str, _module: nn.Module, _args: object, out: Tensor) -> None:
            caught[name] = out.clone()  # what follows may write into it

        with ExitStack() as stack:
            for name in self.layers:
                stack.callback(self.net.get_submodule(name).register_forward_hook(partial(catch, name)).remove)
            self.net(x)
        return tuple(caught[name] for name in self.layers)


def _converted(module: nn.Module, size: int) -> Any:
    """OpenVINO's graph of a module that takes pictures of `size`."""
    # Its converter reports to Google through this package; without it, it has nothing to report with.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with _TRACING, torch.no_grad():
        traced = torch.jit.trace(module.eval(), torch.zeros(2, 3, size, size), check_trace=False)  # type: ignore[no-untyped-call]
    reader, decoder = FrontEndManager().load_by_framework("pytorch"), TorchScriptPythonDecoder(traced)
    graph = reader.convert(reader.load(decoder))  # the decoder has to live until then
    graph.reshape([-1, 3, size, size])
    return graph


def _compiled(whole: Any, outputs: tuple[int, ...], pictures: int, threads: int, precision: str = "f32") -> Any:
    """What gives some outputs of a graph for so many pictures, -1 for any number, with so many threads: as many as
    PyTorch has, which may be one of several workers, or beside other programs (`cores.py`)."""
    import openvino

    ends = [whole.outputs[number].get_node().input_value(0) for number in outputs]
    graph = openvino.Model(ends, whole.get_parameters(), "front").clone()
    graph.reshape([pictures, *graph.inputs[0].partial_shape[1:]])
    how = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,  # or less is taken where the CPU has units for it
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # other programs need cores, too
    }
    return _core().compile_model(graph, "CPU", how)


@cache
def _core() -> Any:
    """The one that all graphs share, and that stays: each would give the thread that makes it a stack for its signals,
    and take that away when it goes, in whatever order. Where the wrong one is gone, Ctrl-C ends a process at once."""
    import openvino

    return openvino.Core()
