"""Fixed scales: one cell in a hundred of the answers' maps reaches them, worked out by hand; who uses them says so."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from nets import seeded

from emolive.attribution.look import look
from emolive.attribution.methods import METHODS
from emolive.commands.main import cli
from emolive.core.scene import Variant
from emolive.networks.checkpoint import load, save
from emolive.training.scales import fixed_scales


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def scales(crops):
    return fixed_scales(seeded(), crops)


def reached(values: torch.Tensor) -> float:
    """What one of a hundred values reaches, what is below 0 counted as 0."""
    values = values.clamp(min=0).flatten().sort(descending=True).values
    return float(values[len(values) // 100])


def test_at_the_last_stage_they_are_what_the_head_makes_of_the_activations(crops, scales):
    model, kept = seeded(), []
    model.net.layer4.register_forward_hook(lambda _m, _i, out: kept.append(out))
    with torch.no_grad():
        answer = model.net(model.prepare(crops)).argmax(1)
    maps = torch.einsum("nc,nchw->nhw", model.net.fc.weight[answer].float(), kept[0].float())
    assert scales["cam"]["layer4"] == pytest.approx(reached(maps), rel=0.01)
    cells = maps.shape[1] * maps.shape[2]
    for method in ("gradcam", "hirescam", "xgradcam"):
        assert scales[method]["layer4"] == pytest.approx(reached(maps) / cells, rel=0.01)
    assert scales["filter"]["layer4"] == pytest.approx(reached(kept[0].float()), rel=0.01)


@pytest.mark.parametrize("layer", ["layer1", "layer4"])
@pytest.mark.parametrize("method", ["gradcam", "activation"])
def test_as_many_cells_are_full_in_fine_maps_as_in_coarse_ones(crops, scales, method, layer):
    model, v = seeded(), Variant(method=method, layer=layer)
    maps = np.stack([result.cam for result in look(model, model.prepare(crops), [v], "layer4").results[v]])
    assert (maps > 1.01 * scales[method][layer]).mean() <= 0.01 <= (maps >= 0.99 * scales[method][layer]).mean()


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
