"""Student's t distribution: how far an interval of few observations reaches."""

FEW = {
    0.95: (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812),
    0.975: (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
}
"""Quantiles for 1 to 10 degrees of freedom."""

NORMAL = {0.95: 1.644854, 0.975: 1.959964}


def quantile(freedom: int, part: float) -> float:
    """Give the quantile for so many degrees of freedom (1 and up), `part` 0.95 (end of a one-sided 95 % interval)
    or 0.975 (of a two-sided one); beyond ten degrees by Cornish and Fisher's expansion."""
    if freedom <= len(FEW[part]):
        return FEW[part][freedom - 1]
    z = NORMAL[part]
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
