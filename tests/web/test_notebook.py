"""The notebook runs from top to bottom, as a class would run it."""

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "emolive.ipynb"

OFFLINE = """
import socket
def refused(*_): raise OSError("this test has no network")
socket.socket.connect, socket.getaddrinfo = refused, refused
"""


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_committed_without_outputs(notebook):
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.ci
def test_it_runs_from_top_to_bottom_without_a_network(notebook, tmp_path, monkeypatch):
    """Then the explorer is used: each method at another layer."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cells = [nbformat.v4.new_code_cell(OFFLINE), *notebook.cells]
    use = """for n, name in enumerate(set(TITLES) - {"scorecam"}):
        explore(name, names[-1 - n], "happy", 0.5, 9, "share")"""
    whole = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell(use)], metadata=notebook.metadata)
    whole.metadata["kernelspec"]["name"] = "python3"
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    NotebookClient(whole, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    outputs = [output for cell in whole.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    shown = [output.data for output in outputs if output.output_type == "display_data"]
    assert sum("image/png" in data or "image/jpeg" in data for data in shown) >= 1
    text = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert "1 face(s) in grace_hopper.jpg" in text
    filters, bias, total, score = (float(word) for word in re.findall(r"-?\d+\.\d{4}", text)[:4])
    assert filters + bias == pytest.approx(score, abs=2e-3)
    assert total == pytest.approx(score, abs=2e-3)
