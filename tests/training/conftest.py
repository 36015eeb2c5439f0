"""Small pictures that can be told apart: bars or a disc on noise."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from toy import SMALL

CLASSES = ("bars", "disc")


def picture(kind: str, draw: np.random.Generator) -> np.ndarray:
    """A grey picture (48, 48, 3) uint8 of one class."""
    gray = draw.integers(0, 80, (48, 48)).astype(np.uint8)
    if kind == "bars":
        gray[:, int(draw.integers(3, 9)) :: 9] = 230
    else:
        cv2.circle(gray, (24 + int(draw.integers(-5, 6)), 24), 12, 230, -1)
    return np.repeat(gray[..., None], 3, 2)


def make_folder(folder: Path, count: int, seed: int, classes: tuple[str, ...] = CLASSES) -> Path:
    """FOLDER/<class>/*.png with `count` pictures each."""
    draw = np.random.default_rng(seed)
    for kind in classes:
        (folder / kind).mkdir(parents=True)
        for i in range(count):
            cv2.imwrite(str(folder / kind / f"{i:02}.png"), picture(kind, draw))
    return folder


@pytest.fixture
def folder():
    """The function that makes a folder of classes."""
    return make_folder


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """DATA/{train,validation}/{bars,disc}/*.png."""
    root = tmp_path_factory.mktemp("data")
    make_folder(root / "train", 32, 1)
    make_folder(root / "validation", 12, 2)
    return root


@pytest.fixture(scope="session")
def run(data, tmp_path_factory) -> Path:
    """The folder of one finished run; to be copied by whoever changes it."""
    from emolive.training.fit import train

    out = tmp_path_factory.mktemp("run")
    train(data, out, SMALL)
    return out
