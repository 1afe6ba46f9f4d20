"""Calls of select: arguments, errors, threads, signals, memory, copies between processes."""

import concurrent.futures
import copy
import gc
import multiprocessing
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import EL2N, FACILITY, K_CENTER, Made

import lipt


def test_the_picks_of_the_program(made):
    assert made.picks() == K_CENTER
    assert made.picks("el2n") == EL2N
    assert made.picks("facility-location") == FACILITY


def test_weights_have_mean_one(made):
    weights = made.pick("craig").weights
    assert weights.dtype == np.float32
    assert abs(float(weights.mean()) - 1) < 1e-6
    assert made.pick("craig", raw_weights=True).weights.sum() == pytest.approx(120)
    assert made.pick("k-center").weights is None


def test_every_method_runs_on_what_it_needs(made):
    for method in lipt.methods():
        if method["name"] == "glister":
            continue
        needs = {"labels": made.y, "logits": made.Z, "embeddings": made.E}
        given = {name: needs[name] for name in method["needs"].split(", ") if name}
        kept = lipt.select(method=method["name"], count=12, **(given or {"labels": made.y}))
        assert len(set(kept.indices.tolist())) == len(kept) <= 12
        assert (kept.weights is not None) == method["weights"]


def test_validation_for_glister(made):
    held = {"labels": made.y[:30], "logits": made.Z[:30], "embeddings": made.E[:30]}
    assert len(made.picks("glister", validation=held)) == 12
    assert made.refused("glister").code == "LIPT-U23"
    assert made.refused("glister", validation={**held, "label": made.y}).code == "LIPT-Y01"


def test_options_by_name(made):
    assert made.picks("facility-location", similarity="embeddings") != FACILITY
    assert made.picks("facility-location", greedy="naive") == FACILITY
    assert made.picks("el2n/ccs:0.6") == made.picks("el2n", sampler="ccs", ccs_cutoff=0.6)
    assert made.refused("facility-location", greedy="eager").code == "LIPT-U03"
    assert made.refused("el2n", neighbours=3).code == "LIPT-U49"


def test_wrong_words_name_the_nearest(made):
    said = made.refused(methud="k-center")
    assert "'methud'" in str(said) and "'method'" in str(said)
    said = made.refused("k-centre")
    assert "'k-centre'" in str(said) and "'k-center'" in str(said)
    assert "'greedy_epsilon'" in str(made.refused(greedy_epsilom=0.1))


def test_auto_needs_a_trainer(made):
    assert made.refused("auto").code == "LIPT-C50"


def test_counts_and_fractions(made):
    assert len(made.picks(count=7)) == 7
    assert made.refused(count=-1).code == "LIPT-U12"
    assert made.refused(count=0).code == "LIPT-U12"
    assert made.refused(count=121).code == "LIPT-U30"
    assert made.refused(fraction=0).code == "LIPT-U30"
    assert made.refused(fraction=1.5).code == "LIPT-U30"
    assert made.refused(fraction="a lot").code == "LIPT-U30"
    assert made.refused(fraction=0.1, count=3).code == "LIPT-U30"


def test_seeds_are_64_bits(made):
    assert made.pick(seed=2**63)
    assert made.refused(seed=2**64).code == "LIPT-U12"
    assert made.refused(seed=-1).code == "LIPT-U12"
    assert made.picks("random", seed=2**32 + 1) != made.picks("random", seed=1)
    assert made.picks("random", seed=5) == made.picks("random", seed=np.int64(5))


def test_ids_are_carried(made):
    names = [f"image-{i}.png" for i in range(120)]
    chosen = made.pick(ids=names)
    assert chosen.ids == [names[i] for i in K_CENTER]
    assert made.refused(ids=names[:-1]).code == "LIPT-Y04"


def test_stability_by_hand(made):
    one, other = made.pick("random", seed=1), made.pick("random", seed=2)
    (pair,) = lipt.stability([one, other])
    both = len(set(one) & set(other))
    assert pair["jaccard"] == pytest.approx(both / (24 - both))
    assert 0 < pair["jaccard_by_chance"] < 0.2
    assert lipt.stability([made.pick("el2n"), made.pick("el2n")])[0]["spearman"] == 1.0
    with pytest.raises(lipt.Error):
        lipt.stability([one])


def test_selector_as_in_scikit_learn(made):
    chosen = lipt.Selector(method="k-center", fraction=0.1).fit(made.E, made.y)
    assert chosen.indices_.tolist() == K_CENTER
    assert [int(chosen.ranking_[i]) for i in K_CENTER] == list(range(1, 13))
    assert (chosen.transform(made.E) == made.E[K_CENTER]).all()


def test_a_selection_shows_itself(made):
    chosen = made.pick("craig")
    assert "12 of 120" in repr(chosen)
    assert "<table>" in chosen._repr_html_() and "12 of 120 samples" in chosen._repr_html_()


def test_results_and_errors_are_pickled_whole(made):
    chosen = made.pick("craig")
    for again in (pickle.loads(pickle.dumps(chosen)), copy.deepcopy(chosen)):
        assert again.indices.tolist() == chosen.indices.tolist()
        assert again.report == chosen.report
    failed = made.refused(count=-1)
    again = pickle.loads(pickle.dumps(failed))
    assert type(again) is lipt.Error and again.code == failed.code == "LIPT-U12" and str(again) == str(failed)


def test_any_number_of_threads_gives_the_same(made):
    for threads in (1, 2, 8):
        assert made.picks("facility-location", threads=threads) == FACILITY
    assert made.pick(threads=0).report["threads"] >= 1
    for wrong in (-1, 10**9, 2.5, True):
        assert made.refused(threads=wrong).code == "LIPT-U12"


def test_calls_side_by_side(made):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: made.picks("facility-location", threads=2), range(200)))
    assert all(one == FACILITY for one in found)


def test_other_threads_run_meanwhile():
    embeddings = np.random.default_rng(0).normal(size=(12_000, 64)).astype("f4")
    counted = [0]

    def count():
        for number in range(2000):
            counted[0] = number
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    lipt.select(method="facility-location", embeddings=embeddings, count=1000)
    assert counted[0] > 20
    thread.join()


def test_affinity_counts():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert Made().pick().report["threads"] == 1
    finally:
        os.sched_setaffinity(0, before)


def test_ctrl_c_ends_a_call():
    script = """
import os, signal, threading, time
import numpy as np, lipt
g = np.random.default_rng(0).normal(size=(60_000, 128)).astype("f4")
lipt.select(method="random", labels=np.zeros(9, int), count=3)
begun = time.time()
threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    lipt.select(method="facility-location", embeddings=g, count=6000, threads=2)
    print("done before")
except KeyboardInterrupt:
    print("stopped", time.time() - begun < 4, threading.active_count())
print(lipt.select(method="k-center", embeddings=g[:50], count=3).indices.size)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.split() == ["stopped", "True", "1", "3"], done.stdout + done.stderr


def test_a_state_goes_on(made, tmp_path):
    class Stop(Exception):
        pass

    def stop(done, _):
        if done == 2:
            raise Stop

    state = tmp_path / "state"
    with pytest.raises(Stop):
        made.pick("facility-location", state=state, progress=stop)
    assert state.exists()
    seen = []
    assert made.picks("facility-location", state=state, progress=lambda *at: seen.append(at)) == FACILITY
    assert seen == [(1, 3), (2, 3), (3, 3)] and not state.exists()


def _child(queue):
    queue.put(Made().picks("facility-location", threads=2))


def test_a_forked_child_selects_too(made):
    assert made.picks("facility-location", threads=2) == FACILITY
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_child, args=(queue,))
    child.start()
    child.join(60)
    alive = child.is_alive()
    child.kill()
    assert not alive and child.exitcode == 0 and queue.get() == FACILITY


def test_memory_and_references_are_given_back(made):
    for _ in range(300):
        made.pick(count=3, threads=1)
    before = sys.getrefcount(made.E), sys.getrefcount(made.y), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10_000):
        made.pick(count=3, threads=1, progress=lambda *_: None)
    for _ in range(1000):
        made.refused(count=-1)
        made.refused(embeddings=made.E[:5])
    gc.collect()
    after = sys.getrefcount(made.E), sys.getrefcount(made.y), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 4000
    chosen = made.pick()
    indices = chosen.indices
    del chosen
    gc.collect()
    others = [np.ones(12, "i8") for _ in range(99)]
    assert indices.tolist() == K_CENTER and len(others) == 99


def run(*arguments, **options):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, **options)


def test_nothing_is_said_at_exit():
    head = "import sys, numpy as np, lipt\nkeep = lipt.select(method='random', labels=np.zeros(9, int), count=3, progress=print)\n"
    for tail, status in (("", 0), ("sys.exit(3)", 3)):
        done = run("-c", head + tail)
        assert (done.returncode, done.stderr) == (status, "")
    done = run("-c", head + "lipt.select(method='random', labels=np.zeros(9, int), count=3, progress=lambda *_: sys.exit(5))")
    assert (done.returncode, done.stderr) == (5, "")


def test_import_costs_nothing():
    seen = run("-c", "import sys, lipt; print([m for m in ('numpy', 'torch', 'pandas', 'scipy', 'multiprocessing', 'matplotlib') if m in sys.modules])")
    assert seen.stdout.strip() == "[]", seen.stderr
    last = run("-X", "importtime", "-c", "import numpy, lipt").stderr.splitlines()[-1]
    assert int(last.split("|")[1]) < 50_000, last
    selected = run("-c", "import lipt; print(len(lipt.select(method='random', labels=[0] * 9, count=3).indices))")
    assert selected.stdout.strip() == "3", selected.stderr


def test_signals_of_the_user_are_left_alone(made):
    made.pick()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_scores_go_with_methods_that_rate(made):
    scores = np.arange(120.0)
    chosen = made.pick("el2n", scores=scores)
    assert chosen.report["method"] == "scores" and set(chosen.indices.tolist()) == set(range(108, 120))
    assert made.pick("el2n/beta", scores=scores).report["method"] == "scores/beta"
    assert made.refused("k-center", scores=scores).code == "LIPT-U48"
    assert made.refused("gibberish", scores=scores).code == "LIPT-C01"


def test_what_is_given_twice_is_refused(made):
    assert made.refused("el2n/ccs", sampler="d2").code == "LIPT-C40"
    assert made.refused("el2n/ccs:0.6", ccs_cutoff=0.2).code == "LIPT-C40"


@pytest.mark.parametrize(
    "wrong",
    [
        {"balanced": 1}, {"balanced": "no"}, {"device": 3}, {"state": 5}, {"count": np.array([1, 2])},
        {"seed": np.array([1, 2])}, {"neighbours": np.array([1, 2])}, {"fraction": True}, {"embeddings": "bad\udcff.npy"},
    ],
)  # fmt: skip
def test_values_of_another_kind_are_errors_of_the_package(made, wrong):
    assert made.refused("facility-location", **wrong).code.startswith("LIPT-")


def test_truth_values_of_numpy(made):
    assert made.picks(balanced=np.True_) == K_CENTER


def test_wrong_ids_cost_nothing(made, tmp_path):
    assert made.refused(ids=range(3), state=tmp_path / "state", progress=lambda *_: 1 / 0).code == "LIPT-Y04"


def test_words_of_held_out_samples_are_those_of_the_samples(made):
    names = np.array(["ant", "bee", "cat"])
    held = {"labels": made.y[:30], "logits": made.Z[:30], "embeddings": made.E[:30]}
    words = {**held, "labels": names[made.y[:30]]}
    assert made.picks("glister", labels=names[made.y], validation=words) == made.picks("glister", validation=held)
    assert made.refused("glister", labels=names[made.y], validation={**held, "labels": ["dog"] * 30}).code == "LIPT-Y02"


def test_stability_of_what_are_no_indices():
    for wrong in ([[True, False], [False, True]], [[0, 1], [1, 1]], [[0, 5], [1, 2]], [[[0]], [[1]]]):
        with pytest.raises(lipt.Error) as caught:
            lipt.stability([np.array(one) for one in wrong], samples=4)
        assert caught.value.code == "LIPT-C33"
