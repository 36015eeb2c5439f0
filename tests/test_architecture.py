"""Imports go one way, and what must stay light stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "emolive"

LEVELS = [
    {"core"},
    {"networks", "faces", "media"},
    {"attribution"},
    {"audit"},
    {"ui"},
    {"reports", "training", "live"},
    {"web", "bench"},
    {"corpus"},
    {"commands"},
    {"__main__"},
]
LEVEL = {name: i for i, names in enumerate(LEVELS) for name in names}
FILES = sorted(ROOT.rglob("*.py"))


def part(path: Path) -> str:
    """The top-level module or folder of emolive a file belongs to."""
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Everything a file imports, anywhere in it, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path):
    own = part(path)
    if own == "__init__":
        return
    for name in imported(path):
        words = name.split(".")
        if words[0] == "emolive" and len(words) > 1 and words[1] in LEVEL:
            assert LEVEL[words[1]] <= LEVEL[own], f"{own} imports {words[1]}"


def test_every_part_has_its_level():
    assert {part(path) for path in FILES} - {"__init__"} <= set(LEVEL)


LIGHT = ["ui", "live/memory.py", "live/history.py", "live/loop.py", "core"]


@pytest.mark.parametrize("name", LIGHT)
def test_some_parts_never_import_torch(name):
    paths = (ROOT / name).rglob("*.py") if (ROOT / name).is_dir() else [ROOT / name]
    for path in paths:
        assert not {w.split(".")[0] for w in imported(path)} & {"torch", "torchvision", "mediapipe"}, path


def test_the_loop_imports_nothing_heavy():
    assert not {w.split(".")[0] for w in imported(ROOT / "live" / "loop.py")} & {"cv2", "av", "numpy"}


def test_only_windows_opens_windows():
    for path in FILES:
        assert ("cv2.imshow(" in path.read_text()) == (path.name == "windows.py"), path


def test_help_answers_at_once():
    code = """
import sys
from emolive.commands.main import cli
heavy = {'torch', 'cv2', 'mediapipe', 'av', 'numpy', 'streamlit', 'matplotlib', 'lightning'} & set(sys.modules)
assert not heavy, heavy
cli(['--help'])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout
