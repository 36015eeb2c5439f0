"""Fixed scales: 19 of 20 maps of the answers stay below, worked out by hand; who uses them says so."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from nets import seeded

from emolive.attribution.methods import METHODS
from emolive.commands.main import cli
from emolive.networks.checkpoint import load, save
from emolive.training.scales import fixed_scales


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def scales(crops):
    return fixed_scales(seeded(), crops)


def test_at_the_last_stage_they_are_what_the_head_makes_of_the_activations(crops, scales):
    model, kept = seeded(), []
    model.net.layer4.register_forward_hook(lambda _m, _i, out: kept.append(out))
    with torch.no_grad():
        answer = model.net(model.prepare(crops)).argmax(1)
    maps = torch.einsum("nc,nchw->nhw", model.net.fc.weight[answer].float(), kept[0].float())
    peaks = maps.amax((1, 2)).clamp(min=0).numpy()
    assert scales["cam"]["layer4"] == pytest.approx(np.quantile(peaks, 0.95), rel=0.01)
    cells = maps.shape[1] * maps.shape[2]
    for method in ("gradcam", "hirescam", "xgradcam"):
        assert scales[method]["layer4"] == pytest.approx(np.quantile(peaks, 0.95) / cells, rel=0.01)
    single = kept[0].float().amax((2, 3)).flatten().numpy()
    assert scales["filter"]["layer4"] == pytest.approx(np.quantile(single, 0.95), rel=0.01)


def test_every_method_has_one_at_every_layer_but_those_that_cannot(scales):
    model = seeded()
    assert set(scales) == {name for name, method in METHODS.items() if not method.normalised}
    assert set(scales["cam"]) == set(model.last_layers)
    assert set(scales["guided"]) == {"input"}
    assert set(scales["hirescam"]) == set(model.layers)
    assert all(value > 0 for layers in scales.values() for value in layers.values())


@pytest.mark.ci
def test_the_same_pictures_give_the_same_scales(crops, scales):
    assert fixed_scales(seeded(), crops) == scales


@pytest.mark.ci
def test_evaluate_writes_facts_that_a_plain_state_dict_takes(folder, tmp_path):
    pictures = folder(tmp_path / "faces", 6, 3)
    model = seeded()
    two = ("bars", "disc")
    from dataclasses import replace

    from emolive.networks.checkpoint import build

    spec = replace(model.spec, labels=two)
    torch.manual_seed(0)
    save(tmp_path / "m.safetensors", build(spec), spec)
    words = ["evaluate", str(pictures), "--model", str(tmp_path / "m.safetensors"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, [*words, "--calibrate"])
    assert done.exit_code == 0, done.output
    known = json.loads((tmp_path / "out" / "facts.json").read_text())
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert known["metrics"]["unsure"] == report["unsure"]["threshold"]
    assert {"coverage", "ece_floor", "unsure"} <= set(report)
    assert load(tmp_path / "m.safetensors").spec.scales == {}
    (tmp_path / "out" / "facts.json").rename(tmp_path / "m.json")
    again = load(tmp_path / "m.safetensors").spec
    assert again.scales == known["scales"]
    assert again.scales["gradcam"]["layer4"] > 0
    assert again.metrics["unsure"] == report["unsure"]["threshold"]
    done = CliRunner().invoke(cli, [*words, "--calibrate", "--tta", "flip", "--overwrite"])
    assert (done.exit_code, "leave out --tta" in done.output) == (2, True)
