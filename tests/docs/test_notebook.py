"""The notebook that repeats the report's figures runs from top to bottom, and the pictures kept in it are its own."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import REPO

NOTEBOOK = REPO / "docs" / "paper.ipynb"


def outputs(notebook, kind: str) -> list:
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["data"][kind] for output in shown if kind in output.get("data", {})]


def said(notebook) -> str:
    return "".join(o["text"] for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "stream")


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_it_tells(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(REPO))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    paper, found = outputs(notebook, "text/html")
    assert paper.count("background:#") == 13
    assert found.count("background:#") > 10
    assert len(outputs(notebook, "image/png")) == 6
    scores = {way: float(score) for score, way in re.findall(r"^(0\.\d+)  (.*)$", said(notebook), re.MULTILINE)}
    report, ranges, alone, given = scores.values()
    assert max(report, ranges) < alone < given


def test_the_notebook_has_its_output_and_is_small():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert not [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error"
    ]
    assert len(outputs(notebook, "image/png")) == 6
    assert NOTEBOOK.stat().st_size < 300_000
    assert "/home/" not in NOTEBOOK.read_text()
