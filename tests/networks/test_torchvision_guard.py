"""`import torchvision` works beside this torch, whatever its build."""

import subprocess
import sys

import pytest


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)


@pytest.mark.ci
def test_guard_makes_models_and_transforms_work():
    done = run(
        "import emolive.networks.torchvision_guard as g, torchvision.models, torchvision.transforms.v2 as v2, torch\n"
        "print(v2.RandomHorizontalFlip(1)(torch.arange(3)[None]).tolist(), g._LIBRARY is None, g.library_loads())"
    )
    assert done.returncode == 0, done.stderr
    flipped, *same = done.stdout.rsplit(" ", 2)
    assert flipped == "[[2, 1, 0]]"
    assert same[0] == same[1].strip()  # it declares something exactly where the library does not load


@pytest.mark.ci
def test_guard_twice_is_harmless():
    assert run("import emolive.networks.torchvision_guard as g; g.declare(); import torchvision").returncode == 0
