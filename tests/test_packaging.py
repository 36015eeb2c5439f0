"""The weights travel with the package: installed normally and editable, run from any folder."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
    (lent / "lent.pth").write_text(sysconfig.get_path("purelib"))
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--force-reinstall"]
    subprocess.run([*install, *(["-e"] if editable else []), source], check=True, cwd=tmp_path)
    where = said(python, "import emolive, emolive_model; print(emolive.__file__, emolive_model.__file__)")
    assert (str(ROOT) in where) == editable
    command = [tmp_path / "env" / "bin" / "emolive", "demo", "--headless", "--out", "x.mp4", "--frames", "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.mp4").stat().st_size > 10_000


def said(python: Path, code: str) -> str:
    """What a line of Python prints there."""
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, cwd=python.parent)
    return done.stdout.strip()
