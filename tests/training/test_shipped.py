"""The shipped weights on real pictures: slow, and only where ../shared is there."""

import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from emolive.faces.crop import to_rgb
from emolive.training.evaluate import predict

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.ci
def test_the_card_holds_on_a_fixed_sample(shared, model):
    """Every seventh picture of PrivateTest: within three standard errors of the card's accuracy."""
    labels = model.spec.labels
    crops, truth = [], []
    with tarfile.open(shared / "fer2013" / "fer2013.tar.gz") as archive:
        names = sorted(name for name in archive.getnames() if "/test/" in name and name.endswith(".jpg"))[::7]
        wanted = set(names)
        for member in archive:
            if member.name in wanted:
                data = np.frombuffer(archive.extractfile(member).read(), np.uint8)
                crops.append(to_rgb(cv2.imdecode(data, cv2.IMREAD_COLOR)))
                truth.append(labels.index(member.name.split("/")[-2]))
    accuracy = (predict(model, np.stack(crops)).argmax(1) == np.array(truth)).mean()
    card = json.loads((ROOT / "model" / "report.json").read_text(encoding="utf-8"))["test"]["none"]["accuracy"]
    error = np.sqrt(card * (1 - card) / len(truth))
    assert abs(accuracy - card) < 3 * error
