"""Damage to files, the same each time for the same seed."""

import numpy as np


def cut(data: bytes, seed: int) -> bytes:
    """The beginning of a file, up to a random byte."""
    return data[: np.random.default_rng(seed).integers(len(data))]


def damaged(data: bytes, seed: int, begin: int = 0, end: int | None = None) -> bytes:
    """One to eight bytes between `begin` and `end` replaced: by any other, by 0, by 255, or with one bit turned."""
    rng, changed = np.random.default_rng(seed), bytearray(data)
    end = min(len(data), len(data) if end is None else end)
    for at in rng.integers(begin, end, rng.integers(1, 9)):
        old = changed[at]
        changed[at] = (int(rng.integers(256)), 0, 255, old ^ (1 << int(rng.integers(8))))[rng.integers(4)]
    return bytes(changed)
