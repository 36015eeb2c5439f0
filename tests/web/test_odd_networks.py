"""Networks that nobody thought of, on the page: a thousand labels, a name of 264 characters."""

import copy
import dataclasses

import pytest
import torch
from playwright.sync_api import expect

from emolive.networks.checkpoint import save

pytestmark = pytest.mark.ci


def test_a_thousand_labels_and_a_name_of_264_characters(visit, model, tmp_path):
    net = copy.deepcopy(model.net)
    net.fc = torch.nn.Linear(net.fc.in_features, 1000)
    with torch.no_grad():
        net.fc.bias[700:708] = torch.linspace(50, 49, 8)
    labels = tuple(f"label {i}" + "x" * (900 if i == 703 else 0) for i in range(1000))
    save(tmp_path / "own.safetensors", net, dataclasses.replace(model.spec, labels=labels))
    v = visit()
    v.done()
    name = "n" * (264 - len(".safetensors")) + ".safetensors"
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": (tmp_path / "own.safetensors").read_bytes()}
    v.page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files([file])
    expect(v.page.get_by_text("label 700").first).to_be_visible()
    v.done()
    assert v.page.get_by_role("alert").count() == 0
    expect(v.page.get_by_text("the 24 most probable of 1,000")).to_be_visible()
    assert v.page.get_by_test_id("stException").count() == 0
    out = "e => e.filter(i => i.getBoundingClientRect().right > innerWidth).length"
    assert v.page.locator(".emolive td, .emolive th, p, img").evaluate_all(out) == 0  # nothing sticks out
