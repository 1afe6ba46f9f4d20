"""Soups, masks and shard plans with NumPy alone."""

import threading
from pathlib import Path

import numpy as np
import pytest

import lipt


def code_of(call):
    """The code of the error that the call ends with, and its sentence."""
    with pytest.raises(lipt.Error) as caught:
        call()
    return caught.value.code, str(caught.value)


def model(*values, **more):
    return {"w": np.array(values, "f4"), **more}


def write_tensors(path, model):
    lipt.soup([model], method="uniform", out=path)
    return path


def test_the_mean_of_counters_masks_and_weights():
    models = [{"w": np.full(3, value, "f4"), "bn.num_batches_tracked": np.array(steps), "ids": np.arange(4),
               "mask": np.array([True, False])} for value, steps in ((1, 1), (2, 2), (6, 4))]
    made = lipt.soup(models, method="uniform")
    weights = made.weights
    assert list(weights) == ["w", "bn.num_batches_tracked", "ids", "mask"]
    assert weights["w"].dtype == np.float32 and weights["w"].tolist() == [3, 3, 3]
    steps = weights["bn.num_batches_tracked"]
    assert (steps.dtype, steps.shape, int(steps)) == (np.int64, (), 4)
    assert weights["ids"].tolist() == [0, 1, 2, 3] and weights["ids"].dtype == np.int64
    assert weights["mask"].dtype == np.bool_ and weights["mask"].tolist() == [True, False]
    assert [one["w"][0] for one in models] == [1, 2, 6]
    assert made.kept == [0, 1, 2] and np.isnan(made.score)
    weights["w"][0] = 7  # the caller's own


def test_halves_do_not_overflow():
    made = lipt.soup([{"w": np.full(2, 60000, "f2")}] * 3, method="uniform").weights["w"]
    assert made.dtype == np.float16 and made.tolist() == [60000, 60000]


@pytest.mark.parametrize("count", range(1, 11))
def test_the_soup_of_equal_models_is_that_model(count):
    one = {"w": np.array([.1, 1e-40, -3.7, -0.], "f4"), "d": np.array([.1, -0.])}
    for method in ("uniform", "ties"):
        made = lipt.soup([one] * count, method=method, base=one if method == "ties" else None).weights
        assert made["w"].tobytes() == one["w"].tobytes() and made["d"].tobytes() == one["d"].tobytes()


def test_names_count_not_their_order():
    one = {"a": np.ones(2, "f4"), "b": np.zeros(1, "f4")}
    two = {"b": np.ones(1, "f4"), "a": np.full(2, 2, "f4")}
    made = lipt.soup([one, two], method="uniform").weights
    assert made["a"].tolist() == [1.5, 1.5] and made["b"].tolist() == [.5]


@pytest.mark.parametrize("extra", [{"extra": np.ones(1, "f4")}, {"w": np.ones(3, "f4")}, {"w": np.ones((2, 1), "f4")},
                                   {"w": np.ones(2, "f2")}, {"w": np.ones(2)}])
def test_what_does_not_fit_is_refused_by_name(extra):
    code, sentence = code_of(lambda: lipt.soup([model(1, 2), {**model(1, 2), **extra}], method="uniform"))
    assert code in ("LIPT-S10", "LIPT-S11") and next(iter(extra)) in sentence
    if "extra" not in extra:
        assert "(2)" in sentence and ("(3)" in sentence or "(2,1)" in sentence or "float16" in sentence
                                      or "float64" in sentence)


def test_whole_numbers_that_differ_are_refused():
    code, sentence = code_of(lambda: lipt.soup([model(1, ids=np.arange(3)), model(1, ids=np.arange(3) + 1)],
                                               method="uniform"))
    assert code == "LIPT-S13" and "'ids'" in sentence


def test_prefixes():
    base = [{"fc.weight": np.full(2, value, "f4"), "fc.bias": np.zeros(1, "f4")} for value in (1, 2, 6)]

    def put(one, prefix):
        return {prefix + name: value for name, value in one.items()}

    code, sentence = code_of(lambda: lipt.soup(
        [base[0], put(base[1], "module."), put(base[2], "_orig_mod.module.")], method="uniform"))
    assert code == "LIPT-S12" and "'fc.weight'" in sentence and "'module.fc.weight'" in sentence
    made = lipt.soup([put(one, "module.") for one in base], method="uniform").weights
    assert list(made) == ["module.fc.weight", "module.fc.bias"] and made["module.fc.weight"].tolist() == [3, 3]


def test_what_is_no_model_is_refused():
    code, sentence = code_of(lambda: lipt.soup([{"state_dict": model(1), "epoch": 3}, model(1)], method="uniform"))
    assert code == "LIPT-Y42" and "'state_dict'" in sentence
    code, sentence = code_of(lambda: lipt.soup([model(1, epoch=3)], method="uniform"))
    assert code == "LIPT-Y41" and "'epoch'" in sentence
    assert code_of(lambda: lipt.soup([model(1, name=np.array(["a"]))], method="uniform"))[0] == "LIPT-Y41"
    assert code_of(lambda: lipt.soup(model(1), method="uniform"))[0] == "LIPT-Y40"
    assert code_of(lambda: lipt.soup("a.safetensors", method="uniform"))[0] == "LIPT-Y40"
    assert code_of(lambda: lipt.soup([np.ones(2)], method="uniform"))[0] == "LIPT-Y40"
    assert code_of(lambda: lipt.soup([], method="uniform"))[0] == "LIPT-S01"
    assert code_of(lambda: lipt.soup([model(1)]))[0] == "LIPT-S18"
    assert code_of(lambda: lipt.soup([model(1)], method="mean"))[0] == "LIPT-S16"
    assert code_of(lambda: lipt.soup([model(1)] * 2, method="stock"))[0] == "LIPT-S18"
    assert code_of(lambda: lipt.soup([model(1)] * 2, method="uniform", base=model(1)))[0] == "LIPT-S20"
    assert code_of(lambda: lipt.soup([model(1), model(np.nan)], method="uniform"))[0] == "LIPT-S19"


def test_layouts_do_not_matter():
    rows = np.arange(12, dtype="f4").reshape(3, 4)
    other = rows * 3
    expected = rows * 2
    for view in (np.asfortranarray(other), np.repeat(other, 2, axis=1)[:, ::2], other[::-1].copy()[::-1]):
        assert np.array_equal(lipt.soup([{"w": rows}, {"w": view}], method="uniform").weights["w"], expected)
    locked = other.copy()
    locked.flags.writeable = False
    assert np.array_equal(lipt.soup([{"w": rows}, {"w": locked}], method="uniform").weights["w"], expected)


def test_greedy_takes_what_improves_the_score():
    seen = []

    def score(weights):
        assert isinstance(weights, dict) and list(weights) == ["w"]
        seen.append(weights["w"])
        return -abs(float(weights["w"][0]) - 1)

    made = lipt.soup([model(90), model(0), model(2)], score, search="equal")
    assert made.weights["w"].tolist() == [1] and made.score == 0 and made.kept == [1, 2]
    assert made.evaluations == len(seen) == len(made.trials) == 5
    assert [float(one[0]) for one in seen[:3]] == [90, 0, 2]  # what was scored may be kept
    assert made.trials[3] == (2, .5, 0) and "score" in repr(made)
    assert [one["ingredient"] for one in made.ingredients] == [1, 2, 0]
    for search in ("golden", "grid"):
        found = lipt.soup([model(0), model(2)], score, search=search, points=8)
        assert found.score > -.15 and found.evaluations == 10


def test_scores_that_are_no_number():
    made = lipt.soup([model(1), model(2)], lambda weights: 0. if weights["w"][0] == 1 else np.nan)
    assert made.weights["w"].tolist() == [1] and made.kept == [0]
    assert code_of(lambda: lipt.soup([model(1)], lambda weights: np.nan))[0] == "LIPT-S09"
    assert code_of(lambda: lipt.soup([model(1)], lambda weights: None))[0] == "LIPT-Y43"

    class Own(Exception):
        pass

    def broken(weights):
        raise Own

    with pytest.raises(Own):
        lipt.soup([model(1)], broken)


def test_stock_and_ties_by_hand():
    base = {"w": np.array([1., 1.])}
    one, two = {"w": np.array([2., 1.])}, {"w": np.array([1.6, 1.8])}
    assert lipt.soup([one, two], method="stock", base=base).weights["w"] == pytest.approx([1.6, 1.3], abs=1e-14)
    models = [{"w": np.array(changes, "f4") + 1} for changes in ((8, -4, 0, 1), (4, 16, 1, 0), (-2, -8, 0, 0))]
    base = {"w": np.ones(4, "f4")}
    made = lipt.soup(models, method="ties", base=base, density=.5, scale=.5).weights["w"]
    assert made.tolist() == [4, 9, 1, 1]


def test_ties_against_numpy():
    draw = np.random.default_rng(1)
    base = {"a": draw.normal(size=(70, 90)).astype("f4"), "b": draw.normal(size=500).astype("f4")}
    models = [{name: value + draw.normal(size=value.shape).astype("f4") for name, value in base.items()}
              for _ in range(3)]
    changes = np.stack([np.concatenate([(one[name].astype("f8") - base[name]).ravel() for name in base])
                        for one in models])
    least = -np.sort(-np.abs(changes).astype("f4"), axis=1)[:, round(.2 * changes.shape[1]) - 1]
    changes[np.abs(changes).astype("f4") < least[:, None]] = 0
    agree = np.where(changes * np.sign(changes.sum(0)) > 0, changes, 0)
    merged = agree.sum(0) / np.maximum((agree != 0).sum(0), 1)
    made = lipt.soup(models, method="ties", base=base).weights
    expected = np.concatenate([value.ravel() for value in base.values()]) + merged
    assert np.concatenate([value.ravel() for value in made.values()]) == pytest.approx(expected, abs=1e-6)


def test_files_in_files_out(tmp_path):
    models = [{"w": np.array([value, 1], "f4"), "steps": np.array(value), "mask": np.array([True])} for value in (1, 3)]
    paths = [write_tensors(tmp_path / f"{i}.safetensors", one) for i, one in enumerate(models)]
    made = lipt.soup(paths, method="uniform")
    assert made.weights["w"].tolist() == [2, 1] and made.weights["mask"].dtype == np.bool_
    assert int(made.weights["steps"]) == 3
    written = lipt.soup([str(paths[0]), models[1]], method="uniform", out=tmp_path / "soup.safetensors")
    assert written.weights is None and Path(written.path).exists() and "soup.safetensors" in repr(written)
    again = lipt.soup([written.path], method="uniform").weights
    assert all(again[name].tobytes() == made.weights[name].tobytes() for name in again)
    greedy = lipt.soup(paths, lambda weights: float(weights["w"][0]))
    assert greedy.weights["w"].tolist() == [3, 1]
    assert code_of(lambda: lipt.soup([tmp_path / "none"], method="uniform"))[0] == "LIPT-F01"
    (tmp_path / "wrong").write_bytes(b"no tensors at all")
    assert code_of(lambda: lipt.soup([tmp_path / "wrong"], method="uniform"))[0] == "LIPT-F20"


def test_a_file_of_the_safetensors_package(tmp_path):
    import safetensors.numpy as numpy_files
    numpy_files.save_file({"w": np.ones((2, 3), "f2"), "n": np.array([5], "u2")}, tmp_path / "a")
    lipt.soup([tmp_path / "a"] * 2, method="uniform", out=tmp_path / "b")
    read = numpy_files.load_file(tmp_path / "b")
    assert read["w"].dtype == np.float16 and read["w"].shape == (2, 3) and read["n"].tolist() == [5]


def test_other_threads_run_meanwhile():
    one = {"w": np.zeros(4_000_000, "f4")}
    moved = threading.Event()
    other = threading.Thread(target=moved.set)

    def score(weights):
        other.start()
        return float(moved.wait(20))

    assert lipt.soup([one], score).score == 1
    other.join()


def test_masks():
    weights = {"a": np.array([[1, -9, 3], [8, .5, -7]], "f4"), "bias": np.full(2, 100, "f4"),
               "b": np.array([[.1, -.4], [.3, .2]]), "table": np.ones((2, 2), "i8")}
    with pytest.warns(UserWarning, match="nothing is kept of b"):
        mask = lipt.magnitude_mask(weights, density=.5)
    assert list(mask) == ["a", "b"] and mask["a"].dtype == np.bool_
    assert mask["a"].tolist() == [[True, True, True], [True, False, True]] and not mask["b"].any()
    layers = lipt.magnitude_mask(weights, density=.5, scope="per-layer")
    assert layers["b"].tolist() == [[False, True], [True, False]]
    assert list(lipt.magnitude_mask(weights, density=.5, prunable=["bias"])) == ["bias"]
    kept = {int(lipt.magnitude_mask({"w": np.arange(1000, dtype="f4")[None]}, density=(.2, .9), seed=seed)["w"].sum())
            for seed in range(5)}
    assert len(kept) > 1 and all(200 <= count <= 900 for count in kept)
    weights["a"] *= mask["a"]
    assert weights["a"][1, 1] == 0
    assert code_of(lambda: lipt.magnitude_mask(weights, density=0))[0] == "LIPT-P01"
    assert code_of(lambda: lipt.magnitude_mask(weights, density=.5, prunable=["c"]))[0] == "LIPT-P08"
    assert code_of(lambda: lipt.magnitude_mask(weights, density=.5, scope="all"))[0] == "LIPT-P11"


def test_shard_plans():
    labels = np.arange(1200) % 3
    shards = lipt.plan_shards(labels, workers=4, minibatches=2, batch_size=60, seed=5)
    assert len(shards) == 4 and all(shard.dtype == np.int64 and shard.shape == (120,) for shard in shards)
    assert len(np.unique(np.concatenate(shards))) == 480
    assert all(abs(np.bincount(labels[shard]) - 40).max() <= 2 for shard in shards)
    for same in (labels.astype("i1"), labels[:, None], list(labels), np.array(["a", "b", "c"])[labels], labels + 7):
        again = lipt.plan_shards(same, workers=4, minibatches=2, batch_size=60, seed=5)
        assert np.array_equal(again, shards)
    drawn = lipt.plan_shards(10, workers=2, batch_size=5)
    assert sorted(np.concatenate(drawn)) == list(range(10))
    assert code_of(lambda: lipt.plan_shards(10, workers=2, batch_size=6))[0] == "LIPT-Q02"
    assert code_of(lambda: lipt.plan_shards(labels / 2))[0] == "LIPT-Y46"
    assert code_of(lambda: lipt.plan_shards(np.zeros((4, 2), "i8")))[0] == "LIPT-Y46"
    assert code_of(lambda: lipt.plan_shards(-1))[0] == "LIPT-Y46"


def test_settings_that_are_no_numbers():
    one = {"w": np.ones((2, 2), "f4")}
    for call in (lambda: lipt.soup([one], lambda weights: 1, points=-1), lambda: lipt.soup([one], len, density="half"),
                 lambda: lipt.magnitude_mask(one, density=.5, seed=2**64),
                 lambda: lipt.magnitude_mask(one, density=None),
                 lambda: lipt.magnitude_mask(one, density=.5, worker=2**32), lambda: lipt.plan_shards(10, workers=1.5),
                 lambda: lipt.plan_shards(10, batch_size=True)):
        assert code_of(call)[0] == "LIPT-Y45"
