"""What the tests of reports share: one report of real pictures, made once."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from reported import HOSTILE, LAYERS, METHODS

from emolive.reports.explain import Request, explain
from emolive.reports.figures import Report


@dataclass(frozen=True)
class Made:
    """A report, its folder, what report.json holds, and the page."""

    report: Report
    folder: Path
    json: dict
    html: str


@pytest.fixture(scope="session")
def portrait_png(portrait, tmp_path_factory) -> Path:
    """The portrait under a hostile name."""
    path = tmp_path_factory.mktemp("pictures") / HOSTILE
    path.write_bytes(cv2.imencode(".png", portrait)[1].tobytes())
    return path


@pytest.fixture(scope="session")
def empty_png(tmp_path_factory) -> Path:
    """A picture without a face."""
    path = tmp_path_factory.mktemp("empty") / "wall.png"
    path.write_bytes(cv2.imencode(".png", np.full((120, 160, 3), 90, np.uint8))[1].tobytes())
    return path


@pytest.fixture(scope="session")
def made(model, portrait_png, empty_png, tmp_path_factory) -> Made:
    """The report of both pictures and of one that is not there."""
    folder = tmp_path_factory.mktemp("report") / "new" / "folder"
    missing = empty_png.with_name("missing.png")
    report = explain([portrait_png, missing, empty_png], folder, model, Request(METHODS, LAYERS))
    numbers = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Made(report, folder, numbers, (folder / "index.html").read_text(encoding="utf-8"))
