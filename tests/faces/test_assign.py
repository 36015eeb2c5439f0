"""The assignment against all permutations."""

import itertools

import numpy as np
import pytest

from emolive.faces.track import assign


def least(costs: np.ndarray) -> float:
    """The smallest sum, found by trying everything."""
    if costs.shape[0] > costs.shape[1]:
        costs = costs.T
    rows, columns = costs.shape
    return min(costs[range(rows), list(chosen)].sum() for chosen in itertools.permutations(range(columns), rows))


@pytest.mark.parametrize("rows", range(6))
@pytest.mark.parametrize("columns", range(6))
@pytest.mark.parametrize("kind", ["any", "ties", "with forbidden pairs"])
def test_no_permutation_costs_less(rows: int, columns: int, kind: str) -> None:
    dice = np.random.default_rng([rows, columns])
    for _ in range(5):
        costs = dice.normal(size=(rows, columns))
        if kind == "ties":
            costs = costs.round()
        if kind == "with forbidden pairs":
            costs = np.where(dice.random(costs.shape) < 0.4, 1e6, costs)
        pairs = assign(costs)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs) == min(rows, columns)
        assert sum(costs[i, j] for i, j in pairs) == pytest.approx(least(costs), abs=1e-6)


def test_fifty_faces_in_any_order_are_put_right() -> None:
    order = np.random.default_rng(0).permutation(50)
    places = np.arange(50.0)
    assert assign(np.abs(places[:, None] - places[order])) == list(enumerate(np.argsort(order)))
