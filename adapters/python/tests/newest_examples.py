"""The examples and the notebook end well, each within three minutes of two processors. Run by `./check python`."""

import os
import pathlib
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples"


@pytest.mark.parametrize("name", ["own_cnn", "pretrain_resnet"])
def test_an_example_shows_what_it_says(name):
    done = subprocess.run(
        [sys.executable, EXAMPLES / "python" / f"{name}.py"], capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_notebook_runs_and_is_kept_without_outputs():
    notebook = nbformat.read(EXAMPLES / "lipt.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    NotebookClient(notebook, timeout=400, resources={"metadata": {"path": os.fspath(EXAMPLES)}}).execute()
    pictures = sum(1 for cell in cells for output in cell.outputs if "image/png" in output.get("data", {}))
    assert pictures >= 5
