"""Plots processor seconds of selections against the operations that their formulas count.

    selection_growth.py selection_growth.csv selection_growth.svg

A method whose points lie on a line of slope one grows as its formula says; the slope fitted to each of N, k and E is
printed. Points are medians of their runs.
"""
import collections
import csv
import statistics
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "growth"  # the same numbers give the same file
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)
import numpy  # noqa: E402


def read(path):
    """Medians: method -> varied -> [(gflop, seconds)], ascending."""
    runs = collections.defaultdict(list)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            point = (row["method"], row["varied"], row["samples"], row["width"], row["fraction"], row["gflop"])
            runs[point].append(float(row["processor_s"]))
    curves = collections.defaultdict(lambda: collections.defaultdict(list))
    for (method, varied, _, _, _, gflop), seconds in runs.items():
        curves[method][varied].append((float(gflop), statistics.median(seconds)))
    return {method: {varied: sorted(points) for varied, points in by.items()} for method, by in curves.items()}


def slope(points):
    """Of log time over log operations; 1 where time is in proportion, nothing where operations hardly change."""
    work, seconds = numpy.log([p[0] for p in points]), numpy.log([p[1] for p in points])
    return f"{numpy.polyfit(work, seconds, 1)[0]:.2f}" if numpy.ptp(work) > numpy.log(2) else "-"


def plot(curves, path):
    columns = 4
    rows = -(-len(curves) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.2 * columns, 2.9 * rows), squeeze=False)
    for axis in axes.flat[len(curves):]:
        axis.axis("off")
    for axis, (method, by) in zip(axes.flat, curves.items()):
        for marker, varied in zip("os^", "NkE"):
            points = by.get(varied, [])
            if not points:
                continue
            work, seconds = zip(*points)
            axis.loglog(work, seconds, marker + "-", markersize=4, linewidth=1, label=f"{varied}: {slope(points)}")
            print(f"{method:<20} {varied}  time grows as operations to the power {slope(points)}")
        axis.set_title(method, fontsize=9)
        axis.set_xlabel("GFLOP of the formula", fontsize=8)
        axis.set_ylabel("processor seconds", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.legend(fontsize=7, title="varied: power", title_fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    plot(read(sys.argv[1]), sys.argv[2])
