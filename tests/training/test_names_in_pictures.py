"""Classes, groups and files with any name can be drawn: a $ is no formula."""

import numpy as np
import pytest

from emolive.training.pictures import draw_confusion, draw_mistakes, draw_pairs

NAMES = ("$\\bad{$", "b$x\n$", "{{7*7}}%")
BLANK = np.zeros((8, 8, 3), np.uint8)


def test_pictures_of_a_run(tmp_path):
    from emolive.training.dataset import Faces

    draw_confusion({"confusion": np.eye(3), "labels": NAMES, "accuracy": 1, "n": 3}, tmp_path / "confusion.png")
    draw_pairs([(BLANK, NAMES[0], BLANK, NAMES[1])], tmp_path / "pairs.png")
    truth = np.array([0, 1, 2])
    faces = Faces(np.stack([BLANK] * 3), truth, np.eye(3, dtype=np.float32), NAMES, NAMES)
    draw_mistakes(faces, np.roll(np.eye(3), 1, 1), tmp_path / "mistakes.png")
    assert len(list(tmp_path.iterdir())) == 3


def test_matplotlib_would_take_them_for_formulas(tmp_path):
    """The control."""
    from matplotlib.figure import Figure

    figure = Figure()
    figure.suptitle(NAMES[0])
    with pytest.raises(ValueError, match="bad"):
        figure.savefig(tmp_path / "a.png")
