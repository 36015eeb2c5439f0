"""No file of the project unpickles anything, or runs what stands in a file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("emolive", "train", "benchmarks", "docs", "model", "tests")

MODULES = frozenset(
    ("pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "jsonpickle")
)
"""Modules that make code of bytes."""

CALLS = frozenset(("eval", "exec", "compile", "read_pickle", "load_from_checkpoint", "unpickle", "Unpickler"))
"""Functions that do, by themselves or of something; `re.compile` and `net.eval` are others."""

PLANTING = frozenset(("tests/endurance/model_files.py", "tests/endurance/test_untrusted_models.py",
                      "tests/endurance/test_planted_programs.py", "tests/networks/test_checkpoint.py"))  # fmt: skip
"""Tests that make such files, and show that they would be run by whoever trusts them."""


def faults(text: str) -> Iterator[str]:
    """What a program does that could run what stands in a file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in MODULES:
                yield node.module
        elif isinstance(node, ast.Call):
            yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    last, named = name.rpartition(".")[2], {word.arg: word.value for word in node.keywords}
    if name in CALLS or (last in CALLS and "." in name and last not in ("eval", "compile")):
        yield f"line {node.lineno}: {name}"
    if "allow_pickle" in named and _value(named["allow_pickle"]) is not False:
        yield f"line {node.lineno}: allow_pickle"
    if "weights_only" in named and _value(named["weights_only"]) is not True:
        yield f"line {node.lineno}: weights_only is not True"
    loads = name in ("torch.load", "torch.jit.load", "torch.hub.load", "torch.package.PackageImporter")
    fits = last == "fit" and "ckpt_path" in named
    if (loads or fits) and "weights_only" not in named:
        yield f"line {node.lineno}: {name} without weights_only=True"
    if "safe_globals" in last:
        yield f"line {node.lineno}: {name}"


def _value(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def test_there_are_files():
    assert len(FILES) > 200


def test_no_file_unpickles():
    found = {str(path.relative_to(ROOT)): list(faults(path.read_text(encoding="utf-8"))) for path in FILES}
    bad = {path: said for path, said in found.items() if said and path not in PLANTING}
    assert bad == {}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "import os, marshal",
        "import numpy as np; np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=wish)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "trainer.fit(module, ckpt_path=last)",
        "Module.load_from_checkpoint(path)",
        "eval(text)",
        "exec(text)",
        "torch.serialization.add_safe_globals([os.system])",
    ],
)
def test_what_is_found(text):
    assert list(faults(text))


def test_what_is_harmless():
    text = "net.eval(); re.compile(text); np.load(path); torch.load(path, weights_only=True); json.load(file)"
    assert not list(faults(text))
