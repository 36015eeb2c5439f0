"""What libraries import and emolive does not need: loaded by whoever uses it."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def later(module: str) -> Iterator[None]:
    """Inside the `with`, importing `module` loads neither it nor its parent package: all that is taken from it are
    functions that load it when they are called."""
    parent = module.rpartition(".")[0]
    if module in sys.modules or parent in sys.modules:
        yield
        return

    def function(name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **named: getattr(importlib.import_module(module), name)(*args, **named)

    stand_ins = {parent: ModuleType(parent), module: ModuleType(module)}
    stand_ins[module].__dict__["__getattr__"] = function
    stand_ins[parent].__dict__[module.rpartition(".")[2]] = stand_ins[module]
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]
