"""What the tests of what is shown share: an X server, and pictures that were looked at and found good."""

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, np.ndarray], None]:
    """Compare a picture with the one kept under that name in tests/golden/.

    EMOLIVE_UPDATE_GOLDEN=1 keeps the new one instead: look at it before you commit it. Another version of FreeType may
    draw the edges of letters a little differently, so a hundredth of the pixels may differ clearly.
    """

    def compare(name: str, picture: np.ndarray) -> None:
        path = GOLDEN / f"{name}.png"
        if os.environ.get("EMOLIVE_UPDATE_GOLDEN"):
            cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
        kept = cv2.imread(str(path))
        assert kept is not None, f"{path} is not there"
        assert kept.shape == picture.shape
        far = np.abs(kept.astype(int) - picture).max(axis=-1) > 32
        if far.mean() > 0.01:
            cv2.imwrite(str(path.with_suffix(".new.png")), picture)
        assert far.mean() <= 0.01, f"{far.mean():.1%} of {name} changed: compare {path} with the .new.png beside it"

    return compare
