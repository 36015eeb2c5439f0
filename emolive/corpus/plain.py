"""Frozen values as JSON and arrays, and back: what a file says is looked up in the type that is expected, never the
other way round, so a file can hold numbers and words, and nothing else."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np


def flat(value: Any, arrays: list[np.ndarray]) -> Any:
    """A value as JSON holds it; its arrays are appended to `arrays`, and stand in it by their place there.

    Takes dataclasses, tuples, mappings, arrays, numbers, words, None.
    """
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return len(arrays) - 1
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: flat(getattr(value, field.name), arrays) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [flat(one, arrays) for one in value]
    if isinstance(value, Mapping):
        return [[flat(key, arrays), flat(one, arrays)] for key, one in value.items()]
    return value.item() if isinstance(value, np.generic) else value


def built(kind: Any, value: Any, arrays: Sequence[np.ndarray]) -> Any:
    """The value of the type `kind` that `flat` made JSON of. Raises `ValueError` where it is none."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (real,) = (one for one in inner if one is not type(None))
        return None if value is None else built(real, value, arrays)
    if kind is np.ndarray:
        return arrays[_as(int, value)]
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return kind(**{name: built(hint, _as(dict, value)[name], arrays) for name, hint in _fields(kind).items()})
    if origin is tuple:
        parts = _as(list, value)
        hints = [inner[0]] * len(parts) if inner[-1] is Ellipsis else inner
        return tuple(built(hint, part, arrays) for hint, part in zip(hints, parts, strict=True))
    if origin is Mapping:
        return {built(inner[0], key, arrays): built(inner[1], one, arrays) for key, one in _as(list, value)}
    return _as(kind, value)


@cache
def _fields(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _as(kind: type, value: Any) -> Any:
    """The value, if it is of this type; a whole number is a float, too."""
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{type(value).__name__} where {kind.__name__} is expected")
    return value
