"""The model card says what model/report.json says, and report.json is of the weights that are shipped."""

import hashlib
import importlib.util
import json
import re
from pathlib import Path

import pytest

from emolive.networks.checkpoint import load
from emolive.networks.described import default_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def card():
    spec = importlib.util.spec_from_file_location("card", ROOT / "train" / "card.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def report():
    return json.loads((ROOT / "model" / "report.json").read_text(encoding="utf-8"))


def test_every_figure_is_read_from_the_report(card, report):
    text = (ROOT / "model" / "README.md").read_text(encoding="utf-8")
    between = text.split(card.BEGIN)[1].split(card.END)[0]
    assert between.strip() == card.figures(report).strip()
    sure = text.split("<!-- confidence: written by train/calibrate.py -->")[1].split("<!-- end of confidence -->")[0]
    outside = text.replace(between, "").replace(sure, "").split("## Face detectors")[0]
    for name in ("limits", "strangers"):
        written = outside.split(f"<!-- {name}: written by train/{name}.py -->")[1].split(f"<!-- end of {name} -->")[0]
        outside = outside.replace(written, "")
    assert not re.findall(r"\d+\.\d+ %", outside), "a measured figure stands outside the marks"


def test_the_report_is_of_the_shipped_weights(report):
    path = default_model()
    model = load(path)
    assert report["checkpoint"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report["checkpoint"]["bytes"] == path.stat().st_size < 24e6
    assert report["checkpoint"]["temperature"] == model.spec.temperature
    assert report["checkpoint"]["crop_margin"] == model.spec.crop_margin
    assert report["test"]["none"]["labels"] == list(model.spec.labels)


def test_the_figures_agree_with_each_other(report):
    for split in ("validation", "test"):
        for figures in report[split].values():
            confusion = figures["confusion"]
            assert sum(map(sum, confusion)) == figures["n"]
            right = sum(confusion[i][i] for i in range(len(confusion)))
            assert figures["accuracy"] == pytest.approx(right / figures["n"])
            for i, label in enumerate(figures["labels"]):
                assert figures["recall"][label] == pytest.approx(confusion[i][i] / sum(confusion[i]))
    assert report["test"]["none"]["accuracy"] < 0.74, "that good is a leak until proven otherwise"
