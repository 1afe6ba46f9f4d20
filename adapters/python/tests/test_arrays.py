"""Arrays as they come: strides, types, places, files."""

import pathlib

import numpy as np
import pytest
from conftest import EL2N, K_CENTER, ONE_POOL

import lipt


def layouts(E):
    wide = np.repeat(E, 2, axis=1)
    odd = np.frombuffer(b"\0" + E.tobytes(), "f4", offset=1).reshape(120, 8)
    return {
        "fortran": np.asfortranarray(E),
        "every other column": wide[:, ::2],
        "backwards": E[::-1].copy()[::-1],
        "transposed": E.T.copy().T,
        "not aligned": odd,
    }


@pytest.mark.parametrize("name", list(layouts(np.zeros((120, 8), "f4"))))
def test_strides_are_read_as_they_are(made, name):
    array = layouts(made.E)[name]
    before = array.tobytes()
    assert made.picks(embeddings=array) == K_CENTER
    assert array.tobytes() == before


def test_strides_of_labels_and_logits(made):
    assert made.picks(labels=np.repeat(made.y, 2)[::2]) == K_CENTER
    assert made.picks("el2n", logits=np.asfortranarray(made.Z)) == EL2N
    assert made.picks("el2n", logits=np.repeat(made.Z, 3, axis=0)[::3]) == EL2N


def test_arrays_in_memory_are_not_copied(made):
    report = made.pick().report
    assert report["arrays"]["embeddings"]["address"] == made.E.ctypes.data
    view = made.E[::-1]
    assert made.pick(embeddings=view).report["arrays"]["embeddings"]["address"] == view.ctypes.data


def test_read_only_and_mapped_arrays(made, tmp_path):
    np.save(tmp_path / "e.npy", made.E)
    fixed = made.E.copy()
    fixed.flags.writeable = False
    mapped = np.load(tmp_path / "e.npy", mmap_mode="r")
    buffer = np.frombuffer(made.E.tobytes(), "f4").reshape(120, 8)
    path = tmp_path / "e.npy"
    for array in (fixed, mapped, buffer, str(path), pathlib.Path(path), memoryview(made.E)):
        assert made.picks(embeddings=array) == K_CENTER
    assert not mapped.flags.writeable


def test_a_mapped_file_larger_than_the_memory_allowed(tmp_path):
    import subprocess
    import sys

    script = f"""
import re, resource
import numpy as np, lipt
np.lib.format.open_memmap({str(tmp_path / "b.npy")!r}, "w+", "f2", (2_000_000, 128))
labels = np.repeat(np.arange(1000), 2000)
lipt.select(method="random", labels=labels, count=3)
array = np.load({str(tmp_path / "b.npy")!r}, mmap_mode="r")
data = int(re.search(r"VmData:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (data + 300 * 2**20, -1))
print(lipt.select(method="k-center", embeddings=array, labels=labels, count=1000, threads=2).indices[:3].tolist())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[0, 2000, 4000]", done.stderr


def test_labels_of_one_number_without_memory(made):
    assert made.picks(labels=np.broadcast_to(np.int64(0), 120)) == ONE_POOL
    assert lipt.select(method="k-center", embeddings=made.E, fraction=0.1).indices.tolist() == ONE_POOL


@pytest.mark.parametrize("kind", ["f2", ">f2", ">f4", "f8"])
def test_floating_point_types(made, kind):
    assert made.picks(embeddings=made.E.astype(kind)) == K_CENTER
    assert made.picks("el2n", logits=made.Z.astype(kind)) == EL2N


@pytest.mark.parametrize("kind", ["c8", "O", "g", "U9", "V4"])
def test_types_that_are_no_numbers_are_named(made, kind):
    said = made.refused(embeddings=np.zeros((120, 8), kind))
    assert said.code == "LIPT-Y02"
    assert "embeddings" in str(said)


def test_numbers_beyond_float32_are_named_by_place(made):
    said = str(made.refused(embeddings=made.E.astype("f8") * 1e300))
    assert "row 0" in said and "column" in said


def test_lists_are_arrays(made):
    assert made.picks(labels=made.y.tolist(), embeddings=made.E.tolist()) == K_CENTER
    assert made.picks(embeddings=list(made.E)) == K_CENTER
    assert made.refused(embeddings=[[1.0], [1.0, 2.0]]).code == "LIPT-Y02"


class Far:
    """An array on another device."""

    def __dlpack_device__(self):
        return (2, 0)

    def __dlpack__(self, **_):
        raise AssertionError("a device that is not this one's was read")


def test_arrays_of_another_device_are_refused(made):
    assert "device (2, 0)" in str(made.refused(embeddings=Far()))


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4", "f8"])
def test_labels_of_any_integer_type(made, kind):
    assert made.picks("el2n", labels=made.y.astype(kind)) == EL2N


def test_many_classes_in_one_byte():
    labels = (np.arange(1024) % 256).astype("u1")
    kept = lipt.select(method="stratified", labels=labels, count=256, seed=1)
    assert np.bincount(labels[kept.indices], minlength=256).tolist() == [1] * 256


@pytest.mark.parametrize("wrong", [-1, -100, 3, 255])
def test_labels_out_of_range_are_named(made, wrong):
    labels = made.y.copy()
    labels[5] = wrong
    said = str(made.refused("el2n", labels=labels))
    assert "label 5" in said and str(wrong) in said


def test_labels_are_never_wrapped(made):
    negative = made.y.copy()
    negative[5] = -1
    assert "255" in str(made.refused("el2n", labels=negative.astype("u1")))
    assert "without" in str(made.refused(labels=negative, logits=None)) or "leave the labels out" in str(
        made.refused(labels=negative, logits=None)
    )
    for labels, sample in (
        (made.y + 2**32, 0),
        (made.y + 0.5, 0),
        (np.where(made.y == 2, np.nan, made.y), 2),
        (made.y.astype("u8") + 2**63, 0),
    ):
        assert f"label {sample}" in str(made.refused("el2n", labels=labels))
    assert made.picks("el2n", labels=made.y[:, None]) == EL2N
    assert "argmax" in str(made.refused("el2n", labels=np.eye(3)[made.y]))


def test_words_as_labels(made):
    names = np.array(["ant", "bee", "cat"])
    chosen = made.pick("el2n", labels=names[made.y])
    assert chosen.indices.tolist() == EL2N
    assert chosen.classes == ["ant", "bee", "cat"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_where_it_is_read(made, bad):
    embeddings, logits = made.E.copy(), made.Z.copy()
    embeddings[7, 3] = logits[7, 1] = bad
    for method in ("k-center", "herding", "facility-location", "craig", "gradmatch", "cal", "moderate"):
        assert "row 7" in str(made.refused(method, embeddings=embeddings)), method
    for method in ("el2n", "entropy", "facility-location", "craig", "gradmatch", "cal"):
        assert "row 7" in str(made.refused(method, logits=logits)), method
    assert made.picks("el2n", embeddings=embeddings) == EL2N
    assert made.picks("k-center", logits=logits) == K_CENTER


def test_scores_that_are_not_numbers_are_named(made):
    scores = np.where(np.arange(120) == 7, np.nan, 1.0)
    with pytest.raises(lipt.Error, match="sample 7"):
        lipt.select(method="top_k", labels=made.y, scores=scores, fraction=0.1)


def test_more_samples_than_any_memory():
    huge = np.broadcast_to(np.float32(0), (5_000_000_000, 64))
    found = lipt.estimate(method="k-center", embeddings=huge, fraction=0.001)
    assert (found.samples, found.kept) == (5_000_000_000, 5_000_000)
    assert found.bytes >= 1.28e12 and found.seconds > 86400
    with pytest.raises(lipt.Error, match="GiB"):
        lipt.select(method="k-center", embeddings=huge, fraction=0.001)
