"""The same subsets, byte for byte, from the program, from Python and from python -m lipt, on the same arrays."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import K_CENTER, Made

import lipt

PROGRAM = os.environ["LIPT_PROGRAM"]  # set by the test's build
METHODS = [one["name"] for one in lipt.methods()] + ["el2n/ccs:0.2", "grand/beta", "margin/d2:4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made, where = Made(), tmp_path_factory.mktemp("arrays")
    np.save(where / "y.npy", made.y)
    np.save(where / "Z.npy", made.Z)
    np.save(where / "E.npy", made.E)
    for name, array in (("vy", made.y), ("vZ", made.Z), ("vE", made.E)):
        np.save(where / f"{name}.npy", array[:30])
    return where


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def flags_of(folder, method):
    flags = ["--labels", folder / "y.npy", "--logits", folder / "Z.npy", "--embeddings", folder / "E.npy"]
    if method == "glister":
        flags += ["--validation-labels", folder / "vy.npy", "--validation-logits", folder / "vZ.npy"]
        flags += ["--validation-embeddings", folder / "vE.npy"]
    return [str(flag) for flag in flags]


@pytest.mark.parametrize("method", METHODS)
def test_program_and_python_choose_alike(folder, method):
    made = Made()
    held = {"labels": made.y[:30], "logits": made.Z[:30], "embeddings": made.E[:30]} if method == "glister" else None
    chosen = made.pick(method, fraction=0.15, seed=3, validation=held)
    common = ["select", *flags_of(folder, method), "--method", method, "--fraction", "0.15", "--seed", "3"]
    for name, command in (("program", [PROGRAM]), ("module", [sys.executable, "-m", "lipt"])):
        out = folder / f"{name}.npy"
        weights = folder / f"{name}-weights.npy"
        done = run(*command, *common, "--out", str(out), "--weights-out", str(weights))
        assert done.returncode == 0, done.stderr
        assert np.load(out).tobytes() == chosen.indices.tobytes(), name
        expected = np.ones(len(chosen), np.float32) if chosen.weights is None else chosen.weights
        assert np.load(weights).tobytes() == expected.tobytes(), name


def test_files_and_arrays_choose_alike(folder):
    given = {"labels": folder / "y.npy", "logits": folder / "Z.npy", "embeddings": folder / "E.npy"}
    assert lipt.select(method="k-center", fraction=0.1, **given).indices.tolist() == K_CENTER


def test_the_lists_are_the_same():
    listed = run(sys.executable, "-m", "lipt", "select", "--list").stdout
    assert listed == run(PROGRAM, "select", "--list").stdout != ""
    assert run(sys.executable, "-m", "lipt", "nonsense").returncode == 2


def test_wrong_use_is_status_2_and_one_sentence(folder):
    done = run(sys.executable, "-m", "lipt", "select", *flags_of(folder, ""), "--method", "k-centre")
    assert done.returncode == 2 and "'k-center'" in done.stderr and "Traceback" not in done.stderr


def test_the_stub_is_what_the_package_says():
    here = os.path.dirname(__file__)
    made = run(sys.executable, os.path.join(here, "make_stub.py"))
    with open(os.path.join(here, "..", "lipt", "selection.pyi"), encoding="utf-8") as file:
        assert made.stdout == file.read(), made.stderr


def test_the_module_writes_over_no_input(folder):
    for more in (["--out", str(folder / "E.npy")], ["--out", str(folder / "none" / "s.npy")]):
        done = run(sys.executable, "-m", "lipt", "select", *flags_of(folder, ""), "--method", "k-center", *more)
        assert done.returncode == 2 and "[LIPT-U3" in done.stderr
    assert np.load(folder / "E.npy").shape == (120, 8)
