"""Model files from anywhere: refused with a sentence, or loaded as what they say they are; nothing in them is run."""

import pickle
from functools import cache
from pathlib import Path

import model_files
import numpy as np
import pytest
import torch
from children import Child, refused
from safetensors.torch import load_file
from thinned import dear

from emolive.core.errors import ModelError
from emolive.networks.checkpoint import load
from emolive.networks.described import default_model

LABELS = ("a", "b", "c", "d", "e", "f", "g")


@cache
def shipped(ending: str) -> bytes:
    """The shipped network as a file of either kind."""
    return default_model().read_bytes() if ending == "safetensors" else model_files.saved(load_file(default_model()))


def tried(case: tuple[Path, str, int]) -> str:
    """Write the file of a case and load it; look through the network if it can be loaded."""
    folder, kind, seed = case
    mark, path = folder / "executed", folder / f"model.{'safetensors' if kind == 'safetensors' else 'pt'}"
    if kind == "program":
        few = {"fc.weight": torch.zeros(7, 512), "fc.bias": torch.zeros(7)}
        path.write_bytes(model_files.with_program(mark, few, seed))
        path = path.rename(path.with_suffix((".pt", ".pth", ".safetensors")[seed % 3]))
    elif kind == "safetensors":
        path.write_bytes(model_files.safetensors(shipped(kind), seed))
    else:
        path.write_bytes(model_files.pickled(shipped(kind), seed))
    try:
        model = load(path, () if kind == "safetensors" else LABELS)
    except ModelError as error:
        return refused(error)
    finally:
        if mark.exists():
            raise ValueError("the program in the file was run")
    side = model.spec.crop_size
    with torch.no_grad():
        logits = model.net(model.prepare(np.zeros((1, side, side, 3), np.uint8)))
    if logits.shape != (1, len(model.spec.labels)):
        raise ValueError(f"{logits.shape} for {len(model.spec.labels)} labels")
    return "loaded: a word of its facts or a weight was changed, no more"


@pytest.fixture(scope="module")
def child():
    with Child(tried) as child:
        yield child


def attempts(folder: Path, kind: str, count: int, child: Child, tally) -> list[str]:
    """Try so many files; say which went wrong."""
    outcomes = {seed: child((folder, kind, seed)) for seed in range(count)}
    for outcome in outcomes.values():
        tally(outcome.said)
    tally.say(f"{max(outcome.seconds for outcome in outcomes.values()):.1f} s at most")
    return [f"{seed}: {outcome.said}" for seed, outcome in outcomes.items() if not outcome.fine]


@pytest.mark.parametrize("count", [*dear(8), pytest.param(500, marks=pytest.mark.endurance)])
def test_a_fuzzed_safetensors_file(tmp_path, child, tally, count):
    """The shipped network with its `.safetensors` cut, its header's bytes changed, or nonsense in its facts."""
    assert not attempts(tmp_path, "safetensors", count, child, tally)


@pytest.mark.parametrize("count", [*dear(6), pytest.param(500, marks=pytest.mark.endurance)])
def test_a_fuzzed_pt_file(tmp_path, child, tally, count):
    """The shipped network as `.pt`, cut, or with bytes of its pickle or of its ZIP's directory changed."""
    assert not attempts(tmp_path, "pt", count, child, tally)


@pytest.mark.parametrize("count", [*dear(16), pytest.param(500, marks=pytest.mark.endurance)])
def test_a_program_in_a_model_file(tmp_path, child, tally, count):
    """Files named `.pt`, `.pth` and `.safetensors` that carry a program (eight kinds, as ZIP, in torch's old format, as
    a bare pickle, half of them damaged too): it is never run."""
    assert not attempts(tmp_path, "program", count, child, tally)
    assert "loaded" not in str(tally)


def test_the_programs_are_run_by_whoever_trusts_them(tmp_path):
    """Otherwise the test above would prove nothing."""
    for i, program in enumerate(model_files.programs(tmp_path / "executed")):
        pickle.loads(pickle.dumps(program))
        assert (tmp_path / "executed").exists(), i
        (tmp_path / "executed").unlink()
