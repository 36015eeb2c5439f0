"""Many cases of one kind: some by default, all of them in CI."""

from collections.abc import Iterable
from typing import Any

import pytest


def thinned(cases: Iterable[Any], every: int) -> list[Any]:
    """Cases for `parametrize`, of which only each `every`-th, from the first on, is run by default: the rest are `ci`.

    A tuple is one case of several arguments, as for `parametrize`.
    """
    return [case if i % every == 0 else _dear(case) for i, case in enumerate(cases)]


def _dear(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.ci)


def dear(*cases: Any) -> list[Any]:
    """Cases for `parametrize` that are run in CI only."""
    return [_dear(case) for case in cases]
