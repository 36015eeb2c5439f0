"""Quantiles of Student's t against SciPy's."""

import pytest
from scipy import stats

from emolive.core.student import quantile


@pytest.mark.parametrize("part", [0.95, 0.975])
@pytest.mark.parametrize("freedom", [*range(1, 30), 100, 10_000])
def test_quantiles_are_students(freedom, part):
    assert quantile(freedom, part) == pytest.approx(stats.t.ppf(part, freedom), rel=1e-3)
