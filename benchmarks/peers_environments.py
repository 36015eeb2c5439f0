"""The virtual environments in which the peers run: made once, in an ignored folder, and never mixed with emolive's own.

pytorch-grad-cam requires an OpenCV wheel that breaks emolive's windows, so it is installed without its dependencies
beside the OpenCV that MediaPipe brings. fer needs TensorFlow, an OpenCV before 5 (it uses a Haar cascade) and a
setuptools that still has `pkg_resources`; of what it requires, facenet-pytorch (an old torch) is left out: it is only
asked for another face detector.
"""

import hashlib
import os
import re
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "peers"

NO_NETWORK = re.compile(
    "ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable|name resolution|getaddrinfo"
)
"""What pip says while it cannot reach the package index."""


@dataclass(frozen=True)
class Environment:
    """Packages that run in one process: `packages` with all that they require, `bare` without. `same` asks for the
    versions that emolive's own tests ran with."""

    name: str
    packages: tuple[str, ...]
    bare: tuple[str, ...] = ()
    same: bool = False


MAPS = Environment(
    "maps",
    packages=("--editable", f"{ROOT}[fast]", "torchcam==0.5.0", "captum==0.9.0", "ttach", "scikit-learn"),
    bare=("grad-cam==1.5.7",),
    same=True,
)
"""emolive and the three libraries of class-activation maps."""

FER = Environment(
    "fer",
    packages=(
        "tensorflow-cpu==2.21.*; platform_machine == 'x86_64' or platform_machine == 'AMD64'",
        "tensorflow==2.21.*; platform_machine != 'x86_64' and platform_machine != 'AMD64'",
        "opencv-contrib-python<5",
        "setuptools<81",
        "requests",
        "pillow",
    ),
    bare=("fer==25.10.3",),
)
"""The package fer."""


def made(environment: Environment, folder: Path = FOLDER) -> Path:
    """The Python of an environment, which is made where it is missing or of other packages; going on where an earlier
    try broke off. Raises `click.ClickException` where pip fails."""
    home, log = folder / environment.name, folder / f"{environment.name}.log"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, key = home / "made", _key(environment)
    if stamp.is_file() and stamp.read_text() == key and python.exists():
        return python
    click.echo(f"Making the environment {environment.name} (once; some minutes) …", err=True)
    if not python.exists():
        venv.create(home, with_pip=True, clear=True)
    stamp.unlink(missing_ok=True)
    constraints = ("--constraint", str(ROOT / "requirements.txt")) if environment.same else ()
    with log.open("w", encoding="utf-8") as out:
        for packages in ((*constraints, *environment.packages), ("--no-deps", *environment.bare)):
            command = [python, "-m", "pip", "install", "--disable-pip-version-check", *packages]
            if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode:
                out.flush()
                raise click.ClickException(trouble(environment.name, log))
    stamp.write_text(key)
    return python


def trouble(name: str, log: Path) -> str:
    """What went wrong, and what to do, from pip's log."""
    said = log.read_text(encoding="utf-8", errors="replace")
    if NO_NETWORK.search(said):
        return (
            f"The environment {name} cannot be made: there is no network, or the package index cannot be reached. "
            "Run this again when it can; what is installed already is kept."
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")] or said.splitlines()[-1:]
    return f"The environment {name} cannot be made. pip says: {' '.join(errors)} All of it is in {log}."


def _key(environment: Environment) -> str:
    """Changes with all that decides what is installed."""
    parts = [sys.version, repr(environment)]
    if environment.same:
        parts += [(ROOT / name).read_text(encoding="utf-8") for name in ("setup.cfg", "requirements.txt")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
