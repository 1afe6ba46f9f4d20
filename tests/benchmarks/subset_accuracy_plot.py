"""Plots what `subset_accuracy --methods` left: each method's lead over random subsets, over fractions.

    subset_accuracy_plot.py study.svg study-cifar10.jsonl study-fashion-mnist.jsonl
    subset_accuracy_plot.py --leads stratified study-cifar10.jsonl     # the same against another baseline, as a table

A panel a data set and start; means over the seeds, bars of one sample standard deviation of the lead, seed by seed.
"""
import collections
import json
import pathlib
import statistics
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "study"  # the same numbers give the same file
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)

STARTS = (("fresh", "from fresh weights"), ("pretrained", "from the soup"))
BASELINE = "random"


def read(path):
    """start -> selector -> fraction -> seed -> accuracy in percent, and the data set's name."""
    results = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(dict)))
    name = path
    with open(path) as file:
        for line in file:
            one = json.loads(line)
            name = one["dataset"]
            results[one["start"]][one["selector"]][one["fraction"]][one["seed"]] = 100 * one["final"]
    return name, results


def leads(method, baseline):
    """fraction -> (mean, deviation) of a method's lead in the seeds that both have."""
    found = {}
    for fraction, runs in sorted(method.items()):
        lead = [runs[seed] - baseline[fraction][seed] for seed in runs if seed in baseline.get(fraction, {})]
        if lead:
            found[fraction] = statistics.mean(lead), statistics.stdev(lead) if len(lead) > 1 else 0.0
    return found


def draw(axis, by_selector):
    methods = [m for m in sorted(by_selector) if m != BASELINE]
    for i, method in enumerate(methods):
        found = leads(by_selector[method], by_selector[BASELINE])
        if not found:
            continue
        shift = 1 + 0.02 * (i - len(methods) / 2)  # so that bars do not hide each other
        axis.errorbar([100 * f * shift for f in found], [m for m, _ in found.values()],
                      yerr=[d for _, d in found.values()], marker="o", markersize=3, linewidth=1, elinewidth=0.6,
                      label=method, color=plt.cm.tab10(i % 10), linestyle="-" if i < 10 else "--")
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_xscale("log")
    ticks = sorted({100 * f for by in by_selector.values() for f in by})
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.minorticks_off()
    # What falls far behind would press everything else together.
    axis.set_yscale("symlog", linthresh=4)
    axis.set_yticks([-30, -10, -4, -2, 0, 2, 4, 10], ["-30", "-10", "-4", "-2", "0", "2", "4", "10"])
    axis.tick_params(labelsize=7)


def table(baseline, path):
    """Leads over a baseline, a row a start and method."""
    _, results = read(path)
    fractions = sorted({f for by in results.values() for runs in by.values() for f in runs})
    print("| start | selector | " + " | ".join(f"{100 * f:g} %" for f in fractions) + " |")
    print("|---" * (2 + len(fractions)) + "|")
    for start, _ in STARTS:
        for method in sorted(results[start]):
            if method == baseline:
                continue
            found = leads(results[start][method], results[start][baseline])
            cells = [f"{found[f][0]:+.1f} ± {found[f][1]:.1f}" if f in found else "" for f in fractions]
            print(f"| {'soup' if start == 'pretrained' else start} | {method} | " + " | ".join(cells) + " |")


def main(out, paths):
    figure, axes = plt.subplots(len(paths), len(STARTS), figsize=(10, 4 * len(paths)), squeeze=False, sharey="row")
    for row, path in zip(axes, paths):
        name, results = read(path)
        for axis, (start, title) in zip(row, STARTS):
            draw(axis, results[start])
            axis.set_title(f"{name}, {title}", fontsize=9)
            axis.set_xlabel("kept, %", fontsize=8)
        row[0].set_ylabel("lead over random, points", fontsize=8)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=6, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[1] == "--leads":
        sys.exit(table(*sys.argv[2:]))
    pathlib.Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    main(sys.argv[1], sys.argv[2:])
