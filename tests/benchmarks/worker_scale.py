"""A model of the worker stage's makespan for 1 to 1,000 workers, from measured costs, and its check on real runs.

    worker_scale.py measure LIPT RUN costs.json      # RUN: made by `lipt plan`; runs its workers at 1, 2 and 4 slots
    worker_scale.py model costs.json scale.svg       # prints the table, plots the curves

The model: a worker waits for a slot, starts (process and file reading: measured), fetches the common start and its shard,
trains (measured, alone on a core), and sends its upload. Those that transfer at the same time share the bandwidth of the
host that keeps the run directory, each at most its own link's; those that train on one machine share its cores. Every
share is equal, and nothing else is waited for. On a cluster each worker has a core of its own.

The check runs real workers on this machine, where nothing is sent far and the cores are shared: predicted and measured
makespans stand side by side.
"""
import concurrent.futures
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SLOTS = (1, 2, 4)
LINKS = {"1 Gbit/s": 125e6, "10 Gbit/s": 1250e6, "100 Mbit/s": 12.5e6}  # of the run directory's host, bytes a second
WORKER_LINK = 125e6  # bytes a second, of each worker's host
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def makespan(phases, workers, slots, rates):
    """Seconds until the last of `workers` has gone through `phases`, at most `slots` at once.

    phases: (resource, amount); rates: resource -> (most that one gets a second, most that all get together).
    """
    waiting, active, now = workers, [], 0.0
    while waiting or active:
        while waiting and len(active) < slots:
            active.append([0, phases[0][1]])  # phase, what is left of it
            waiting -= 1
        users = {}
        for phase, _ in active:
            users[phases[phase][0]] = users.get(phases[phase][0], 0) + 1
        speed = {name: min(rates[name][0], rates[name][1] / count) for name, count in users.items()}
        step = min(left / speed[phases[phase][0]] for phase, left in active)
        now += step
        kept = []
        for phase, left in active:
            left -= step * speed[phases[phase][0]]
            while left <= 1e-9 * phases[phase][1] + 1e-12:
                phase += 1
                if phase == len(phases):
                    break
                left = phases[phase][1]
            if phase < len(phases):
                kept.append([phase, left])
        active = kept
    return now


def run_workers(lipt, run, workers, slots):
    """Makespan of real worker processes, and each one's wall seconds."""
    def one(worker):
        begin = time.monotonic()
        subprocess.run([lipt, "worker", "--run", run, "--worker", str(worker)], check=True)
        return time.monotonic() - begin

    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(slots) as pool:
        walls = list(pool.map(one, range(workers)))
    return time.monotonic() - begin, walls


def measure(lipt, run, out):
    run = pathlib.Path(run)
    workers = json.loads((run / "config.json").read_text())["settings"]["workers"]
    spans = {}
    for slots in SLOTS:
        with tempfile.TemporaryDirectory() as scratch:
            copy = pathlib.Path(scratch) / "run"
            shutil.copytree(run, copy, ignore=shutil.ignore_patterns("workers"))
            (copy / "workers").mkdir()
            spans[slots], walls = run_workers(lipt, copy, workers, slots)
            if slots == 1:
                trained = [json.loads(p.read_text())["cost"]["wall_s"] for p in (copy / "workers").glob("*.json")]
                start = statistics.mean(walls) - statistics.mean(trained)
                upload = max(p.stat().st_size for p in (copy / "workers").glob("*.safetensors"))
    shard = max(p.stat().st_size for p in (run / "shards").glob("*.safetensors"))
    costs = {"workers": workers, "cores": os.cpu_count(), "start_s": start, "train_s": statistics.mean(trained),
             "down_bytes": shard + (run / "theta_star.safetensors").stat().st_size, "up_bytes": upload,
             "makespans_s": spans}
    pathlib.Path(out).write_text(json.dumps(costs, indent=2) + "\n")


def check(costs):
    """Lines of predicted beside measured makespans on the machine that the costs were measured on."""
    rates = {"core": (1.0, costs["cores"])}
    phases = [("core", costs["start_s"] + costs["train_s"])]
    lines = []
    for slots, measured in costs["makespans_s"].items():
        predicted = makespan(phases, costs["workers"], int(slots), rates)
        lines.append(f"| {slots} | {predicted:.2f} | {measured:.2f} | {predicted / measured:.2f} |")
    return lines


def on_cluster(costs, workers, link):
    rates = {"own": (1.0, float("inf")), "down": (WORKER_LINK, link), "up": (WORKER_LINK, link)}
    phases = [("own", costs["start_s"]), ("down", costs["down_bytes"]), ("own", costs["train_s"]), ("up", costs["up_bytes"])]
    return makespan(phases, workers, workers, rates)


def plot(curves):
    """An SVG of makespans over workers, both axes logarithmic."""
    width, height, left, bottom, colours = 640, 400, 60, 50, ("#1b6ca8", "#c0392b", "#2e8b57")
    most = max(max(curve) for curve in curves.values())
    least = min(min(curve) for curve in curves.values())
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
    right = math.log10(COUNTS[-1])

    def x(count):
        return left + math.log10(count) / right * (width - left - 20)

    def y(seconds):
        return height - bottom - (math.log10(seconds) - low) / (high - low) * (height - bottom - 20)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="white"/>']
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{left} {at:.1f}H{width - 20}" stroke="#ddd"/><text x="8" y="{at + 4:.1f}">{10.0**power:g} s</text>')
    for count in (1, 10, 100, 1000):
        at = x(count)
        parts.append(f'<path d="M{at:.1f} 20V{height - bottom}" stroke="#ddd"/>'
                     f'<text x="{at - 8:.1f}" y="{height - bottom + 18}">{count}</text>')
    for i, ((name, curve), colour) in enumerate(zip(curves.items(), colours)):
        points = " ".join(f"{x(count):.1f},{y(seconds):.1f}" for count, seconds in zip(COUNTS, curve))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="{left + 12}" y="{36 + 16 * i}" fill="{colour}">{name} at the run directory</text>')
    parts.append(f'<text x="{left}" y="{height - 10}">workers, each on a core of its own; makespan of the worker stage</text></svg>')
    return "\n".join(parts) + "\n"


def model(costs_path, plot_path):
    costs = json.loads(pathlib.Path(costs_path).read_text())
    print("| slots | predicted, s | measured, s | ratio |\n|---|---|---|---|")
    print("\n".join(check(costs)))
    print("\n| workers | " + " | ".join(f"{name}, s" for name in LINKS) + " |\n|---" + "|---" * len(LINKS) + "|")
    curves = {name: [on_cluster(costs, count, link) for count in COUNTS] for name, link in LINKS.items()}
    for i, count in enumerate(COUNTS):
        print(f"| {count} | " + " | ".join(f"{curves[name][i]:.2f}" for name in LINKS) + " |")
    pathlib.Path(plot_path).write_text(plot(curves))


def main():
    commands = {"measure": (measure, 3), "model": (model, 2)}
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in commands or len(sys.argv) != 2 + commands[name][1]:
        sys.exit(__doc__)
    commands[name][0](*sys.argv[2:])


if __name__ == "__main__":
    main()
