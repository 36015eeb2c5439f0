"""Make `import torchvision` work beside a CPU build of torch.

PyPI's torchvision for Linux is linked against CUDA torch. Beside a CPU torch its compiled library does not
load, and the import dies with "operator torchvision::nms does not exist". Networks, transforms and datasets
need nothing of that library, so declaring the schemas of the two operators is enough (`torchvision.ops` stays
unusable). Import this module before torchvision, lightning or torchmetrics; where the library loads, it does nothing.
"""

import ctypes
import importlib.util
from pathlib import Path

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def library_loads() -> bool:
    """Say whether torchvision's compiled library can be loaded beside this torch."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return False
    files = [f for f in Path(spec.submodule_search_locations[0]).glob("_C*") if f.suffix in {".so", ".pyd", ".dll"}]
    try:
        return bool(files) and all(ctypes.CDLL(str(f)) for f in files)
    except OSError:
        return False


def declare() -> torch.library.Library | None:
    """Declare the missing operators; the library object must be kept alive. None where nothing was missing."""
    if library_loads():
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name, schema in _SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)  # type: ignore[no-untyped-call]
    return library


_LIBRARY = declare()
