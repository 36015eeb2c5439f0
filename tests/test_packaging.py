"""What is imported is declared, and the weights travel with the package: installed normally and editable."""

import ast
import configparser
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent

CALLED = {"cv2": "opencv-contrib-python", "PIL": "pillow", "Xlib": "python-xlib", "pillow_heif": "pillow-heif"}
"""Distributions with another name than what is imported."""

EXTRAS = {"training": "train", "web": "web", "commands/web.py": "web", "media/parquet": "parquet",
          "corpus/ray.py": "ray", "corpus/cluster.py": "ray", "networks/front.py": "fast"}  # fmt: skip
"""Where an extra's packages may be imported: these files and folders are themselves loaded when they are used."""


def declared(setup: configparser.ConfigParser, extra: str = "") -> set[str]:
    """The names of the distributions that setup.cfg asks for, of the base or of an extra."""
    lines = setup["options.extras_require"][extra] if extra else setup["options"]["install_requires"]
    return {re.split(r"[<>=!;\[ ]", line)[0] for line in lines.split("\n") if line}


def imported(path: Path) -> set[str]:
    """The distributions that a file imports anywhere in it, at the top or in a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    roots = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"emolive"}
    return {CALLED.get(root, root) for root in roots}


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_what_is_imported_is_declared(setup):
    base, used = declared(setup), set()
    for path in sorted((ROOT / "emolive").rglob("*.py")):
        place = path.relative_to(ROOT / "emolive").as_posix()
        extra = next((name for start, name in EXTRAS.items() if place.startswith(start)), "")
        allowed = base | (declared(setup, extra) if extra else set())
        assert imported(path) <= allowed, place
        used |= imported(path)
    assert base <= used, "declared, but never imported"


def test_every_folder_with_modules_is_installed(setup):
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "emolive").rglob("*.py")}
    assert set(setup["options"]["packages"].split()) == {".".join(f.parts) for f in folders} | {"emolive.weights"}


def test_the_constraints_are_narrower_than_what_is_allowed(setup):
    allowed = {
        Requirement(line).name: Requirement(line) for line in setup["options"]["install_requires"].split("\n")[1:]
    }
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    for one in (Requirement(line) for line in lines if not line.startswith("#")):
        (highest,) = (bound.version for bound in one.specifier)
        assert allowed[one.name].specifier.contains(highest), "it would constrain nothing"


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        pytest.param("lightning", ["train", "."], "train", marks=pytest.mark.ci),
        pytest.param("torchmetrics", ["evaluate", ".", "--out", "out"], "train", marks=pytest.mark.ci),
        ("streamlit", ["web"], "web"),
        pytest.param(
            "pyarrow", ["demo", "--headless", "--data", "x.parquet", "--frames", "1"], "parquet", marks=pytest.mark.ci
        ),
        pytest.param("ray", ["batch", ".", "--out", "out", "--engine", "ray"], "ray", marks=pytest.mark.ci),
    ],
)
def test_what_an_extra_would_bring_is_named_where_it_is_missing(tmp_path, missing, command, extra):
    (tmp_path / "film.mp4").write_bytes(b"")
    code = f"import sys; sys.modules[{missing!r}] = None; from emolive.commands.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert f"pip install 'emolive[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.ci
@pytest.mark.parametrize("editable", [False, True])
def test_an_installed_emolive_runs_its_demo_from_any_folder(tmp_path, editable):
    """The dependencies are lent from this environment; emolive itself is not, or the test would prove nothing."""
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    source = ROOT
    if not editable:
        # Building leaves files in the tree: build from a copy of what git knows.
        source = tmp_path / "source"
        subprocess.run(["git", "-C", str(ROOT), "checkout-index", "-a", f"--prefix={source}/"], check=True)
    lent = Path(said(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    (lent / "lent.pth").write_text("\n".join(path for path in sys.path if Path(path).name == "site-packages"))
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--force-reinstall"]
    subprocess.run([*install, *(["-e"] if editable else []), source], check=True, cwd=tmp_path)
    where = said(python, "import emolive, emolive.weights; print(emolive.__file__, emolive.weights.__file__)")
    assert (str(ROOT) in where) == editable
    nothing = "rows=[], notes=[], failures=[], labels=[], overall=[], people_lines=[], of_groups=[], groups=[]"
    page = f"heading='Here', videos=0, seconds=0, not_drawn=0, {nothing}"
    code = f"from emolive.reports.html import rendered; print(rendered('summary.html', {page}))"
    assert "<h1>Here</h1>" in said(python, code)
    said(python, "from importlib.resources import files; assert files('emolive').joinpath('py.typed').is_file()")
    command = [tmp_path / "env" / "bin" / "emolive", "demo", "--headless", "--out", "x.mp4", "--frames", "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.mp4").stat().st_size > 10_000
    if not editable:
        # In the source tree Python takes the tree's emolive, whatever is installed.
        code = (
            "import emolive; from emolive.core.installed import weights; print(emolive.__file__, *weights().iterdir())"
        )
        found = said(python, code, source)
        assert f"{source}/emolive/__init__.py" in found
        assert f"{source}/model/emotion_resnet18.safetensors" in found


def said(python: Path, code: str, cwd: Path | None = None) -> str:
    """What a line of Python prints there."""
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, cwd=cwd or python.parent)
    return done.stdout.strip()
