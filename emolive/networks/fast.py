"""A model to look through: its network as fast as this machine has it."""

import dataclasses
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from emolive.core.errors import EmoliveError
from emolive.networks.checkpoint import Model
from emolive.networks.front import Front, installed
from emolive.networks.packed import packed

log = logging.getLogger(__name__)

BACKENDS = ("auto", "torch", "openvino")

CALM_S = 0.3
"""So long faces are read before OpenVINO is made ready beside them, which slows both."""

INSTEAD = "Leave --backend out: PyTorch does it."


def fast(model: Model, backend: str = "auto", wait: bool = True) -> Model:
    """The same model, to look through and not to learn; what it gives differs by rounding.

    On a CPU its convolutions are packed, and OpenVINO does the beginning of each pass: with "auto" where it is
    installed and can do this network, with "torch" not at all. With "auto" and without `wait` PyTorch does the first
    passes whole, for about a second, while that is prepared. Raises `EmoliveError` for "openvino" where it cannot.
    """
    quick = packed(model)
    if backend == "torch":
        return quick
    why = _why_not(model)
    if why and backend == "openvino":
        raise EmoliveError(f"{why}. {INSTEAD}")
    if why:
        return quick
    make = partial(_front, quick, model, backend)
    if not wait and backend == "auto":
        return dataclasses.replace(quick, front=Later(make))
    front = make()
    return dataclasses.replace(quick, front=lambda: front)


class Later:
    """Gives what `make` makes as soon as it has: in a thread of its own, begun when the first call is `CALM_S` ago,
    so that what is asked for first is not kept waiting. Until then None."""

    def __init__(self, make: Callable[[], Front | None]) -> None:
        self._make = make
        self._first: float | None = None
        self._made: Future[Front | None] | None = None

    def __call__(self) -> Front | None:
        now = time.monotonic()
        self._first = now if self._first is None else self._first
        if self._made is None and now - self._first >= CALM_S:
            maker = ThreadPoolExecutor(1, "front")
            self._made = maker.submit(self._make)
            maker.shutdown(wait=False)
        return self._made.result() if self._made and self._made.done() else None


def _front(quick: Model, model: Model, backend: str) -> Front | None:
    """What OpenVINO does of a model. Where it cannot do it, None, or `EmoliveError` with the backend "openvino"."""
    chain = model.architecture.chain
    assert chain is not None
    try:
        return Front(quick.net, model.net, chain, model.layers, model.spec.input_size)
    except Exception as error:  # a library of its own; whatever it cannot do, PyTorch can
        log.info("OpenVINO does not do this network", exc_info=True)
        if backend == "openvino":
            raise EmoliveError(f"OpenVINO cannot do this network ({error}). {INSTEAD}") from error
        return None


def _why_not(model: Model) -> str:
    if model.device != "cpu":
        return "OpenVINO works on the CPU here (--device cpu)"
    if not installed():
        return "OpenVINO is not installed (pip install 'emolive[fast]')"
    return "" if model.architecture.chain else "OpenVINO does only networks whose parts follow one another"
