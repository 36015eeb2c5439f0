"""Imports go one way, a name stands for one thing, and what must stay light stays light.

Each rule is a function that gives the faults of a package, so that it can be tried on one that breaks it.
"""

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "emolive"

ROOMS = [
    {"core"},
    {"networks", "faces", "media"},
    {"attribution"},
    {"audit", "meaning"},
    {"ui"},
    {"reports", "training", "live"},
    {"web", "bench"},
    {"corpus"},
    {"commands"},
    {"__main__"},
]
"""From below to above: a room imports from its own row and from those before it."""

LIGHT = ("core", "ui", "live.memory", "live.history", "live.loop")
"""What never brings torch along, neither directly nor by way of others."""

HEAVY = {"torch", "torchvision", "mediapipe", "lightning", "torchmetrics", "safetensors"}

WINDOWS = {"imshow", "namedWindow", "waitKey", "waitKeyEx", "pollKey", "moveWindow", "resizeWindow", "createTrackbar"}
"""The functions of OpenCV that open, place or ask a window."""


class Package:
    """The files below a folder named `emolive` as parsed modules, by dotted name without `emolive.`."""

    def __init__(self, root: Path) -> None:
        self.modules: dict[str, ast.Module] = {}
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.modules[name] = ast.parse(path.read_text(encoding="utf-8"))

    def outside(self, module: str) -> set[str]:
        """The other packages that a module imports, anywhere in it."""
        return {name.split(".")[0] for name in _imports(self.modules[module])} - {"emolive"}

    def inside(self, module: str) -> set[str]:
        """The modules of the package that a module imports, anywhere in it, functions and type checks too."""
        found = set()
        for name in _imports(self.modules[module]):
            if name.split(".")[0] == "emolive":
                words = name.split(".")[1:]
                while words and ".".join(words) not in self.modules:
                    words.pop()
                found.add(".".join(words))
        return found - {module, ""}


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written whole"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows_up(package: Package) -> list[str]:
    """Imports of a room from one above it, and rooms that have no place."""
    level = {room: n for n, row in enumerate(ROOMS) for room in row}
    faults = [f"{name} stands in no row" for name in package.modules if name and name.split(".")[0] not in level]
    for name in set(package.modules) - {""}:
        for other in package.inside(name):
            own, theirs = (level.get(module.split(".")[0], 0) for module in (name, other))
            if theirs > own:
                faults.append(f"{name} imports {other}")
    return faults


def circles(package: Package) -> list[str]:
    """A circle of files, or of rooms, that import one another, at the top or inside a function."""
    files = {name: package.inside(name) for name in package.modules}
    rooms: dict[str, set[str]] = defaultdict(set)
    for name, others in files.items():
        room = name.split(".")[0]
        rooms[room] |= {other.split(".")[0] for other in others} - {room}
    faults = []
    for graph in (files, rooms):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            faults.append(" → ".join(error.args[1]))
    return faults


def names_twice(package: Package) -> list[str]:
    """Classes, and types with a name like a class, that stand in two files."""
    where = defaultdict(set)
    for module, tree in package.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                where[node.name].add(module)
        for node in tree.body:
            if isinstance(node, ast.Assign):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
                for name in filter(re.compile("_?[A-Z][a-z]").match, names):
                    where[name].add(module)
    return [f"{name} in {', '.join(sorted(modules))}" for name, modules in where.items() if len(modules) > 1]


def loose(package: Package) -> list[str]:
    """Files that stand at the top of the package and are not its two doors."""
    rooms = {name.split(".")[0] for name in package.modules if "." in name}
    return sorted({name for name in package.modules if "." not in name} - rooms - {"", "__main__"})


def windows_elsewhere(package: Package) -> list[str]:
    """Modules besides ui.windows and ui.window that name a window function of OpenCV."""
    faults = []
    for name, tree in package.modules.items():
        for node in ast.walk(tree):
            of_cv2 = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cv2"
            taken = isinstance(node, ast.ImportFrom) and node.module == "cv2"
            named = {node.attr} if of_cv2 else {alias.name for alias in node.names} if taken else set()
            if named & WINDOWS and name not in ("ui.windows", "ui.window"):
                faults.append(f"{name} uses {', '.join(named & WINDOWS)}")
    return faults


def not_light(package: Package) -> list[str]:
    """Ways from a light module to a heavy package."""
    faults = []
    for start in package.modules:
        if not any(start == light or start.startswith(f"{light}.") for light in LIGHT):
            continue
        ways = {start: start}
        for name in (queue := [start]):
            if heavy := package.outside(name) & HEAVY:
                faults.append(f"{ways[name]} → {', '.join(heavy)}")
            for other in package.inside(name) - set(ways):
                ways[other] = f"{ways[name]} → {other}"
                queue.append(other)
    return faults


RULES = [arrows_up, circles, names_twice, loose, windows_elsewhere, not_light]

BROKEN = {
    "an arrow up": (arrows_up, {"core/a.py": "def f():\n    from emolive.ui import b", "ui/b.py": ""}),
    "a room without a place": (arrows_up, {"attic/a.py": ""}),
    "a circle of files": (circles, {"ui/a.py": "import emolive.ui.b", "ui/b.py": "from emolive.ui.a import x"}),
    "a circle in functions": (
        circles,
        {"ui/a.py": "def f():\n    from emolive.ui.b import y", "ui/b.py": "def g():\n    from emolive.ui import a"},
    ),
    "a circle of rooms": (
        circles,
        {
            "live/a.py": "import emolive.reports.a",
            "live/b.py": "",
            "reports/a.py": "",
            "reports/b.py": "import emolive.live.b",
        },
    ),
    "a class in two files": (names_twice, {"ui/a.py": "class Person: ...", "web/b.py": "class Person: ..."}),
    "a class within a function": (
        names_twice,
        {"ui/a.py": "class One: ...", "ui/b.py": "def f():\n    class One: ..."},
    ),
    "a type in two files": (names_twice, {"ui/a.py": "Json = dict[str, object]", "web/b.py": "class Json: ..."}),
    "a loose file": (loose, {"__init__.py": "", "__main__.py": "", "helpers.py": "", "ui/a.py": ""}),
    "a window": (windows_elsewhere, {"web/a.py": "import cv2\ncv2.imshow('x', None)", "ui/windows.py": ""}),
    "a window by name": (windows_elsewhere, {"ui/keys.py": "from cv2 import waitKeyEx"}),
    "torch in a view": (not_light, {"ui/a.py": "def f():\n    import torch.nn"}),
    "torch by way of others": (not_light, {"ui/a.py": "import emolive.faces.b", "faces/b.py": "from torch import nn"}),
}
"""For each rule, a package that it must find fault with."""


@pytest.fixture(scope="module")
def package() -> Package:
    return Package(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(package, rule):
    assert len(package.modules) > 100
    assert rule(package) == []


@pytest.mark.parametrize("name", BROKEN)
def test_the_rule_finds_the_fault(tmp_path, name):
    rule, files = BROKEN[name]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    assert rule(Package(tmp_path)), name


def test_the_loop_imports_nothing_heavy(package):
    assert not package.outside("live.loop") & {"cv2", "av", "numpy"}


@pytest.mark.ci
def test_every_module_can_be_imported(package):
    """Also those that are only imported inside a function, in one process that says which could not be."""
    modules = sorted(f"emolive.{name}".rstrip(".") for name in package.modules if not name.startswith("__"))
    code = f"""
import importlib
for name in {[name for name in modules if name != "emolive.web.streamlit_app"]}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


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


@pytest.mark.parametrize("folder", ["train", "benchmarks", "docs", "tests"])
def test_scripts_import_modules_that_there_are(package, folder):
    """What stands outside of the package, and is seldom run, does not know files that moved."""
    known = {f"emolive.{name}".rstrip(".") for name in package.modules}
    for name, tree in Package(ROOT.parent / folder).modules.items():
        for imported in _imports(tree):
            if imported.split(".")[0] == "emolive":
                assert imported in known or imported.rpartition(".")[0] in known, f"{name} imports {imported}"


def test_test_files_have_names_of_their_own():
    """Two of one name in two folders end a whole run of pytest before its first test."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
