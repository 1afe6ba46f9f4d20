"""Selection by lipt in Python beside the packages that people use: seconds, peak memory, objective reached.

    python3 -m venv A && A/bin/pip install "numpy<2" apricot-select scikit-learn
    python3 -m venv B && B/bin/pip install coreax divsel scikit-learn
    PYTHONPATH=build/release/python python3 tests/benchmarks/selection_peers.py --apricot A/bin/python3 --others B/bin/python3 \\
        [--samples 10000 50000] [--runs 3] > tests/benchmarks/results/selection-peers.txt

Every program gets the same arrays (N x 64 in 10 classes, clustered, seeded) and the same budget, a tenth, class by class; each
run is a process of its own, which loads the arrays, then takes the time of the selection alone, its first call not counted
apart: people call it once. Runs go in turn; medians. Objectives are worked out here in float64 from the indices.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

CLASSES, WIDTH, FRACTION = 10, 64, 0.1

# What each process does: `arrays` E (N,64) float32 and y (N) are there, `indices` is wanted.
HEAD = """
import json, resource, sys, time
import numpy as np
E, y = np.load(sys.argv[1]), np.load(sys.argv[2])
k = [int(round((y == c).sum() * {fraction})) for c in range({classes})]
def by_class(pick):
    chosen = []
    for c in range({classes}):
        members = np.flatnonzero(y == c)
        chosen += members[np.asarray(pick(E[members], k[c]), int)].tolist()
    return chosen
"""
TAIL = """
begun = time.time()
indices = choose()
seconds = time.time() - begun
print(json.dumps(dict(seconds=seconds, mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, indices=[int(i) for i in indices])))
"""
LIPT = """
import lipt
choose = lambda: lipt.select(method="{method}", embeddings=E, labels=y, fraction={fraction}{options}).indices
"""
APRICOT = """
from apricot import {name}
def choose():
    def pick(X, n):
        s = 0.5 + 0.5 * (X @ X.T) / np.outer(np.linalg.norm(X, axis=1), np.linalg.norm(X, axis=1))
        return {name}(n, metric="precomputed", optimizer="lazy"{options}).fit(s.astype("f8")).ranking
    return by_class(pick)
"""
K_MEANS = """
from sklearn.cluster import kmeans_plusplus
choose = lambda: by_class(lambda X, n: kmeans_plusplus(X, n, random_state=0)[1])
"""
COREAX = """
import jax
import jax.numpy as jnp
from coreax import Data
from coreax.kernels import {kernel}
from coreax.solvers import KernelHerding
def choose():
    def pick(X, n):
        coreset, _ = KernelHerding(coreset_size=n, kernel={kernel}(), unique=True).reduce(Data(jnp.asarray(X)))
        return np.asarray(coreset.unweighted_indices)
    return by_class(pick)
"""
DIVSEL = """
import divsel
def choose():
    return by_class(lambda X, n: divsel.gist_select(X, k=n, metric="euclidean"))
"""


def facility(E, y, indices):
    """Mean over the samples of the largest similarity to a pick of their class."""
    import numpy as np

    total = 0.0
    for c in range(CLASSES):
        members = np.flatnonzero(y == c)
        unit = E[members].astype("f8")
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        picked = unit[np.isin(members, indices)]
        for first in range(0, len(unit), 2000):
            total += (0.5 + 0.5 * unit[first : first + 2000] @ picked.T).max(axis=1).sum()
    return total / len(y)


def radius(E, y, indices):
    """Largest distance of a sample to its class's nearest pick: lower is better."""
    import numpy as np

    worst = 0.0
    for c in range(CLASSES):
        members = np.flatnonzero(y == c)
        points = E[members].astype("f8")
        picked = points[np.isin(members, indices)]
        squares = (picked**2).sum(axis=1)
        for first in range(0, len(points), 2000):
            block = points[first : first + 2000]
            apart = (block**2).sum(axis=1, keepdims=True) + squares - 2 * block @ picked.T
            worst = max(worst, float(np.sqrt(np.maximum(apart, 0).min(axis=1)).max()))
    return worst


def spread(E, y, indices):
    """Smallest distance between two picks of a class: higher is better."""
    import numpy as np

    least = np.inf
    for c in range(CLASSES):
        picked = E[[i for i in indices if y[i] == c]].astype("f8")
        squares = (picked**2).sum(axis=1)
        apart = squares[:, None] + squares - 2 * picked @ picked.T
        np.fill_diagonal(apart, np.inf)
        least = min(least, float(np.sqrt(max(apart.min(), 0))))
    return least


def mean_error(E, y, indices):
    """Distance of the picks' mean from the class's, the mean over classes: lower is better."""
    import numpy as np

    errors = []
    for c in range(CLASSES):
        picked = [i for i in indices if y[i] == c]
        errors.append(np.linalg.norm(E[picked].astype("f8").mean(axis=0) - E[y == c].astype("f8").mean(axis=0)))
    return float(np.mean(errors))


def rows(arguments):
    """(what, who, interpreter, program, objective)"""
    emb = ', similarity="embeddings"'

    def lipt(method, objective, options=""):
        return (method, "lipt", arguments.python, LIPT.format(method=method, fraction=FRACTION, options=options), objective)

    yield lipt("facility-location", facility, emb)
    yield (
        "facility-location", "apricot-select, lazy", arguments.apricot,
        APRICOT.format(name="FacilityLocationSelection", options=""), facility,
    )
    yield lipt("graph-cut", facility, emb)
    yield (
        "graph-cut", "apricot-select, lazy", arguments.apricot,
        APRICOT.format(name="GraphCutSelection", options=", alpha=1"), facility,
    )
    yield lipt("k-center", radius)
    yield ("k-means++", "scikit-learn", arguments.others, K_MEANS, radius)
    yield lipt("gist", spread)
    yield ("gist", "divsel", arguments.others, DIVSEL, spread)
    yield lipt("herding", mean_error)
    yield ("herding", "coreax, linear kernel", arguments.others, COREAX.format(kernel="LinearKernel"), mean_error)
    yield lipt("log-determinant", facility, emb)
    yield lipt("craig", facility, emb)


def main():
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="that has lipt and NumPy")
    parser.add_argument("--apricot", help="interpreter that has apricot-select")
    parser.add_argument("--others", help="interpreter that has coreax, divsel and scikit-learn")
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=240, help="seconds a run may take")
    parser.add_argument("--only", help="part of a line's name")
    arguments = parser.parse_args()
    print(f"{'samples':>8}  {'method':18} {'program':24} {'seconds':>9} {'MiB':>7}  objective")
    for samples in arguments.samples:
        draw = np.random.default_rng(samples)
        y = np.arange(samples) % CLASSES
        centres = draw.normal(size=(CLASSES * 8, WIDTH))
        E = (centres[y * 8 + draw.integers(0, 8, samples)] + 0.7 * draw.normal(size=(samples, WIDTH))).astype("f4")
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("E.npy", "y.npy")]
            np.save(paths[0], E)
            np.save(paths[1], y)
            chosen = [row for row in rows(arguments) if row[2] and (not arguments.only or arguments.only in " ".join(row[:2]))]
            found = {row[:2]: [] for row in chosen}
            for _ in range(arguments.runs):
                for what, who, python, program, _objective in chosen:
                    if found[what, who] == "no end":
                        continue
                    script = HEAD.format(fraction=FRACTION, classes=CLASSES) + program + TAIL
                    environment = dict(os.environ) if who == "lipt" else {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
                    try:
                        done = subprocess.run(
                            [python, "-c", script, *paths], capture_output=True, text=True, timeout=arguments.limit,
                            check=False, env=environment,
                        )
                    except subprocess.TimeoutExpired:
                        found[what, who] = "no end"
                        continue
                    if done.returncode != 0:
                        sys.stderr.write(f"{what} {who}: {done.stderr[-400:]}\n")
                        found[what, who] = "no end"
                        continue
                    found[what, who].append(json.loads(done.stdout.splitlines()[-1]))
            for what, who, _python, _program, objective in chosen:
                runs = found[what, who]
                if runs == "no end":
                    print(f"{samples:>8}  {what:18} {who:24} {'-':>9} {'-':>7}  none within {arguments.limit:.0f} s")
                    continue
                seconds = statistics.median(run["seconds"] for run in runs)
                mib = statistics.median(run["mib"] for run in runs)
                value = objective(E, y, runs[0]["indices"])
                print(f"{samples:>8}  {what:18} {who:24} {seconds:9.3f} {mib:7.0f}  {objective.__name__} {value:.6g}", flush=True)


if __name__ == "__main__":
    main()
