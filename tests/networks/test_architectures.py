"""What is true of one architecture only stands in one file."""

import ast
from pathlib import Path

import pytest
import torch
from nets import headless, seeded

from emolive.networks.architectures import ARCHITECTURES

PACKAGE = Path(__file__).resolve().parents[2] / "emolive"
ELSEWHERE = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "architectures.py"]


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_file_names_the_parts_of_a_network(path):
    """No `.fc`, no "fc" and no row of stages; a default layer or a layer that a command offers is a user's word."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr != "fc", f"{path}:{node.lineno}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value != "fc", f"{path}:{node.lineno}"
            assert not node.value.startswith("fc."), f"{path}:{node.lineno}"
        if isinstance(node, ast.Tuple) and path.name != "options.py":  # what --layers of explain offers
            words = [one.value for one in node.elts if isinstance(one, ast.Constant)]
            assert "layer1" not in words or "layer2" not in words, f"{path}:{node.lineno}"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_is_what_it_says(name):
    arch, model = ARCHITECTURES[name], seeded()
    assert arch.name == name
    assert all(isinstance(model.net.get_submodule(layer), torch.nn.Module) for layer in arch.layers(model.net))
    names = list(arch.layers(model.net).values())
    assert all(names)
    assert len(set(names)) == len(names)
    assert set(arch.pooled(model.net)) <= set(arch.layers(model.net))
    assert arch.linear_head(model.net).out_features == len(model.spec.labels)
    assert arch.random[0] == arch.head
    assert all(model.net.get_submodule(part) for part in arch.random)


def test_layers_have_names_for_people():
    names = seeded().layers
    assert names["conv1"] == "first convolution"
    assert names["layer4"] == "stage 4"
    assert names["layer2.0.conv2"] == "stage 2, block 1, convolution 2"
    assert names["layer3.0.downsample.0"] == "stage 3, block 1, shortcut"


def test_a_network_without_a_linear_head_has_none():
    assert headless().head is None
