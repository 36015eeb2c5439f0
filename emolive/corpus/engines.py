"""Who runs the tasks of a batch: worker processes of this machine, or a cluster. Add another by a row in `ENGINES`."""

from collections.abc import Callable

from emolive.core.errors import from_extra
from emolive.corpus.contract import BatchEngine, Resources, Work


def open_engine(name: str, work: Work, resources: Resources) -> BatchEngine:
    """An engine that is not entered yet; `EmoliveError` where it is not installed."""
    return ENGINES[name](work, resources)


def _local(work: Work, resources: Resources) -> BatchEngine:
    from emolive.corpus.local import LocalEngine

    return LocalEngine(work, resources)


def _ray(work: Work, resources: Resources) -> BatchEngine:
    with from_extra("ray", "The engine ray is not installed"):
        from emolive.corpus import cluster  # noqa: F401 (sets what Ray reads when it is imported)
        from emolive.corpus.ray import RayEngine
    return RayEngine(work, resources)


ENGINES: dict[str, Callable[[Work, Resources], BatchEngine]] = {"local": _local, "ray": _ray}
"""The engines that --engine names."""
