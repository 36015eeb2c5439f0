"""How threads wait is said before PyTorch reads it, and never against what the user said."""

import os
import subprocess
import sys

import pytest


def waiting(**said: str) -> str:
    """What PyTorch's pool of threads is told in a process that imports emolive and then PyTorch."""
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    there = {name: value for name, value in os.environ.items() if name not in names}
    code = "import emolive, sys, os; assert 'torch' not in sys.modules; print(os.environ.get('GOMP_SPINCOUNT'))"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env={**there, **said}, capture_output=True, text=True, check=True).stdout.strip()


def test_a_thread_gives_its_core_away_soon():
    assert 0 < int(waiting()) < 10_000


@pytest.mark.parametrize("name", ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"])
def test_what_the_user_says_counts(name):
    said = {"GOMP_SPINCOUNT": "77", "OMP_WAIT_POLICY": "active"}[name]
    assert waiting(**{name: said}) == ("77" if name == "GOMP_SPINCOUNT" else "None")
