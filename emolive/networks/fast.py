"""A model to look through: its network as fast as this machine has it."""

import dataclasses
import logging

from emolive.core.errors import EmoliveError
from emolive.networks.checkpoint import Model
from emolive.networks.front import Front, installed
from emolive.networks.packed import packed

log = logging.getLogger(__name__)

BACKENDS = ("auto", "torch", "openvino")


def fast(model: Model, backend: str = "auto") -> Model:
    """The same model, to look through and not to learn; what it gives differs by rounding.

    On a CPU its convolutions are packed, and OpenVINO does the beginning of each pass: with "auto" where it is
    installed and can do this network, with "torch" not at all. Raises `EmoliveError` for "openvino" where it cannot.
    """
    quick = packed(model)
    if backend == "torch" or (backend == "auto" and (model.device != "cpu" or not installed())):
        return quick
    why = _why_not(model)
    if not why:
        chain = model.architecture.chain
        assert chain is not None
        try:
            front = Front(quick.net, chain(quick.net), model.layers, model.spec.input_size, model.net)
            return dataclasses.replace(quick, front=front)
        except Exception as error:  # a library of its own; whatever it cannot do, PyTorch can
            log.info("OpenVINO does not do this network", exc_info=True)
            why = f"OpenVINO cannot do this network ({error})"
    if backend == "openvino":
        raise EmoliveError(f"{why}. Leave --backend out: PyTorch does it.")
    return quick


def _why_not(model: Model) -> str:
    if model.device != "cpu":
        return "OpenVINO works on the CPU here (--device cpu)"
    if not installed():
        return "OpenVINO is not installed (pip install 'emolive[fast]')"
    return "" if model.architecture.chain else "OpenVINO does only networks whose parts follow one another"
